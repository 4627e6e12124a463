"""Tables and archives as people have them: separators, headers, labels, and mistakes by their line."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.data.dataset import Dataset
from netdsl.data.reading import read_data
from netdsl.diagnostics import Diagnosed
from netdsl.quantities import Volume

VOLUME = Volume(4, 4, 1)
IMAGES = np.random.default_rng(7).integers(0, 256, (12, 4, 4), dtype=np.uint8)
LABELS = np.arange(12) % 3
NAMES = ("cat", "cow", "dog")
PIXELS = [[str(value) for value in image.ravel()] for image in IMAGES]
HEADER = [f"p{number}" for number in range(16)]


def read(
    folder: Path, lines: list[list[str]], separator: str = ",", end: str = "\n", **names: str
) -> Dataset:
    path = folder / names.get("name", "data.csv")
    path.write_text(end.join(separator.join(line) for line in lines), encoding="utf-8", newline="")
    return read_data(str(path), VOLUME)


def labelled(labels: object = LABELS) -> list[list[str]]:
    return [[str(label), *pixels] for label, pixels in zip(labels, PIXELS, strict=True)]  # type: ignore[call-overload]


FORMS = {
    "plain": labelled(),
    "quoted": [[f'"{cell}"' for cell in line] for line in labelled()],
    "names first": labelled(NAMES[label] for label in LABELS),
    "names last": [[*line[1:], NAMES[int(line[0])]] for line in labelled()],
    "header": [["Label", *HEADER], *labelled()],
    "label last": [[*HEADER, '"class"'], *([*line[1:], line[0]] for line in labelled())],
    "index of pandas": [["", "label", *HEADER], *([str(n), *line] for n, line in enumerate(labelled()))],
    "numbered columns": [["label", *map(str, range(16))], *labelled()],
    "frame of pandas": [
        ["", *map(str, range(16)), "label"],
        *([str(n), *line[1:], line[0]] for n, line in enumerate(labelled())),
    ],
    "one cell": [["emotion", "pixels"], *([line[0], " ".join(line[1:])] for line in labelled())],
    "list in a cell": [["image", "label"], *([f'"[{", ".join(line[1:])}]"', line[0]] for line in labelled())],
    "spaces": [[f" {cell} " for cell in line] for line in labelled()],
    "ends with separators": [[*line, ""] for line in labelled()],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_in_the_usual_forms(tmp_path: Path, form: str, separator: str) -> None:
    dataset = read(tmp_path, FORMS[form], separator)
    assert dataset.pixels.dtype == np.uint8
    assert (dataset.pixels[..., 0] == IMAGES).all()
    assert (dataset.labels == LABELS).all()
    assert dataset.classes == (NAMES if "names" in form else ("0", "1", "2"))


def test_line_ends_and_marks(tmp_path: Path) -> None:
    lines = [["\ufeff"], ["label", *HEADER], *labelled(), [""], [""]]
    for end in ("\n", "\r\n", "\r"):
        assert (read(tmp_path, lines[1:], end=end).pixels[..., 0] == IMAGES).all()
    assert (read(tmp_path, [["\ufefflabel", *HEADER], *labelled()]).pixels[..., 0] == IMAGES).all()
    assert (read(tmp_path, lines[1:], "\t", name="data.tsv").pixels[..., 0] == IMAGES).all()


def test_decimal_commas(tmp_path: Path) -> None:
    lines = [
        [line[0], *(f"{int(cell) / 255:.4f}".replace(".", ",") for cell in line[1:])] for line in labelled()
    ]
    np.testing.assert_allclose(read(tmp_path, lines, ";").pixels[..., 0], IMAGES / 255, atol=1e-4)


@pytest.mark.parametrize("header", [True, False])
def test_a_column_that_says_the_part(tmp_path: Path, header: bool) -> None:
    parts = ["Training"] * 6 + ["PublicTest"] * 3 + ["PrivateTest"] * 3
    lines = [[line[0], " ".join(line[1:]), part] for line, part in zip(labelled(), parts, strict=True)]
    dataset = read(tmp_path, [["emotion", "pixels", "Usage"]] * header + lines)
    assert dataset.parts.tolist() == [0] * 6 + [1] * 3 + [2] * 3
    assert (dataset.pixels[..., 0] == IMAGES).all()
    assert any(line.startswith("parts by column 3") for line in dataset.reading)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([9007199254740992, 9007199254740993, 10**30], "9007199254740992 9007199254740993 1" + "0" * 30),
        (["1", "01", "2.0"], "1 2"),
        (["-1", "0", "7"], "-1 0 7"),
        (["10", "9", "2"], "2 9 10"),
        (["a", "b", "7"], "7 a b"),
    ],
)
def test_labels_are_whole_numbers_of_any_size_or_names(
    tmp_path: Path, labels: list[object], classes: str
) -> None:
    dataset = read(tmp_path, labelled(labels[label] for label in LABELS))
    assert " ".join(dataset.classes) == classes
    assert dataset.labels[0] == dataset.classes.index(str(labels[0]))


def test_the_column_of_the_labels_is_said_where_no_name_says_it(tmp_path: Path) -> None:
    assert "labels are those in column 1" in read(tmp_path, labelled()).reading[0]
    assert "labels are those in column 17" in read(tmp_path, FORMS["names last"]).reading[0]
    assert not read(tmp_path, FORMS["header"]).reading
    with pytest.raises(Diagnosed, match="all labels are `0`") as caught:
        read(tmp_path, [["0", *line] for line in labelled()])
    assert "column 1" in caught.value.diagnostics[0].help[0]


def changed(where: tuple[int, int], cell: str) -> list[list[str]]:
    lines = [list(line) for line in labelled()]
    lines[where[0]][where[1]] = cell
    return lines


@pytest.mark.parametrize(
    ("lines", "where", "code", "words"),
    [
        (changed((0, 3), "x"), ":1", "ND640", "`x` in cell 4 is not a number"),
        (changed((0, 16), "x"), ":1", "ND640", "`x` in cell 17 is not a number"),
        (changed((0, 0), "x"), ":1", "ND509", "the label `x` is not a whole number"),
        (changed((5, 3), ""), ":6", "ND640", "cell 4 is empty"),
        (changed((5, 0), ""), ":6", "ND640", "its label, cell 1, is empty"),
        (changed((5, 0), "1.5"), ":6", "ND509", "the label `1.5` is not a whole number"),
        (changed((5, 0), "nan"), ":6", "ND509", "the label `nan` is not a whole number"),
        (changed((5, 3), "NaN"), ":6", "ND510", "not a finite number"),
        (changed((5, 3), "1e39"), ":6", "ND510", "not a finite number"),
        (changed((5, 3), "1_0"), ":6", "ND640", "`1_0` in cell 4 is not a number"),
        (changed((5, 3), "1,2"), ":6", "ND640", "it has 18 cells and the first line has 17"),
        (changed((5, 16), '"7'), ":12", "ND640", "`7"),
        ([["label", *HEADER], ["0", *PIXELS[0]], ["1"]], ":3", "ND640", "it has 1 cells"),
        ([["label", *HEADER], *changed((11, 3), "")], ":13", "ND640", "cell 4 is empty"),
        (
            [["a", "pixels"], ["0", "1 2 3 4"], ["1", "1 2 3"]],
            ":3",
            "ND640",
            "3 pixels and lines before have 4",
        ),
        (
            [["a", "pixels"], ["0", "1 2 3 4"], ["1", "1 2 x 4"]],
            ":3",
            "ND640",
            "`x` in pixel 3 is not a number",
        ),
        (
            [["emotion", "pixels", "usage"], ["0", "1 2", "train"], ["1", "1 2", "?"]],
            ":3",
            "ND640",
            "is not a part",
        ),
        (changed((5, 3), "\0"), ":6", "ND640", "it holds a zero byte"),
    ],
)
def test_mistakes_are_named_by_their_line(
    tmp_path: Path, lines: list[list[str]], where: str, code: str, words: str
) -> None:
    with pytest.raises(Diagnosed) as caught:
        read(tmp_path, lines)
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.path) == (code, f"{tmp_path}/data.csv{where}")
    assert words in finding.message


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([*' ,;\t\n\r"_x-.[]', "\r\n", "label", "1", "255", "1.5", "nan", "test", "\ufeff"])
    )
)
def test_any_text_is_a_table_or_a_finding(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    path = tmp_path_factory.mktemp("table") / "data.csv"
    path.write_text("".join(pieces), encoding="utf-8", newline="")
    with contextlib.suppress(Diagnosed):
        read_data(str(path), VOLUME)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    lines = changed((3, 2), "")
    lines[7].append("1")
    lines[9][4] = "?"
    with pytest.raises(Diagnosed) as caught:
        read(tmp_path, lines)
    assert [finding.path.rpartition(":")[2] for finding in caught.value.diagnostics] == ["4", "8", "10"]


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netdsl.data.csv_table._LONGEST_LINE", 1000)
    for text in ("0," + "1" * 2000, '0,"1\n' + "1,2\n" * 1000):
        (tmp_path / "data.csv").write_text(text)
        with pytest.raises(Diagnosed) as caught:
            read_data(str(tmp_path / "data.csv"), VOLUME)
        assert {finding.code for finding in caught.value.diagnostics} == {"ND640"}


# --- .npz ----------------------------------------------------------------------------------------


def archive(folder: Path, **arrays: object) -> Dataset:
    np.savez_compressed(folder / "data.npz", **arrays)  # type: ignore[arg-type]
    return read_data(str(folder / "data.npz"), VOLUME)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([b"cat", b"cow", b"dog"])[LABELS],
        np.array(NAMES)[LABELS],
        LABELS.astype(float),
        np.eye(3)[LABELS],
        np.eye(3, dtype=bool)[LABELS],
        LABELS.reshape(-1, 1),
        LABELS.astype(np.uint64) + np.uint64(2**63),
    ],
)
def test_labels_of_an_archive_in_any_form(tmp_path: Path, labels: np.ndarray) -> None:
    dataset = archive(tmp_path, x=IMAGES, y=labels)
    assert (dataset.labels == LABELS).all()
    assert dataset.classes[0] == {"S": "cat", "U": "cat", "u": str(2**63)}.get(labels.dtype.kind, "0")
    assert bool(dataset.reading) == (labels.ndim == 2 and labels.shape[1] == 3)


def test_parts_with_labels_of_different_types_keep_large_numbers(tmp_path: Path) -> None:
    signed, unsigned = LABELS.astype(np.int64) + 2**53, LABELS.astype(np.uint64) + np.uint64(2**53)
    dataset = archive(tmp_path, x_train=IMAGES, y_train=signed, x_test=IMAGES, y_test=unsigned)
    assert dataset.classes == ("9007199254740992", "9007199254740993", "9007199254740994")
    assert (dataset.labels == np.tile(LABELS, 2)).all()


@pytest.mark.parametrize("labels", [LABELS * 2.0**60, (LABELS + 2.0**25).astype(np.float32)])
def test_rounded_labels_are_refused(tmp_path: Path, labels: np.ndarray) -> None:
    with pytest.raises(Diagnosed, match="are rounded"):
        archive(tmp_path, x=IMAGES, y=labels)


@pytest.mark.parametrize(
    "names",
    [
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("trainX", "trainy", "testX", "testy"),
        ("Train-Data", "Train-Targets", "Test-Data", "Test-Targets"),
    ],
)
def test_names_of_arrays_in_the_usual_spellings(tmp_path: Path, names: tuple[str, ...]) -> None:
    dataset = archive(
        tmp_path, **dict(zip(names, (IMAGES[:8], LABELS[:8], IMAGES[8:], LABELS[8:]), strict=True))
    )
    assert dataset.parts.tolist() == [0] * 8 + [2] * 4


def test_images_without_labels_are_said_to_be_left_out(tmp_path: Path) -> None:
    dataset = archive(tmp_path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES)
    assert [finding.code for finding in dataset.findings] == ["ND524"]
    assert "`x_test` has no labels" in dataset.findings[0].message
    assert set(archive(tmp_path, x_test=IMAGES, y_test=LABELS).parts.tolist()) == {2}


def test_names_that_cannot_be_told_apart_when_written(tmp_path: Path) -> None:
    with pytest.raises(Diagnosed, match="two classes are written") as caught:
        archive(tmp_path, x=IMAGES, y=np.array(["\udcf6", "\\xf6", "a"])[LABELS])
    assert caught.value.diagnostics[0].code == "ND526"
    assert archive(tmp_path, x=IMAGES, y=np.array(["\ud800", "b", "a"])[LABELS]).classes == (
        "\\ud800",
        "a",
        "b",
    )
