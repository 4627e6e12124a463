"""One file adds a component: the train block, the command line, explain, checkpoints and the page know it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import recipe_page

import netdsl.commands
import netdsl.optimizers
import netdsl.schedules
from netdsl.recipe.component import Component
from netdsl.recipe.entries import entries
from netdsl.recipe.stored import entry_from_text
from netdsl.reports.as_component import components

OPTIMIZER = '''
"""signs: a step of the same length for every weight."""

from netdsl.layers.option import real
from netdsl.optimizers.optimizer import Optimizer
from netdsl.primitives.expression import greater


class Signs(Optimizer):
    """w = w - rate*length*sign(gradient)."""

    name = "signs"
    rate = real("learning rate", default=0.001, minimum=0.0, above=True)
    length = real("of each step", default=1.0, positional=True, minimum=0.0, maximum=5.0)

    def update(self, on):
        sign = greater(on.gradient, 0) - greater(0 - on.gradient, 0)
        on.assign(on.weight, on.weight - on.rate * self.length * sign)
'''

SCHEDULE = '''
"""halves: the rate is halved in every epoch."""

from netdsl.schedules.schedule import Schedule


class Halves(Schedule):
    """rate = base / 2^epoch."""

    name = "halves"

    def rate_after_warmup(self, base, moment):
        return base / 2**moment.epoch
'''


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The two components, as files that nothing else mentions."""
    for package, text in ((netdsl.optimizers, OPTIMIZER), (netdsl.schedules, SCHEDULE)):
        folder = tmp_path / package.__name__
        folder.mkdir()
        (folder / "added_by_a_test.py").write_text(text)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    netdsl.optimizers.optimizers.cache_clear()
    netdsl.schedules.schedules.cache_clear()
    yield
    monkeypatch.undo()
    for package in (netdsl.optimizers, netdsl.schedules):
        sys.modules.pop(f"{package.__name__}.added_by_a_test", None)
    netdsl.optimizers.optimizers.cache_clear()
    netdsl.schedules.schedules.cache_clear()


@pytest.mark.usefixtures("added")
def test_one_file_adds_a_component(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("n.net").write_text("input 8x8x1\nFC 10\ntrain { optimizer signs 0.5 rate 0.02; schedule halves }\n")

    def run(*arguments: str) -> str:
        assert netdsl.commands.run(arguments) == 0
        return "".join(capsys.readouterr())

    assert "optimizer signs rate 0.02 length 0.5 schedule" in " ".join(
        run("check", "n.net", "--recipe").split()
    )
    assert "0.02 to 0.00125 in" in run("check", "n.net", "--recipe") or "0.02 to" in run(
        "check", "n.net", "--recipe"
    )
    run("train", "n.net", "--epochs", "2", "--backend", "numpy", "--out", "r")
    assert '"optimizer": "signs rate 0.02 length 0.5"' in Path("r/recipe.json").read_text()
    assert "epoch 3/3" in run("train", "--resume", "r", "--epochs", "3", "--backend", "numpy")
    assert "w = w - rate*length*sign(gradient)." in run("explain", "SIGNS")
    assert "| `signs` | w = w - rate*length*sign(gradient). |" in recipe_page.tables()
    assert "| `halves` | rate = base / 2^epoch. |" in recipe_page.tables()


def test_the_page_has_the_tables() -> None:
    """Run `python tests/recipe_page.py` after a change of a declaration."""
    page = recipe_page.PAGE.read_text(encoding="utf-8")
    assert page == recipe_page.rewritten(page)


@pytest.mark.parametrize("entry", components())
def test_every_component_is_written_as_it_is_read(entry: str) -> None:
    reader = entries()[entry]
    for kind in components()[entry].values():
        for name, option in kind.options().items():
            assert option.doc, f"{kind.name} {name}"
            assert option.doc[0].islower() or option.doc.split()[0].isupper(), option.doc
        component = example(kind)
        text = reader.text((component,)) if entry == "augment" else reader.text(component)
        read = entry_from_text(reader, text)
        assert read == ((component,) if entry == "augment" else component), text


def example(kind: type[Component]) -> Component:
    """A component with a value for everything that must be given."""
    options = {
        name: option.minimum + 1 if option.minimum is not None else 1
        for name, option in kind.options().items()
        if option.required or (option.positional and kind.name == "color")
    }
    if kind.name == "piecewise":
        return entry_from_text(entries()["schedule"], "0.1*2 : 0.01*3")  # type: ignore[no-any-return]
    return kind(**{name: min(value, 1) for name, value in options.items()})


@pytest.mark.parametrize(
    "word",
    [
        "sgd",
        "SGD",
        "ADAM",
        "cosine",
        "Flip",
        "batch",
        "optimizer",
        "cross-entropy",
        "he",
        "smoothing",
        "warmup",
        "decay",
    ],
)
def test_explain_knows_the_words_of_the_recipe(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert netdsl.commands.run(["explain", word]) == 0
    assert word.lower() in capsys.readouterr().out.lower()


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (SCHEDULE.replace('name = "halves"', ""), "name"),
        (SCHEDULE.replace("rate_after_warmup", "rate_later"), "rate_after_warmup"),
    ],
)
def test_a_component_that_leaves_a_question_open_is_an_error(
    text: str, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "left_open.py").write_text(text)
    monkeypatch.setattr(netdsl.schedules, "__path__", [*netdsl.schedules.__path__, str(tmp_path)])
    found = netdsl.schedules.schedules.__wrapped__
    with pytest.raises(TypeError, match=f"Halves in netdsl.schedules.left_open does not answer: {missing}$"):
        found()
    sys.modules.pop("netdsl.schedules.left_open")
