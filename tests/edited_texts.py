"""What an editor does to a text, drawn from the text itself, and everything that it may ask about it."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator

from netdsl.commands.lsp import findings_of
from netdsl.diagnostics import Edit
from netdsl.edits import edited
from netdsl.planning.laying_out import laid_out
from netdsl.server.desk import Desk
from netdsl.server.positions import Position, Positions, Range
from netdsl.server.renaming import Refused
from netdsl.server.texts import Change
from netdsl.source import Source, Span, undressed

URI = "file:///no-such-folder/a.net"

_TYPED = (
    "@",
    "[",
    "]",
    "{",
    "}",
    "(",
    "\n",
    "\r\n",
    "- ",
    "😀",
    " é",
    "CONV ",
    "a: ",
    "/2",
    "#",
    '"',
    "use ",
    "1",
)


def desk() -> Desk:
    """A desk with what the commands of netdsl say."""
    return Desk(findings_of)


class Editor:
    """Holds a text as an editor does, by UTF-16 code units, to compare with what the server has."""

    def __init__(self, text: str, newline: str = "\n") -> None:
        self.desk = desk()
        self.text = text
        self.version = 1
        self.desk.open(URI, 1, text)

    def lines(self) -> list[str]:
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def position(self, chance: random.Random) -> Position:
        """A place in the text, by lines and UTF-16 code units, and now and then one beyond its line."""
        lines = self.lines()
        line = chance.randrange(len(lines))
        units = len(lines[line].encode("utf-16-le", "surrogatepass")) // 2
        return Position(line, chance.randint(0, units + chance.choice((0, 0, 0, 3))))

    def type(self, chance: random.Random) -> None:
        """One change: something is written, or a part of a line is left out or replaced."""
        start = self.position(chance)
        end = Position(start.line, start.character + chance.choice((0, 0, 1, 4)))
        change = Change(chance.choice(_TYPED), start, end)
        self.version += 1
        self.desk.change(URI, self.version, [change])
        held = self.desk.texts.text(URI)
        assert held is not None
        self.text = held.written

    def check_range(self, found: Range) -> None:
        """Whether a range lies in the text, its ends in order."""
        lines = self.lines()
        for position in found:
            assert 0 <= position.line < len(lines), (position, len(lines))
            units = len(lines[position.line].encode("utf-16-le", "surrogatepass")) // 2
            assert 0 <= position.character <= units, (position, lines[position.line])
        assert found.start <= found.end, found


def ask_everything(editor: Editor, position: Position) -> None:
    """Ask about a place in every way; each answer has to lie in the text."""
    asked = editor.desk
    found = asked.findings(URI)
    assert found is not None
    checked, findings = found
    spans = [one.span for one in findings]
    spans += [near.span for one in findings for near in one.related if near.source is checked.source]
    if (told := asked.hover(URI, position)) is not None:
        spans.append(told[1].span)
        assert told[1].markdown
    everywhere = Range(Position(0, 0), Position(len(editor.lines()), 0))
    if (hinted := asked.hints(URI, everywhere)) is not None:
        spans += [Span(hint.offset, hint.offset) for hint in hinted[1]]
    completed = asked.completion(URI, position)
    assert completed is not None
    spans.append(completed[1].span)
    assert all(item.text for item in completed[1].items)
    asked.definition(URI, position)
    spans += list(_outline(editor))
    asked.references(URI, position)
    for one in asked.highlights(URI, position):
        editor.check_range(one)
    for fold in asked.folds(URI):
        assert 1 <= fold.first < fold.last <= len(editor.lines())
    positions = checked.positions
    for span in spans:
        editor.check_range(positions.range(span))
    _change_everything(editor, position, checked.source, positions)


def _outline(editor: Editor) -> Iterator[Span]:
    outline = editor.desk.symbols(URI)
    pending = [*outline[1]] if outline is not None else []
    while pending:
        one = pending.pop()
        assert one.name.strip()
        assert one.whole.start <= one.span.start <= one.span.end <= one.whole.end, one
        yield one.whole
        pending += one.children


def _change_everything(editor: Editor, position: Position, source: Source, positions: Positions) -> None:
    """Rename, lay out and mend: the edits of each have to lie in the text and to fit together."""
    named = editor.desk.renameable(URI, position)
    if not isinstance(named, Refused):
        editor.check_range(named[1])
        renamed = editor.desk.rename(URI, position, f"{named[2].replace(' ', '_')}_new")
        if not isinstance(renamed, Refused):
            _carry_out(
                editor, source, positions, [edit for edits in renamed[1].edits.values() for edit in edits]
            )
    formatted = editor.desk.formatting(URI)
    if formatted is not None and formatted[2]:
        text = _carry_out(editor, source, positions, formatted[2])
        assert laid_out(Source(source.name, text)).text == text
    offered = editor.desk.actions(URI, Range(position, position))
    for action in offered[1] if offered is not None else ():
        assert action.title
        _carry_out(editor, source, positions, list(action.edits))


def _carry_out(editor: Editor, source: Source, positions: Positions, edits: list[Edit]) -> str:
    text, count = edited(source.text, edits)
    assert count == len(set(edits)), edits
    for edit in edits:
        editor.check_range(positions.range(edit.span))
    return text


def edits_to_server(content: bytes) -> None:
    """A text that is opened, changed a few times and asked about: no exception, and places that it has."""
    text = content.decode("utf-8", "ignore")
    chance = random.Random(zlib.crc32(content))
    if chance.random() < 0.3:
        text = undressed(text)[0].replace("\n", chance.choice(("\r\n", "\r")))
    editor = Editor(text)
    for _ in range(chance.randint(0, 3)):
        editor.type(chance)
    ask_everything(editor, editor.position(chance))
