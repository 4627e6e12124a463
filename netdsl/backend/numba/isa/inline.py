"""Words that are written in Python and become part of every kernel that says them.

``njit`` would turn each into machine code of its own first, which nobody calls and which takes longer
than a kernel. These stay LLVM's intermediate text until they are in a kernel.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from numba import types
from numba.extending import intrinsic

from netdsl.backend.numba.numba_internals import compiled_into, leave_as_text


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


def _compiled(context: Any, function: Callable[..., Any], signature: Any) -> _Compiled:
    library = context.codegen().create_library(function.__name__)
    leave_as_text(library)
    description = compiled_into(library, function, signature.args, signature.return_type, context)
    return _Compiled(description, library)
