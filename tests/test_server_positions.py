"""Places in a text as editors count them, against a text encoded as they do."""

from __future__ import annotations

import random

import pytest

from netdsl.server.positions import UNITS, Position, Positions, Range
from netdsl.server.texts import Change, Texts, changed, path_of, uri_of
from netdsl.source import Source, Span, undressed

SIGNS = ("a", "é", "\t", "×", "😀", "\u2028", "\x0c", "\x85", "\n")
ENCODINGS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def _texts() -> list[str]:
    chance = random.Random("places")
    return ["", "\n", "😀"] + ["".join(chance.choices(SIGNS, k=chance.randint(1, 12))) for _ in range(60)]


@pytest.mark.parametrize("units", UNITS)
def test_every_offset_is_found_again(units: str) -> None:
    encoding, width = ENCODINGS[units]
    for text in _texts():
        positions = Positions(Source("", text), units)
        for offset in range(len(text) + 1):
            lines = text[:offset].split("\n")
            expected = Position(len(lines) - 1, len(lines[-1].encode(encoding)) // width)
            assert positions.position(offset) == expected
            assert positions.offset(expected) == offset


def test_places_that_no_text_has_are_the_nearest_that_it_has() -> None:
    positions = Positions(Source("", "a😀b\ncd"))
    assert positions.offset((0, 2)) == 1, "inside the surrogate pair"
    assert positions.offset((0, 99)) == 3
    assert positions.offset((1, 99)) == 6
    assert positions.offset((99, 0)) == 6
    assert positions.position(99) == Position(1, 2)
    assert positions.span((1, 0), (0, 0)) == Span(0, 4)
    assert positions.range(Span(3, 1)) == Range(Position(0, 4), Position(0, 4))


def test_a_byte_order_mark_is_a_sign_of_the_first_line() -> None:
    text, text_format = undressed("\ufeffab\r\ncd")
    positions = Positions(Source("", text, text_format=text_format))
    assert positions.position(1) == Position(0, 2)
    assert positions.position(3) == Position(1, 0)
    assert positions.offset((0, 1)) == 0
    assert positions.offset((1, 1)) == 4


def _changed_as_spelt_out(written: str, change: Change, encoding: str, width: int) -> str:
    """The change carried out line by line on the bytes of the text."""
    assert change.start is not None
    assert change.end is not None
    ends = []
    line_start = 0
    while line_start <= len(written):  # where each line begins, and where its text ends
        stops = [at for sign in ("\r", "\n") if (at := written.find(sign, line_start)) >= 0]
        end = min(stops, default=len(written))
        ends.append((line_start, end))
        line_start = end + (2 if written.startswith("\r\n", end) else 1)

    def at(position: Position) -> int:
        start, end = ends[position.line]
        units = written[start:end].encode(encoding)[: position.character * width]
        return start + len(units.decode(encoding))

    return written[: at(change.start)] + change.text + written[at(change.end) :]


@pytest.mark.parametrize("units", UNITS)
def test_changes_are_carried_out_where_the_editor_means_them(units: str) -> None:
    encoding, width = ENCODINGS[units]
    chance = random.Random(f"changes in {units}")
    for text in _texts():
        ends = ("\n", "\r\n", "\r") if "\n\n" not in text else ("\n", "\r\n")
        written = "".join(chance.choice(ends) if sign == "\n" else sign for sign in text)
        written = written if "\n\r" not in written else text
        positions = Positions(Source("", undressed(written)[0]), units)
        one, other = sorted(chance.randint(0, len(undressed(written)[0])) for _ in range(2))
        change = Change("x\r\ny", positions.position(one), positions.position(other))
        expected = _changed_as_spelt_out(written, change, encoding, width)
        assert changed(written, change, units) == expected, (written, change)


def test_texts_keep_what_is_not_saved_for_those_that_use_it() -> None:
    texts = Texts()
    texts.open("file:///nets/a.net", 1, 'use "b.net"\n')
    texts.open("file:///nets/b.net", 1, "block B { RELU }\r\n")
    source = texts.source("file:///nets/a.net")
    assert source is not None
    assert source.unsaved["/nets/b.net"] == "block B { RELU }\n"
    texts.change("file:///nets/b.net", 2, [Change("C", Position(0, 6), Position(0, 7))])
    assert source.unsaved["/nets/b.net"] == "block B { RELU }\n", "what a source was made with stays"
    held = texts.text("file:///nets/b.net")
    assert held is not None
    assert held.written == "block C { RELU }\r\n"
    texts.close("file:///nets/b.net")
    assert "file:///nets/b.net" not in texts
    again = texts.source("file:///nets/a.net")
    assert again is not None
    assert "/nets/b.net" not in again.unsaved


def test_a_change_without_a_range_is_the_whole_text() -> None:
    assert changed("old", Change("new")) == "new"


@pytest.mark.parametrize("path", ["/nets/a.net", "/with blank/ä#?%.net"])
def test_addresses_of_files_and_back(path: str) -> None:
    assert path_of(uri_of(path)) == path


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "http://host/a", "file://%00", "//[", "file:a.net"])
def test_addresses_that_name_no_file(uri: str) -> None:
    assert path_of(uri) == ""
