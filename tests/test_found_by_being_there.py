"""What is added by adding one file: a format that is read, one of a report, a subcommand, a rule, a tool."""

from __future__ import annotations

import importlib

import click
import pytest

from netdsl import resources
from netdsl.counting import tool_named, tool_names
from netdsl.formats.imported import format_names, reader_of
from netdsl.reports.formats import FORMATS
from netdsl.resources import module_names
from netdsl.rules.rule import Rule

FOLDERS = ("commands", "rules", "counting", "formats/read", "reports/formats")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_file_is_found_and_one_that_begins_with_an_underscore_is_not(
    folder: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = module_names(folder)
    assert known
    (tmp_path / folder).mkdir(parents=True)
    for name in (*known, "another", "_part", "__init__"):
        (tmp_path / folder / f"{name}.py").touch()
    monkeypatch.setattr(resources, "_PACKAGE", str(tmp_path))
    assert module_names(folder) == sorted([*known, "another"])


def test_each_does_what_its_room_asks() -> None:
    assert FORMATS[0] == "text"
    assert sorted(FORMATS) == module_names("reports/formats")
    assert all(callable(importlib.import_module(f"netdsl.reports.formats.{name}").write) for name in FORMATS)
    assert all(callable(reader_of(name)) for name in format_names())
    assert all(tool_named(name) for name in tool_names())
    without = [
        name
        for name in module_names("rules")
        if not isinstance(getattr(importlib.import_module(f"netdsl.rules.{name}"), "RULE", None), Rule)
    ]
    assert without == ["lost_remark", "rule"]  # a part of activation_in_label, and the contract
    commands = [importlib.import_module(f"netdsl.commands.{name}") for name in module_names("commands")]
    assert all(isinstance(module.command, click.Command) for module in commands)
