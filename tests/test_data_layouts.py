"""Folders of pictures and of IDX files as people have them: what is a class, what is a part, what is said."""

from __future__ import annotations

import gzip
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from test_data_formats import codes, idx, png

from netdsl.data.dataset import PART_NAMES, Dataset
from netdsl.data.reading import read_data
from netdsl.data.split import shares_from_text, split
from netdsl.diagnostics import Diagnosed
from netdsl.quantities import Volume

VOLUME = Volume(4, 4, 1)
IMAGES = np.random.default_rng(7).integers(0, 256, (12, 4, 4), dtype=np.uint8)
LABELS = (np.arange(12) % 3).astype(np.uint8)


def in_parts(*parts: str) -> list[str]:
    return [f"{part}/{name}/{number}.png" for part in parts for name in ("cat", "dog") for number in (1, 2)]


def written(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture = png(np.full((5, 5), number, np.uint8))
        (root / name).write_bytes(picture if name.endswith(".png") else b"notes")
    return root


def counts(dataset: Dataset) -> dict[str, int]:
    return {PART_NAMES[part]: count for part, count in sorted(Counter(dataset.parts.tolist()).items())}


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", ""),
        ("Train", "", "Test"),
        ("Training", "", "Testing"),
        ("training", "validation", ""),
        ("TRAIN", "valid", "TEST"),
        ("data/train", "", "data/test"),
        ("training_set/training_set", "", "test_set/test_set"),
        ("seg_train/seg_train", "", "seg_test/seg_test"),
        ("train", "", ""),
        ("", "", "test"),
    ],
)
def test_parts_in_the_usual_spellings(tmp_path: Path, train: str, validation: str, test: str) -> None:
    parts = {"train": train, "validation": validation, "test": test}
    written(
        tmp_path, *in_parts(*filter(None, parts.values())), "README.md", "__MACOSX/cat/1.png", ".x/y/1.png"
    )
    dataset = read_data(str(tmp_path), VOLUME)
    assert dataset.classes == ("cat", "dog")
    assert counts(dataset) == {part: 4 for part, folder in parts.items() if folder}
    assert dataset.reading[0].startswith("parts by folder: ")
    assert not dataset.findings


@pytest.mark.parametrize(
    ("names", "classes", "parts", "findings"),
    [
        (["cat/1.png", "dog/1.png", *in_parts("test")], "cat dog", {"train": 2, "test": 4}, []),
        (["test/1.png", "car/1.png", "dog/1.png"], "car dog test", {"train": 3}, []),
        (["train/a/1.png", "car/1.png", "dog/1.png"], "car dog train", {"train": 3}, []),
        (["crash_test/a/1.png", "car/1.png"], "car crash_test", {"train": 2}, []),
        (["cat/a/b/1.png", "cat/2.png", "dog/c/1.png"], "cat dog", {"train": 3}, []),
        (
            [f"{name}/{part}/1.png" for name in ("cat", "dog") for part in ("train", "test")],
            "cat dog",
            {"train": 2, "test": 2},
            [],
        ),
        ([*in_parts("train"), "test/1.png"], "cat dog", {"train": 4}, ["the images in test"]),
        (
            [*in_parts("seg_train", "seg_test"), "seg_pred/seg_pred/1.png"],
            "cat dog",
            {"train": 4, "test": 4},
            ["the images in seg_pred"],
        ),
        (
            [*in_parts("train", "test"), "test/9.png"],
            "cat dog",
            {"train": 4, "test": 4},
            ["1 image of no class"],
        ),
        (["cat/1.png", "dog/1.png", "cow/notes.txt"], "cat dog", {"train": 2}, ["`cow`", "1 file not named"]),
        (["cat/1.png", "dog/1.png", "dog/2.tif", "dog/Thumbs.db"], "cat dog", {"train": 2}, ["(.tif)"]),
        ([*in_parts("train"), "test/cat/1.png"], "cat dog", {"train": 4, "test": 1}, ["lacks `dog`"]),
    ],
)
def test_what_is_a_class_and_what_is_left_out(
    tmp_path: Path, names: list[str], classes: str, parts: dict[str, int], findings: list[str]
) -> None:
    dataset = read_data(str(written(tmp_path, *names)), VOLUME)
    assert " ".join(dataset.classes) == classes
    assert counts(dataset) == parts
    assert len(dataset.findings) == len(findings)
    for finding, words in zip(dataset.findings, findings, strict=True):
        assert words in finding.message
        assert finding.code == ("ND525" if "lacks" in words else "ND524")


def test_parts_of_the_data_are_kept_by_the_split(tmp_path: Path) -> None:
    names = [
        f"{part}/{name}/{number}.png" for part in ("Train", "Val") for name in "ab" for number in range(10)
    ]
    dataset = read_data(str(written(tmp_path, *names)), VOLUME)
    parts = split(dataset, shares_from_text("80/10/10"), 1)
    assert [len(part) for part in parts] == [18, 20, 2]
    assert (dataset.parts[parts.validation] == 1).all()


def test_only_a_test_part_cannot_be_trained_on(tmp_path: Path) -> None:
    dataset = read_data(str(written(tmp_path, *in_parts("test"))), VOLUME)
    with pytest.raises(Diagnosed, match="the test part of some data, and there is no training part"):
        split(dataset, shares_from_text("80/10/10"), 1)


def test_links_lead_to_classes_and_not_back(tmp_path: Path) -> None:
    written(tmp_path / "elsewhere", "1.png")
    root = written(tmp_path / "data", "dog/1.png")
    (root / "cat").symlink_to("../elsewhere")
    (root / "dog" / "up").symlink_to("..")
    dataset = read_data(str(root), VOLUME)
    assert dataset.labels.tolist() == [0, 1]
    assert "dog/up" in dataset.findings[0].message


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    written(tmp_path, "cats/1.tif", "dogs/2.tif", "dogs/3.tif")
    with pytest.raises(Diagnosed, match=r"it holds cats, dogs; left out: 3 files .*\(.tif\)"):
        read_data(str(tmp_path), VOLUME)


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes on Linux only")
def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    for name in (b"gr\xf6n", b"r\xf6t"):
        folder = os.path.join(os.fsencode(tmp_path), b"d\xe4ta", name)
        os.makedirs(folder)
        for number in range(10):
            with open(os.path.join(folder, b"%d\xff.png" % number), "wb") as file:
                file.write(png(np.full((4, 4), number * (20 if name[0] == 103 else 1), np.uint8)))
    from netdsl.commands import run

    (tmp_path / "t.net").write_text("input 4x4x1\nFC 2\n")
    data, out = os.fsdecode(os.path.join(os.fsencode(tmp_path), b"d\xe4ta")), str(tmp_path / "run")
    assert read_data(data, VOLUME).classes == ("gr\\xf6n", "r\\xf6t")
    quick = ["--backend", "numpy"]
    assert run(["train", str(tmp_path / "t.net"), "--data", data, "--out", out, "--epochs", "1", *quick]) == 0
    assert run(["eval", out, "--data", data, *quick]) == 0
    assert run(["eval", out, "--data", data, "--format", "json", *quick]) == 0
    assert run(["train", "--resume", out, "--data", data, "--epochs", "2", *quick]) == 0
    assert run(["predict", out, os.path.join(data, "gr\udcf6n", "1\udcff.png"), *quick]) == 0
    (tmp_path / "d\udce4ta" / "gr\\xf6n").mkdir()
    (tmp_path / "d\udce4ta" / "gr\\xf6n" / "1.png").write_bytes(png(IMAGES[0]))
    assert codes(data) == ["ND526"]


# --- IDX -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train-{}-idx{}-ubyte", "t10k-{}-idx{}-ubyte"),
        ("train-{}.idx{}-ubyte", "t10k-{}.idx{}-ubyte"),
        ("train_{}.idx{}.gz", "test_{}.idx{}.gz"),
        ("emnist-letters-train-{}-idx{}-ubyte.gz", "emnist-letters-test-{}-idx{}-ubyte.gz"),
        ("train-{0}-idx{1}-ubyte/train-{0}-idx{1}-ubyte", "t10k-{0}-idx{1}-ubyte/t10k-{0}-idx{1}-ubyte"),
        ("train-{0}-idx{1}-ubyte/train-{0}.idx{1}-ubyte", "t10k-{0}-idx{1}-ubyte/t10k-{0}.idx{1}-ubyte"),
        ("raw/train-{}-idx{}-ubyte", "raw/t10k-{}-idx{}-ubyte"),
    ],
)
def test_idx_files_in_the_usual_spellings(tmp_path: Path, train: str, test: str) -> None:
    for pattern, images in ((train, IMAGES), (test, IMAGES[::-1])):
        for kind, axes, content in (("images", 3, images), ("labels", 1, LABELS)):
            path = tmp_path / pattern.format(kind, axes)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(idx(content)) if path.suffix == ".gz" else idx(content))
    dataset = read_data(str(tmp_path), VOLUME)
    assert counts(dataset) == {"train": 12, "test": 12}
    assert (dataset.pixels[..., 0] == np.concatenate([IMAGES, IMAGES[::-1]])).all()
    alone = read_data(str(tmp_path / train.format("images", 3)), VOLUME)
    assert counts(alone) == {"train": 12}


def test_an_unpacked_archive_beside_a_folder_of_nearly_its_name(tmp_path: Path) -> None:
    for kind, axes, content in (("images", 3, IMAGES), ("labels", 1, LABELS)):
        name = f"train-{kind}-idx{axes}-ubyte"
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(idx(content))
        (tmp_path / f"train-{kind}.idx{axes}-ubyte").write_bytes(idx(content))
    assert counts(read_data(str(tmp_path), VOLUME)) == {"train": 12}


def test_idx_files_that_are_missing_are_named(tmp_path: Path) -> None:
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(idx(LABELS))
    with pytest.raises(Diagnosed, match="found no images for these labels") as caught:
        read_data(str(tmp_path), VOLUME)
    assert "train-images-idx3-ubyte" in caught.value.diagnostics[0].help[0]
    for subject in ("letters", "digits"):
        (tmp_path / f"emnist-{subject}-train-images-idx3-ubyte").write_bytes(idx(IMAGES))
    assert codes(tmp_path) == ["ND631"]
