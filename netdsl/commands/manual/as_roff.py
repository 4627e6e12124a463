"""A command as a man page, in the macros of man(7)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from netdsl.commands.manual.description import CommandText, OptionText

_EXIT = (
    ("0", "No errors; warnings and notes may have been printed."),
    ("1", "An error was found, or what an option such as --strict counts as one."),
    ("2", "The command line was wrong, or the result could not be written."),
    ("3", "An internal error of netdsl."),
    ("130", "Interrupted."),
)

_VARIABLES = (
    ("NETDSL_CACHE", "Folder of the compiled kernels, as an absolute path."),
    ("NETDSL_DEBUG", "Print the traceback of an internal error, as --debug does."),
    ("NO_COLOR", "Print no colours."),
    ("GITHUB_STEP_SUMMARY", "Where `netdsl check --format github` writes a summary of the step."),
)

_WIDTH = 80


def man_page(command: CommandText, commands: Sequence[CommandText], examples: Sequence[str]) -> str:
    """The page of one of the commands, of which the first is netdsl itself; ``examples`` are commands.

    No date stands in it: the same sources give the same page.
    """
    whole = command is commands[0]
    lines = [
        f'.TH {_quoted(command.file_name.upper())} 1 "" {_quoted("netdsl")} {_quoted("netdsl manual")}',
        '.\\" python -m netdsl.commands.manual writes this page.',
        ".SH NAME",
        _filled(f"{command.file_name} \\- {_text(command.summary)}"),
        ".SH SYNOPSIS",
        _synopsis(command.usage),
        *_description(command),
        *_list("OPTIONS", map(_option, command.options)),
    ]
    if command.recipe:
        lines += [".SS Settings of the recipe", "They override the network\\(aqs train block."]
        lines += [line for one in map(_option, command.recipe) for line in _tagged(*one)]
    if whole:
        lines += _list(
            "COMMANDS", ((_bold(one.file_name) + "(1)", one.summary + ".") for one in commands[1:])
        )
    if examples:
        shown = [line for one in examples for line in _example(one)]
        lines += [".SH EXAMPLES", *(shown[1:] if shown[0] == ".PP" else shown)]
    lines += _list("EXIT STATUS", ((_bold(code), told) for code, told in _EXIT))
    if whole:
        lines += _list("ENVIRONMENT", ((_bold(name), told) for name, told in _VARIABLES))
    others = [".BR netdsl (1)"] if not whole else [f".BR {_text(one.file_name)} (1)," for one in commands[1:]]
    lines += [".SH SEE ALSO", *others]
    lines[-1] = lines[-1].rstrip(",")
    return "\n".join(lines) + "\n"


def _description(command: CommandText) -> Iterator[str]:
    yield ".SH DESCRIPTION"
    for number, paragraph in enumerate(command.paragraphs):
        if number:
            yield ".PP"
        if paragraph.fixed:
            yield from (".EX", *map(_line, paragraph.text.split("\n")), ".EE")
        else:
            yield _filled(_text(paragraph.text))


def _synopsis(usage: str) -> str:
    """The words of the command in bold."""
    name = re.match(r"[a-z -]+", usage)
    assert name is not None
    return f"{_bold(name[0].rstrip())} {_text(usage[name.end() :])}"


def _option(option: OptionText) -> tuple[str, str]:
    takes = f" {_text(option.takes)}" if option.takes else ""
    told = [option.sentence]
    told += [f"`{option.default}` by default."] if option.default else []
    told += [f"{option.bounds[0].upper()}{option.bounds[1:]}."] if option.bounds else []
    return ", ".join(map(_bold, option.spellings)) + takes, " ".join(told)


def _example(command: str) -> tuple[str, ...]:
    """``netdsl zoo   # what it shows``: the command, and below it what stands behind the sign."""
    written, _, comment = command.partition("  #")
    if not comment:
        return ".PP", _bold(written)
    told = comment.strip()
    return _tagged(_bold(written.rstrip()), f"{told[0].upper()}{told[1:]}{'' if told[-1] in '.?!' else '.'}")


def _list(title: str, items: Iterable[tuple[str, str]]) -> list[str]:
    lines = [line for item in items for line in _tagged(*item)]
    return [f".SH {title}", *lines] if lines else []


def _tagged(tag: str, told: str) -> tuple[str, str, str]:
    return ".TP", tag, _filled(_text(told))


def _bold(text: str) -> str:
    return f"\\fB{_text(text)}\\fR"


def _quoted(text: str) -> str:
    return f'"{_text(text)}"'


def _filled(text: str) -> str:
    """Text in lines that people can read, of which none is taken for a request."""
    lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(map(_harmless, lines))


def _harmless(line: str) -> str:
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _line(text: str) -> str:
    """A line that stays as it is."""
    return _harmless(_text(text))


def _text(text: str) -> str:
    """Signs that roff reads are escaped; what stands in backticks becomes bold."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("~", "\\(ti")
    text = text.replace("^", "\\(ha")
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
