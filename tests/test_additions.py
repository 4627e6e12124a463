"""One file adds a layer, a function, a rule, a command, a format or a part of a recipe: the rest follows.

``tests/additions`` has a file of each kind where it would stand in the package.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import house_with_additions
import pytest

ROOT = Path(house_with_additions.__file__).parent.parent


def _statements(text: str) -> set[str]:
    """What a text of Python assigns, returns and calls, statement by statement."""
    simple = (ast.Assign, ast.AnnAssign, ast.Return, ast.Expr)
    found = {ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, simple)}
    return {statement for statement in found if statement[:1] not in "\"'"}  # docstrings


def test_the_guide_shows_what_is_added_here() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    added = [path.read_text(encoding="utf-8") for path in house_with_additions.ADDITIONS.rglob("*.py")]
    there = set[str]().union(*map(_statements, added))
    shown = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    assert len(shown) > 4
    for block in shown:
        assert _statements(block) <= there, _statements(block) - there


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a house with the additions says."""
    root = tmp_path_factory.mktemp("house")
    house_with_additions.build(root)
    work = root / "work"
    work.mkdir()
    tests = Path(house_with_additions.__file__).parent
    done = subprocess.run(
        [sys.executable, str(tests / "house_with_additions.py")],
        cwd=work,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(root), str(tests)))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.ci
def test_tests_over_registries_hold(found: Any) -> None:
    assert found["failed"] == []


@pytest.mark.slow
@pytest.mark.ci
def test_commands_run_with_them(found: Any) -> None:
    for name in ("check", "fmt", "train on numpy", "train on numba", "resume", "compile", "depth"):
        assert "exit code" not in found[name], found[name]
        assert "error" not in found[name], found[name]
    assert "optimizer lion rate 0.001 beta1 0.9 beta2 0.99" in " ".join(found["check"].split())
    numpy, numba = (found[f"train on {name}"].partition("epoch 1/1")[2] for name in ("numpy", "numba"))
    assert numpy.split()[:6] == numba.split()[:6]  # loss and accuracy


@pytest.mark.slow
@pytest.mark.ci
def test_the_layer(found: Any) -> None:
    assert "VALVE1     VALVE offset 0.5   6x6x4           4" in found["check"]
    assert "VALVE offset 0.5" in found["explain"]["valve"]
    assert "offset 0.0" in found["explain"]["valve"]
    assert found["offered"]["options"] == ["offset"]
    assert {"VALVE", "SOFTPLUS"} <= set(found["offered"]["kinds"])
    assert "| `VALVE` | `offset` |" in found["kinds page"]
    for name, text in found["editors"].items():
        assert ("valve" in text.lower()) == ("train" not in name), name


@pytest.mark.slow
@pytest.mark.ci
def test_the_layer_with_a_function_of_its_own(found: Any) -> None:
    """Compiled code has the arithmetic that the function's file writes for it."""
    assert "softplus(" not in found["compile"]
    assert "logarithm(" in found["compile"]
    assert "ln(1 + e^x)" in found["explain"]["softplus"]


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize(
    ("entry", "word", "said", "page"),
    [
        ("optimizer", "lion", "lion rate 0.001 beta1 0.9 beta2 0.99", "| `lion` | w = w - rate*"),
        ("loss", "focal", "focal gamma 1.0", "| `focal` | Cross-entropy that counts"),
        ("schedule", "exponential", "exponential factor 0.9", "| `exponential` | rate = base"),
        ("init", "lecun", "lecun", "| `lecun` | Normal with mean 0"),
        ("augment", "slide", "slide 0.1", "| `slide` | The picture moves"),
    ],
)
def test_the_parts_of_a_recipe(entry: str, word: str, said: str, page: str, found: Any) -> None:
    assert json.loads(found["recipe"])[entry] == said
    assert found["explain"][word].startswith(f"{word} ({entry})")
    assert word in found["offered"][entry]
    assert page in found["recipe page"]
    assert all(word in text for name, text in found["editors"].items() if "train" in name)
    assert entry != "optimizer" or "0.0001 for lion" in " ".join(found["help"].split())


@pytest.mark.slow
@pytest.mark.ci
def test_the_rule(found: Any) -> None:
    assert "warning ND499: FC1 has 13 outputs" in found["rule"]
    assert found["rule explained"].startswith("# ND499: a layer has thirteen outputs")


@pytest.mark.slow
@pytest.mark.ci
def test_the_command(found: Any) -> None:
    assert found["depth"].split() == ["5"]
    assert "  depth       Count the layers of NETWORK" in found["commands"]
    assert "netdsl depth [OPTIONS] NETWORK" in found["manual"]


@pytest.mark.slow
@pytest.mark.ci
def test_the_format_of_a_report(found: Any) -> None:
    assert found["report"] == "unlucky.net: ND499\n"
    assert "text, codes, concise" in " ".join(found["report help"].split())


@pytest.mark.slow
@pytest.mark.ci
def test_the_format_that_is_imported(found: Any) -> None:
    assert found["imported"] == "input 784\nFC 100\nFC 10\n"
    assert "--from [dashes|listing]" in found["import help"]
