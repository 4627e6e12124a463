"""Makes text of strangers safe and countable on a terminal."""

from __future__ import annotations

from netdsl.opening import writable

TAB = "    "


def _cell(character: str) -> str:
    """What is shown for one character: control and formatting characters become visible."""
    if character == "\t":
        return TAB
    if character.isprintable():
        return character
    if "\ud800" <= character <= "\udfff":
        return writable(character)
    return f"\\u{{{ord(character):x}}}"


def visible(text: str) -> str:
    """The text with everything escaped that a terminal would obey instead of show."""
    return text if text.isascii() and text.isprintable() else "".join(map(_cell, text))


def visible_lines(text: str) -> str:
    """``visible`` for text of several lines, whose line breaks stay."""
    return "\n".join(map(visible, text.split("\n")))


def columns(text: str) -> int:
    """How many terminal columns visible text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # rare, and takes time to load

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, width: int) -> str:
    """Visible text filled with blanks to a width in columns."""
    return text.ljust(width) if text.isascii() else text + " " * (width - columns(text))


def markdown_cell(text: str) -> str:
    """Text in a table of Markdown, where nothing of it is taken for markup."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return visible(text)
