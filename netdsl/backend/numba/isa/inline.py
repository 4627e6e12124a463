"""Words that are written in Python and become part of every kernel that says them.

``njit`` would turn each into machine code of its own first, which nobody calls and which takes longer
than a kernel. These stay LLVM's intermediate text until they are in a kernel.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from numba import types
from numba.core.compiler import Flags, compile_extra
from numba.extending import intrinsic


class _Compiled(NamedTuple):
    """What Numba knows of a function, and the library that it is in."""

    description: Any
    library: Any


def subroutine(function: Callable[..., Any]) -> Any:
    """A word that calls ``function``, whose result is of its first argument's type unless it says None."""
    signature = inspect.signature(function)
    silent = signature.return_annotation in (None, "None")
    known: dict[Any, _Compiled] = {}

    def definition(typing: Any, *arguments: Any) -> Any:
        result = types.void if silent else arguments[0]
        return result(*arguments), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if signature not in known:
            known[signature] = _compiled(context, function, signature)
        description, library = known[signature]
        context.active_code_library.add_linking_library(library)
        result = context.call_internal(builder, description, signature, values)
        return context.get_dummy_value() if silent else result

    # Numba asks a definition for the names of its arguments, after the context of typing.
    typing = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [typing, *signature.parameters.values()]
    definition.__name__ = definition.__qualname__ = function.__name__
    definition.__doc__ = function.__doc__
    definition.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return intrinsic(definition)


def kernel_flags() -> Flags:
    """How Numba compiles kernels and what is linked into them."""
    flags = Flags()
    flags.no_cpython_wrapper = True
    flags.no_cfunc_wrapper = True
    flags.no_compile = True  # kernels get a wrapper of our own first, and nobody calls subroutines
    flags.enable_pyobject = False
    flags.error_model = "numpy"
    flags.no_rewrites = True  # they are about arrays, and take time
    return flags


def _compiled(context: Any, function: Callable[..., Any], signature: Any) -> _Compiled:
    flags = kernel_flags()
    library = context.codegen().create_library(function.__name__)
    _leave_as_text(library)
    arguments, result = signature.args, signature.return_type
    compiled = compile_extra(
        context.typing_context, context, function, arguments, result, flags, {}, library=library
    )
    return _Compiled(compiled.fndesc, library)


def _leave_as_text(library: Any) -> None:
    """Neither optimise a library nor translate it before it is linked to others, which do both again.

    These methods are Numba's own. Were they called otherwise, libraries would be made as usual.
    """
    leave_functions(library)
    library._optimize_final_module = _nothing
    library._finalize_final_module = partial(setattr, library, "_finalized", True)


def leave_functions(library: Any) -> None:
    """Do not optimise functions one by one before all of them together, as Numba does to save memory."""
    library._optimize_functions = _nothing


def _nothing(*arguments: Any) -> None:
    pass
