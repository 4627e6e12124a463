"""From a kernel's text to the bytes of an object file: the only place that needs all of Numba.

It is not imported where every kernel is on disk, for importing Numba takes longer than loading them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.compiler_lock import global_compiler_lock

from netdsl.backend.numba.isa import vocabulary as words
from netdsl.backend.numba.kernel import Kernel
from netdsl.backend.numba.numba_internals import (
    compiled_into,
    new_library,
    object_file,
    remembered_call_types,
)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for cycles afterwards: what a compiler builds up is alive nearly all of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@global_compiler_lock  # type: ignore[untyped-decorator]
@_uncollected()
@remembered_call_types()
def object_code(kernel: Kernel, symbol: str) -> bytes:
    """An object file with the kernel as a C function of 64-bit integers, named ``symbol``."""
    context, library = new_library(symbol)
    arguments = (types.intp,) * kernel.arguments
    description = compiled_into(library, _function(kernel, symbol), arguments, types.void)
    library.add_ir_module(_wrapper(context, description, symbol))
    library.finalize()
    return object_file(library)


def _function(kernel: Kernel, symbol: str) -> Any:
    """The text as a Python function that sees the words."""
    known = {name: getattr(words, name) for name in words.__all__} | {"__name__": "netdsl_kernel"}
    exec(compile(kernel.text, f"<{kernel.name}>", "exec"), known)
    function: Any = known[kernel.name]
    # Numba names machine code after it, and names must differ in a process.
    function.__qualname__ = symbol
    return function


def _wrapper(context: Any, description: Any, symbol: str) -> Any:
    """A C function that calls what Numba compiled, by Numba's own convention.

    Kernels raise nothing, so the status is dropped, and the object file depends on no function of
    Python or of Numba.
    """
    module = context.create_module(f"{symbol}.c")
    kind = context.call_conv.get_function_type(description.restype, description.argtypes)
    callee = ir.Function(module, kind, description.llvm_func_name)
    numbers = [context.get_value_type(argument) for argument in description.argtypes]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), numbers), symbol)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    context.call_conv.call_function(
        builder, callee, description.restype, description.argtypes, function.args, attrs=("noinline",)
    )
    builder.ret_void()
    return module
