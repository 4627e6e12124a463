"""The pages on training, data and formats: what fails there fails with that code, and is mended."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keras_networks
import numpy as np
import pytest
import summary_texts
from PIL import Image
from test_data_depth import png16
from test_data_formats import bomb, idx, png, write_idx

from netdsl.commands import run
from netdsl.resources import explained_codes, explanation_text
from netdsl.training import checkpoint
from netdsl.training.run_folder import RunFolder

CODES = [
    code
    for code in explained_codes()
    if code.startswith(("ND3", "ND5", "ND6")) and "```console" in explanation_text(code)
]
"""Codes whose examples are commands; those with networks as examples are run with the others."""
PACKAGE = Path(run.__code__.co_filename).parents[1]
NETWORKS = {
    "letters": "input 8x8x1\nFC1: 12\n",
    "wide": "input 8x8x1\nFC1: 12\n",
    "eight": "input 8x8x1\nFC1: 10\n",
    "features": "input 8x8x1\nCONV1: 4 3x3\n",
    "vector": "input 101\nFC1: 10\n",
    "huge": "input 30000x30000x3\nFC1: 10\n",
    "adam": "input 8x8x1\nFC1: 10\ntrain { optimizer adam   epochs 1 }\n",
    "sgd": "input 8x8x1\nFC1: 10\ntrain { optimizer sgd rate 0.01   epochs 1 }\n",
    "pools": "input 10\nRELU\n",
    "single": "input 8x8x1\nFC1: 16 no bias\nBN\nRELU\nFC2: 10\n",
    "overlapping": "input 7x7x1\ndefault UNPOOL 3x3 /2\nCONV1: 2 1x1\nPOOL 3x3 /2\nUNPOOL[ SKIP | @CONV1 ]\n",
    "side-by-side": "input 8x8x1\ndefault UNPOOL 2x2\nCONV1: 2 1x1\nPOOL 2x2\nUNPOOL[ SKIP | @CONV1 ]\n",
    "growing": "input 8x8x1\n" + "FC: 64\n" * 6 + "FC: 10\n",
    "twins": "left: input 8x8x1\na: FC 4\nright: input 8x8x1\nb: FC 4\nCONCAT[ @a | @b ] - RELU\nFC 10\n",
    "deep-relu": "input 8x8x1\n" + "FC: 64\nRELU\n" * 6 + "FC: 10\n",
    "deep-sigmoid": "input 8x8x1\n" + "FC: 64\nSIGMOID\n" * 7 + "FC: 10\n",
}


_NOTES = ("ND613", "ND617", "ND619")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with everything that the pages name."""
    folder = tmp_path_factory.mktemp("pages")
    before = Path.cwd()
    os.chdir(folder)
    for name, text in NETWORKS.items():
        Path(f"{name}.net").write_text(text)
    write_data()
    write_runs()
    busy = RunFolder(Path("runs/busy"))
    yield folder
    busy.close()
    os.chdir(before)


def write_data() -> None:
    images = np.random.default_rng(1).integers(0, 256, (200, 8, 8), dtype=np.uint8)
    labels = np.arange(200) % 10
    np.savez("images.npz", images=images, labels=labels)
    np.savez("pairs.npz", left=images, right=images[::-1], labels=labels)
    np.savez("one-class.npz", images=images, labels=labels * 0)
    np.savez("four-images.npz", images=images[:4], labels=[0, 1, 0, 1])
    np.savez("unlabelled.npz", images=images, labels=labels[:-1])
    np.savez("with-nan.npz", images=np.where(images == 7, np.nan, images), labels=labels)
    np.savez("objects.npz", images=np.array([[1], [2, 3]], object), labels=labels[:2])
    np.savez("unnamed.npz", first=images, second=labels)
    np.savez("spectra.npz", images=np.random.default_rng(1).standard_normal((200, 8, 8)), labels=labels)
    Path("cut-short.npz").write_bytes(Path("images.npz").read_bytes()[:5000])
    Path("notes.txt").write_text("notes")
    Path("notes").mkdir()
    Path("notes/notes.txt").write_text("notes")
    for name, names in (("gap", "a\n\nb\n"), ("short", "a\nb\n"), ("named", "\n".join("abcdefghij"))):
        np.savez(f"{name}.npz", images=images, labels=labels)
        Path(f"{name}.classes.txt").write_text(names)
    Path("slide.txt").write_text(
        "- [8x8x1] INPUT\n- [8x8x1] NORM1: Normalization layer\n- [10] FC2: 10 neurons\n"
    )
    Path("garbled.txt").write_text(
        "- [8x8x1] INPUT\n- [8x8x1] NORM1: Normalizat1on lyaer\n- [10] FC2: 10 neurons\n"
    )
    Path("blurred.txt").write_text(
        "- [8x8x1] INPUT\n- [4x4x1] M?X P??L1: 2x2 filters\n- [10] FC2: 10 neurons\n"
    )
    write_summaries()
    Path("prose.csv").write_text("label,pixel\nzero,none\n")
    np.savetxt("images.csv", np.column_stack([labels, images.reshape(200, 64)]), "%d", ",")
    Path("mnist").mkdir()
    write_idx(Path("mnist"), idx(images), idx(labels.astype(np.uint8)))
    write_idx(Path(), idx(images)[:-1], idx(labels.astype(np.uint8)), "cut-short")
    Path("lonely-images-idx3-ubyte").write_bytes(idx(images))
    Path("empty-folder").mkdir()
    for number, letter in enumerate("abcdefghijkl"):
        Path("letters", letter).mkdir(parents=True)
        for picture in range(10):
            Path("letters", letter, f"{picture}.png").write_bytes(png(images[10 * number + picture]))
    Image.fromarray(images[0]).save("digit.png")
    Path("bomb.png").write_bytes(bomb())
    Path("linked").mkdir()
    Path("ugly.net").write_text("input 8x8x1\nfc 10\n")
    Path("linked/ugly.net").symlink_to("../ugly.net")
    Path("deep-colour.png").write_bytes(png16(np.full((8, 8, 3), 1000)))
    shutil.copytree("letters", "letters-and-notes")
    Path("letters-and-notes", "a", "notes.txt").write_text("notes")
    for part in ("train", "test"):
        shutil.copytree("letters", Path("letters-in-parts", part))
    shutil.copytree("letters-in-parts", "letters-untested")
    shutil.rmtree("letters-untested/test/a")
    np.savez("alike.npz", images=images, labels=np.array(["\udcf6", "\\xf6"])[labels % 2])
    np.savez_compressed("zeros.npz", images=np.zeros((300_000, 1), np.uint8), labels=np.arange(300_000) % 2)


def write_summaries() -> None:
    """Pages with networks: what torchinfo and Keras print, and two listings."""
    convolution = ["Conv2d 1x8x8 4x8x8 40", "ReLU 4x8x8 4x8x8 0"]
    head = ["Flatten {0} 64 0", "Linear 64 10 650"]
    pool, strided = ["MaxPool2d 4x8x8 4x4x4 0"], ["Conv2d 4x8x8 4x4x4 148", "ReLU 4x4x4 4x4x4 0"]
    pages = {
        "functions": [row.format("1x8x8") for row in head],
        "pooled": [*convolution, *pool, *(row.format("4x4x4") for row in head)],
        "whole": [*convolution, *strided, *(row.format("4x4x4") for row in head)],
        "miscounted": ["Flatten 1x8x8 64 0", "Linear 64 10 651"],
    }
    for name, written in pages.items():
        Path(f"{name}.txt").write_text(torchinfo(written), encoding="utf-8")
    unknown = "a InputLayer 8x8x1 0\nb Gate 8x8x4 40\nc Flatten 256 0\nd Dense 10 2570"
    for name, text in (("unknown", unknown), ("several", keras_networks.LENET)):
        written = summary_texts.keras3(summary_texts.rows(text))
        Path(f"{name}.txt").write_text(written, encoding="utf-8")
    one, other = ("[8x8x1] INPUT\n[10] FC1: 10 neurons\n", "[8x8x1] INPUT\n[12] FC1: 12 neurons\n")
    Path("notes.md").write_text(f"# AlexNet\n\n{one}\n# LeNet\n\n{other}")


def torchinfo(modules: list[str]) -> str:
    """``Linear 64 10 650``: a module, what comes in and out, and its parameters, one a row."""

    def row(name: str, coming: str, going: str, count: int) -> str:
        shapes = (f"[1, {shape.replace('x', ', ')}]" for shape in (coming, going))
        return f"{name:<34}{''.join(f'{shape:<24}' for shape in shapes)}{count or '--'}"

    parts = [module.split() for module in modules]
    total = sum(int(count) for *_, count in parts)
    rule = "=" * 92
    titles = f"{'Layer (type:depth-idx)':<34}{'Input Shape':<24}{'Output Shape':<24}Param #"
    rows = [row("Net", parts[0][1], parts[-1][2], 0)]
    rows += [
        row(f"├─{name}: 1-{index}", coming, going, int(count))
        for index, (name, coming, going, count) in enumerate(parts, 1)
    ]
    return "\n".join([rule, titles, rule, *rows, rule, f"Total params: {total}", rule]) + "\n"


def write_revision() -> None:
    name = ("-c", "user.name=netdsl", "-c", "user.email=netdsl@example.com")
    for arguments in (["init", "-q"], ["add", "ugly.net"], [*name, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *arguments], check=True)


def write_runs() -> None:
    np.savez("moved.npz", **np.load("images.npz"))
    for name, data in [
        ("first", "digits"),
        ("busy", "digits"),
        ("moved", "moved.npz"),
        ("own", "images.npz"),
        ("spectra", "spectra.npz"),
        ("twins", "pairs.npz"),
    ]:
        network = f"{name}.net" if name in NETWORKS else "linear"
        assert do(f"netdsl train {network} --data {data} --out runs/{name}") == 0
    Path("runs/linked").mkdir()
    Path("runs/linked/best.safetensors").symlink_to("../../elsewhere.safetensors")
    Path("elsewhere.safetensors").write_bytes(Path("runs/first/best.safetensors").read_bytes())
    np.savez("moved.npz", images=np.load("images.npz")["images"][::-1], labels=np.arange(200) % 10)
    found = checkpoint.load(Path("runs/first/best.safetensors"))
    found.arrays["FC1.weights"][...] = np.where(found.arrays["FC1.weights"] < 0, -1e38, 1e38)
    checkpoint.save(found, Path("overflowing.safetensors"))
    damaged = bytearray(Path("runs/first/best.safetensors").read_bytes())
    damaged[-1000] ^= 1
    Path("damaged.safetensors").write_bytes(damaged)


def do(line: str) -> int:
    """Run a command of a page, quickly."""
    program, name, *arguments = shlex.split(line)
    assert program == "netdsl"
    if name == "bench":
        return run([name, *arguments, "--batch", "2", "--rounds", "1"])
    if "--epochs" not in arguments and "--resume" not in arguments and name == "train":
        arguments += ["--epochs", "1"]
    return run(
        [name, *arguments] if name in ("import", "fmt", "diff") else [name, *arguments, "--backend", "numpy"]
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("code", CODES)
def test_pages_fail_and_are_mended_as_they_say(
    code: str, workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, mended = re.findall(r"```console\n\$ (.*?)\n```", explanation_text(code))
    if code == "ND670":
        if shutil.which("git") is None:
            pytest.skip("git is not installed")
        write_revision()
    if code == "ND540":
        pytest.importorskip("torch")
    if code in ("ND541", "ND558"):
        monkeypatch.setitem(sys.modules, "torch" if code == "ND541" else "optuna", None)
    outcome = do(failing)
    captured = capsys.readouterr()
    assert set(re.findall(r"(?:error|warning|note) (ND\d{3})", captured.err)) == {code}
    assert outcome == (
        0 if code in ("ND506", "ND523", "ND524", "ND525", "ND538", "ND539", "ND661", *_NOTES) else 1
    )
    assert do(mended) == 0
    assert not re.findall(r"ND\d{3}", capsys.readouterr().err)


def test_every_code_has_a_page() -> None:
    rooms = ("rules", "formats", "backend", "data", "training", "searching", "measuring", "commands")
    files = [path for room in rooms for path in (PACKAGE / room).rglob("*.py")]
    files += [PACKAGE / "writing.py", PACKAGE / "planning/revision.py"]
    used = {code for path in files for code in re.findall(r'"(ND[356]\d{2})"', path.read_text())}
    assert used >= set(CODES)
    assert used <= set(explained_codes())
