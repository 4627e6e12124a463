"""The command line: check, zoo, explain; exit codes, formats, bad files, speed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from netdsl import commands
from netdsl.commands import run
from netdsl.commands.checking.one_file import checked
from netdsl.diagnostics import Diagnosed, Diagnostic, Findings, Label, Severity
from netdsl.reports.as_json import SCHEMA
from netdsl.reports.as_text import diagnostic_as_text, diagnostics_as_text
from netdsl.resources import explained_codes, explanation_text, zoo_names, zoo_text
from netdsl.source import Source, Span

GOOD = "input 8x8x1\nFC 10\n"
WARNED = "input 8x8x1\nFC 10\nFC 10\n"
BAD = "input 8x8x1\nKONV 10\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("good", GOOD), ("warned", WARNED), ("bad", BAD)):
        (tmp_path / f"{name}.net").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("check good.net", 0),
        ("check warned.net", 0),
        ("check --strict warned.net", 1),
        ("check good.net bad.net", 1),
        ("check lenet alexnet", 0),
        ("check", 2),
        ("check --format xml good.net", 2),
        ("check --format json --format text good.net", 2),
        ("check --format json=nowhere/out.json good.net", 2),
        ("chek good.net", 2),
        ("zoo", 0),
        ("zoo lenet", 0),
        ("zoo lennet", 2),
        ("explain", 0),
        ("explain nd301", 0),
        ("explain ND999", 2),
        ("--help", 0),
        ("--version", 0),
    ],
)
def test_exit_codes(folder: Path, arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments.split()) == code
    shown = capsys.readouterr()
    assert shown.out or shown.err
    assert "Traceback" not in shown.err


def test_table_to_stdout_and_findings_to_stderr(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "warned.net"])
    shown = capsys.readouterr()
    assert "total" in shown.out
    assert "warned.net:3:1: warning ND401" in shown.err
    assert "ND401" not in shown.out


def test_formats_to_several_places(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "bad.net", "good.net", "--format", "text", "--format", "json=out.json"]) == 1
    assert "ND201" in capsys.readouterr().err
    written = json.loads((folder / "out.json").read_text())
    assert run(["check", "bad.net", "good.net", "--format", "json"]) == 1
    shown = capsys.readouterr()
    assert not shown.err
    assert json.loads(shown.out) == written
    assert written["schema"] == SCHEMA
    bad, good = written["networks"]
    assert bad["plan"] is None
    assert bad["diagnostics"][0]["code"] == "ND201"
    assert bad["diagnostics"][0]["labels"][0] == {
        "text": "",
        "line": 2,
        "column": 1,
        "end_line": 2,
        "end_column": 5,
    }
    assert good["plan"]["parameters"] == 650
    assert good["plan"]["layers"][1]["output"] == [1, 1, 10]


def test_commands_suggest_and_list(capsys: pytest.CaptureFixture[str]) -> None:
    run(["chek"])
    assert "Did you mean 'check'?" in capsys.readouterr().err
    run(["--help"])
    shown = capsys.readouterr().out
    for name in ("check", "explain", "zoo"):
        assert re.search(rf"^  {name} +\S", shown, re.M)


def _findings_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["check", name]) == 1
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert len(re.findall(r"error ND\d{3}: ", shown)) == 1
    return shown


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "ND006"),
        (b" \n\t\n", "ND006"),
        (b"\xff\xfe\x00i", "ND005"),
        (b"input 8x8x1\n\xe9", "ND005"),
        (b"PK\x03\x04\xff\xfe", "ND005"),
        (b"\x89HDF\r\n\x1a\n", "ND005"),
        (b"input\x00", "ND005"),
        (b"#" * (2**20 + 1), "ND004"),
    ],
)
def test_bad_content(folder: Path, content: bytes, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "any.net").write_bytes(content)
    assert f"any.net: error {code}" in _findings_of("any.net", capsys)


def test_bad_paths(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    shown = _findings_of("godo.net", capsys)
    assert "ND001" in shown
    assert "did you mean `good.net`?" in shown
    assert "did you mean `lenet`?" in _findings_of("lennet", capsys)
    for name in ("bn.net", "lenet5.net"):
        (folder / name).touch()
    nearest = {"lennet": "lenet", "lennet.net": "lenet", "lenet55": "lenet5.net", "bn2.net": "bn.net"}
    for written, near in nearest.items():
        assert f"did you mean `{near}`?" in _findings_of(written, capsys)
    assert "ND001" in _findings_of("a\0b", capsys)
    assert "ND001" in _findings_of("good.net/inner", capsys)
    (folder / "empty").mkdir()
    assert "ND002" in _findings_of("empty", capsys)
    assert "ND003" in _findings_of("pipe", capsys)
    assert "ND003" in _findings_of("/dev/null", capsys)
    assert "ND007" in _findings_of("loop", capsys)
    assert "ND007" in _findings_of("x" * 5000, capsys)


def test_a_file_wins_over_a_shipped_network(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lenet").write_text(GOOD)
    run(["check", "lenet"])
    assert "650" in capsys.readouterr().out


def test_byte_order_mark_and_old_line_ends(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "marked.net").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    (folder / "old.net").write_bytes(GOOD.replace("\n", "\r").encode())
    assert run(["check", "marked.net", "old.net"]) == 0
    assert capsys.readouterr().out.count("650") == 4


def test_standard_input() -> None:
    done = _process("check", "-", text=BAD)
    assert done.returncode == 1
    assert "<stdin>:2:1: error ND201" in done.stderr


def test_a_reader_that_leaves() -> None:
    command = f"{sys.executable} -m netdsl.commands check lenet lenet | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_output_is_utf_8_whatever_the_locale() -> None:
    done = _process("check", "-", text="input 8x8x1\nCONV 日\n", PYTHONIOENCODING="cp1252")
    assert done.returncode == 1
    assert "日" in done.stderr


def test_an_internal_error_is_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise ValueError("out of\nluck")

    monkeypatch.setitem(commands.group.commands, "broken", click.Command("broken", callback=fails))
    monkeypatch.setattr(
        type(commands.group),
        "get_command",
        lambda self, ctx, name: self.commands.get(name),
    )
    assert run(["broken"]) == 3
    shown = capsys.readouterr().err
    assert "please report" in shown
    assert "out of luck" in shown
    assert "Traceback" not in shown
    assert run(["--debug", "broken"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_diagnosed_is_shown_by_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise Diagnosed(Diagnostic("ND001", Severity.ERROR, "gone", path="x.net"))

    monkeypatch.setattr(
        type(commands.group), "get_command", lambda self, ctx, name: click.Command(name, callback=fails)
    )
    assert run(["anything"]) == 1
    assert capsys.readouterr().err.startswith("x.net: error ND001: gone")


def _process(*arguments: str, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "netdsl.commands", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


# --- rendering ---------------------------------------------------------------------------------


def _finding(text: str, start: int, end: int, label: str = "", **settings: object) -> Diagnostic:
    findings = Findings(Source("a.net", text))
    findings.add("ND102", "message", Span(start, end), label, **settings)  # type: ignore[arg-type]
    return findings.found[0]


def test_excerpt_with_two_labels() -> None:
    finding = _finding("[55x55x96] CONV1: 96\n", 18, 20, "here", secondary=(Label(Span(0, 10), "claimed"),))
    assert diagnostic_as_text(finding) == (
        "a.net:1:19: error ND102: message\n"
        "  |\n"
        "1 | [55x55x96] CONV1: 96\n"
        "  | ----------        ^^ here\n"
        "  | claimed\n"
    )


def test_labels_on_other_lines() -> None:
    text = "one\ntwo\nthree\nfour\n"
    finding = _finding(text, 14, 18, "", secondary=(Label(Span(0, 3), "first"),))
    assert diagnostic_as_text(finding).splitlines()[1:] == [
        "  |",
        "1 | one",
        "  | --- first",
        "...",
        "4 | four",
        "  | ^^^^",
    ]


def test_tabs_and_wide_characters_keep_underlines_in_place() -> None:
    rendered = diagnostic_as_text(_finding("\t日本 KONV\n", 4, 8)).splitlines()
    assert rendered[2] == "1 |     日本 KONV"
    assert rendered[3] == "  |          ^^^^"


def test_control_and_bidirectional_characters_are_shown_not_obeyed() -> None:
    text = "CONV \x1b[31m \u202e \x07 \u2066 x\n"
    rendered = diagnostic_as_text(_finding(text, 0, 4)._replace(message="bad \x1b name \u202e"))
    assert not re.search("[\x1b\u202e\x07\u2066]", rendered)
    assert "\\u{1b}" in rendered
    assert "\\u{202e}" in rendered


def test_wide_lines_are_cut_around_the_mistake() -> None:
    text = "x" * 5000 + " KONV " + "y" * 5000
    rendered = diagnostic_as_text(_finding(text, 5001, 5005)).splitlines()
    assert max(map(len, rendered)) < 130
    marked = rendered[3].index("^")
    assert rendered[2][marked : marked + 4] == "KONV"


def test_colour_only_when_asked() -> None:
    finding = _finding("KONV\n", 0, 4)
    assert "\x1b" not in diagnostic_as_text(finding)
    assert re.sub("\x1b\\[[0-9;]*m", "", diagnostic_as_text(finding, colour=True)) == diagnostic_as_text(
        finding
    )


def test_many_findings_are_counted() -> None:
    found = [_finding("KONV\n", 0, 4)._replace(message=f"`{number}`") for number in range(150)]
    assert diagnostics_as_text(found).endswith("... and 50 more findings\n")


# --- explanations ------------------------------------------------------------------------------

NETWORK_CODES = [
    code
    for code in explained_codes()
    if "```net" in explanation_text(code) and "```toml" not in explanation_text(code)
]


@pytest.mark.parametrize("code", NETWORK_CODES)
def test_pages_fail_and_are_mended_as_they_say(code: str) -> None:
    failing, mended = re.findall(r"```net\n(.*?)```", explanation_text(code), re.S)
    plan, findings = checked(Source("<text>", failing))
    said = {"ND231"} - {code}  # what a line was read as
    assert {finding.code for finding in findings} - said == {code}
    plan, findings = checked(Source("<text>", mended))
    assert plan is not None
    assert {finding.code for finding in findings} <= said


@pytest.mark.parametrize("code", explained_codes())
def test_pages_have_their_parts(code: str) -> None:
    text = explanation_text(code)
    assert text.startswith(f"# {code}: ")
    assert re.findall(r"^## (.*)$", text, re.M) == ["Why", "Fails", "Fixed"]


def test_every_code_of_the_front_end_has_a_page() -> None:
    package = Path(commands.__file__).parent.parent
    rooms = ("syntax", "layers", "graph", "planning", "rules", "gate")
    files = [path for room in rooms for path in (package / room).rglob("*.py")]
    files.append(package / "commands" / "console" / "loading.py")
    used = {code for path in files for code in re.findall(r'"(ND\d{3})"', path.read_text())}
    assert used <= set(explained_codes())


def test_zoo_prints_what_check_reads(capsys: pytest.CaptureFixture[str]) -> None:
    for name in zoo_names():
        run(["zoo", name])
        assert capsys.readouterr().out == zoo_text(name)
