"""The benchmarks run: their figures are nobody's business here."""

from __future__ import annotations

import os
import runpy
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
    "checking",
    "precision",
    "receptive_fields",
    "optimizers",
    "fashion",
)


def ran(name: str, *arguments: str) -> str:
    environment = {**os.environ, "NETDSL_BENCHMARK_START": repr(time.time())}
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_says_how_it_is_used(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(FOLDER / f"{name}.py")
    monkeypatch.setattr(sys, "argv", [path, "--help"])
    monkeypatch.setenv("NETDSL_BENCHMARK_START", repr(time.time()))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(path, run_name="__main__")
    assert not ended.value.code
    assert "usage" in capsys.readouterr().out


@pytest.mark.slow
def test_determinism_of_a_step() -> None:
    assert ran("determinism", "lenet", "--steps", "2", "--batch", "16").count("the same") == 3


@pytest.mark.slow
@pytest.mark.ci
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


@pytest.mark.ci
def test_whole_trainings(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    import fashion

    generator = np.random.default_rng(1)
    for part, count in (("train", 90), ("t10k", 20)):
        for name, sizes in (("images-idx3", (count, 28, 28)), ("labels-idx1", (count,))):
            head = bytes([0, 0, 8, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)
            numbers = generator.integers(0, 256 if len(sizes) > 1 else 10, sizes, np.uint8)
            (tmp_path / f"{part}-{name}-ubyte").write_bytes(head + numbers.tobytes())
    setting = fashion.Setting(tmp_path, 2, threads=1, workers=0, scratch=tmp_path, cache=None)
    found = {who: [fashion.trained(who, "fashion-linear", setting)] for who in fashion.COLOURS}
    for runs in found.values():
        assert len(runs[0].curve) == 2
        assert 0 <= runs[0].test <= 100
        # A share of the ten pictures of the validation part.
        assert all(value == pytest.approx(10 * round(value / 10), abs=1e-3) for value in runs[0].curve)
    lines = fashion.table(found)
    assert "ratio" in lines[0]
    assert [line.split()[0] for line in lines[-2:]] == ["1", "2"]


def test_a_picture_of_two_curves() -> None:
    import fashion

    curves = {fashion.NETDSL: [80.0, 85.0, 90.0], fashion.TORCH: [70.0, 86.0, 88.0]}
    found = {who: [fashion.Training(1.0, 0.0, curve, 88.0)] for who, curve in curves.items()}
    pixels = fashion.picture({"a recipe": found}).getcolors(2**16)
    drawn = {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in pixels}
    assert set(fashion.COLOURS.values()) <= drawn
