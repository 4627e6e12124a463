"""The private parts of Numba that this package uses or replaces: all of them, and nothing else does.

Kernels are compiled without what Numba does for functions that Python calls. Where a part that is *replaced*
has another name, Numba does its usual work and compiling is slower; where a part that is *used* is missing,
nothing is compiled. ``missing_parts`` names both, and tests/test_numba_internals.py fails with them when
Numba changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from numba import types
from numba.core import compiler, config
from numba.core.codegen import CPUCodeLibrary
from numba.core.registry import cpu_target

_REPLACED = {
    "Function.get_call_type": (types.Function, "get_call_type"),
    "CodeLibrary._optimize_functions": (CPUCodeLibrary, "_optimize_functions"),
    "CodeLibrary._optimize_final_module": (CPUCodeLibrary, "_optimize_final_module"),
    "CodeLibrary._finalize_final_module": (CPUCodeLibrary, "_finalize_final_module"),
    "config._config_fname": (config, "_config_fname"),
}
_USED = {
    "compiler.compile_extra": (compiler, "compile_extra"),
    "compiler.Flags": (compiler, "Flags"),
    "config.reload_config": (config, "reload_config"),
    "CodeLibrary.serialize_using_object_code": (CPUCodeLibrary, "serialize_using_object_code"),
    "CodeLibrary.enable_object_caching": (CPUCodeLibrary, "enable_object_caching"),
    "CodeLibrary.add_linking_library": (CPUCodeLibrary, "add_linking_library"),
    "CodeLibrary.add_ir_module": (CPUCodeLibrary, "add_ir_module"),
    "registry.cpu_target": (cpu_target, "target_context"),
}
_FLAGS = (
    "no_cpython_wrapper",
    "no_cfunc_wrapper",
    "no_compile",
    "enable_pyobject",
    "error_model",
    "no_rewrites",
)


def missing_parts() -> list[str]:
    """Names of what is not there, or not where it was, in the Numba that is installed."""
    parts = [name for name, (owner, part) in {**_REPLACED, **_USED}.items() if not hasattr(owner, part)]
    return parts + [f"Flags.{name}" for name in _FLAGS if not hasattr(compiler.Flags, name)]


def forget_the_working_folder() -> None:
    """Have Numba read no settings from the folder that a command runs in, as it does for each function."""
    config._config_fname = ""
    config.reload_config()


def kernel_flags() -> compiler.Flags:
    """How Numba compiles kernels and what is linked into them."""
    flags = compiler.Flags()
    flags.no_cpython_wrapper = True
    flags.no_cfunc_wrapper = True
    flags.no_compile = True  # kernels get a wrapper of our own first, and nobody calls subroutines
    flags.enable_pyobject = False
    flags.error_model = "numpy"
    flags.no_rewrites = True  # they are about arrays, and take time
    return flags


def compiled_into(
    library: Any, function: Callable[..., Any], arguments: tuple[Any, ...], result: Any, context: Any = None
) -> Any:
    """Compile a function into a library; what Numba knows of it."""
    return compiler.compile_extra(
        cpu_target.typing_context if context is None else context.typing_context,
        cpu_target.target_context if context is None else context,
        function,
        arguments,
        result,
        kernel_flags(),
        {},
        library=library,
    ).fndesc


def new_library(name: str) -> Any:
    """An empty library of machine code, with the context that it is compiled in."""
    context = cpu_target.target_context
    library = context.codegen().create_library(name)
    library.enable_object_caching()
    leave_functions(library)
    return context, library


def object_file(library: Any) -> bytes:
    """The bytes of a finished library's object file."""
    _, _, (code, _) = library.serialize_using_object_code()
    assert isinstance(code, bytes)
    return code


def leave_as_text(library: Any) -> None:
    """Neither optimise a library nor translate it before it is linked to others, which do both again."""
    leave_functions(library)
    library._optimize_final_module = _nothing
    library._finalize_final_module = partial(setattr, library, "_finalized", True)


def leave_functions(library: Any) -> None:
    """Do not optimise functions one by one before all of them together, as Numba does to save memory."""
    library._optimize_functions = _nothing


def _nothing(*arguments: Any) -> None:
    pass


_known: dict[Any, Any] = {}
_ask = types.Function.get_call_type


def _call_type(function: Any, context: Any, arguments: Any, keywords: Any) -> Any:
    """As Numba's own: the signature of a call, or its error. Only answers are kept."""
    if keywords:
        return _ask(function, context, arguments, keywords)
    call = (context, function, *arguments)
    if call not in _known:
        _known[call] = _ask(function, context, arguments, keywords)
    return _known[call]


@contextmanager
def remembered_call_types() -> Iterator[None]:
    """Numba asks here meanwhile what a call returns; to be entered under its lock.

    Kernels are made of the same few words and operators on the same few types, and Numba tries every
    template of an operator, NumPy's included, each time that it meets one: a quarter of compiling.
    """
    before = types.Function.get_call_type
    types.Function.get_call_type = _call_type
    try:
        yield
    finally:
        types.Function.get_call_type = before
