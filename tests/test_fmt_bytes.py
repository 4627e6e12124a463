"""``netdsl fmt`` and ``check --fix``: bytes that a file keeps, and files that are no networks."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.planning.pipeline import load_plan
from netdsl.resources import zoo_names, zoo_text
from netdsl.source import Source, undressed
from netdsl.syntax.parser import parse
from netdsl.text.formatter import formatted

FOREIGN = {
    "darknet.cfg": "[net]\nbatch=64\n\n[convolutional]\nfilters=32\nsize=3\n\n[maxpool]\nsize=2\n",
    "kinds.cfg": "[softmax]\n\n[dropout]\n",
    "net.prototxt": 'layer {\n  name: "a"\n  type: "Convolution"\n}\n',
    "code.py": "import torch\nx = 1\n",
    "requirements.txt": "numpy\ntorch\n",
    "settings.ini": "[paths]\ndata = x\n",
    "notes.txt": "Relu is a function\nand this  is prose\n",
    "a.json": '{"a": 1}\n',
    "Makefile": "all:\n\techo  hello\n",
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("command", ["fmt", "check --fix --unsafe"])
def test_what_is_no_network_stays(
    name: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(FOREIGN[name])
    if command == "fmt" or name in ("darknet.cfg", "net.prototxt", "code.py"):
        assert run([*command.split(), str(path)]) == 1
        assert path.read_text() == FOREIGN[name]
        assert "error ND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "seems"),
    [
        ("darknet.cfg", "a configuration of Darknet"),
        ("net.prototxt", "a prototxt of Caffe"),
        ("code.py", "Python code"),
        ("a.json", "JSON"),
    ],
)
def test_it_is_named(name: str, seems: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    path.write_text(FOREIGN[name])
    run(["fmt", str(path)])
    assert f"ND008: this seems to be {seems}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "input 8x8x1\n[8x8x9] conv 4 3x3\nFC 10\n",  # a wrong claim
        "input 8x8x1\nconv 4 3x3 strid 2\nFC 10\n",  # a wrong word
        "block B(w) { conv w 3x3 - relu }\nlet k = 3\n",  # a file for others to use
        'use "missing.net"\ninput 8x8x1\nSTEM\nB(2)\nfc 10\n',
        "[[[relu]*1000]*1000]*1000\n",
        "up: [relu]*2\nADD[ skip | conv 1 1x1 ]\n",
    ],
)
def test_networks_with_mistakes_are_laid_out(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.net"
    path.write_text(text)
    assert run(["fmt", str(path)]) == 0
    assert path.read_text() != text


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("command", ["fmt", "check --fix"])
def test_line_ends_and_mark_stay(newline: str, mark: bytes, command: str, tmp_path: Path) -> None:
    path = tmp_path / "x.net"
    written = "dialect caffe\ninput 8x8x1\nPOOL 3x3 stride 2\nFC 10\n"
    text = written.replace("POOL", "pool  ") if command == "fmt" else written
    path.write_bytes(mark + text.replace("\n", newline).encode())
    run([*command.split(), str(path)])
    expected = written if command == "fmt" else written.replace("stride 2", "stride 2 pad 0 ceil")
    assert path.read_bytes() == mark + expected.replace("\n", newline).encode()


@pytest.mark.parametrize(
    ("written", "newline"),
    [
        ("dialect caffe\r\ninput 8x8x1\r\nPOOL 3x3 stride 2\nFC 10\n\n", "\n"),
        ("dialect caffe\r\ninput 8x8x1\r\nPOOL 3x3 stride 2\r\nFC 10\n", "\r\n"),
        ("dialect caffe\rinput 8x8x1\rPOOL 3x3 stride 2\r\nFC 10\n", "\r"),
        ("dialect caffe\r\ninput 8x8x1\nPOOL 3x3 stride 2\r\nFC 10\n", "\n"),
    ],
)
def test_different_line_ends_become_those_of_most_lines(written: str, newline: str, tmp_path: Path) -> None:
    path = tmp_path / "x.net"
    canonical = undressed(written)[0].rstrip("\n") + "\n"
    for command, text, expected in (
        ("check --fix", written, undressed(written)[0].replace("stride 2", "stride 2 pad 0 ceil")),
        ("fmt", written.replace("FC", "fc"), canonical),
    ):
        path.write_bytes(text.encode())
        run([*command.split(), str(path)])
        assert path.read_bytes() == expected.replace("\n", newline).encode()
    unchanged = written.rstrip() + "\n"
    path.write_bytes(unchanged.encode())
    assert run(["fmt", str(path)]) == 0
    assert path.read_bytes() == unchanged.encode()


def test_import_keeps_line_ends(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"[8x8x1] INPUT\r\n[10] FC: 10 neurons\r\n")
    run(["import", "--from", "listing", str(path)])
    assert capfdbinary.readouterr().out == b"[8x8x1] INPUT\r\n[10] FC: 10 neurons\r\n"


def test_a_carriage_return_ends_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.net"
    path.write_bytes(b"input 8x8x1\rRELU # a\rFOO\nFC 2\n")
    assert run(["check", str(path)]) == 1
    assert ":3:1: error ND201" in capsys.readouterr().err
    path.write_bytes(b"input 8x8x1\rrelu # a\rRELU\nRELU\nFC 2\n")
    assert run(["fmt", str(path)]) == 0
    assert path.read_bytes() == b"input 8x8x1\nRELU  # a\nRELU\nRELU\nFC 2\n"


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\x0b", "\x1c", "\x0c"])
def test_other_separators_neither_break_lines_nor_get_lost(
    sign: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.net"
    text = f"# a{sign}b{sign}c\nnet a{sign}b\ninput 8x8x1\nfc 2\n"
    path.write_text(text, encoding="utf-8", newline="")
    assert run(["fmt", "--diff", str(path)]) == 1
    assert f" # a{sign}b{sign}c\n" in capsys.readouterr().out
    assert run(["fmt", str(path)]) == 0
    assert path.read_bytes().decode() == text.replace("fc", "FC")


GAPS = ["\n", "\n\n", " ;", "  # c1\n", "\n# größe \u2028 c\n", "\t\n", "\n \u00a0\n", ";;\n", "\n\x0c\n"]


@pytest.mark.parametrize("seed", range(40))
def test_comments_network_and_form_stay_and_twice_is_once(seed: int) -> None:
    chance = random.Random(seed)
    lines = zoo_text(chance.choice([name for name in zoo_names() if len(zoo_text(name)) < 3000])).splitlines()
    text = "".join(line + (chance.choice(GAPS) if "#" not in line else "\n") for line in lines)
    newline, mark = chance.choice(["\n", "\r\n", "\r"]), chance.choice(["", "\ufeff"])
    read, form = undressed(mark + text.replace("\n", newline))
    assert (read, form.newline, form.mark) == (text, newline, bool(mark))
    once = _formatted(read)
    assert _formatted(once) == once
    assert undressed(form.dressed(once)) == (once, form)
    blanks = " \t\x0c\u00a0"
    before, after = (
        [comment.rstrip(blanks) for comment in re.findall(r"#[^\n]*", one)] for one in (read, once)
    )
    assert before == after
    assert _network(once) == _network(read)


def _formatted(text: str) -> str:
    source = Source("x.net", text)
    parsed = parse(source)
    assert parsed.file is not None
    assert not parsed.diagnostics
    return formatted(source, parsed.file)


def _network(text: str) -> list[tuple[str, str, tuple[int, ...]]]:
    plan = load_plan(text).plan
    assert plan is not None
    return [(layer.node.name, str(layer.output), layer.node.inputs) for layer in plan.layers]


def test_an_activation_that_a_hyphen_cuts_stays_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With blanks around the hyphen it would be two activations, which is another network."""
    path = tmp_path / "a.net"
    path.write_text("input 9x9x1\nCONV 4 3x3 -  leaky-relu\nFC 9\n")
    assert run(["check", str(path)]) == 0
    assert "LEAKY RELU" in capsys.readouterr().out
    assert run(["fmt", str(path)]) == 0
    assert path.read_text() == "input 9x9x1\nCONV 4 3x3 - LEAKY RELU\nFC 9\n"
