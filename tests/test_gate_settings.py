"""Settings: where they are found, what they may say, and what is wrong in them, at its place."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import netdsl
from netdsl.commands import run
from netdsl.commands.checking.gate import Gate
from netdsl.commands.checking.gate_options import Given
from netdsl.commands.checking.many_files import Manner
from netdsl.commands.checking.outcome import Wanted
from netdsl.commands.lsp import findings_of
from netdsl.gate.globs import fits
from netdsl.source import Source

WARNED = "input 8x8x1\nFC 20\nFC 10\n"
FREE = 'max-parameters = "none"\n'


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.net", "old/b.net", "old/deep/c.net", "new/d.net"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(WARNED)
    return tmp_path


def write(text: str, name: str = "netdsl.toml") -> None:
    if Path(name).name == "pyproject.toml":
        text = f'[project]\nname = "x"\n\n[tool.netdsl]\n{text}'.replace("[[", "[[tool.netdsl.")
        text = text.replace("\n[per", "\n[tool.netdsl.per")
    Path(name).write_text(text)


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[tuple[str, str]]:
    """(file, code) of every finding."""
    run(["check", *(arguments or (".",)), "--format", "jsonl"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [(os.path.normpath(one["file"]).replace(os.sep, "/"), one["code"]) for one in lines]


def files(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    return [file for file, _ in found(capsys, *arguments)]


ALL = ["a.net", "new/d.net", "old/b.net", "old/deep/c.net"]


@pytest.mark.parametrize("name", ["netdsl.toml", ".netdsl.toml", "pyproject.toml"])
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('ignore = ["ND401"]', []),
        ('ignore = "ND4"', []),
        ('ignore = "ND403, ND401"', []),
        ('select = ["ND3"]', []),
        ('select = ["ND3"]\nextend-select = ["ND401"]', ALL),
        ('[per-file-ignores]\n"old/*.net" = ["ND401"]', ["a.net", "new/d.net", "old/deep/c.net"]),
        ('[per-file-ignores]\n"old/**/*.net" = ["ND4"]', ["a.net", "new/d.net"]),
        ('[per-file-ignores]\nold = "ALL"', ["a.net", "new/d.net"]),
        ('[per-file-ignores]\n"c.net" = "ND401"', ["a.net", "new/d.net", "old/b.net"]),
        ('[per-file-ignores]\n"!old/**" = ["ND401"]', ["old/b.net", "old/deep/c.net"]),
        ('[[overrides]]\nfiles = "old"\nignore = "ND401"', ["a.net", "new/d.net"]),
        ('select = []\n[[overrides]]\nfiles = ["new/*"]\nselect = ["ND4"]', ["new/d.net"]),
        ('exclude = ["old"]', ["a.net", "new/d.net"]),
        ('exclude = "*.net"', []),
    ],
)
def test_settings_of_files(name: str, text: str, left: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write(text, name)
    assert sorted(files(capsys)) == left
    assert sorted(files(capsys, ".", "--isolated")) == ALL


def test_the_nearest_settings_hold_alone(capsys: pytest.CaptureFixture[str]) -> None:
    write('ignore = ["ND401"]')
    write("", "old/deep/netdsl.toml")
    Path("old/pyproject.toml").write_text("[tool.ruff]\nline-length = 110\n")
    assert files(capsys) == ["old/deep/c.net"]
    os.chdir("old")
    assert files(capsys) == ["deep/c.net"]
    assert len(files(capsys, ".", "--isolated")) == 2
    assert files(capsys, ".", "--config", "../netdsl.toml") == []


def test_a_file_that_is_named_is_checked_though_it_is_excluded(capsys: pytest.CaptureFixture[str]) -> None:
    write('exclude = ["a.net"]')
    assert files(capsys, "a.net") == ["a.net"]
    assert "a.net" not in files(capsys, "*.net", "new")


def test_standard_input_has_the_settings_of_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io
    import sys

    def give() -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WARNED.encode())))

    write('[per-file-ignores]\n"old/*" = "ND401"')
    give()
    assert found(capsys, "-", "--stdin-name", "old/new.net") == []
    give()
    assert len(found(capsys, "-", "--stdin-name", "new/new.net")) == 1
    give()
    assert len(found(capsys, "-")) == 1


def test_a_library_is_one_whatever_the_settings_of_those_that_use_it() -> None:
    Path("old/blocks.net").write_text("block LAST { FC 10 }\n")
    Path("old/uses.net").write_text('use "blocks.net"\ninput 8x8x1\nLAST\n')
    write('[[overrides]]\nfiles = "uses.net"\nstrict = true')
    assert run(["check", "old"]) == 0


def test_what_is_kept_of_checks_depends_on_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(12):
        Path(f"new/{number}.net").write_text(WARNED.replace("20", str(20 + number)))
    for _ in range(2):
        write("max-params = 1000")
        assert len(found(capsys, "new")) == 13 + 13
        write("max-params = 2000")
        assert len(found(capsys, "new")) == 13 + 5
        write('ignore = "ND401"')
        assert found(capsys, "new") == []
        assert len(found(capsys, "new", "--isolated")) == 13


def test_a_change_of_the_settings_is_watched() -> None:
    write('baseline = "known.json"', "old/netdsl.toml")
    gate = Gate(Given(), None)
    gate.outcomes_of(["a.net", "old/b.net"], Wanted(), Manner())
    names = {os.path.normpath(path) for path in gate.looked_at(["a.net", "old/b.net"])}
    assert names == {os.path.normpath("old/netdsl.toml"), os.path.normpath("old/known.json")}


def test_an_editor_is_told_the_same(workspace: Path) -> None:
    source = Source(str(workspace / "old" / "b.net"), WARNED, str(workspace / "old"))
    assert [one.code for one in findings_of(source)] == ["ND401"]
    write('[[overrides]]\nfiles = "old"\nignore = "ND401"\nmax-macs = 10')
    assert [one.code for one in findings_of(source)] == ["ND680"]


MANY = """\
input 8x8x1
CONV 4 3x3 - BN - RELU
FC 2000 - RELU    # netdsl: ignore ND402
FC 20
FC 10
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        'ignore = "ND401"',
        'select = "ND401"',
        '[per-file-ignores]\n"old/*" = "ND401"',
        '[[overrides]]\nfiles = "old"\nmax-macs = 10\nforbidden-layers = "BN"',
        "quiet = true\nstrict = true",
        'baseline = "known.json"',
        'baseline = "known.json"\nmax-macs = 10',
        'baseline = "absent.json"',
        'format = "sarif"\ncolumns = "weights"\nexclude = "old"',
        'ignore = "ND999"\nformt = "json"',
        "ignore = ",
    ],
)
@pytest.mark.parametrize("network", [MANY, WARNED, "input 8x8x1\nFC ten\n", "batch 0\n"])
def test_editors_and_programs_are_told_what_check_tells(
    text: str, network: str, workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("old/recipe.train" if network.startswith("batch") else "old/b.net")
    path.write_text(MANY)
    Path("netdsl.toml").write_text("")
    run(["check", "old", "--baseline", "known.json", "--write-baseline"])
    path.write_text(network)
    Path("netdsl.toml").write_text(text)
    wanted = [code for _, code in found(capsys, str(path))]
    source = Source(str(workspace / path), network, str(workspace / "old"))
    assert [one.code for one in findings_of(source)] == wanted
    told = netdsl.check(str(path))
    assert [one.code for one in told.diagnostics if "quiet" not in text or one.code in wanted] == wanted
    assert [one.code for one in findings_of(source, isolated=True)] == [
        code for _, code in found(capsys, str(path), "--isolated")
    ]
    Path("other.toml").write_text("max-parameters = 1")
    assert [one.code for one in findings_of(source, config="other.toml")] == [
        code for _, code in found(capsys, str(path), "--config", "other.toml")
    ]


def test_settings_are_of_check_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """What compares, explains or lays out a network asks whether it is sound, not what a project wants."""
    write('max-parameters = 1\nstrict = true\nforbidden-layers = "FC"\nexclude = "a.net"\nformt = "json"')
    assert run(["check", "a.net"]) == 2
    capsys.readouterr()
    for arguments in (
        ["fmt", "a.net", "--check"],
        ["diff", "a.net", "old/b.net"],
        ["explain", "a.net", "FC1"],
    ):
        assert run(arguments) == 0
        assert "ND6" not in capsys.readouterr().err


def test_shipped_networks_belong_to_no_project(capsys: pytest.CaptureFixture[str]) -> None:
    write('max-parameters = "1K"')
    assert found(capsys, "lenet") == []
    assert found(capsys, "lenet", "--config", "netdsl.toml") == [("zoo:lenet", "ND680")]


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        ("strict = true", [], 1),
        ("strict = true", ["--max-warnings", "9"], 0),
        ("strict = true", ["--exit-zero"], 0),
        ("max-warnings = 3", [], 1),
        ("max-warnings = 4", [], 0),
        ("max-warnings = 4", ["--strict"], 1),
        ("max-warnings = 0", ["--max-warnings", "9"], 0),
        ('[[overrides]]\nfiles = "old"\nstrict = true', [], 1),
        ('[[overrides]]\nfiles = "old"\nstrict = true', ["--ignore", "ND4"], 0),
        ('[[overrides]]\nfiles = "older"\nstrict = true', [], 0),
    ],
)
def test_what_warnings_do(text: str, arguments: list[str], code: int) -> None:
    write(text)
    assert run(["check", ".", *arguments]) == code


def test_junit_fails_where_warnings_do(capsys: pytest.CaptureFixture[str]) -> None:
    write('[[overrides]]\nfiles = "old/b.net"\nstrict = true')
    run(["check", ".", "--format", "junit"])
    assert 'failures="1" errors' in capsys.readouterr().out.splitlines()[1]


def test_what_holds_for_the_run_comes_from_the_current_folder(capsys: pytest.CaptureFixture[str]) -> None:
    write('format = "concise"\n')
    write('format = "json"\nquiet = true', "old/netdsl.toml")
    run(["check", "old"])
    assert "old/b.net:3:1: warning ND401" in capsys.readouterr().out.replace(os.sep, "/")
    write('columns = "macs"\nquiet = false')
    run(["check", "a.net"])
    assert "parameters" not in capsys.readouterr().out
    run(["check", "a.net", "--columns", "parameters"])
    assert "MACs" not in capsys.readouterr().out


# --- what is wrong ---

WRONG = {
    'ingore = ["ND404"]': ("ND683", 1, 1, 7, "did you mean `ignore`?"),
    'select = []\nmax_params = "5M"': ("ND683", 2, 1, 11, "did you mean `max-params`?"),
    "colour = true": ("ND683", 1, 1, 7, "settings are select"),
    "[tool.netdsl]\nstrict = true": ("ND683", 1, 2, 6, "settings go at the top of this file"),
    "[lint]\nstrict = true": ("ND683", 1, 2, 6, "settings go at the top of this file"),
    'output-format = "json"': ("ND683", 1, 1, 14, "did you mean `format`?"),
    '[[overrides]]\nfiles = "a"\nformat = "json"': ("ND683", 3, 1, 7, "put it above the overrides"),
    '[[overrides]]\nfiles = "a"\nignroe = "ND4"': ("ND683", 3, 1, 7, "did you mean `ignore`?"),
    '[[overrides]]\nignore = "ND4"': ("ND684", 1, 1, 14, 'files = "old/*.net"'),
    "overrides = 3": ("ND684", 1, 13, 14, "a list of tables, not a number"),
    "strict = 1": ("ND684", 1, 10, 11, "`true` or `false`, not a number"),
    'strict = "yes"': ("ND684", 1, 10, 15, "not text in quotes"),
    "max-warnings = true": ("ND684", 1, 16, 20, "a whole number, not `true` or `false`"),
    "max-warnings = -1": ("ND684", 1, 16, 18, "0 or more"),
    "max-warnings = 1979-05-27": ("ND684", 1, 16, 26, "not a date"),
    'ignore = ["ND404", "ND4O4"]': ("ND684", 1, 20, 27, 'did you mean `"ND404"`?'),
    'ignore = "ND404, nd4o1"': ("ND684", 1, 18, 23, "did you mean `ND401`?"),
    'ignore = "ND404, ND4x4"': ("ND684", 1, 18, 23, "`ND4` means all that begin with it"),
    'ignore = ["ND9"]': ("ND684", 1, 11, 16, ""),
    'ignore = ["top-heavy"]': ("ND684", 1, 11, 22, "lists the codes"),
    "ignore = [404]": ("ND684", 1, 11, 14, "not a number"),
    "ignore = { a = 1 }": ("ND684", 1, 10, 19, "not a table"),
    '[per-file-ignores]\n"a.net" = 3': ("ND684", 2, 11, 12, "not a number"),
    'per-file-ignores = ["a.net"]': ("ND684", 1, 20, 29, "a table of patterns, not a list"),
    'max-parameters = "5 apples"': ("ND684", 1, 18, 28, "not an amount of parameters"),
    'max-memory = "2.5 MiBs"': ("ND684", 1, 14, 24, "KiB, MiB, GiB"),
    "max-macs = 1.5": ("ND684", 1, 12, 15, "whole number"),
    "max-macs = -1": ("ND684", 1, 12, 14, "0 or more"),
    "max-macs = inf": ("ND684", 1, 12, 15, "whole number"),
    "max-macs = []": ("ND684", 1, 12, 14, "not a list"),
    "max-params = 1\nmax-parameters = 2": ("ND684", 1, 14, 15, "is given too"),
    'forbidden-layers = ["LRM"]': ("ND684", 1, 21, 26, 'did you mean `"LRN"`?'),
    'required-patterns = "[CONV - RELU*N - FC"': ("ND684", 1, None, None, "this pattern cannot be read"),
    'required-patterns = "[CONV - RELO]*N - FC"': ("ND684", 1, 30, 34, "RELO"),
    'required-patterns = ["FC", "FC\\nexpect params = 3"]': ("ND684", 1, None, None, "cannot be read"),
    'required-patterns = ""': ("ND684", 1, 21, 23, "pattern"),
    "strict = true\nmax-warnings = 5": ("ND684", 2, 16, 17, "leave out `strict` if up to 5 are to pass"),
    'select = ["ND3", "ND4"]\nignore = ["ND404", "nd4"]': ("ND684", 2, 20, 25, "selected and ignored"),
    'extend-select = "ND3,all"\nignore = "ND401, ND"': ("ND684", 2, 18, 20, "selected and ignored"),
    '[[overrides]]\nfiles = "b"\nselect = "ND4"\nignore = "ND4"': ("ND684", 4, 10, 15, "`ND4` is selected"),
    'required-patterns = "[CONV - RELU?]*N - FC"\nforbidden-layers = ["LRN", "FC"]': (
        *("ND684", 1, 21, 44, "no network keeps this pattern without `LRN`, `FC`"),
    ),
    'format = "jsn"': ("ND684", 1, 10, 15, "did you mean"),
    'format = "json=a.json"': ("ND684", 1, 10, 23, "write `--format json=a.json`"),
    'columns = ["parameters", "mcas"]': ("ND684", 1, 26, 32, 'did you mean `"macs"`?'),
    'baseline = "../known.json"': ("ND684", 1, 12, 27, "in the folder of the settings, or below it"),
    'baseline = "/tmp/known.json"': ("ND684", 1, 12, 29, "in the folder of the settings"),
    "baseline = 3": ("ND684", 1, 12, 13, "the name of a file, not a number"),
    'ignore = ["ND404"\n': ("ND685", 1, 18, None, "this is not TOML"),
    "ignore == 3": ("ND685", 1, 9, 10, "this is not TOML"),
    "a = 1\na = 2": ("ND685", 2, 5, None, "this is not TOML"),
    "a = " + "[" * 5000: ("ND685", 1, None, None, "this is not TOML"),
    "a = " + "1" * 5000: ("ND685", 1, None, None, "this is not TOML"),
    "a." * 300_000 + "a = 1": ("ND685", 1, None, None, "nested too deeply"),
    "x = { " + '"a" . ' * 100_000 + "a = 1 }": ("ND685", 1, None, None, "nested too deeply"),
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
@pytest.mark.parametrize("name", ["netdsl.toml", "pyproject.toml"])
def test_a_mistake_has_its_place_and_cure(text: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    if name == "pyproject.toml" and ("[tool" in text or "[lint" in text):
        return
    write(text, name)
    code, line, column, end, words = WRONG[text]
    assert run(["check", "a.net", "--format", "jsonl"]) == 2
    shown = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    (mistake,) = [one for one in shown if one["file"] == name]
    assert mistake["code"] == code
    if name == "netdsl.toml":
        assert mistake["line"] == line
        assert column is None or mistake["column"] == column
        assert end is None or mistake["end_column"] == end
    elif mistake["line"] is not None:
        assert mistake["line"] > 3
    assert words in json.dumps(mistake, ensure_ascii=False).replace('\\"', '"')
    assert len(shown) > 1 or "ignore" in text or "selec" in text


@pytest.mark.parametrize(
    "text",
    [
        "strict = true\nmax-warnings = 0",
        "strict = false\nmax-warnings = 9",
        'strict = true\nmax-warnings = 9\n[[overrides]]\nfiles = "old"\nstrict = false',
        'select = ["ND4"]\nignore = ["ND404"]\n[per-file-ignores]\n"b.net" = ["ND4"]',
        'select = "ND4"\n[[overrides]]\nfiles = "b"\nignore = "ND4"',
        'required-patterns = ["[CONV - RELU?]*N - FC? - [FC]*M", "CONV"]\nforbidden-layers = ["LRN", "FC"]',
        'required-patterns = "[FC - RELU]*N - FC"\n[[overrides]]\nfiles="b"\nforbidden-layers = "FC"',
    ],
)
def test_what_holds_together(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(text)
    assert [pair for pair in found(capsys, "a.net") if pair[0] == "netdsl.toml"] == []


def test_files_that_cannot_be_read(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in (b"ignore = '\xff'", b"#" * (2**20 + 1)):
        (workspace / "netdsl.toml").write_bytes(content)
        assert ("netdsl.toml", "ND685") in found(capsys, "a.net")
    (workspace / "netdsl.toml").unlink()
    (workspace / "netdsl.toml").mkdir()
    assert found(capsys, "a.net") == [("a.net", "ND401")]
    (workspace / "pyproject.toml").write_text("this is = no [toml\n")
    assert found(capsys, "a.net") == [("a.net", "ND401")]
    os.mkfifo(workspace / "pipe.toml")
    assert ("pipe.toml", "ND685") in found(capsys, "a.net", "--config", "pipe.toml")
    (workspace / "pyproject.toml").write_text("[tool.ruff]\n")
    assert ("pyproject.toml", "ND685") in found(capsys, "a.net", "--config", "pyproject.toml")


def test_one_mistake_is_told_once_for_many_files(capsys: pytest.CaptureFixture[str]) -> None:
    write("ingore = 3")
    assert [pair for pair in found(capsys) if pair[1] == "ND683"] == [("netdsl.toml", "ND683")]
    for form in ("text", "concise", "json", "sarif", "junit", "github", "gitlab"):
        assert run(["check", ".", "--format", form]) == 2
        shown = capsys.readouterr()
        assert "ND683" in shown.out + shown.err
    assert run(["check", ".", "--exit-zero"]) == 2
    assert run(["check", ".", "--diff"]) == 2


@pytest.mark.parametrize(
    ("pattern", "path", "fit"),
    [
        ("*.net", "a/b.net", True),
        ("nets/*.net", "nets/a.net", True),
        ("nets/*.net", "nets/x/a.net", False),
        ("nets/**/*.net", "nets/a.net", True),
        ("nets/**/*.net", "nets/x/y/a.net", True),
        ("nets/**", "nets/x/y", True),
        ("**/old/*", "nets/old/a.net", True),
        ("legacy", "a/legacy/b.net", True),
        ("legacy/", "legacy/b.net", True),
        ("nets/old", "nets/old/x.net", True),
        ("nets/old", "nets/older.net", False),
        ("./a.net", "a.net", True),
        ("/a.net", "x/a.net", False),
        ("[!ab].net", "a.net", False),
        ("[a-c].net", "b.net", True),
        ("!nets/**", "nets/x", False),
        ("[", "[", True),
        ("", "a", False),
    ],
)
def test_patterns(pattern: str, path: str, fit: bool) -> None:
    assert fits(pattern, path) is fit


def test_patterns_take_no_time() -> None:
    assert not fits("**/*a" * 50 + "/b", "a/" * 500 + "c")
    assert not fits("*a" * 50 + "b", "a" * 500)
