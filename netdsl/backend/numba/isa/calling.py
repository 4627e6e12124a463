"""Calls between compiled functions, and the barrier at which threads meet."""

from __future__ import annotations

import platform
import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from netdsl.backend.numba.isa.vectors import I64, pointer

KERNEL_SIGNATURE = "void(intp, intp, intp, intp)"
"""(address of the arguments, first item, after the last item, worker)."""

_YIELD = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
_SLEEP = "" if sys.platform == "win32" else "usleep"
_SPINS, _YIELDS = 100, 500
"""Turns of waiting before others may run, and of letting them before sleeping."""

_X86 = platform.machine().lower() in ("x86_64", "amd64")


@intrinsic  # type: ignore[untyped-decorator]
def call_kernel(context: Any, function: Any, arguments: Any, first: Any, last: Any, worker: Any) -> Any:
    """Call the kernel at an address."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [I64] * 4)
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), list(values[1:]))
        return context.get_dummy_value()

    return types.void(*[types.intp] * 5), code


@intrinsic  # type: ignore[untyped-decorator]
def arrive(context: Any, counter: Any) -> Any:
    """Add 1 to the counter at an address, after everything written before."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        where = pointer(builder, values[0], I64)
        builder.atomic_rmw("add", where, ir.Constant(I64, 1), "acq_rel")
        return context.get_dummy_value()

    return types.void(types.intp), code


@intrinsic  # type: ignore[untyped-decorator]
def wait_until(context: Any, counter: Any, wanted: Any) -> Any:
    """Wait until the counter at an address is at least ``wanted``.

    Spins first, for a step is short; then lets other threads run, for there may be more threads
    than cores; at last it sleeps, so that the scheduler gives two threads that it has put on one core
    a core each.
    """

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        where = pointer(builder, values[0], I64)
        before = builder.block
        spin = builder.append_basic_block("spin")
        give_way = builder.append_basic_block("give_way")
        again = builder.append_basic_block("again")
        done = builder.append_basic_block("done")
        builder.branch(spin)
        builder.position_at_end(spin)
        turns = builder.phi(I64)
        turns.add_incoming(ir.Constant(I64, 0), before)
        there = builder.load_atomic(where, "acquire", 8)
        waiting = builder.icmp_signed("<", there, values[1])
        patient = builder.icmp_signed(">", turns, ir.Constant(I64, _SPINS))
        pausing = builder.append_basic_block("pausing")
        builder.cbranch(waiting, pausing, done)
        builder.position_at_end(pausing)
        if _X86:
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        builder.cbranch(patient, give_way, again)
        builder.position_at_end(give_way)
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, _YIELD), [])
        if _SLEEP:
            asleep = builder.append_basic_block("asleep")
            tired = builder.icmp_signed(">", turns, ir.Constant(I64, _SPINS + _YIELDS))
            builder.cbranch(tired, asleep, again)
            builder.position_at_end(asleep)
            sleep = ir.FunctionType(ir.IntType(32), [ir.IntType(32)])
            microsecond = ir.Constant(ir.IntType(32), 1)
            builder.call(cgutils.get_or_insert_function(builder.module, sleep, _SLEEP), [microsecond])
        builder.branch(again)
        builder.position_at_end(again)
        turns.add_incoming(builder.add(turns, ir.Constant(I64, 1)), again)
        builder.branch(spin)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), code
