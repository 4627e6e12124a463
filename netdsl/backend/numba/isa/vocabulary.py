"""The intrinsics in which kernels are written: what generated modules import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cfunc

from netdsl.backend.numba.isa.arithmetic import (
    drawn_below,
    equal,
    greater,
    load_unsigned,
    maximum,
    multiply_add,
    relu,
    select,
    square_root,
)
from netdsl.backend.numba.isa.bfloat16 import (
    clear_halves,
    halve,
    halve_band,
    pair_last_line,
    pair_lines,
    pair_rows,
    scatter_pairs,
)
from netdsl.backend.numba.isa.byte_loads import load_level_lanes, load_levels
from netdsl.backend.numba.isa.calling import KERNEL_SIGNATURE, arrive, call_kernel, wait_until
from netdsl.backend.numba.isa.clock import write_clock
from netdsl.backend.numba.isa.colours import recolour, turn_hue
from netdsl.backend.numba.isa.functions import (
    error_function,
    exponential,
    hyperbolic_tangent,
    logarithm,
    logistic,
    raised,
)
from netdsl.backend.numba.isa.gemm_tile import dot_tile, dot_tile_pairs, tile, tile_pairs
from netdsl.backend.numba.isa.image_lane_tile import lane_dot, lane_tile
from netdsl.backend.numba.isa.memory import (
    add_to,
    clear,
    copy,
    copy_band,
    into_lanes,
    out_of_lanes,
    pack_lanes,
    repeat,
    spread,
    transpose_band,
)
from netdsl.backend.numba.isa.pictures import hide, mix, move_picture
from netdsl.backend.numba.isa.vectors import (
    WIDTH,
    even_lanes,
    fetch,
    first_in_turns,
    from_integer,
    integer,
    keep_lanes,
    largest_lane,
    last_in_turns,
    load,
    load_everywhere,
    load_lanes,
    number,
    odd_lanes,
    real,
    store,
    store_first,
    store_lanes,
    sum_lanes,
)
from netdsl.backend.numba.isa.winograd_transform import (
    list_nowhere,
    list_places,
    transform,
    transform_to_halves,
)

__all__ = [
    "WIDTH",
    "add_to",
    "arrive",
    "call_kernel",
    "clear",
    "clear_halves",
    "compiled",
    "copy",
    "copy_band",
    "dot_tile",
    "dot_tile_pairs",
    "drawn_below",
    "equal",
    "error_function",
    "even_lanes",
    "exponential",
    "fetch",
    "first_in_turns",
    "from_integer",
    "greater",
    "halve",
    "halve_band",
    "hide",
    "hyperbolic_tangent",
    "integer",
    "into_lanes",
    "keep_lanes",
    "lane_dot",
    "lane_tile",
    "largest_lane",
    "last_in_turns",
    "list_nowhere",
    "list_places",
    "load",
    "load_everywhere",
    "load_lanes",
    "load_level_lanes",
    "load_levels",
    "load_unsigned",
    "logarithm",
    "logistic",
    "maximum",
    "mix",
    "move_picture",
    "multiply_add",
    "number",
    "odd_lanes",
    "out_of_lanes",
    "pack_lanes",
    "pair_last_line",
    "pair_lines",
    "pair_rows",
    "raised",
    "real",
    "recolour",
    "relu",
    "repeat",
    "scatter_pairs",
    "select",
    "spread",
    "square_root",
    "store",
    "store_first",
    "store_lanes",
    "sum_lanes",
    "tile",
    "tile_pairs",
    "transform",
    "transform_to_halves",
    "transpose_band",
    "turn_hue",
    "wait_until",
    "write_clock",
]


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a kernel in this process, in modules that ``netdsl compile --emit`` printed."""
    return cfunc(KERNEL_SIGNATURE, error_model="numpy")(function)
