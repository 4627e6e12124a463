"""All pages of the manual by their paths in the checkout, and writing them."""

from __future__ import annotations

import re
from pathlib import Path

from netdsl.commands import group
from netdsl.commands.manual.as_markdown import list_of_commands, page, page_name
from netdsl.commands.manual.as_roff import man_page
from netdsl.commands.manual.description import described
from netdsl.writing import write_file

ROOT = Path(__file__).resolve().parents[3]
DOCS, MAN = ROOT / "docs" / "commands", ROOT / "man"

_MOST_EXAMPLES = 12


def pages() -> dict[Path, str]:
    """What each page should hold. What is written by hand in docs/commands stays, and its commands are
    the examples of the man page."""
    commands = described(group)
    found = {DOCS / "index.md": list_of_commands(commands, _read(DOCS / "index.md"))}
    for command in commands[1:]:
        path = DOCS / page_name(command)
        found[path] = page(command, _read(path))
    for command in commands:
        source = DOCS / ("index.md" if command is commands[0] else page_name(command))
        examples = _examples(found[source])
        found[MAN / f"{command.file_name}.1"] = man_page(command, commands, examples)
    return found


def write_pages() -> None:
    for folder in (DOCS, MAN):
        folder.mkdir(exist_ok=True)
    wanted = pages()
    for path in (*DOCS.glob("*.md"), *MAN.glob("*.1")):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        if text != _read(path):
            write_file(path, [text.encode()])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _examples(page: str) -> list[str]:
    """The commands in the blocks of a page: those behind `$`, and all lines of blocks of the shell."""
    found: dict[str, None] = {}
    for language, block in re.findall(r"^```(console|sh|text)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ ") or (language == "sh" and line.strip()):
                found[line.removeprefix("$ ")] = None
    return list(found)[:_MOST_EXAMPLES]
