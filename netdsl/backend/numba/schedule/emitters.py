"""The emitters of primitives that are computed in one way whatever the target."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.backend.numba.codegen.channel_window import emit_channel_window
from netdsl.backend.numba.codegen.conv.local_convolution import (
    emit_local_convolution,
    emit_local_convolution_input_gradient,
    emit_local_convolution_weight_gradient,
)
from netdsl.backend.numba.codegen.crop import emit_concatenation, emit_crop
from netdsl.backend.numba.codegen.elementwise import emit_elementwise
from netdsl.backend.numba.codegen.gemm.matmul import (
    emit_matmul_weight_gradient,
)
from netdsl.backend.numba.codegen.interpolation import emit_interpolation
from netdsl.backend.numba.codegen.pooling import (
    emit_window_average,
    emit_window_average_gradient,
    emit_window_choice,
    emit_window_maximum,
    emit_window_maximum_gradient,
)
from netdsl.backend.numba.codegen.random_mask import emit_random_mask
from netdsl.backend.numba.codegen.reduction import emit_reduction
from netdsl.backend.numba.codegen.transposition import emit_transposition
from netdsl.backend.numba.kernel import Launch
from netdsl.backend.numba.target import Target
from netdsl.primitives.channel_window import ChannelWindow
from netdsl.primitives.concatenation import Concatenation
from netdsl.primitives.crop import Crop
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.interpolation import Interpolation
from netdsl.primitives.local_convolution import (
    LocalConvolution,
    LocalConvolutionInputGradient,
    LocalConvolutionWeightGradient,
)
from netdsl.primitives.matmul import MatmulWeightGradient
from netdsl.primitives.operation import Operation
from netdsl.primitives.random_mask import RandomMask
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.transposition import Transposition
from netdsl.primitives.window import (
    WindowAverage,
    WindowAverageGradient,
    WindowChoice,
    WindowMaximum,
    WindowMaximumGradient,
)

EMIT: dict[type[Operation], Callable[[Any, int, Target], list[Launch]]] = {
    MatmulWeightGradient: emit_matmul_weight_gradient,
    Elementwise: emit_elementwise,
    Reduction: emit_reduction,
    WindowMaximum: emit_window_maximum,
    WindowMaximumGradient: emit_window_maximum_gradient,
    WindowChoice: emit_window_choice,
    WindowAverage: emit_window_average,
    WindowAverageGradient: emit_window_average_gradient,
    ChannelWindow: emit_channel_window,
    RandomMask: lambda op, batch, target: emit_random_mask(op, batch),
    Crop: lambda op, batch, target: emit_crop(op, batch),
    Concatenation: lambda op, batch, target: emit_concatenation(op, batch),
    Transposition: emit_transposition,
    Interpolation: lambda op, batch, target: emit_interpolation(op, batch),
    LocalConvolution: emit_local_convolution,
    LocalConvolutionInputGradient: emit_local_convolution_input_gradient,
    LocalConvolutionWeightGradient: emit_local_convolution_weight_gradient,
    Reshape: lambda op, batch, target: [],
}
"""(Operation, batch, target) to launches. Reshape shares memory. All other primitives are in ``choice``."""
