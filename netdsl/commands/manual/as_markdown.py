"""A command's page in docs/commands: what click knows stands between marks, all else is written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from netdsl.commands.manual.description import CommandText, OptionText
from netdsl.counting import tool_named, tool_names
from netdsl.counting.columns import COLUMNS, RECEPTIVE_FIELD

_PARTS = ("usage", "options")


def page(command: CommandText, before: str) -> str:
    """The page with new text between its marks; ``before`` is what it was, empty for a new one.

    A page may also have marks for ``columns`` and ``tools``: what tables can show and other tools count.
    """
    text = before or f"# {command.name}\n\n" + "\n".join(f"{_begin(part)}{_end(part)}" for part in _PARTS)
    for part, lines in zip(_PARTS, (_usage(command), _options(command)), strict=True):
        if _begin(part) not in text or _end(part) not in text:
            raise ValueError(f"the page of {command.name} has no marks for its {part}")
        text = _with(text, part, lines)
    for part, more in (("columns", _columns), ("tools", _tools)):
        if _begin(part) in text:
            text = _with(text, part, more())
    return text


def list_of_commands(commands: Sequence[CommandText], before: str) -> str:
    """The page that lists the commands, with a new list between its marks."""
    rows = [f"| [`{one.name}`]({page_name(one)}) | {_prose(one.summary)} |" for one in commands[1:]]
    lines = ["| command | what it does |", "|---|---|", *rows]
    return _with(before, "commands", lines)


def page_name(command: CommandText) -> str:
    """``check.md``."""
    return f"{command.name.removeprefix('netdsl ')}.md"


def _begin(part: str) -> str:
    return f"<!-- {part} -->\n"


def _end(part: str) -> str:
    return f"<!-- end of {part} -->\n"


def _with(text: str, part: str, lines: Iterable[str]) -> str:
    head, _, rest = text.partition(_begin(part))
    behind = rest.partition(_end(part))[2]
    return "".join([head, _begin(part), *(f"{line}\n" for line in lines), _end(part), behind])


def _usage(command: CommandText) -> Iterator[str]:
    yield from ("```text", command.usage, "```")
    for paragraph in command.paragraphs:
        yield ""
        if paragraph.fixed:
            yield from ("```text", paragraph.text, "```")
        else:
            yield _prose(paragraph.text)


def _options(command: CommandText) -> Iterator[str]:
    if command.options:
        yield from ("## Options", "", *map(_item, command.options))
    if command.recipe:
        yield from ("", "## Settings of the recipe", "")
        yield "They override the `train` block; [the language](../language.md#training) explains them."
        yield from ("", *map(_item, command.recipe))


def _columns() -> Iterator[str]:
    yield from ("| column | what it counts |", "|---|---|")
    for name, column in COLUMNS.items():
        yield f"| `{name}` | {_prose(column.meaning)} |"
    yield f"| `{RECEPTIVE_FIELD}` | receptive field of a position, height x width in pixels |"


def _tools() -> Iterator[str]:
    yield from ("| tool | counts as | differs from netdsl |", "|---|---|---|")
    for name in tool_names():
        tool = tool_named(name)
        yield f"| `{name}` | {_prose(tool.title)} | {_prose(' '.join(tool.differs.split()))} |"


def _item(option: OptionText) -> str:
    head = f"{option.spellings[0]} {option.takes}".rstrip()
    also = ", ".join(f"`{spelling}`" for spelling in option.spellings[1:])
    told = [option.sentence]
    told += [f"Also {also}."] if also else []
    told += [f"`{option.default}` by default."] if option.default else []
    told += [f"{option.bounds[0].upper()}{option.bounds[1:]}."] if option.bounds else []
    return f"- **`{head}`**: {_prose(' '.join(told))}"


def _prose(text: str) -> str:
    """What is typed is set as code where it is not already, and no sign of a sentence is taken for markup."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece.startswith("`") else _TYPED.sub(r"`\1`", piece) for piece in pieces)


_TYPED = re.compile(
    r"(?<![\w`-])(--[a-z][\w-]*|[\w/.]*\*[\w/.*]*(?<!\.)|netdsl [a-z][a-z-]* \w+ [A-Z][A-Z0-9]+)"
)
"""Options, patterns of files, whole commands."""
