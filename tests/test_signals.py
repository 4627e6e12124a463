"""Training that is told to stop, or whose terminal goes away: all is saved, and it goes on bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from building import untimed

from netdsl.commands import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are a POSIX matter")

EPOCHS = 8
TRAIN = ["train", "linear.net", "--backend", "numpy", "--epochs", str(EPOCHS), "--batch", "4"]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linear.net").write_text("net linear\ninput 8x8x1\nFC1: 10\n")
    return tmp_path


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Processes inherit what is ignored: SIGHUP under nohup, SIGINT behind a shell's `&`."""
    before = {
        number: signal.signal(
            number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        )
        for number in (signal.SIGHUP, signal.SIGINT)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "linear.net").write_text("net linear\ninput 8x8x1\nFC1: 10\n")
    before = Path.cwd()
    os.chdir(folder)
    assert run([*TRAIN, "--out", "whole"]) == 0
    os.chdir(before)
    return bytes_of(folder / "whole")


def bytes_of(folder: Path) -> dict[str, bytes]:
    names = ["best.safetensors", "last.safetensors", "metrics.csv"]
    return {name: untimed(name, (folder / name).read_bytes()) for name in names}


def started(arguments: list[str], **settings: Any) -> subprocess.Popen[str]:
    script = "import sys; from netdsl.commands import main; main()"
    return subprocess.Popen([sys.executable, "-c", script, *arguments], text=True, **settings)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.005)


def epochs_done(folder: str) -> int:
    path = Path(folder, "metrics.csv")
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0


def in_training(**settings: Any) -> subprocess.Popen[str]:
    """A run with one epoch behind it and more before it."""
    process = started([*TRAIN, "--out", "a"], **{"stdout": subprocess.PIPE, **settings})
    wait_until(lambda: epochs_done("a") > 0 or process.poll() is not None)
    time.sleep(0.01)
    return process


def assert_goes_on(undisturbed: dict[str, bytes]) -> None:
    assert 0 < epochs_done("a") < EPOCHS, "the signal came too late to show anything"
    assert run(["train", "--resume", "a", "--backend", "numpy"]) == 0
    assert bytes_of(Path("a")) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([signal.SIGHUP], 129),
        ([signal.SIGHUP, signal.SIGHUP], 129),  # a shell passes on what the terminal has sent
        ([signal.SIGTERM, signal.SIGTERM], 143),  # as `timeout` does, to the process and to its group
        ([signal.SIGINT, signal.SIGINT], 130),
    ],
)
def test_every_signal_saves(sent: list[signal.Signals], code: int, undisturbed: dict[str, bytes]) -> None:
    process = in_training(stderr=subprocess.PIPE)
    for number in sent:
        process.send_signal(number)
        time.sleep(0.002)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == ""
    assert f"stopped by {sent[0].name} after epoch" in err
    assert "netdsl train --resume a" in err
    assert_goes_on(undisturbed)


@pytest.mark.slow
def test_what_is_ignored_stays_ignored(undisturbed: dict[str, bytes]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what is ignored is handed down
    try:
        process = in_training(stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGHUP, before)
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out.startswith("test accuracy")
    assert bytes_of(Path("a")) == undisturbed


@pytest.mark.slow
def test_a_terminal_that_is_closed(undisturbed: dict[str, bytes]) -> None:
    leader, follower = os.openpty()
    process = in_training(stdin=follower, stdout=follower, stderr=follower, start_new_session=True)
    os.close(follower)
    os.close(leader)  # every write fails from now on
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 129
    assert_goes_on(undisturbed)


@pytest.mark.slow
def test_a_reader_that_goes_away_stops_nothing(undisturbed: dict[str, bytes]) -> None:
    read, write = os.pipe()
    process = in_training(stderr=write)
    os.close(write)
    os.close(read)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out.startswith("test accuracy")
    assert bytes_of(Path("a")) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_compiling(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    environment = {**os.environ, "NETDSL_CACHE": str(tmp_path / "cache")}
    process = started(
        ["train", "lenet", "--out", "a", "--epochs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    wait_until(lambda: Path("a/last.safetensors").exists())
    time.sleep(0.2)
    process.send_signal(number)
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 5, "it went on compiling"
    assert process.returncode == 128 + number
    assert out == ""
    assert f"stopped by {number.name} after epoch 0, step 0" in err
    assert "Traceback" not in err
    assert not list(Path("a").glob(".*partial*"))
