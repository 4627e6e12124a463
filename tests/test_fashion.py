"""The recipes of docs/recipes on Fashion-MNIST, which Debian's `dataset-fashion-mnist` installs."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.plan.load import load_plan

pytestmark = pytest.mark.slow

FOLDER = Path("/usr/share/datasets/fashion-mnist")
RECIPES = Path(__file__).parent.parent / "docs" / "recipes"
DIGESTS = {
    "train-images-idx3-ubyte": "c59f468a",
    "train-labels-idx1-ubyte": "bad3541b",
    "t10k-images-idx3-ubyte": "5b4141f0",
    "t10k-labels-idx1-ubyte": "0402a96d",
}
"""How the SHA-256 of each file begins, unpacked."""

here = pytest.mark.skipif(not FOLDER.is_dir(), reason="Fashion-MNIST is not installed")


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.net")), ids=lambda path: path.stem)
def test_the_recipes_are_sound(path: Path) -> None:
    plan, findings = load_plan(path.read_text(encoding="utf-8"))
    assert not findings
    assert plan is not None
    assert plan.network.recipe is not None


@here
@pytest.mark.parametrize("name", DIGESTS)
def test_the_files_are_those_that_are_known(name: str) -> None:
    content = gzip.decompress((FOLDER / f"{name}.gz").read_bytes())
    assert hashlib.sha256(content).hexdigest().startswith(DIGESTS[name])


@here
@pytest.mark.parametrize(
    ("recipe", "epochs", "least"), [("fashion-linear", None, 84.0), ("fashion-lenet", 2, 84.0)]
)
def test_a_short_training(
    recipe: str, epochs: int | None, least: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [] if epochs is None else ["--epochs", str(epochs)]
    command = ["train", str(RECIPES / f"{recipe}.net"), "--data", str(FOLDER), "--out", str(tmp_path / "run")]
    assert run([*command, *options]) == 0
    accuracy = re.search(r"test accuracy (\d+\.\d+) %", capsys.readouterr().out)
    assert accuracy is not None
    assert float(accuracy[1]) >= least
