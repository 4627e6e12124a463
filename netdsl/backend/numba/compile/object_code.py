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
from numba.core.compiler import compile_extra
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from netdsl.backend.numba.compile.call_types import remembered_call_types
from netdsl.backend.numba.isa import vocabulary as words
from netdsl.backend.numba.isa.inline import kernel_flags, leave_functions
from netdsl.backend.numba.kernel import Kernel


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
    arguments = (types.intp,) * kernel.arguments
    context = cpu_target.target_context
    library = context.codegen().create_library(symbol)
    library.enable_object_caching()
    leave_functions(library)
    function = _function(kernel, symbol)
    compiled = compile_extra(
        cpu_target.typing_context,
        context,
        function,
        arguments,
        types.void,
        kernel_flags(),
        {},
        library=library,
    )
    library.add_ir_module(_wrapper(context, compiled.fndesc, symbol))
    library.finalize()
    _, _, (code, _) = library.serialize_using_object_code()
    assert isinstance(code, bytes)
    return code


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
