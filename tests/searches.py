"""What the tests of `netdsl search` share."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from netdsl.commands import run
from netdsl.searching.search_folder import old_search
from netdsl.searching.study import Study

NETWORK = """net small
input 8x8x1
FC1: 10
train {
  batch 64   epochs 2
  search rate in 1e-2..1 log, batch in {64, 128}
}
"""
NUMPY = ["--backend", "numpy", "--threads", "1"]
FILES = {"best.train", "network.net", "study.journal", "trials", "trials.csv", "trials.svg"}


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no power is lost here
    Path("small.net").write_text(NETWORK)
    return tmp_path


def search(*arguments: str, code: int = 0) -> None:
    backend = [] if "--resume" in arguments else ["--backend", "numpy"]
    assert run(["search", *arguments, *backend, "--threads", "1"]) == code


def rows(folder: str) -> list[dict[str, str]]:
    with open(Path(folder, "trials.csv"), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def study_of(folder: str) -> Study:
    """The state of a search, its journal closed again."""
    _, study = old_search(Path(folder))
    study.journal.close()
    return study


def journal(folder: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(folder, "study.journal").read_text().splitlines()]


def ended(folder: str) -> list[int]:
    return [line["trial_id"] for line in journal(folder) if line["op_code"] == 6]
