"""Checkpoints from strangers: nothing in them names a file that is opened, and all they say is bounded."""

from __future__ import annotations

import json
import re
import shlex
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdsl.commands import run
from netdsl.training import tensor_file

SECRET = "root:x:0:0:root:/root:/bin/bash\n"


class Opened:
    """The files that this process opens while it is watched; hooks of Python cannot be taken away."""

    def __init__(self) -> None:
        self.watched = False
        self.paths: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watched and event in ("open", "os.listdir", "os.scandir"):
            self.paths.append(str(arguments[0]))


OPENED = Opened()


@pytest.fixture(autouse=True)
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.chdir(tmp_path)
    OPENED.paths = []
    OPENED.watched = True
    yield OPENED.paths
    OPENED.watched = False


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "linear.net").write_text("net linear\ninput 8x8x1\nFC1: 10\n")
    arguments = ["train", str(folder / "linear.net"), "--backend", "numpy", "--epochs", "1"]
    assert run([*arguments, "--batch", "512", "--out", str(folder / "run")]) == 0
    return folder / "run"


def forged(trained: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """A run folder ``run`` whose checkpoints say something else, with the digest that belongs to it."""
    for name in ("best.safetensors", "last.safetensors"):
        content, arrays = tensor_file.read(trained / name)
        change(content)
        tensor_file.write(Path("run", name), content, arrays)


def both(capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """What ``eval`` and ``--resume`` say, both of which must fail."""
    for arguments in (["eval", "run"], ["train", "--resume", "run", "--epochs", "2"]):
        capsys.readouterr()
        assert run([*arguments, "--backend", "numpy"]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "internal error" not in captured.err
        yield captured.err


@pytest.mark.parametrize(
    "name", ["secret.csv", "secret.npz", "folder", "{place}/secret.csv", "../secret.csv", "./digits"]
)
def test_the_data_that_a_checkpoint_names_are_not_opened(
    trained: Path, capsys: pytest.CaptureFixture[str], opened: list[str], tmp_path: Path, name: str
) -> None:
    name = name.format(place=tmp_path)
    Path("folder").mkdir()
    for path in ("secret.csv", "secret.npz", "../secret.csv", "folder/secret.csv"):
        Path(path).write_text(SECRET)
    Path("run").mkdir()
    forged(trained, lambda content: content["recipe"].update(data=name))
    opened.clear()
    for text in both(capsys):
        assert "error ND544" in text
        assert f"--data {name}\n" in text
        assert "root" not in text.replace("pytest-of-root", "")
    assert any("best.safetensors" in path for path in opened)
    assert not [path for path in opened if "secret" in path or path.endswith(("folder", "digits"))]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("$(touch pwned) `x`;", "--data '$(touch pwned) `x`;'\n"),
        ("it's", "--data 'it'\"'\"'s'\n"),
        ("\x1b]0;pwned\x07", "--data DATA\n"),
        ("a\nnetdsl eval other", "--data DATA\n"),
        ("\u202egnp.exe", "--data DATA\n"),
        ("\x9b31m", "--data DATA\n"),
        ("/" * 4096, "--data DATA\n"),
    ],
)
def test_what_is_shown_of_it_can_be_copied_safely(
    trained: Path, capsys: pytest.CaptureFixture[str], name: str, shown: str
) -> None:
    Path("run").mkdir()
    forged(trained, lambda content: content["recipe"].update(data=name))
    for text in both(capsys):
        assert shown in text
        assert text.count("\n") == 3
        assert all(letter.isprintable() for letter in text.replace("\n", ""))
        assert len(text) < 1000


def test_the_commands_that_train_prints_name_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    images = np.random.default_rng(1).integers(0, 255, (60, 8, 8), dtype=np.uint8)
    np.savez("my data.npz", x=images, y=np.arange(60) % 10)
    Path("linear.net").write_text("input 8x8x1\nFC1: 10\n")
    arguments = ["train", "linear.net", "--backend", "numpy", "--epochs", "1", "--data", "my data.npz"]
    assert run([*arguments, "--split", "60/20/20"]) == 0
    captured = capsys.readouterr()
    (line,) = re.findall(r"netdsl (eval .*)", captured.err)
    assert line == "eval runs/linear-1 --data 'my data.npz'"
    assert run([*shlex.split(line), "--backend", "numpy"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] + "\n" == captured.out
    # So do those that the finding prints.
    for command in ("eval runs/linear-1", "train --resume runs/linear-1"):
        assert run([*command.split(), "--backend", "numpy"]) == 1
        (line,) = re.findall(r"netdsl (.*)", capsys.readouterr().err)
        assert line == f"{command} --data 'my data.npz'"
        assert run([*shlex.split(line), "--backend", "numpy"]) == 0
    # The run's own data, changed, are not taken for other data.
    np.savez("my data.npz", x=images[::-1], y=np.arange(60) % 10)
    for name in ("my data.npz", "./my data.npz"):
        assert run(["eval", "runs/linear-1", "--backend", "numpy", "--data", name]) == 1
        assert "ND516" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        'net linear\nuse "secret.net"\ninput 8x8x1\nFC1: 10\n',
        'net linear\nuse "/etc/hostname"\ninput 8x8x1\nFC1: 10\n',
        'net linear\ninput 8x8x1\nFC1: 10\ntrain { data "secret.csv" }\n',
        "net linear\ninput 8x8x1\nFC1: 10\ntrain { data secret.csv }\n",
    ],
)
def test_the_network_of_a_checkpoint_opens_nothing(
    trained: Path, capsys: pytest.CaptureFixture[str], opened: list[str], text: str
) -> None:
    Path("secret.net").write_text(SECRET)
    Path("secret.csv").write_text(SECRET)
    Path("run").mkdir()
    forged(trained, lambda content: content.update(network=text))
    opened.clear()
    for arguments in (["eval", "run"], ["train", "--resume", "run", "--epochs", "2"]):
        code = run([*arguments, "--backend", "numpy"])
        captured = capsys.readouterr()
        assert code == (1 if "use" in text else 0)
        assert ("ND224" in captured.err) == ("use" in text)
        assert "root:x" not in captured.err + captured.out
    assert not [path for path in opened if "secret" in path or "hostname" in path]


@pytest.mark.parametrize("letter", ["\x1b[31m", "\u202e", "\x9b", "\x7f", "\udc80", "\n", "\r"])
def test_names_of_a_checkpoint_do_nothing_to_a_terminal(
    trained: Path, capsys: pytest.CaptureFixture[str], letter: str
) -> None:
    Path("run").mkdir()
    try:
        forged(
            trained,
            lambda content: content.update(
                classes=[f"{number}{letter}" for number in range(10)],
                network_name=f"net{letter}",
                data_digest="",
            ),
        )
    except UnicodeEncodeError:
        return  # a lone surrogate cannot even be written
    Path("table.csv").write_text(
        "label,"
        + ",".join(f"p{number}" for number in range(64))
        + "\n"
        + "".join(f"{number}," + "7," * 63 + "7\n" for number in range(10))
    )
    np.savez("named.npz", x=np.zeros((10, 8, 8), np.uint8), y=[f"{number}{letter}" for number in range(10)])
    picture = trained / "example.png"
    other = int(letter == "\udc80")  # data never have such a name: a byte that is no text reads `\x80`
    for arguments, code in (
        (["eval", "run", "--data", "table.csv"], 1),  # other classes
        (["eval", "run", "--data", "named.npz"], other),
        (["eval", "run", "--data", "named.npz", "--format", "json"], other),
        (["predict", "run", str(picture)], 0),
        (["predict", "run", str(picture), "--format", "json"], 0),
    ):
        assert run([*arguments, "--backend", "numpy"]) == code
        captured = capsys.readouterr()
        for text in (captured.out, captured.err):
            assert all(shown.isprintable() for shown in text.replace("\n", ""))
        if "json" in arguments and not code:
            assert f"3{letter}" in json.dumps(json.loads(captured.out), ensure_ascii=False).replace(
                "\\u001b", "\x1b"
            ).replace("\\n", "\n").replace("\\r", "\r")


def test_what_is_quoted_of_a_checkpoint_is_short(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("run").mkdir()
    long = "x" * 200_000
    changes: list[dict[str, Any]] = [
        {"classes": [f"{number}{long}" for number in range(10)]},
        {"layers": [[f"FC{number}{long}", long] for number in range(30)]},
        {"format": long},
    ]
    np.savez("named.npz", x=np.zeros((10, 8, 8), np.uint8), y=[f"{n}{'y' * 9_000}" for n in range(10)])
    for change in changes:
        forged(trained, lambda content, change=change: content.update(change))
        assert run(["eval", "run", "--data", "named.npz", "--backend", "numpy"]) == 1
        assert len(capsys.readouterr().err) < 6_000


@pytest.mark.parametrize("part", ["[],", "{},", "[1,2],", "1.5,", '"",', '{"a":[]},'])
def test_a_description_of_very_many_parts_is_not_built(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    text = '{"layers":[' + part * ((9 << 20) // len(part)) + "0]}"
    header = json.dumps({"__metadata__": {"netdsl": text}}, ensure_ascii=False).encode()
    Path("many.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    monkeypatch.setattr(tensor_file.json, "loads", None)
    assert run(["eval", "many.safetensors", "--backend", "numpy"]) == 1
    assert "more parts than that of any network" in capsys.readouterr().err
