"""Pixels that are bytes, as vectors of numbers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from netdsl.backend.numba.isa.vectors import VECTOR, WIDTH, lane_mask, llvm_call, pointer, vector_type

_BYTES = ir.VectorType(ir.IntType(8), WIDTH)


@intrinsic  # type: ignore[untyped-decorator]
def load_levels(context: Any, address: Any) -> Any:
    """WIDTH bytes from an address, as the numbers 0 to 255."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.uitofp(builder.load(pointer(builder, values[0], _BYTES), align=1), VECTOR)

    return vector_type(types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def load_level_lanes(context: Any, address: Any, lanes: Any) -> Any:
    """``lanes`` bytes from an address as numbers, 0 in the other lanes."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        where = pointer(builder, values[0], _BYTES)
        zero = ir.Constant(_BYTES, [0] * WIDTH)
        arguments = [where, ir.Constant(ir.IntType(32), 1), lane_mask(builder, values[1]), zero]
        levels = llvm_call(builder, f"llvm.masked.load.v{WIDTH}i8.p0", _BYTES, arguments)
        return builder.uitofp(levels, VECTOR)

    return vector_type(types.intp, types.intp), code
