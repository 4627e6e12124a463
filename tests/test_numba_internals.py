"""What this package replaces in Numba is still there, in the Numba that pyproject.toml allows."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import netdsl
from netdsl.backend.numba import numba_internals

BACKEND = Path(netdsl.__file__).parent / "backend" / "numba"
PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def told(missing: list[str]) -> str:
    return (
        f"Numba {version('numba')} has no {', '.join(missing)}: adapt backend/numba/numba_internals.py, or"
        " allow only earlier versions in pyproject.toml"
    )


def test_numba_has_the_parts_that_are_replaced() -> None:
    missing = numba_internals.missing_parts()
    assert not missing, told(missing)


def test_a_part_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba_internals, "_REPLACED", {"Function.gone": (object, "gone")})
    assert numba_internals.missing_parts() == ["Function.gone"]
    assert "\n" not in told(["Function.gone"])


def test_no_other_file_knows_private_parts() -> None:
    """Everywhere else Numba is what its manual says: types, intrinsics, cfunc, models, cgutils."""
    public = {"numba", "numba.extending", "numba.core", "numba.core.extending"}
    for path in sorted(BACKEND.rglob("*.py")):
        if path.name == "numba_internals.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = getattr(node, "module", None) or ""
            if isinstance(node, ast.ImportFrom) and module.split(".")[0] == "numba":
                allowed = module in public or (path.name, module) in ALLOWED
                assert allowed, (path.name, module)


ALLOWED = {("object_code.py", "numba.core.compiler_lock")}
"""The lock that everybody who compiles takes."""


def test_the_numba_that_is_tested_is_allowed() -> None:
    """The range ends with the version that tests run with: a later one must pass them first."""
    needed = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    (text,) = [one for one in needed if one.startswith("numba")]
    found = re.fullmatch(r"numba>=0\.(\d+),<0\.(\d+)", text)
    assert found, text
    least, below = map(int, found.groups())
    minor = int(version("numba").split(".")[1])
    assert least <= minor < below
    assert minor + 1 == below, f"Numba 0.{minor} is tested, pyproject.toml allows {text}"
