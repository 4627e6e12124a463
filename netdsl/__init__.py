"""netdsl: describe a convolutional network, check it, compile it, train it.

>>> import netdsl
>>> network = netdsl.plan("lenet")
>>> network.parameters
61706

``parse``, ``check`` and ``plan`` read a file, the name of a shipped network or a text of several lines;
``compile`` makes native code of it, ``train`` trains it and ``load`` takes up a trained one. What is wrong
with a network is raised as ``Diagnosed``, which holds all ``diagnostics``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netdsl.diagnostics import Diagnosed, Diagnostic, Severity
    from netdsl.library.compiled import Compiled, compile
    from netdsl.library.networks import Checked, Layer, Parsed, Planned, check, parse, plan
    from netdsl.library.training import Answer, Evaluated, Trained, load, train

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Checked",
    "Compiled",
    "Diagnosed",
    "Diagnostic",
    "Evaluated",
    "Layer",
    "Parsed",
    "Planned",
    "Severity",
    "Trained",
    "check",
    "compile",
    "load",
    "parse",
    "plan",
    "train",
]

_MODULES = {
    "diagnostics": ("Diagnosed", "Diagnostic", "Severity"),
    "library.compiled": ("Compiled", "compile"),
    "library.networks": ("Checked", "Layer", "Parsed", "Planned", "check", "parse", "plan"),
    "library.training": ("Answer", "Evaluated", "Trained", "load", "train"),
}


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first used: `netdsl check` needs none of them."""
    for module, names in _MODULES.items():
        if name in names:
            from importlib import import_module

            value = globals()[name] = getattr(import_module(f"netdsl.{module}"), name)
            return value
    raise AttributeError(f"module 'netdsl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
