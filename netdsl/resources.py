"""Finds the files that travel with the package: the grammar, the networks, the explanations.

The wheel carries grammar and networks inside the package; in a checkout they are the folders of
the same names beside it.
"""

from __future__ import annotations

import os
from collections.abc import Collection

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def _folder(name: str) -> str:
    packaged = os.path.join(_PACKAGE, name)
    return packaged if os.path.isdir(packaged) else os.path.join(os.path.dirname(_PACKAGE), name)


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def grammar_path() -> str:
    """Where ``netdsl.lark`` lies."""
    return os.path.join(_folder("grammar"), "netdsl.lark")


def grammar_text() -> str:
    """The text of ``netdsl.lark``."""
    return _text(grammar_path())


def _names(folder: str, ending: str) -> list[str]:
    if not os.path.isdir(folder):
        return []
    return sorted(name[: -len(ending)] for name in os.listdir(folder) if name.endswith(ending))


def module_names(folder: str, left_out: Collection[str] = ()) -> list[str]:
    """The Python files of a folder of this package without their ending, in order: what is found by being
    there. Those that begin with an underscore, and those ``left_out``, are none."""
    names = _names(os.path.join(_PACKAGE, folder), ".py")
    return [name for name in names if not name.startswith("_") and name not in left_out]


def zoo_names() -> list[str]:
    """The names of the networks that ship with netdsl, in order."""
    return _names(_folder("nets"), ".net")


def zoo_folder() -> str:
    """Where the shipped networks are, and the files that they use."""
    return _folder("nets")


def zoo_text(name: str) -> str:
    """The text of a shipped network; raises FileNotFoundError for a name not in ``zoo_names``."""
    return _text(os.path.join(_folder("nets"), f"{name}.net"))


def published_text() -> str:
    """The text of ``published.toml``: figures and sources of the shipped networks."""
    return _text(os.path.join(_folder("nets"), "published.toml"))


def schema_names() -> list[str]:
    """The kinds of JSON that have a schema, in order."""
    return _names(os.path.join(_PACKAGE, "schemas"), ".json")


def schema_text(name: str) -> str:
    """The JSON Schema (draft 2020-12) of a kind; raises FileNotFoundError for one not in ``schema_names``."""
    return _text(os.path.join(_PACKAGE, "schemas", f"{name}.json"))


def explained_codes() -> list[str]:
    """The codes that have a page, in order."""
    return _names(os.path.join(_PACKAGE, "explanations"), ".md")


def explanation_path(code: str) -> str:
    """Where the page of a code is."""
    return os.path.join(_PACKAGE, "explanations", f"{code}.md")


def explanation_text(code: str) -> str:
    """The page of a code; raises FileNotFoundError for a code not in ``explained_codes``."""
    return _text(explanation_path(code))
