"""Names for classes that the data only numbers: classes.txt beside it, or an array in the archive."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_data_formats import idx, write_idx

from netdsl.commands import run
from netdsl.data.dataset import Dataset
from netdsl.data.reading import read_data
from netdsl.data.split import shares_from_text, split
from netdsl.diagnostics import Diagnosed
from netdsl.quantities import Volume
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import recipe_as_json, recipe_from_json

GREY = Volume(8, 8, 1)
IMAGES = np.random.default_rng(1).integers(0, 256, (60, 8, 8), dtype=np.uint8)
LABELS = np.arange(60) % 3
NAMES = ["cat", "dog", "über-fish"]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(name: str) -> Dataset:
    return read_data(name, GREY)


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def code_of(name: str) -> str:
    with pytest.raises(Diagnosed) as raised:
        read(name)
    return raised.value.diagnostics[0].code


def write_csv(name: str, first_label: int = 0) -> None:
    rows = [
        f"{label + first_label}," + ",".join(map(str, image.ravel()))
        for image, label in zip(IMAGES, LABELS, strict=True)
    ]
    write(name, "\n".join(rows))


def test_every_form_of_data_takes_the_names_beside_it() -> None:
    np.savez("data.npz", x=IMAGES, y=LABELS)
    write_csv("data.csv")
    Path("idx").mkdir()
    write_idx(Path("idx"), idx(IMAGES), idx(LABELS.astype(np.uint8)))
    for number in range(3):
        Path(f"folder/{number}").mkdir(parents=True)
        Image.fromarray(IMAGES[number]).save(f"folder/{number}/a.png")
    before = {name: read(name) for name in ("data.npz", "data.csv", "idx", "folder")}
    for folder in (".", "idx", "folder"):
        write(f"{folder}/classes.txt", "\ufeff" + "\r\n".join(NAMES) + "\n\n")
    for name, plain in before.items():
        named = read(name)
        assert plain.classes == ("0", "1", "2")
        assert named.classes == tuple(NAMES)
        assert any("class names from" in line for line in named.reading)
        # What is learned does not depend on what people call it.
        assert named.digest() == plain.digest()
        if name != "folder":
            shares = shares_from_text("60/20/20")
            for ours, theirs in zip(split(named, shares, 1), split(plain, shares, 1), strict=True):
                assert np.array_equal(ours, theirs)
    assert read("idx/train-images-idx3-ubyte").classes == tuple(NAMES)


def test_a_file_of_its_own_goes_before_the_array_and_that_before_the_folder() -> None:
    write("classes.txt", "a\nb\nc\n")
    np.savez("data.npz", x=IMAGES, y=LABELS)
    assert read("data.npz").classes == ("a", "b", "c")
    for array in (np.array(NAMES), np.array([name.encode() for name in NAMES])):
        np.savez("data.npz", x=IMAGES, y=LABELS, classes=array)
        assert read("data.npz").classes == tuple(NAMES)
    write("data.classes.txt", "2: two\n0: none\n1: one\n7: seven\n")
    assert read("data.npz").classes == ("none", "one", "two")


def test_an_array_called_classes_is_the_labels_only_if_nothing_else_is() -> None:
    texts = np.array(NAMES)[LABELS]
    np.savez("only.npz", x=IMAGES, classes=LABELS)
    assert read("only.npz").classes == ("0", "1", "2")
    np.savez("parts.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS, classes=NAMES)
    assert read("parts.npz").classes == tuple(NAMES)
    np.savez("each.npz", x=IMAGES, y=LABELS, classes=texts)  # a name for each image
    assert read("each.npz").classes == ("0", "1", "2")
    np.savez("names.npz", x=IMAGES, y=texts, classes=np.array(["x", "y"]))
    assert read("names.npz").classes == tuple(NAMES)
    np.savez("numbers.npz", x=IMAGES, y=LABELS, classes=np.arange(3))
    assert read("numbers.npz").classes == ("0", "1", "2")
    np.savez("pickled.npz", x=IMAGES, y=LABELS, classes=np.array(NAMES, object))
    assert read("pickled.npz").classes == ("0", "1", "2")
    (warning,) = read("pickled.npz").findings
    assert warning.code == "ND524"


def test_labels_that_begin_with_one() -> None:
    write_csv("data.csv", first_label=1)
    write("classes.txt", "\n".join(NAMES))
    named = read("data.csv")
    assert named.classes == tuple(NAMES)
    assert "the first is that of label 1" in named.reading[-1]
    write("classes.txt", "\n".join(["nothing", *NAMES]))
    assert read("data.csv").classes == tuple(NAMES)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "ND550"),
        (b"\n\n", "ND550"),
        (b"cat\n\nfish\n", "ND550"),
        (b"cat\ndog\nf\xf6sh\n", "ND550"),
        (b"0: cat\n1: dog\n1: fish\n", "ND550"),
        (b"cat\n" * (1 << 19), "ND550"),
        (b"cat\ndog\n", "ND551"),
        (b"0: cat\n1: dog\n3: fish\n", "ND551"),
        (b"cat\ndog\ncat\n", "ND526"),
    ],
)
def test_lists_that_are_none(content: bytes, code: str) -> None:
    np.savez("data.npz", x=IMAGES, y=LABELS)
    Path("classes.txt").write_bytes(content)
    assert code_of("data.npz") == code


def test_a_list_is_a_file_of_its_folder() -> None:
    Path("data").mkdir()
    np.savez("data/data.npz", x=IMAGES, y=LABELS)
    write("secret.txt", "a\nb\nc\n")
    Path("data/classes.txt").symlink_to("../secret.txt")
    assert code_of("data/data.npz") == "ND550"
    Path("data/classes.txt").unlink()
    write("data/names.txt", "a\nb\nc\n")
    Path("data/classes.txt").symlink_to("names.txt")
    assert read("data/data.npz").classes == ("a", "b", "c")
    Path("data/classes.txt").unlink()
    os.mkfifo("data/classes.txt")
    assert code_of("data/data.npz") == "ND550"


def test_labels_that_are_names_need_none() -> None:
    np.savez("data.npz", x=IMAGES, y=np.array(NAMES)[LABELS])
    write("classes.txt", "a\nb\nc\n")
    assert read("data.npz").classes == tuple(NAMES)
    write("data.classes.txt", "a\nb\nc\n")
    assert code_of("data.npz") == "ND551"


def test_names_reach_the_answers_and_come_and_go(capsys: pytest.CaptureFixture[str]) -> None:
    write("net.net", "input 8x8x1\nFC1: 3\n")
    np.savez("data.npz", x=IMAGES, y=LABELS)
    np.savez("other.npz", x=IMAGES[::-1], y=LABELS)
    numpy = ["--backend", "numpy"]
    train = ["train", "net.net", "--data", "data.npz", "--epochs", "1", "--split", "60/20/20", *numpy]
    assert run([*train, "--out", "plain"]) == 0
    write("data.classes.txt", "\n".join(NAMES))
    assert run([*train, "--out", "named"]) == 0
    assert "class names from data.classes.txt" in capsys.readouterr().err
    assert run(["predict", "named", "named/example.png", "--top", "3", "--format", "json", *numpy]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert {found["class"] for found in row["predictions"]} == set(NAMES)
    # A run that knew no names goes on with data that has some; and numbers are told by those that do.
    assert run(["train", "--resume", "plain", "--data", "data.npz", "--epochs", "2", *numpy]) == 0
    for folder, data, names in [
        ("plain", "data.npz", NAMES),
        ("named", "other.npz", NAMES),
        ("plain", "other.npz", NAMES),
    ]:
        capsys.readouterr()
        assert run(["eval", folder, "--data", data, "--format", "json", *numpy]) == 0
        assert json.loads(capsys.readouterr().out)["classes"] == names


def test_names_of_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    """They go before all others, and are told what they lack by `check` where the data need not be read."""
    np.savez("data.npz", x=IMAGES, y=LABELS)
    write("classes.txt", "a\nb\nc\n")
    names = ("cat", "polar bear", 'a "dog", or so')
    entry = 'classes cat, "polar bear", “a "dog", or so”'
    write("net.net", f"input 8x8x1\nFC1: 3\ntrain {{ data data.npz; {entry}; epochs 1; split 60/20/20 }}\n")
    numpy = ["--backend", "numpy"]
    assert run(["check", "net.net"]) == 0
    assert run(["train", "net.net", *numpy, "--out", "a"]) == 0
    capsys.readouterr()
    assert run(["predict", "a", "a/example.png", "--format", "json", *numpy]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert {found["class"] for found in row["predictions"]} == set(names)
    assert run(["eval", "a", "--data", "data.npz", "--format", "json", *numpy]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == list(names)
    assert run(["train", "--resume", "a", "--data", "data.npz", "--epochs", "2", *numpy]) == 0
    assert json.loads(Path("a/recipe.json").read_text())["classes"] == entry.removeprefix("classes ")
    for value, code in [("one, two", "ND551"), ("one, two, three, four", "ND531")]:
        capsys.readouterr()
        assert run(["train", "net.net", *numpy, "--classes", value]) == 1
        assert f"error {code}" in capsys.readouterr().err
    for value in ("one", "one, one", "one,, two", "one, two three"):
        assert run(["train", "net.net", *numpy, "--classes", value]) == 2


def test_names_of_the_recipe_where_the_data_has_names_too() -> None:
    np.savez("data.npz", x=IMAGES, y=np.array(NAMES)[LABELS])
    assert read_data("data.npz", GREY, tuple(reversed(NAMES))).classes == tuple(NAMES)
    with pytest.raises(Diagnosed) as raised:
        read_data("data.npz", GREY, ("a", "b", "c"))
    assert raised.value.diagnostics[0].code == "ND551"
    assert read_data("digits", GREY, tuple("abcdefghij")).classes == tuple("abcdefghij")


@pytest.mark.parametrize(
    "name", ["cat", "T-shirt/top", "polar\tbear", "a, b", 'say "b"', "née", "\u00a0x\u2028y"]
)
def test_names_come_back_from_a_checkpoint_as_they_were(name: str) -> None:
    recipe = Recipe(classes=(name.strip(), "other"))
    assert recipe_from_json(recipe_as_json(recipe)) == recipe
