"""train, eval and predict from the command line: what they print, write and return."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from building import untimed
from PIL import Image

from netdsl.commands import run
from netdsl.training import run_folder

LINEAR = "net linear\ninput 8x8x1\nFC1: 10\n"
DROPPING = "net dropping\ninput 8x8x1\nFC1: 10\nADD[ DROPOUT 0.2 - DROP PATH 0.5 | SKIP ]\nFC2: 10\n"
FILES = {
    ".lock",
    "best.safetensors",
    "example.png",
    "last.safetensors",
    "metrics.csv",
    "network.net",
    "previous.safetensors",
    "recipe.json",
}


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test works in a folder of its own, with a small network in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linear.net").write_text(LINEAR)
    (tmp_path / "dropping.net").write_text(DROPPING)
    return tmp_path


def train(*arguments: str, code: int = 0) -> None:
    assert run(["train", "--backend", "numpy", "--batch", "64", *arguments]) == code


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int = 1) -> str:
    """What a command that must fail says; no traceback, and nothing on standard output."""
    capsys.readouterr()
    assert run(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert "internal error" not in captured.err
    return captured.err


def bytes_of(folder: str) -> dict[str, bytes]:
    """The content of a run folder that must not depend on how it came about: all but the times."""
    names = ["best.safetensors", "last.safetensors", "metrics.csv", "recipe.json", "network.net"]
    return {name: untimed(name, (Path(folder) / name).read_bytes()) for name in names}


# --- train ---------------------------------------------------------------------------------------


def test_a_run_from_beginning_to_end(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    train("linear.net", "--epochs", "3", "--rate", "0.02")
    captured = capsys.readouterr()
    assert re.fullmatch(
        r"test accuracy \d\d\.\d\d % \(95 % interval \d\d\.\d\d to \d\d\.\d\d %\)\n", captured.out
    )
    lines = captured.err.splitlines()
    assert lines[0].startswith("training linear, 650 parameters, on digits: 1,437/180/180 images")
    assert [line.split()[:2] for line in lines[1:4]] == [["epoch", f"{number}/3"] for number in (1, 2, 3)]
    assert "images/s" in lines[3]
    folder = os.path.join("runs", "linear-1")
    assert f"  netdsl eval {folder}" in lines
    assert f"  netdsl predict {folder} {os.path.join(folder, 'example.png')}" in lines
    assert set(os.listdir(folder)) == FILES
    assert json.loads((workspace / folder / "recipe.json").read_text())["epochs"] == 3
    assert len((workspace / folder / "metrics.csv").read_text().splitlines()) == 4


def test_the_defaults_learn_the_digits(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "linear.net", "--backend", "numpy"]) == 0
    accuracy = float(capsys.readouterr().out.split()[2])
    assert accuracy >= 94


def test_the_same_command_gives_the_same_bytes(workspace: Path) -> None:
    train("linear.net", "--epochs", "2", "--out", "a")
    train("linear.net", "--epochs", "2", "--out", "b", "--threads", "1")
    train("linear.net", "--epochs", "2", "--out", "c", "--seed", "2")
    assert bytes_of("a") == bytes_of("b")
    assert bytes_of("a")["last.safetensors"] != bytes_of("c")["last.safetensors"]


def newest(folder: str) -> list[bytes]:
    """What also does not depend on how many epochs were asked for at first; the best epoch may have
    been saved before more were."""
    return [bytes_of(folder)[name] for name in ("last.safetensors", "metrics.csv", "recipe.json")]


@pytest.mark.parametrize("name", ["linear.net", "dropping.net"])
def test_more_epochs_by_resuming_equal_more_epochs_at_once(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    train(name, "--epochs", "4", "--out", "a")
    train(name, "--epochs", "1", "--out", "b")
    assert run(["train", "--resume", "b", "--epochs", "4", "--backend", "numpy"]) == 0
    outcomes = capsys.readouterr().out.splitlines()
    assert outcomes[0] == outcomes[2]
    assert newest("a") == newest("b")


def test_a_finished_run_is_only_tested_again(capsys: pytest.CaptureFixture[str]) -> None:
    train("linear.net", "--epochs", "1", "--out", "a")
    before = bytes_of("a")
    assert run(["train", "--resume", "a", "--backend", "numpy"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert bytes_of("a") == before


def test_resuming_from_the_state_before_gives_the_same_in_the_end(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    train("linear.net", "--epochs", "3", "--out", "a")
    before = bytes_of("a")
    (workspace / "a" / "last.safetensors").write_bytes(b"spoilt")
    capsys.readouterr()
    assert run(["train", "--resume", "a", "--backend", "numpy"]) == 0
    assert "last.safetensors is damaged; continuing from" in capsys.readouterr().err
    assert bytes_of("a") == before


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from netdsl.commands import main; main()", *arguments]


def started(folder: str, epochs: int) -> subprocess.Popen[str]:
    """A training process, some epochs on its way."""
    process = subprocess.Popen(
        command(
            "train",
            "linear.net",
            "--backend",
            "numpy",
            "--epochs",
            str(epochs),
            "--out",
            folder,
            "--batch",
            "8",
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = Path(folder) / "metrics.csv"
    for _ in range(600):
        if metrics.exists() and len(metrics.read_text().splitlines()) > 2:
            return process
        time.sleep(0.02)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are a POSIX matter")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_an_interrupted_run_goes_on_bit_for_bit(number: signal.Signals, code: int) -> None:
    epochs = 10
    process = started("a", epochs)
    time.sleep(0.013)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert out == ""
    assert "Traceback" not in err
    if number != signal.SIGKILL:
        assert "netdsl train --resume a" in err
    done = len(Path("a/metrics.csv").read_text().splitlines()) - 1
    assert 2 <= done < epochs, "the signal came too late to show anything"
    assert run(["train", "--resume", "a", "--backend", "numpy"]) == 0
    whole = [
        "train",
        "linear.net",
        "--out",
        "b",
        "--epochs",
        str(epochs),
        "--batch",
        "8",
        "--backend",
        "numpy",
    ]
    assert run(whole) == 0
    assert bytes_of("a") == bytes_of("b")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["linear.net", "--rate", "0"],
        ["linear.net", "--rate", "-1"],
        ["linear.net", "--rate", "nan"],
        ["linear.net", "--rate", "inf"],
        ["linear.net", "--rate", "fast"],
        ["linear.net", "--epochs", "0"],
        ["linear.net", "--batch", "0"],
        ["linear.net", "--momentum", "1"],
        ["linear.net", "--decay", "-1"],
        ["linear.net", "--threads", "0"],
        ["linear.net", "--seed", "-1"],
        ["linear.net", "--split", "80/30"],
        ["linear.net", "--loss", "hope"],
        ["linear.net", "--init", "zeros"],
        ["linear.net", "--backend", "abacus"],
        ["linear.net", "--data", ""],
        ["linear.net", "--out", ""],
        ["linear.net", "--resume", "runs/linear-1", "--rate", "0.1"],
        ["--resume", "runs/linear-1", "--out", "x"],
        ["linear.net", "other.net"],
    ],
)
def test_usage_of_train(capsys: pytest.CaptureFixture[str], arguments: list[str], workspace: Path) -> None:
    before = sorted(os.listdir(workspace))
    assert "Usage:" in refused(capsys, ["train", *arguments], code=2)
    assert sorted(os.listdir(workspace)) == before


def test_findings_of_train(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    (workspace / "binary.net").write_bytes(b"\0\1\2")
    (workspace / "empty.net").write_text("")
    (workspace / "wrong.net").write_text("input 8x8x1\nCONV 4 9x9\nFC 10\n")
    (workspace / "images.net").write_text("input 8x8x1\nCONV1: 4 3x3\n")
    (workspace / "few.net").write_text("input 8x8x1\nFC1: 5\n")
    np.savez(workspace / "one.npz", x=np.zeros((9, 8, 8), np.uint8), y=np.zeros(9, int))
    np.savez(workspace / "bad.npz", x=np.full((20, 8, 8), np.nan), y=np.arange(20) % 2)
    (workspace / "junk.npz").write_bytes(b"junk")
    os.mkfifo(workspace / "pipe.npz")
    for arguments, code in [
        (["missing.net"], "ND001"),
        (["binary.net"], "ND005"),
        (["empty.net"], "ND006"),
        (["wrong.net"], "ND302"),
        (["images.net"], "ND507"),
        (["few.net"], "ND505"),
        (["linear.net", "--data", "nowhere"], "ND501"),
        (["linear.net", "--data", "one.npz"], "ND503"),
        (["linear.net", "--data", "bad.npz"], "ND510"),
        (["linear.net", "--data", "junk.npz"], "ND620"),
        (["linear.net", "--data", "linear.net"], "ND501"),
        (["linear.net", "--data", "pipe.npz"], "ND501"),
        (["linear.net", "--out", "linear.net/run"], "ND515"),
        (["linear.net", "--out", "x" * 5000], "ND515"),
        (["--resume", "x" * 5000], "ND517"),
        (["--resume", "nowhere"], "ND517"),
        (["linear.net", "--rate", "1000000", "--out", "diverged"], "ND512"),
    ]:
        with np.errstate(all="ignore"):
            assert code in refused(capsys, ["train", "--backend", "numpy", *arguments])
    assert not (workspace / "runs").exists()


def test_resuming_with_other_things_than_before(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    images = np.random.default_rng(1).integers(0, 255, (60, 8, 8), dtype=np.uint8)
    np.savez(workspace / "data.npz", x=images, y=np.arange(60) % 10)
    train("linear.net", "--data", "data.npz", "--epochs", "1", "--out", "a", "--split", "60/20/20")
    (workspace / "other.net").write_text("input 8x8x1\nFC1: 12\n")
    resume = ["train", "--resume", "a", "--backend", "numpy", "--epochs", "2"]
    assert "FC1 is" in refused(capsys, [*resume, "other.net"])
    assert "ND513" in refused(capsys, ["train", "linear.net", "--backend", "numpy", "--out", "a"])
    np.savez(workspace / "data.npz", x=images[::-1], y=np.arange(60) % 10)
    assert "ND544" in refused(capsys, resume)
    assert "ND516" in refused(capsys, [*resume, "--data", "data.npz"])
    os.remove(workspace / "data.npz")
    assert "ND544" in refused(capsys, resume)
    assert "ND501" in refused(capsys, [*resume, "--data", "data.npz"])
    np.savez(workspace / "moved.npz", x=images, y=np.arange(60) % 10)
    assert run([*resume, "linear.net", "--data", "moved.npz"]) == 0


def test_a_folder_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    train("linear.net", "--epochs", "1", "--out", "a")
    held = run_folder.RunFolder(Path("a"))
    assert "ND514" in refused(capsys, ["train", "--resume", "a", "--backend", "numpy"])
    held.close()


@pytest.mark.slow
def test_the_compiled_network_learns_the_digits_the_same_with_any_number_of_threads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for threads in ("1", "2"):
        assert run(["train", "lenet", "--out", threads, "--threads", threads]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert float(first.split()[2]) >= 97
    assert bytes_of("1") == bytes_of("2")
    assert run(["train", "lenet", "--out", "3", "--epochs", "6"]) == 0
    assert run(["train", "--resume", "3", "--epochs", "15"]) == 0
    assert newest("1") == newest("3")
    capsys.readouterr()
    assert run(["eval", "3"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == first


# --- eval ----------------------------------------------------------------------------------------


def test_eval_agrees_with_train(capsys: pytest.CaptureFixture[str]) -> None:
    train("linear.net", "--epochs", "2", "--out", "a")
    trained = capsys.readouterr().out
    for name in ("a", "a/best.safetensors"):
        assert run(["eval", name, "--backend", "numpy"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[-1] + "\n" == trained
        assert lines[0].endswith("on digits, test part, 180 images")
        assert lines[2].split()[:2] == ["0", "18"]


def test_eval_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    train("linear.net", "--epochs", "2", "--out", "a")
    trained = capsys.readouterr().out
    assert run(["eval", "a", "--backend", "numpy", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert trained.startswith(f"test accuracy {report['accuracy'] * 100:.2f} % ")
    confusion = np.array(report["confusion"])
    assert confusion.shape == (10, 10)
    assert confusion.sum() == report["images"] == 180
    assert np.trace(confusion) / 180 == pytest.approx(report["accuracy"])
    assert report["class_accuracy"][3] == pytest.approx(confusion[3, 3] / confusion[3].sum())
    assert report["classes"] == [str(digit) for digit in range(10)]


def test_eval_on_other_data(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    train("linear.net", "--epochs", "2", "--out", "a")
    with np.load(Path(run_folder.__file__).parents[1] / "data" / "digits.npz") as digits:
        images, labels = digits["images"], digits["labels"]
    some = labels >= 5  # other numbers for the same classes, and other values for the same ink
    np.savez(workspace / "some.npz", x=images[some] / 16, y=labels[some])
    np.savez(workspace / "more.npz", x=images, y=labels + 5)
    capsys.readouterr()
    assert run(["eval", "a", "--data", "some.npz", "--backend", "numpy", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["part"] == "all"
    assert report["images"] == some.sum()
    assert report["accuracy"] > 0.8
    assert "ND518" in refused(capsys, ["eval", "a", "--data", "more.npz", "--backend", "numpy"])


def test_findings_of_eval(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    train("linear.net", "--epochs", "1", "--out", "a")
    (workspace / "empty").mkdir()
    (workspace / "cut.safetensors").write_bytes((workspace / "a" / "best.safetensors").read_bytes()[:-9])
    for name, code in [
        ("nowhere", "ND517"),
        ("x" * 5000, "ND517"),
        ("empty", "ND517"),
        ("linear.net", "ND650"),
        ("cut.safetensors", "ND650"),
        (os.devnull, "ND517"),
    ]:
        assert code in refused(capsys, ["eval", name, "--backend", "numpy"])
    assert "Usage:" in refused(capsys, ["eval"], code=2)


# --- predict -------------------------------------------------------------------------------------


def test_predict_sees_what_eval_saw(capsys: pytest.CaptureFixture[str]) -> None:
    train("linear.net", "--epochs", "6", "--out", "a", "--rate", "0.02")
    capsys.readouterr()
    assert run(["predict", "a", "a/example.png", "--backend", "numpy"]) == 0
    line = capsys.readouterr().out
    assert re.fullmatch(r"a/example\.png: 0 \d+\.\d\d %, \d \d+\.\d\d %, \d \d+\.\d\d %\n", line)


def test_predict_takes_pictures_of_any_size_and_colour(
    capsys: pytest.CaptureFixture[str], workspace: Path
) -> None:
    train("linear.net", "--epochs", "6", "--out", "a", "--rate", "0.02")
    example = Image.open("a/example.png")
    example.convert("RGB").resize((80, 64), Image.Resampling.NEAREST).save("large.png")
    example.resize((200, 200), Image.Resampling.BILINEAR).save("large.jpg", quality=95)
    capsys.readouterr()
    arguments = ["predict", "a", "large.png", "large.jpg", "--backend", "numpy", "--format", "json"]
    assert run([*arguments, "--top", "20"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["image"] for row in rows] == ["large.png", "large.jpg"]
    for row in rows:
        assert row["predictions"][0]["class"] == "0"
        assert len(row["predictions"]) == 10
        assert sum(found["probability"] for found in row["predictions"]) == pytest.approx(1, abs=1e-5)


def test_predict_goes_on_after_a_bad_picture(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    train("linear.net", "--epochs", "1", "--out", "a")
    (workspace / "junk.png").write_bytes(b"\x89PNG\r\n\x1a\njunk")
    (workspace / "bad\x1b[31m.png").write_bytes(b"")
    capsys.readouterr()
    (workspace / "none").mkdir()
    names = ["junk.png", "a/example.png", "x" * 5000, "none", "bad\x1b[31m.png"]
    assert run(["predict", "a", *names, "--backend", "numpy"]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("a/example.png: ")
    assert captured.err.count("error ND610") == 3
    assert captured.err.count("error ND552") == 1
    assert "\x1b" not in captured.err
    assert run(["predict", "a", *names, "--backend", "numpy", "--format", "json"]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [("error" in row, "predictions" in row) for row in rows] == [
        (True, False),
        (False, True),
        (True, False),
        (True, False),
        (True, False),
    ]


def test_predict_on_numbers_that_no_picture_has(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    generator = np.random.default_rng(1)
    np.savez(workspace / "normal.npz", x=generator.standard_normal((60, 8, 8)), y=np.arange(60) % 10)
    train("linear.net", "--data", "normal.npz", "--epochs", "1", "--out", "a", "--split", "60/20/20")
    assert not (workspace / "a" / "example.png").exists()
    Image.new("L", (8, 8)).save("black.png")
    assert "ND519" in refused(capsys, ["predict", "a", "black.png", "--backend", "numpy"])


def test_usage_of_predict(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["a"], ["a", "b.png", "--top", "0"], ["a", "b.png", "--format", "xml"]):
        assert "Usage:" in refused(capsys, ["predict", *arguments], code=2)


# --- all of them ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["train", "eval", "predict"])
def test_help_loads_nothing_heavy(name: str) -> None:
    script = (
        "import sys; from netdsl.commands import run; code = run([sys.argv[1], '--help'])\n"
        "print([m for m in ('numpy', 'numba', 'PIL', 'rich', 'safetensors') if m in sys.modules], code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, name], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[] 0"


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a POSIX matter")
def test_a_terminal_gets_a_bar() -> None:
    leader, follower = os.openpty()
    arguments = command("train", "linear.net", "--backend", "numpy", "--epochs", "2")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=follower, env=environment) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.stdout is not None
        assert re.match(rb"test accuracy \d\d\.\d\d %", process.stdout.read())
    os.close(leader)
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "\u2501\u2501" in text  # the bar
    assert re.search(r"epoch 2/2 .* loss \d\.\d{4}  accuracy \d\d\.\d\d % .*images/s \d:\d\d:\d\d", text)
    assert re.search(r"epoch 2/2  loss .* validation loss", text)


def test_a_run_goes_on_in_its_own_precision(capsys: pytest.CaptureFixture[str]) -> None:
    train("linear.net", "--epochs", "1", "--out", "a")
    resume = ["train", "--resume", "a", "--epochs", "2", "--precision"]
    for precision in ("float32", "bf16"):
        assert "--precision cannot change" in refused(capsys, [*resume, precision], code=2)
