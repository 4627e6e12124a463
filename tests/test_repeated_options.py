"""Options given more than once, in every command: lists add up, two values for one are refused."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from netdsl.commands import group, run
from netdsl.commands.check import command as check
from netdsl.recipe.entries import entries

SINGLE = [
    (name, spelling)
    for name in group.list_commands(click.Context(group))
    if (command := group.get_command(click.Context(group), name)) is not None
    for one in command.params
    if isinstance(one, click.Option) and not (one.is_flag or one.multiple)
    for spelling in (one.opts[0], one.opts[-1])
]


def test_every_option_of_one_value_is_refused_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(SINGLE) > 150
    for name, spelling in SINGLE:
        assert run([name, spelling, "1", spelling, "2"]) == 2, (name, spelling)
        said = capsys.readouterr().err
        assert "is given twice, '1' and '2': it takes one value" in " ".join(said.split()), said


def test_what_is_no_contradiction(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "lenet", "-q", "--jobs", "1", "-j1", "--strict", "--strict"]) == 0
    assert run(["check", "--jobs", "1", "--jobs", "2", "--help"]) == 0
    assert "Usage" in capsys.readouterr().out
    assert run(["train", "lenet", "--lr", "0.1", "--batch", "8", "--rate", "0.2"]) == 2
    assert "--rate is given twice, '0.1' and '0.2'" in capsys.readouterr().err
    assert run(["bench", "lenet", "--json", "--format", "text"]) == 2
    assert "--json is --format json" in capsys.readouterr().err


@pytest.mark.parametrize("entry", [name for name, one in entries().items() if one.listed])
def test_lists_of_a_recipe_add_up(
    entry: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    items = {
        "classes": ("cat", '"dog, big"', "cow"),
        "augment": ("flip", "shift 1 border edge", "cutout 2"),
        "factor": ("a* 2", "b 0.5", "c 3"),
        "freeze": ("a*", "b, c", "d"),
        "search": ("rate in 1e-3..1e-1 log", "batch in {32, 64}", "momentum in 0.5..0.9"),
    }[entry]
    train = group.get_command(click.Context(group), "train")
    assert train is not None

    def read(*given: str) -> object:
        options = [word for one in given for word in (f"--{entry}", one)]
        return train.make_context("train", ["lenet", *options]).params[entry]

    assert read(*items) == read(", ".join(items))
    assert read() is None
    with pytest.raises(click.BadParameter):
        read(items[0], items[0])


def test_columns_add_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    context = check.make_context("check", ["lenet", "--columns", "macs,kept", "--columns", "weights"])
    assert context.params["columns"] == ("macs", "kept", "weights")
    assert run(["check", "lenet", "--columns", "macs", "--columns", "biases", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"]
