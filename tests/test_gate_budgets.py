"""Budgets, patterns and kinds of layers that a project asks for: figures of the table, and findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.gate.budgets import amounts
from netdsl.planning.pipeline import load_plan
from netdsl.resources import zoo_names, zoo_text

LENET = zoo_text("lenet")


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text(LENET)


def found(capsys: pytest.CaptureFixture[str], settings: str) -> list[dict[str, object]]:
    Path("netdsl.toml").write_text(settings)
    run(["check", "a.net", "--format", "jsonl"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [one for one in lines if one["severity"] == "error"]


@pytest.mark.parametrize(
    ("budget", "kept"),
    [
        ("max-parameters = 61_706", True),
        ("max-parameters = 61705", False),
        ("max-params = 61_705", False),
        ('max-params = "61,706"', True),
        ('max-params = "61.706K"', True),
        ('max-params = "61.7K"', False),
        ("max-parameters = 6.1e4", False),
        ('max-parameters = "62 k"', True),
        ("max-macs = 416_520", True),
        ('max-macs = "416K"', False),
        ("max-connections = 1", False),
        ('max-connections = "1M"', True),
        ("max-memory = 309_328", True),
        ("max-memory = 309_327", False),
        ('max-memory = "0.5 MiB"', True),
        ('max-memory = "0.29 MiB"', False),
        ('max-memory = "303 KiB"', True),
        ('max-memory = "302 KiB"', False),
        ('max-memory = "310 KB"', True),
        ('max-memory = "none"', True),
        ('max-memory = 1\n[[overrides]]\nfiles = "a.net"\nmax-memory = "none"', True),
        ('max-memory = 1\n[[overrides]]\nfiles = "a.net"\nmax-memory = "1 MiB"', True),
        ('max-memory = "1 MiB"\n[[overrides]]\nfiles = "*"\nmax-params = 1', False),
        ('max-memory = 1\n[per-file-ignores]\n"a.net" = "ND680"', True),
        ('max-memory = 1\nignore = "ND68"', True),
        ('max-memory = 1\nselect = "ND4"', False),
        ('max-memory = 1\nselect = "ND4"\nignore = "ND6"', True),
        ('required-patterns = "[[CONV - RELU]*N - POOL?]*M - [FC - RELU]*K - FC"', True),
        ('required-patterns = ["[CONV - RELU - POOL]*N - FC"]', False),
        ('required-patterns = "FC"\n[[overrides]]\nfiles = "a.net"\nrequired-patterns = []', True),
        ('forbidden-layers = "NORM, LOCAL"', False),
        ('forbidden-layers = ["NORM", "LOCAL"]', True),
        ('forbidden-layers = "avg pool"', True),
        ('forbidden-layers = ["POOL"]', False),
        ('forbidden-layers = ["POOL"]\n[[overrides]]\nfiles = "a.net"\nforbidden-layers = []', True),
    ],
)
def test_what_is_kept(budget: str, kept: bool, capsys: pytest.CaptureFixture[str]) -> None:
    assert (not found(capsys, budget)) is kept


def test_a_budget_names_the_layer_that_weighs_most(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = found(capsys, '\nmax-params = "50K"')
    assert one["message"] == "the network has 61,706 parameters, 11,706 over its budget"
    assert one["notes"] == [
        "most is in CONV3 48,120, FC1 10,164, CONV2 2,416",
        "the budget is 50K, netdsl.toml:2",
    ]
    line = LENET.splitlines()[int(str(one["line"])) - 1]
    assert line[int(str(one["column"])) - 1 : int(str(one["end_column"])) - 1].startswith("CONV")
    (one,) = found(capsys, "max-memory = 302_000")
    assert one["message"] == "the network takes 302 KiB of memory, 7.2 KiB over its budget"
    assert one["notes"][0] == "parameters take 241 KiB, the activations of one image 61.0 KiB"  # type: ignore[index]
    assert one["notes"][-1] == "the budget is 302,000 bytes, netdsl.toml:1"  # type: ignore[index]


def test_a_pattern_and_a_kind_name_the_layer(capsys: pytest.CaptureFixture[str]) -> None:
    forbidden = '[[overrides]]\nfiles = "*"\nforbidden-layers = "FC"'
    one, two = found(capsys, f'required-patterns = "[CONV - RELU - POOL]*N - FC"\n{forbidden}')[:2]
    assert one["code"] == "ND681"
    assert one["message"] == "RELU3 does not fit the pattern" or "FC" in str(one["message"])
    assert two["code"] == "ND682"
    assert "FC is forbidden, netdsl.toml:4" in two["notes"]  # type: ignore[operator]


def test_a_broken_budget_leaves_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    Path("netdsl.toml").write_text("max-params = 1")
    assert run(["check", "a.net"]) == 1
    assert "61,706" in capsys.readouterr().out
    Path("a.net").write_text(LENET + "\n# netdsl: ignore-file ND680 -- known to be large\n")
    assert run(["check", "a.net", "--strict"]) == 0


@pytest.mark.parametrize("name", zoo_names())
def test_figures_are_those_of_the_table(name: str) -> None:
    plan, _ = load_plan(zoo_text(name))
    assert plan is not None
    assert sum(amounts(plan, "parameters")) == plan.parameter_count
    assert sum(amounts(plan, "macs")) == plan.macs
    assert sum(amounts(plan, "memory")) == plan.parameter_bytes + 4 * plan.activation_values
