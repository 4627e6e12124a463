"""Comments that silence findings, and comments that silence nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.commands.checking.one_file import checked
from netdsl.gate.comments import comments
from netdsl.gate.settings import NO_SETTINGS
from netdsl.source import Source


def found(text: str, **settings: tuple[str, ...]) -> list[str]:
    """Code and line of every finding."""
    _, findings = checked(Source("case.net", text), NO_SETTINGS._replace(**settings))
    return [
        f"{one.code} {one.source.position(one.primary.span.start)[0]}"
        for one in findings
        if one.source is not None and one.primary is not None
    ]


TWO = "input 8x8x1\nFC 20 {0}\nFC 10 {1}\n{2}"


@pytest.mark.parametrize(
    "comment",
    [
        "# netdsl: ignore ND401",
        "# netdsl: ignore ND401, ND404 -- why not",
        "#netdsl:ignore nd401",
        "# netdsl: ignore[ND401]",
        "# netdsl: ignore (ND401)",
        "# netdsl: ignore: ND401 the paper has it so",
        "# netdsl: ignore=ND401",
        "# netdsl: ignore ND4",
        "# netdsl: ignore ALL",
        "# netdsl: ignore",
        "# netdsl: ignore -- a lecture on linear maps",
        "# netdsl: ignore (a lecture on linear maps)",
        "# two linear layers # netdsl: ignore ND401",
        "# netdsl: ignore ND401 # two linear layers",
        "## netdsl: ignore ND401",
        "# NETDSL: Ignore ND401",
    ],
)
def test_spellings(comment: str) -> None:
    wanted = ["ND686 3"] if "ND404" in comment else []
    assert found(TWO.format("", comment, "")) == wanted


def test_where_a_comment_stands() -> None:
    silent = "# netdsl: ignore ND401"
    assert found(TWO.format("", "", "")) == ["ND401 3"]
    assert found(TWO.format(silent, "", "")) == ["ND401 3", "ND686 2"]
    assert found(TWO.format(f"\n{silent}\n\n# a remark\n", "", "")) == []
    assert found(TWO.format("", f"\n{silent}", "")) == ["ND401 3", "ND686 4"]
    assert found(TWO.format("", "", "# netdsl: ignore-file ND401")) == []
    assert found(TWO.format("", "", "# netdsl: ignore-file")) == []
    assert found(TWO.format("# netdsl: ignore-file ND402", "", "")) == ["ND401 3", "ND686 2"]


BLOCK = """input 8x8x4
# netdsl: ignore ND401
block TWO {
  CONV 4 1x1 no bias
  CONV 8 1x1
}
TWO - RELU
ADD[ FC 10 no bias - BN | FC 10 ]
"""


def test_a_comment_above_a_block_is_about_all_of_it() -> None:
    assert found(BLOCK.replace("# netdsl: ignore ND401\n", "")) == ["ND401 4"]
    assert found(BLOCK) == []
    moved = BLOCK.replace("# netdsl: ignore ND401\n", "").replace("}\n", "}\n# netdsl: ignore ND401\n")
    assert found(moved) == ["ND401 4", "ND686 6"]


def test_only_comments_are_read() -> None:
    assert found('net "a # netdsl: ignore ND401"\n' + TWO.format("", "", "")) == ["ND401 4"]
    for remark in (
        "# netdsl: the language",
        "# netdsl ignore these",
        "# like netdsl: ignore ND401",
        "# netdsl: # a",
        "# netdsl:",
    ):
        assert found(TWO.format("", remark, "")) == ["ND401 3"]


@pytest.mark.parametrize(
    ("comment", "codes", "mended"),
    [
        ("# netdsl: ingore ND401", ["ND401", "ND688"], "# netdsl: ignore ND401"),
        ("# netdsl: noqa: ND401", ["ND401", "ND688"], "# netdsl: ignore: ND401"),
        ("# netdsl: disable ND401", ["ND401", "ND688"], "# netdsl: ignore ND401"),
        ("# netdsl: ignore-fil ND401", ["ND401", "ND688"], "# netdsl: ignore-file ND401"),
        ("# netdsl ignore ND401", ["ND401", "ND688"], "# netdsl: ignore ND401"),
        ("# netdsl: ignore linear", ["ND401", "ND688"], None),
        ("# netdsl: ignore ND4O1", ["ND401", "ND687"], "# netdsl: ignore ND401"),
        ("# netdsl: ignore ND999", ["ND401", "ND687"], None),
        ("# netdsl: ignore ND401, ND999", ["ND687"], None),
        ("# netdsl: ignore ND402", ["ND401", "ND686"], ""),
        ("# netdsl: ignore ND402, ND403", ["ND401", "ND686"], ""),
        ("# netdsl: ignore ND401, ND402", ["ND686"], "# netdsl: ignore ND401"),
        ("# netdsl: ignore ND402 ND401 why", ["ND686"], "# netdsl: ignore ND401 why"),
        ("# netdsl: ignore ND402, ND401, ND403", ["ND686"], "# netdsl: ignore ND401"),
        ("# a # netdsl: ignore ND402", ["ND401", "ND686"], "# a"),
        ("# netdsl: ignore ND402 # a", ["ND401", "ND686"], "# a"),
        ("# netdsl: ignore ND401 # netdsl: ignore ND402", ["ND686"], "# netdsl: ignore ND401"),
    ],
)
def test_what_is_wrong_and_its_fix(
    comment: str, codes: list[str], mended: str | None, tmp_path: Path
) -> None:
    text = TWO.format("", comment, "")
    assert [one.split()[0] for one in found(text)] == codes
    path = tmp_path / "a.net"
    path.write_text(text)
    run(["check", "--fix", "--unsafe-fixes", str(path)])
    after = TWO.format("", comment if mended is None else mended, "")
    assert [line.rstrip() for line in path.read_text().splitlines()] == [
        line.rstrip() for line in after.splitlines()
    ]
    if codes[-1] == "ND686":
        path.write_text(text)
        run(["check", "--fix", str(path)])
        assert path.read_text().splitlines()[2].rstrip() == after.splitlines()[2].rstrip()


def test_a_comment_on_a_line_of_its_own_goes_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    path.write_text("input 8x8x1\n  # netdsl: ignore-file ND401\nFC 10\n")
    assert run(["check", "--fix", str(path)]) == 0
    assert path.read_text() == "input 8x8x1\nFC 10\n"


def test_no_comment_is_unused_while_there_are_errors() -> None:
    assert found("input 8x8x1\nKONV 3 # netdsl: ignore ND401\n") == ["ND201 2"]
    assert found("input 8x8x1\nKONV 3 # netdsl: ignore ND4O1\n") == ["ND201 2", "ND687 2"]


def test_what_is_not_selected_is_not_unused() -> None:
    text = TWO.format("", "# netdsl: ignore ND401", "")
    assert found(text, ignore=("ND401",)) == []
    assert found(text, select=("ND3",)) == []
    assert found(text.replace("ND401", "ND402"), ignore=("ND402",)) == ["ND401 3"]
    assert found(text.replace("ND401", "ND402"), ignore=("ND686",)) == ["ND401 3"]


def test_findings_about_comments_can_be_silenced_too() -> None:
    assert found(TWO.format("", "# netdsl: ignore ND402, ND401, ND686", "")) == []
    assert found(TWO.format("", "# netdsl: ignore ND402", "# netdsl: ignore-file ND686")) == ["ND401 3"]


def test_an_error_is_shown_all_the_same() -> None:
    _, findings = checked(Source("case.net", "input 8x8x1\nKONV 3 # netdsl: ignore ND201\n"))
    (one,) = findings
    assert "errors are always shown" in one.notes[-1]


def test_comments_in_a_file_that_is_used(tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text(
        "block TWO {\n  CONV 4 1x1 no bias\n  CONV 8 1x1   # netdsl: ignore ND401\n}\n"
    )
    network = 'use "blocks.net"\ninput 8x8x4\nTWO - RELU - FC 10\n'
    (tmp_path / "a.net").write_text(network)
    assert run(["check", str(tmp_path / "a.net"), "--strict"]) == 0


def test_comments_of_a_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "a.train"
    recipe.write_text("# netdsl: ignore ND401\nbatch 64\n")
    assert run(["check", str(recipe), "--strict"]) == 1
    recipe.write_text("# netdsl: ignore-file ND686\n# netdsl: ignore ND401\nbatch 64\n")
    assert run(["check", str(recipe), "--strict"]) == 0


def test_fmt_leaves_comments_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    text = "input 8x8x1\n# netdsl: ignore ND401\nfc   20\nfc 10   # netdsl: ignore ND401\n"
    path.write_text(text)
    before = found(text)
    run(["fmt", str(path)])
    assert path.read_text() == "input 8x8x1\n# netdsl: ignore ND401\nFC 20\nFC 10  # netdsl: ignore ND401\n"
    assert found(path.read_text()) == before


@pytest.mark.parametrize(
    "text",
    [
        "# netdsl: ignore ND401\nADD[\n" * 5000,
        "# netdsl: ignore " * 10000,
        "FC 10 # netdsl: ignore ND401\n" * 10000,
        "#" * 100_000,
        "# " * 50_000,
        '# netdsl: ignore "' * 5000,
    ],
    ids=["brackets", "one line", "lines", "signs", "blanks", "quotes"],
)
def test_work_grows_with_the_text(text: str) -> None:
    start = time.process_time()
    comments(Source("case.net", text))
    assert time.process_time() - start < 2
