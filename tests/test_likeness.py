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
KERAS = """Model: "sequential"
_________________________________________________________________
 Layer (type)                Output Shape              Param #
=================================================================
 conv2d (Conv2D)             (None, 26, 26, 32)        320
"""
KERAS_3 = """Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape       ┃ Param # ┃
│ conv2d (Conv2D)     │ (None, 26, 26, 32) │     320 │
"""
TORCHINFO = """==========================================================================================
Layer (type:depth-idx)                   Output Shape              Param #
==========================================================================================
├─Conv2d: 1-1                            [1, 6, 24, 24]            156
"""
TORCHSUMMARY = """----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Conv2d-1            [-1, 6, 24, 24]             156
"""
FOREIGN = {
    "[net]\nbatch=1\nwidth=32\n\n[convolutional]\nfilters=16\nsize=3\n\n[softmax]\ngroups=1\n": DARKNET,
    "[maxpool]\n[softmax]\n": DARKNET,
    "input 32x32x3\n[convolutional]\nfilters=16\nsize=3\n": DARKNET,
    "# mine\n[convolutional]\r\nfilters=3\r\n": DARKNET,
    "[ shortcut ]\nfrom = -3\nactivation = linear\n": DARKNET,
    'name: "A"\nlayer {\n  type: "ReLU"\n}\n': CAFFE,
    "layers {\n  type: CONVOLUTION\n}\n": CAFFE,
    'name: "A"\ninput: "data"\ninput_dim: 1\ninput_dim: 3\n': CAFFE,
    'net: "x.prototxt"\nbase_lr: 0.01\nmax_iter: 10\n': CAFFE,
    "import torch\nmodel = Sequential(Conv2d(3, 64, 3))\n": "Python code",
    "model = Sequential()\nmodel.add(Conv2D(32, (3, 3)))\n": "Python code",
    "nn.Conv2d(3, 64, 3),\nnn.ReLU(),\n": "Python code",
    KERAS: "a summary that Keras printed",
    KERAS_3: "a summary that Keras printed",
    TORCHINFO: "a summary that torchinfo printed",
    TORCHSUMMARY: "a summary that torchsummary printed",
    "Net(\n  (conv1): Conv2d(3, 6, kernel_size=(5, 5), stride=(1, 1))\n)\n": "modules as PyTorch prints them",
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (KERAS, "`netdsl import --from listing x.txt` reads it"),
        (TORCHINFO, "`netdsl import --from listing x.txt` reads it"),
        (TORCHSUMMARY, "`netdsl import --from listing x.txt` reads it"),
        (
            "import torch\nx = 1\n",
            "netdsl cannot import it; `netdsl import --from listing` reads the summary",
        ),
        ("[convolutional]\nfilters=3\n", "netdsl cannot import it: write its layers under `dialect darknet`"),
        ("layer {\n}\n", "`dialect caffe`, as `netdsl zoo caffenet` has them"),
    ],
)
def test_the_command_that_reads_it_is_named(
    text: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.txt").write_text(text)
    assert run(["check", "x.txt"]) == 1
    finding, cure, _, count = capsys.readouterr().err.splitlines()
    assert finding.startswith("x.txt: error ND008: this seems to be ")
    assert words in cure
    assert count == "1 error in 1 file"


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
