"""The recipes of docs/recipes on Fashion-MNIST, which Debian's `dataset-fashion-mnist` installs."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.recipe.recipe import Recipe
from netdsl.rules import advise

pytestmark = pytest.mark.slow

FOLDER = Path("/usr/share/datasets/fashion-mnist")
PAGE = Path(__file__).parent.parent / "docs" / "recipes.md"
RECIPES = PAGE.with_suffix("")
NAMES = [path.stem for path in sorted(RECIPES.glob("*.net"))]
DIGESTS = {
    "train-images-idx3-ubyte": "c59f468a",
    "train-labels-idx1-ubyte": "bad3541b",
    "t10k-images-idx3-ubyte": "5b4141f0",
    "t10k-labels-idx1-ubyte": "0402a96d",
}
"""How the SHA-256 of each file begins, unpacked."""

here = pytest.mark.skipif(not FOLDER.is_dir(), reason="Fashion-MNIST is not installed")


def known(name: str) -> tuple[Plan, Recipe]:
    """A network and its train block, which are sound."""
    plan, findings = load_plan((RECIPES / f"{name}.net").read_text(encoding="utf-8"))
    assert not findings
    assert plan is not None
    assert plan.network.recipe is not None
    assert not list(advise(plan))
    return plan, plan.network.recipe.recipe


@pytest.mark.parametrize("name", NAMES)
def test_the_recipes_are_sound(name: str) -> None:
    plan, _ = known(name)
    assert plan.output.values == 10


@here
@pytest.mark.parametrize("name", DIGESTS)
def test_the_files_are_those_that_are_known(name: str) -> None:
    content = gzip.decompress((FOLDER / f"{name}.gz").read_bytes())
    assert hashlib.sha256(content).hexdigest().startswith(DIGESTS[name])


@here
@pytest.mark.parametrize(
    ("recipe", "epochs", "least"),
    [("fashion-linear", None, 84.0), pytest.param("fashion-lenet", 2, 84.0, marks=pytest.mark.ci)],
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


@pytest.mark.parametrize("name", NAMES)
def test_the_page_lists_each_recipe(name: str) -> None:
    plan, recipe = known(name)
    row = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if f"[{name}]" in line)
    assert f"| {plan.parameter_count:,} | {plan.macs:,} | {recipe.epochs} |" in row


@pytest.mark.parametrize("name", NAMES)
def test_the_script_for_pytorch_has_the_same_recipe(name: str) -> None:
    """Beside which benchmarks/fashion.py measures."""
    pytest.importorskip("torch")
    from fashion_torch import RECIPES as SCRIPT

    (plan, recipe), there = known(name), SCRIPT[name]
    values = recipe.optimizer.values()
    assert (there.rate, there.momentum, there.decay) == tuple(
        values[key] for key in ("rate", "momentum", "decay")
    )
    assert recipe.optimizer.name == ("nesterov" if there.nesterov else "sgd")
    assert (there.batch, there.epochs) == (recipe.batch, recipe.epochs)
    assert recipe.schedule.text() == ("cosine warmup 1" if there.warmup else "cosine")
    assert recipe.loss.values()["smoothing"] == there.smoothing
    augmented = ["flip"] * there.flip + [f"crop {there.crop}"] * (there.crop > 0)
    assert [one.text() for one in recipe.augment] == augmented
    ours = [parameter.values for layer in plan.layers for parameter in layer.parameters]
    assert [parameter.numel() for parameter in there.network().parameters()] == ours
