"""The pages of docs/commands and man say what the commands are, and man pages are sound."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click
import pytest

from netdsl.commands import group
from netdsl.commands.manual.as_markdown import page
from netdsl.commands.manual.as_roff import man_page
from netdsl.commands.manual.description import described
from netdsl.commands.manual.pages import DOCS, MAN, ROOT, pages

PAGES = pages()
MAN_PAGES = sorted(path for path in PAGES if path.parent == MAN)


def test_the_pages_are_in_step() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in PAGES.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    extra = {*DOCS.glob("*.md"), *MAN.glob("*.1")} - set(PAGES)
    assert not stale
    assert not extra, "run python -m netdsl.commands.manual"


def test_every_option_stands_on_both_pages() -> None:
    context = click.Context(group, info_name="netdsl")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        online = PAGES[DOCS / f"{name}.md"]
        manual = PAGES[MAN / f"netdsl-{name}.1"].replace("\\-", "-")
        for option in command.params:
            if isinstance(option, click.Option):
                for spelling in option.opts:
                    assert f"`{spelling}" in online, (name, spelling)
                    assert f"\\fB{spelling}\\fR" in manual, (name, spelling)


@click.group(help="Group.")
def strange() -> None:
    """A group whose command has all that pages could stumble over."""


@strange.command(name="odd", short_help="x")
@click.option("--level", "-l", type=click.IntRange(1, 4096), default=7, show_default=True, help=".dot first.")
@click.option("--tall/--short", help="It's a `back\\slash`, ~ and ^.")
@click.option("--hidden", hidden=True)
@click.argument("title", metavar="'PLACE'")
def odd(level: int, tall: bool, hidden: str, title: str) -> None:
    """Do `it`: a|b and nets/**/*.net.

    \b
    .lines that stay
      'as they are'

    .Words that are filled.
    """


def test_lines_that_stay_as_they_are_fit_into_60_columns() -> None:
    margin = 7  # of man
    for command in described(group):
        for paragraph in command.paragraphs:
            lines = paragraph.text.split("\n") if paragraph.fixed else []
            assert all(len(line) <= 60 - margin for line in lines), command.name


def test_a_new_command_gets_a_page() -> None:
    command = described(strange)[1]
    text = page(command, "")
    assert text.startswith("# netdsl odd\n\n<!-- usage -->\n```text\nnetdsl odd [OPTIONS] 'PLACE'\n```\n")
    assert "- **`--level INTEGER RANGE`**: .dot first. Also `-l`. `7` by default. 1 to 4,096." in text
    assert "`nets/**/*.net`" in text
    assert "--hidden" not in text
    assert page(command, text) == text
    by_hand = text.replace("<!-- options -->", "Words.\n\n<!-- options -->").replace(".dot first", "old")
    assert page(command, by_hand) == text.replace("<!-- options -->", "Words.\n\n<!-- options -->")


def rendered(text: str) -> str:
    """What a terminal shows of a man page; a warning fails the test."""
    groff = ["groff", "-man", "-ww", "-Tascii", "-P-c"]
    done = subprocess.run(groff, input=text, capture_output=True, text=True, check=True)
    assert not done.stderr
    return subprocess.run(["col", "-bx"], input=done.stdout, capture_output=True, text=True).stdout


@pytest.mark.skipif(not shutil.which("groff") or not shutil.which("col"), reason="there is no groff")
def test_what_roff_could_take_for_its_own_is_shown() -> None:
    shown = rendered(man_page(described(strange)[1], described(strange), ["netdsl odd 'a b' \\"]))
    for words in (
        ".dot first. 7 by default. 1 to 4,096.",
        "It's a back\\slash, ~ and ^.",
        "       .lines that stay\n         'as they are'",
        ".Words that are filled.",
        "--level, -l INTEGER RANGE",
        "--tall, --short",
        "netdsl odd 'a b' \\",
    ):
        assert words in shown, shown


@pytest.mark.skipif(not shutil.which("groff"), reason="there is no groff")
@pytest.mark.parametrize("path", MAN_PAGES, ids=lambda path: path.name)
def test_man_pages_are_set_without_a_warning(path: Path) -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z"], input=PAGES[path], capture_output=True, text=True, check=True
    )
    assert not done.stderr


@pytest.mark.skipif(not shutil.which("man"), reason="there is no man")
def test_man_shows_a_page() -> None:
    done = subprocess.run(
        ["man", "-l", "--warnings=w", str(MAN / "netdsl-check.1")],
        env={"MANWIDTH": "80", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    assert "NETDSL-CHECK(1)" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
