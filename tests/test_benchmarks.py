"""The benchmarks run: their figures are nobody's business here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
SCRIPTS = (
    "report",
    "training",
    "convolutions",
    "borders",
    "determinism",
    "starting",
    "precision",
    "receptive_fields",
    "optimizers",
)


def ran(name: str, *arguments: str) -> str:
    environment = {**os.environ, "NETDSL_BENCHMARK_START": repr(time.time())}
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_says_how_it_is_used(name: str) -> None:
    assert "usage" in ran(name, "--help")


@pytest.mark.slow
def test_determinism_of_a_step() -> None:
    assert ran("determinism", "lenet", "--steps", "2", "--batch", "16").count("the same") == 3


@pytest.mark.slow
def test_convolutions() -> None:
    import convolutions

    layer = convolutions.Layer("small", 2, 8, 16, 16, 3)
    for direction in convolutions.DIRECTIONS:
        row = convolutions.measure(layer, direction, 1, 1)
        assert row["milliseconds"]["chosen"] > 0


def test_until_the_first_step(tmp_path: Path) -> None:
    images = np.zeros((40, 32, 32, 1), np.uint8)
    np.savez(tmp_path / "small.npz", x_train=images, y_train=np.arange(40) % 10)
    out = ran(
        "until_first_step",
        str(FOLDER.parent / "nets" / "lenet.net"),
        "--data",
        str(tmp_path / "small.npz"),
        "--out",
        str(tmp_path / "run"),
    )
    assert float(out.splitlines()[-1]) > 0
