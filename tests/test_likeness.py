"""Texts of other formats: one finding says what they are, and no command changes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.likeness import likeness
from netdsl.resources import zoo_names, zoo_text

DARKNET = "a configuration of Darknet"
CAFFE = "a prototxt of Caffe"
FOREIGN = {
    "[net]\nbatch=1\nwidth=32\n\n[convolutional]\nfilters=16\nsize=3\n\n[softmax]\ngroups=1\n": DARKNET,
    "[maxpool]\n[softmax]\n": DARKNET,
    "# mine\n[convolutional]\r\nfilters=3\r\n": DARKNET,
    "[ shortcut ]\nfrom = -3\nactivation = linear\n": DARKNET,
    'name: "A"\nlayer {\n  type: "ReLU"\n}\n': CAFFE,
    "layers {\n  type: CONVOLUTION\n}\n": CAFFE,
    'name: "A"\ninput: "data"\ninput_dim: 1\ninput_dim: 3\n': CAFFE,
    'net: "x.prototxt"\nbase_lr: 0.01\nmax_iter: 10\n': CAFFE,
    "import torch\nmodel = Sequential(Conv2d(3, 64, 3))\n": "Python code",
    '{"layers": [{"kind": "conv"}]}\n': "JSON",
    "[trainer]\n# how\n\nrate=0.1\n": "a settings file",
}


@pytest.mark.parametrize("text", FOREIGN)
@pytest.mark.parametrize(
    "command", ["check", "check --fix", "check --fix --unsafe", "fmt", "train", "compile"]
)
def test_one_finding_says_what_it_is(
    text: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.cfg"
    path.write_bytes(text.encode())
    assert run([*command.split(), str(path)]) == 1
    out, said = capsys.readouterr()
    assert re.findall(r"(?:error|warning|note) (ND\d+: .*)", said) == [
        f"ND008: this seems to be {FOREIGN[text]}, not a network"
    ]
    assert not out
    assert path.read_bytes() == text.encode()
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.cfg"]


@pytest.mark.parametrize(
    "text",
    [
        "input 8x8x3\n[softmax]\nCONVV 3 3x3\n",
        "[8x8x3] INPUT\n[dropout]\nCONVV 3 3x3\n",
        "block B(n) {\n[softmax]\nCONVV n 3x3\n}\nB(3)\n",
        "-----\ninput 8x8x3\nCONVV 3 3x3\n",
    ],
)
def test_mistakes_of_networks_are_said(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.net"
    path.write_text(text)
    assert run(["check", str(path)]) == 1
    said = capsys.readouterr().err
    assert "ND201: there is no kind of layer called `CONVV`" in said
    assert "ND008" not in said


def test_the_zoo_seems_to_be_nothing_else() -> None:
    assert [name for name in zoo_names() if likeness(zoo_text(name))] == []


def test_a_foreign_file_is_named_where_it_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, used = tmp_path / "x.net", tmp_path / "y.cfg"
    path.write_text('use "y.cfg"\ninput 8x8x1\nFC 10\n')
    for text, what in FOREIGN.items():
        used.write_text(text)
        assert run(["check", str(path)]) == 1
        said = re.findall(r"error (ND\d+: .*)", capsys.readouterr().err)
        assert said == [f"ND224: `y.cfg` seems to be {what}, not blocks for a network"]


def test_a_foreign_recipe_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "x.train"
    recipe.write_text("[train]\nrate=0.1\nmomentum=0.9\n")
    assert run(["train", "lenet", "--recipe", str(recipe)]) == 1
    said = re.findall(r"error (ND\d+: .*)", capsys.readouterr().err)
    assert said == ["ND008: this seems to be a settings file, not a recipe"]
