"""Standard streams carry UTF-8 whatever the locale, names that are no text, and readers that leave."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netdsl.commands import run
from netdsl.reports.formats import FORMATS

TEXT = "# größe → 日本\ninput 8x8x1\nFC 2\n"
LOCALES = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "latin-1": {"PYTHONIOENCODING": "latin-1:strict"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
STRANGE = b"x\xff\xe9.net"


def netdsl(
    *arguments: str | bytes, text: bytes = b"", locale: str = "ascii", **streams: int
) -> subprocess.CompletedProcess[bytes]:
    command: list[str | bytes] = [sys.executable, "-m", "netdsl.commands", *arguments]
    environment = {**os.environ, **LOCALES[locale]}
    pipes: dict[str, int] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(command, input=text, env=environment, check=False, **pipes)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("locale", LOCALES)
def test_what_a_command_prints_another_one_reads(locale: str) -> None:
    laid_out = netdsl("fmt", "-", text=TEXT.encode(), locale=locale)
    assert (laid_out.returncode, laid_out.stdout) == (0, TEXT.encode())
    assert netdsl("check", "-", text=laid_out.stdout, locale=locale).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "text", "shown"),
    [
        (["fmt", "--diff", "-"], "# größe\ninput 8x8x1\nfc 2\n", " # größe\n"),
        (["import", "--from", "listing", "-"], "[8x8x1] INPUT\n[2] FC (größe)\n", "(größe)"),
        (["check", "-"], "net größe\ninput 8x8x1\nFC 2\n", "größe"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_other_commands(arguments: list[str], text: str, shown: str) -> None:
    assert shown in netdsl(*arguments, text=text.encode()).stdout.decode()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), STRANGE)
    with open(path, "wb") as file:
        file.write(b"input 8x8x1\nfc 2\nfoo\n")
    for command in (["check"], ["check", "--format", "json"], ["fmt", "--diff"], ["fmt", "--check"], ["fmt"]):
        done = netdsl(*command, path)
        assert done.returncode == 1, done.stderr
        shown = rb"x\\xff\\xe9.net" if "json" in command else rb"x\xff\xe9.net"  # JSON has no other spelling
        assert shown in done.stdout + done.stderr
    for arguments in (
        ["check", STRANGE],
        ["check", "lenet", "--format", b"json=/" + STRANGE + b"/x"],
        ["check", "lenet", "--format", STRANGE],
        ["eval", STRANGE],
        ["predict", STRANGE, STRANGE],
        ["explain", STRANGE],
        ["zoo", STRANGE],
        [STRANGE],
        ["train", "lenet", "--data", STRANGE],
    ):
        missing = netdsl(*arguments)
        assert missing.returncode in (1, 2)
        assert rb"x\xff\xe9.net" in missing.stderr
        assert b"dcff" not in missing.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_streams_that_cannot_be_written() -> None:
    with open("/dev/full", "wb") as full:
        lost = netdsl("zoo", "lenet", stdout=full.fileno())
        assert (lost.returncode, lost.stderr.count(b"\n")) == (2, 1)
        assert netdsl("check", "nothing", stderr=full.fileno()).returncode == 2
        assert netdsl("nothing", stderr=full.fileno()).returncode == 2


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check - <&-", 1),
        ("check nothing 2>&-", 1),
        ("fmt - <&- >&- 2>&-", 1),
        ("check lenet -q --format concise >&-", 0),  # which prints nothing
        ("check lenet --exit-zero --format json=/dev/stdout <&- >&- 2>&-", 2),
        pytest.param("lsp <&-", 1, marks=pytest.mark.slow),
    ],
)
def test_streams_that_are_closed(command: str, code: int) -> None:
    done = subprocess.run(
        f"{sys.executable} -m netdsl.commands {command}", shell=True, capture_output=True, check=False
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        *(f"check lenet nothing.net --exit-zero --format {form}" for form in FORMATS),
        "check lenet nothing.net --statistics",
        *("zoo", "zoo lenet", "explain ND301", "explain lenet CONV1", "schema check", "completion fish"),
        *("diff lenet alexnet", "diff lenet alexnet --format markdown", "--help", "check --help"),
        *("compile lenet --emit module", "fmt - --diff", "fmt -", "import - --from listing"),
    ],
)
def test_nothing_that_is_printed_gets_lost_silently(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[8x8x1] INPUT\n[2] FC\n" if command.startswith("import") else "input 8x8x1\nfc 2\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    monkeypatch.setattr("sys.stdout", None)  # as the shell's `>&-` leaves it
    assert run(command.split()) == 2
    if sys.stdout is not None:  # what the command has put in its place
        sys.stdout.close()
    assert "netdsl: cannot write to standard output: it is closed" in capsys.readouterr().err


def test_readers_that_leave() -> None:
    for command in ("zoo resnet152 | true", "check nothing 2>&1 | true", "nothing 2>&1 | true"):
        done = subprocess.run(
            f"{sys.executable} -m netdsl.commands {command}", shell=True, capture_output=True, check=False
        )
        assert done.stderr == b""


@pytest.mark.parametrize(
    "arguments",
    [
        "train lenet --data digits --out -",
        "train lenet --data digits --show-batch -",
        "search lenet --data digits --out -",
        "lr-find lenet --data digits --out -",
        "import lenet.txt --from listing --out -",
        "check lenet --baseline - --write-baseline",
    ],
)
def test_nothing_is_ever_called_by_a_dash(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments.split()) == 2
    assert "name" in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
