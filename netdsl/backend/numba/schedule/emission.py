"""From primitives to launches of kernels: one file per family of primitives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netdsl.backend.numba.codegen.channel_window import emit_channel_window
from netdsl.backend.numba.codegen.conv.convolution import (
    emit_convolution,
    emit_convolution_input_gradient,
)
from netdsl.backend.numba.codegen.conv.local_convolution import (
    emit_local_convolution,
    emit_local_convolution_input_gradient,
    emit_local_convolution_weight_gradient,
)
from netdsl.backend.numba.codegen.conv.weight_gradient import emit_convolution_weight_gradient
from netdsl.backend.numba.codegen.crop import emit_concatenation, emit_crop
from netdsl.backend.numba.codegen.elementwise import emit_elementwise
from netdsl.backend.numba.codegen.gemm.matmul import (
    emit_matmul_input_gradient,
    emit_matmul_weight_gradient,
)
from netdsl.backend.numba.codegen.gemm.packed_matmul import emit_matmul
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
from netdsl.backend.numba.schedule.bfloat16_choice import emit_in_pairs
from netdsl.backend.numba.schedule.variants import emit_chosen
from netdsl.backend.numba.schedule.winograd_choice import emit_winograd
from netdsl.backend.numba.target import Target
from netdsl.primitives.channel_window import ChannelWindow
from netdsl.primitives.concatenation import Concatenation
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
)
from netdsl.primitives.crop import Crop
from netdsl.primitives.elementwise import Elementwise
from netdsl.primitives.interpolation import Interpolation
from netdsl.primitives.local_convolution import (
    LocalConvolution,
    LocalConvolutionInputGradient,
    LocalConvolutionWeightGradient,
)
from netdsl.primitives.matmul import Matmul, MatmulInputGradient, MatmulWeightGradient
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
from netdsl.program.program import NO_FORMS

EMIT: dict[type[Operation], Callable[[Any, int, Target], list[Launch]]] = {
    Convolution: emit_convolution,
    ConvolutionInputGradient: emit_convolution_input_gradient,
    ConvolutionWeightGradient: emit_convolution_weight_gradient,
    Matmul: emit_matmul,
    MatmulInputGradient: emit_matmul_input_gradient,
    MatmulWeightGradient: emit_matmul_weight_gradient,
    Elementwise: emit_elementwise,
    Reduction: emit_reduction,
    WindowMaximum: emit_window_maximum,
    WindowMaximumGradient: emit_window_maximum_gradient,
    WindowChoice: emit_window_choice,
    WindowAverage: emit_window_average,
    WindowAverageGradient: emit_window_average_gradient,
    ChannelWindow: emit_channel_window,
    RandomMask: lambda op, batch, machine: emit_random_mask(op, batch),
    Crop: lambda op, batch, machine: emit_crop(op, batch),
    Concatenation: lambda op, batch, machine: emit_concatenation(op, batch),
    Transposition: emit_transposition,
    Interpolation: lambda op, batch, machine: emit_interpolation(op, batch),
    LocalConvolution: emit_local_convolution,
    LocalConvolutionInputGradient: emit_local_convolution_input_gradient,
    LocalConvolutionWeightGradient: emit_local_convolution_weight_gradient,
    Reshape: lambda op, batch, machine: [],
}
"""The emitter of every primitive: (operation, batch, machine) to launches. Reshape shares memory."""


def emit(
    operation: Operation,
    batch: int,
    machine: Target,
    *,
    exact: bool = False,
    precision: str = "float32",
    forms: Mapping[str, str] = NO_FORMS,
) -> list[Launch]:
    """The launches of one primitive, with its origin, phase and text for listings.

    ``exact`` keeps convolutions out of Winograd's domain; ``precision`` and ``forms``
    are those of Program, and what these do not name takes the form that the cost model says.
    """
    chosen = emit_chosen(operation, batch, forms, machine, exact=exact, precision=precision)
    if chosen:
        return noted(chosen, operation)
    in_pairs = emit_in_pairs(operation, batch, machine) if precision == "bf16" else []
    launches = [] if exact else emit_winograd(operation, batch, machine, direct_in_pairs=bool(in_pairs))
    launches = launches or in_pairs
    return noted(launches or EMIT[type(operation)](operation, batch, machine), operation)


def noted(launches: list[Launch], *operations: Operation) -> list[Launch]:
    """Launches with the origin, phase and text of what they do, for listings."""
    first, note = operations[0], "; ".join(map(repr, operations))
    return [
        launch._replace(origin=first.origin, phase=first.phase, note=launch.note or note)
        for launch in launches
    ]
