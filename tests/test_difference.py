"""What tells one network from another: pairs of layers, measures, weights, and a revision of git."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.planning.alignment import MOST_EDITS, aligned
from netdsl.planning.difference import Change, Difference, difference
from netdsl.planning.network_files import FILE_LIMIT
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.resources import zoo_names, zoo_text

LENET = "input 32x32x1; CONV 6 5x5 - RELU - POOL 2x2 - CONV 16 5x5 - RELU - POOL 2x2 - FC 84 - RELU - FC 10"


def plan_of(text: str) -> Plan:
    plan, findings = load_plan(text)
    assert plan is not None, findings
    return plan


def compared(before: str, after: str) -> Difference:
    return difference(plan_of(before), plan_of(after))


def told(found: Difference) -> list[str]:
    """``changed CONV2``, of the layers that are not the same."""
    return [
        f"{layer.change.value} {'/'.join(dict.fromkeys(side.node.name for side in layer[1:3] if side))}"
        for layer in found.layers
        if layer.change is not Change.SAME
    ]


def longest(before: Sequence[int], after: Sequence[int]) -> int:
    """The length of the longest common subsequence, by the table of textbooks."""
    row = [0] * (len(after) + 1)
    for one in before:
        last = row[:]
        for index, other in enumerate(after):
            row[index + 1] = last[index] + 1 if one == other else max(row[index], last[index + 1])
    return row[-1]


def test_as_many_items_as_possible_are_the_same() -> None:
    numbers = random.Random(1)
    for _ in range(1_500):
        before, after = ([numbers.randrange(4) for _ in range(numbers.randrange(12))] for _ in range(2))
        pairs = aligned(before, after)
        assert all(before[one] == after[other] for one, other in pairs)
        assert all(first < second for one in pairwise(pairs) for first, second in zip(*one, strict=True))
        assert len(pairs) == longest(before, after)


def test_lists_far_apart_share_their_ends() -> None:
    before, after = ([7, *range(start, start + MOST_EDITS), 8] for start in (100, 9_000))
    assert aligned(before, after) == [(0, 0), (MOST_EDITS + 1, MOST_EDITS + 1)]


@pytest.mark.parametrize("name", zoo_names())
def test_a_network_does_not_differ_from_itself(name: str) -> None:
    plan = plan_of(zoo_text(name)) if "use " not in zoo_text(name) else None
    if plan is not None:
        found = difference(plan, plan)
        assert not found.differs
        assert not found.breaking


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        (
            LENET.replace("16 5x5", "32 5x5"),
            ["changed CONV2", "follows RELU2", "follows MAX POOL2", "follows FC1"],
        ),
        (LENET.replace("FC 84 - RELU - ", ""), ["removed FC1", "removed RELU3", "renamed FC2/FC1"]),
        (LENET.replace("CONV 16", "BN - CONV 16"), ["added BN1"]),
        (LENET.replace("FC 84", "head: FC 84"), ["renamed FC1/head", "renamed FC2/FC1"]),
        (LENET.replace("; CONV 6", "; CONV 6 3x3 pad 1 - CONV 6"), None),
    ],
)
def test_what_became_of_each_layer(after: str, wanted: list[str] | None) -> None:
    found = told(compared(LENET, after))
    if wanted is None:
        assert found[0] == "added CONV1"
        assert "renamed CONV1/CONV2" in found
    else:
        assert found == wanted


def test_defaults_that_are_written_out_are_no_change() -> None:
    assert not compared(LENET, LENET.replace("POOL 2x2", "MAX POOL 2x2 stride 2 pad 0")).differs
    assert told(compared(LENET, LENET.replace("FC 84 - RELU", "FC 84 no bias - RELU"))) == ["changed FC1"]


def test_other_inputs_are_a_change() -> None:
    before = "input 8x8x4; a: CONV 4 1x1; b: CONV 4 1x1 same; ADD[ @a | @b ]"
    found = compared(before, before.replace("@a |", "SKIP |"))
    (layer,) = (layer for layer in found.layers if layer.change is Change.CHANGED)
    assert layer.reads == ("a, b", "b, b")


def test_weights_fit_by_name_and_shape() -> None:
    found = compared(LENET, LENET.replace("16 5x5", "32 5x5"))
    assert [array.name for array in found.arrays if not array.fits] == [
        "CONV2.weights",
        "CONV2.bias",
        "FC1.weights",
    ]
    assert found.breaking
    assert not compared(LENET, LENET.replace("RELU", "TANH")).breaking


def test_weights_that_would_go_to_another_layer_do_not_fit() -> None:
    """Inserting a layer shifts the numbers of those without labels."""
    before = "input 8x8x4; CONV 4 3x3 same - RELU - CONV 4 3x3 same"
    after = "input 8x8x4; CONV 4 3x3 same - RELU - CONV 4 3x3 same - BN - CONV 4 3x3 same"
    found = {array.name: array for array in compared(before, after).arrays}
    assert found["CONV2.weights"].fits  # the likes are the first ones, and the last is new
    labelled = "input 8x8x4; a: CONV 4 3x3 same; RELU; b: CONV 4 3x3 same"
    swapped = "input 8x8x4; b: CONV 4 3x3 same; RELU; a: CONV 4 3x3 same"
    found = {array.name: array for array in compared(labelled, swapped).arrays}
    assert not found["a.weights"].fits
    assert found["a.weights"].belongs == "b"


def test_both_forms_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = tmp_path / "a|b.net"
    after.write_text(LENET.replace("16 5x5", "32 5x5"))
    assert run(["diff", "lenet", str(after), "--format", "json", "--breaking"]) == 1
    written = json.loads(capsys.readouterr().out)
    assert written["schema"] == "netdsl-diff-1"
    assert written["breaking"]
    assert [side["parameters"] for side in (written["before"], written["after"])] == [61_706, 73_122]
    assert run(["diff", "lenet", str(after), "--format", "markdown"]) == 0
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in table[:3]}) == 1


def test_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.net").write_text("input 8x8x1\nFC1: 16 - RELU - FC2: 10\n")
    (tmp_path / "b.net").write_text("input 8x8x1\nFC1: 16 - RELU - FC2: 5\n")
    folder = str(tmp_path / "run")
    assert (
        run(["train", str(tmp_path / "a.net"), "--epochs", "1", "--backend", "numpy", "--out", folder]) == 0
    )
    capsys.readouterr()
    arguments = ["diff", str(tmp_path / "a.net"), str(tmp_path / "b.net"), "--checkpoint", folder]
    assert run([*arguments, "--breaking"]) == 1
    out = capsys.readouterr().out
    assert f"weights of {folder}: 2 of 4 arrays fit" in out
    assert "FC2.weights is 16x10, but 16x5 is needed" in out
    assert "velocity" not in out
    assert (
        run(["diff", str(tmp_path / "a.net"), str(tmp_path / "a.net"), "--checkpoint", folder, "--breaking"])
        == 0
    )


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("blocks").mkdir()
    Path("blocks/stem.net").write_text("block STEM { CONV 6 3x3 pad 1 - RELU }\n")
    Path("a.net").write_text('input 8x8x1\nuse "blocks/stem.net"\nSTEM\nFC 10\n')
    Path("wrong.net").write_text("input 8x8x1\nFC 10\nFC 10 widht 3\n")
    Path("empty.net").write_text("")
    name = ("-c", "user.name=netdsl", "-c", "user.email=netdsl@example.com")
    for arguments in (["init", "-q"], ["add", "."], [*name, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *arguments], check=True)
    assert run(["diff", "--against", "HEAD", "a.net"]) == 0
    assert "HEAD:a.net -> a.net: the same layers" in capsys.readouterr().out
    assert run(["diff", "--against", "HEAD", "a.net", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["before"]["file"], told["before"]["name"]) == ("HEAD:a.net", "a")
    for name, code, said in (
        (".", 1, ".: error ND002: this is a folder"),
        ("blocks", 1, "blocks: error ND002: this is a folder"),
        ("-", 2, "standard input has none"),
        ("lenet", 2, "'lenet' is a shipped network"),
    ):
        assert run(["diff", "--against", "HEAD", name]) == code
        assert said in capsys.readouterr().err
    Path("blocks/stem.net").write_text("block STEM { CONV 8 3x3 pad 1 - RELU }\n")
    assert run(["diff", "--against", "HEAD", "a.net", "--breaking"]) == 1
    assert "CONV 6 3x3 pad 1 -> CONV 8 3x3 pad 1" in capsys.readouterr().out
    assert run(["diff", "--against", "HEAD", "wrong.net"]) == 1
    assert "HEAD:wrong.net:3:7: error" in capsys.readouterr().err
    assert run(["diff", "--against", "HEAD", "empty.net"]) == 1
    assert "HEAD:empty.net: error ND006" in capsys.readouterr().err
    for revision, file in (
        ("--help", "a.net"),
        ("nowhere", "a.net"),
        ("HEAD", "none.net"),
        ("HEAD:a.net", "a.net"),
    ):
        assert run(["diff", "--against", revision, file]) == 1
        assert "ND670" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_repository_of_a_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its configuration may call an object missing, and name a program that fetches it."""
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 8x8x1\nFC 10\n")
    Path("large.net").write_bytes(bytes(FILE_LIMIT + 1))
    name = ("-c", "user.name=netdsl", "-c", "user.email=netdsl@example.com")
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        [*name, "commit", "-q", "-m", "Begin"],
        ["config", "core.repositoryformatversion", "1"],
        ["config", "extensions.partialClone", "origin"],
        ["config", "remote.origin.promisor", "true"],
        ["config", "remote.origin.url", str(tmp_path)],
        ["config", "remote.origin.uploadpack", "touch fetched; git-upload-pack"],
        ["config", "protocol.allow", "always"],
    ):
        subprocess.run(["git", *arguments], check=True)
    blob = subprocess.run(["git", "rev-parse", "HEAD:a.net"], check=True, capture_output=True, text=True)
    Path(".git/objects", blob.stdout[:2], blob.stdout[2:].strip()).unlink()
    assert run(["diff", "--against", "HEAD", "a.net"]) == 1
    assert "ND670" in capsys.readouterr().err
    assert not Path("fetched").exists()
    assert run(["diff", "--against", "HEAD", "large.net"]) == 1
    assert "ND004" in capsys.readouterr().err


def test_standard_input_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.net").write_text("input 8x8x1\nFC 10\n")
    train = ["train", "-", "--recipe", "-"]
    for arguments in (["diff", "-", "-"], train):
        with (tmp_path / "a.net").open() as stream:
            monkeypatch.setattr("sys.stdin", stream)
            assert run(arguments) == 1
        assert "ND007: standard input has already been read" in capsys.readouterr().err
    with (tmp_path / "a.net").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert run(["diff", "-", "lenet"]) == 0


@pytest.mark.parametrize(
    "arguments", [["lenet"], ["lenet", "lenet", "lenet"], ["--against", "HEAD", "a", "b"]]
)
def test_how_many_networks(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", *arguments]) == 2
    assert "netdsl diff takes" in capsys.readouterr().err
