"""Training that diverges: the finding names the numbers that overflowed first, and their step."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netdsl.commands import run
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.training import divergence
from netdsl.training.checkpoint import load, save

TWO = "input 8x8x1\nFC1: 8\nFC2: 10\n"
RECTIFIED = "input 8x8x1\nFC1: 8\nRELU\nFC2: 10\n"
DEEP = "input 8x8x1\nCONV1: 4 3x3\nRELU\nCONV2: 4 3x3\nRELU\nFC1: 10\n"

Arrays = dict[str, np.ndarray]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def started(text: str, change: Callable[[Arrays], object], **recipe: object) -> None:
    """A run of one epoch with other weights and settings in its checkpoints."""
    Path("net.net").write_text(text)
    assert run(["train", "net.net", "--backend", "numpy", "--out", "run", "--epochs", "1"]) == 0
    for name in ("best", "last"):
        path = Path("run", f"{name}.safetensors")
        found = load(path)
        change(found.arrays)
        save(found._replace(recipe=found.recipe._replace(**recipe)), path)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, backend: str = "numpy") -> str:
    capsys.readouterr()
    assert run(["train", *arguments, "--backend", backend]) == 1
    err = capsys.readouterr().err
    assert err.count("error ND512") == 1
    return err


def went_on(capsys: pytest.CaptureFixture[str]) -> str:
    return said(capsys, "--resume", "run", "--epochs", "2")


def test_the_outputs_of_a_layer(capsys: pytest.CaptureFixture[str]) -> None:
    def change(arrays: Arrays) -> None:
        arrays["CONV1.weights"][...] = 1e18
        arrays["CONV2.weights"][...] = 1e20

    started(DEEP, change)
    assert "the first to overflow are the outputs of CONV2, in step 1 of epoch 2" in went_on(capsys)


def test_a_gradient_one_step_before_the_loss(capsys: pytest.CaptureFixture[str]) -> None:
    def change(arrays: Arrays) -> None:
        arrays["FC1.weights"][...] *= 1e-33
        arrays["FC1.bias"][...] = 0
        arrays["FC2.weights"][...] = np.where(arrays["FC2.weights"] < 0, -3e38, 3e38)

    started(TWO, change, loss=losses()["l2"])
    err = went_on(capsys)
    assert "no longer finite at epoch 2, step 2;" in err
    assert "the first to overflow are the gradients in FC2, in step 1 of epoch 2" in err


def test_an_update_one_step_before_the_loss(capsys: pytest.CaptureFixture[str]) -> None:
    def change(arrays: Arrays) -> None:
        arrays["FC1.weights"][...] = 0
        arrays["FC1.bias"][...] = -1
        arrays["FC2.weights"][...] = 1e38

    started(RECTIFIED, change, optimizer=Sgd(decay=1e6))
    err = went_on(capsys)
    assert "no longer finite at epoch 2, step 2;" in err
    assert "are the numbers of FC2.weights.velocity, in step 1 of epoch 2" in err


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_rate_the_cure_and_the_way_there(capsys: pytest.CaptureFixture[str], backend: str) -> None:
    Path("net.net").write_text(DEEP)
    err = said(capsys, "net.net", "--rate", "1000", backend=backend)
    assert "`--rate 100` instead of 1000" in err
    (step,) = re.findall(r"at epoch 1, step (\d+)", err)
    losses = re.findall(r"losses of the steps before: (.*)", err)[0].split(", ")
    assert len(losses) == min(int(step) - 1, divergence.LOSSES_TOLD)
    assert float(losses[-1]) > 1000
    assert re.search(
        rf"the first to overflow are .* of \w+, in step ({step}|{int(step) - 1}) of epoch 1", err
    )


@pytest.mark.parametrize("more", [["--accumulate", "3"], ["--average", "0.9"], ["--clip", "1e30"]])
def test_updates_of_every_kind(capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    Path("net.net").write_text(DEEP)
    err = said(capsys, "net.net", "--rate", "1e5", *more)
    assert re.search(r"computed again, the first to overflow are .* \w+, in .* of epoch \d", err)


def test_where_finding_out_would_take_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(divergence, "_MOST_MACS", 0)
    Path("net.net").write_text(DEEP)
    err = said(capsys, "net.net", "--rate", "1000")
    assert "computed again" not in err
    assert "the first layer with numbers that are not finite is CONV1" in err
