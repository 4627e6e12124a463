"""Fine-tuning: which weights a new run takes from elsewhere, and what it says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from netdsl.commands import run
from netdsl.training import checkpoint

FIRST = "input 8x8x1\nCONV1: 4 3x3\nRELU\nBN1\nFC1: 10\n"
SECOND = "input 8x8x1\nCONV1: 4 3x3\nRELU\nBN1\nFC1: 16\nRELU\nHEAD: FC 10\n"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fine-tuning")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("first.net").write_text(FIRST)
        Path("second.net").write_text(SECOND)
        assert train("first.net", "--epochs", "2", "--out", "first") == 0
    return folder


def train(network: str, *options: str) -> int:
    options = options if "--epochs" in options else ("--epochs", "1", *options)
    return run(["train", network, "--backend", "numpy", "--split", "10/10/80", *options])


def arrays(path: str, name: str = "last") -> dict[str, np.ndarray]:
    return checkpoint.load(Path(path) / f"{name}.safetensors").arrays


def test_arrays_of_the_same_name_and_shape_are_taken(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace)
    settings = ("--rate", "1e-30", "--momentum", "0", "--decay", "0")
    assert train("second.net", *settings, "--from", "first", "--out", "second") == 0
    said = [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]
    assert said[:11] == [
        "weights from first/best.safetensors: 6 arrays taken (56 numbers), 4 new, 0 left over",
        "taken CONV1.weights 3x3x1x4",
        "taken CONV1.bias 4",
        "taken BN1.scale 4",
        "taken BN1.shift 4",
        "taken BN1.running_mean 4",
        "taken BN1.running_variance 4",
        "new FC1.weights 144x16, there 144x10",
        "new FC1.bias 16, there 10",
        "new HEAD.weights 16x10, not in the file",
        "new HEAD.bias 10, not in the file",
    ]
    there, here = arrays("first", "best"), arrays("second")
    for name in ("CONV1.weights", "CONV1.bias", "BN1.scale"):
        np.testing.assert_array_equal(here[name], there[name])


def test_a_run_goes_on_from_what_it_took(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resuming does not ask for the file again, and gives the same bytes."""
    monkeypatch.chdir(workspace)
    assert train("second.net", "--from", "first/best.safetensors", "--epochs", "2", "--out", "whole") == 0
    assert train("second.net", "--from", "first/best.safetensors", "--out", "halves") == 0
    assert run(["train", "--resume", "halves", "--epochs", "2", "--backend", "numpy"]) == 0
    for name, array in arrays("whole").items():
        np.testing.assert_array_equal(array, arrays("halves")[name])


def test_files_of_other_programs(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace)
    weights = np.full((3, 3, 1, 4), 0.5)
    foreign = {
        "CONV1.weights": weights,
        "CONV1.bias": np.arange(4),
        "BN1.scale": np.array([1, 2, np.nan, 4], np.float32),
        "BN1.shift": np.ones(4, np.float16),
        "other": np.ones(2, np.float32),
    }
    save_file(foreign, "foreign.safetensors")
    settings = ("--rate", "1e-30", "--momentum", "0", "--decay", "0")
    assert train("first.net", *settings, "--from", "foreign.safetensors", "--out", "foreign") == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "2 arrays taken (40 numbers), 6 new, 1 left over" in told
    assert "new CONV1.bias 4, its numbers there are I64" in told
    assert "new BN1.scale 4, its numbers there are not finite" in told
    np.testing.assert_array_equal(arrays("foreign")["CONV1.weights"], weights)


@pytest.mark.parametrize(
    ("origin", "code", "message"),
    [
        ("none", "ND517", "there is no such run or file"),
        (".", "ND517", "this folder holds no checkpoint"),
        ("text", "ND650", "does not start like one"),
        ("strange.safetensors", "ND533", "none of its arrays has the name and shape"),
        ("spoilt.safetensors", "ND533", "FC1.bias: its numbers there are not finite"),
        ("whole.safetensors", "ND533", "FC1.bias: its numbers there are I64"),
        ("damaged.safetensors", "ND650", "cannot read these weights"),
    ],
)
def test_refusals(
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    origin: str,
    code: str,
    message: str,
) -> None:
    monkeypatch.chdir(workspace)
    Path("text").write_text("no weights, but text of some length")
    save_file({"CONV9.weights": np.ones(3, np.float32)}, "strange.safetensors")
    save_file({"FC1.bias": np.full(10, np.inf, np.float32)}, "spoilt.safetensors")
    save_file({"AT": np.ones(1, np.int64), "FC1.bias": np.ones(10, np.int64)}, "whole.safetensors")
    damaged = bytearray(Path("first/best.safetensors").read_bytes())
    damaged[-3] ^= 1
    Path("damaged.safetensors").write_bytes(damaged)
    assert train("first.net", "--from", origin, "--out", "refused") == 1
    told = capsys.readouterr().err
    assert f"error {code}" in told
    assert message in told
    assert not Path("refused").exists()


def test_one_array_is_one_array(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace)
    save_file({"CONV1.bias": np.ones(4, np.float32)}, "one.safetensors")
    assert train("first.net", "--from", "one.safetensors", "--out", "one") == 0
    assert "one.safetensors: 1 array taken (4 numbers), 7 new, 0 left over" in capsys.readouterr().err


def test_a_run_that_goes_on_takes_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    assert run(["train", "--resume", "first", "--from", "first"]) == 2
