"""The network that is drawn while a summary is read: layers as text, with what they work on."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.formats.summary import Row
from netdsl.formats.summary_answers import Answer, Piece, answers
from netdsl.layers.registry import kind_named
from netdsl.quantities import Volume


class Drawn(NamedTuple):
    """A layer at the line of its row: its name, its options, what it works on, what it makes."""

    number: int
    name: str
    kind: str
    options: str
    inputs: tuple[int, ...]
    output: Volume
    others: tuple[str, ...] = ()
    """Other options that the summary allows as well."""


class Choice(NamedTuple):
    """Where several options fit: the line, the layer, the one that is written, the others.

    ``usual`` where one of them is what people write without saying so.
    """

    number: int
    name: str
    written: str
    others: tuple[str, ...]
    usual: bool


class Misfit(NamedTuple):
    """A row that cannot be read: why, in few words, and whether its kind is not known at all."""

    number: int
    layer: str
    why: str
    unknown: bool = False


_SHOWN = 3

TRIED = 50_000
"""Volumes that the rows of one summary are tried after."""


class Drawing:
    """Layers in their order, and what was noticed on the way."""

    def __init__(self, keras: bool) -> None:
        self.keras = keras
        self.layers: list[Drawn] = []
        self.choices: list[Choice] = []
        self.misfits: list[Misfit] = []
        self.hidden: list[Row] = []
        """Rows that stand for layers which the summary leaves out."""
        self.unsaid: dict[str, int] = {}
        """What the summary does not say and no count decides, with the first line that it is about."""
        self._numbers: dict[str, int] = {}
        self._asked = 0

    @property
    def exhausted(self) -> bool:
        """Whether so many sources were tried that rows take what stands above them from here on."""
        return self._asked > TRIED

    def volume(self, index: int) -> Volume:
        return self.layers[index].output

    def put(self, number: int, piece: Piece, *inputs: int, others: tuple[str, ...] = ()) -> int:
        """One more layer; returns its index."""
        kind, options, output = piece
        name = self._name(kind)
        self.layers.append(Drawn(number, name, kind, options, inputs, output, others))
        return len(self.layers) - 1

    def _name(self, kind: str) -> str:
        """``CONV1``, ``RELU7``; no name that is a kind by itself, as RELU6 is."""
        if kind == "INPUT":
            return kind
        count = self._numbers.get(kind, 0) + 1
        while kind and kind_named(f"{kind}{count}") is not None:
            count += 1
        self._numbers[kind] = count
        return f"{kind}{count}"

    def say(self, remark: str, number: int) -> None:
        self.unsaid.setdefault(remark, number)

    def answers(self, row: Row, index: int) -> list[Answer]:
        self._asked += 1
        return answers(row, self.volume(index), self.keras)

    def fits(self, row: Row, x: Volume) -> bool:
        """Whether the row can be something after a volume."""
        self._asked += 1
        return not self.exhausted and bool(answers(row, x, self.keras))

    def answered(self, row: Row, source: int) -> int | None:
        """The row's layers behind an index; None where nothing fits there."""
        found = self.answers(row, source)
        if not found:
            return None
        usual = [answer for answer in found if answer.usual]
        chosen = usual[0] if usual else found[0]
        others = tuple(answer.text for answer in found if answer is not chosen)
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        shown = (*others[: _SHOWN - 1], f"{others[_SHOWN - 1]}{more}") if more else others
        index = source
        for piece in chosen.pieces:
            index = self.put(row.number, piece, index, others=shown)
        if others:
            name = self.layers[index].name
            self.choices.append(Choice(row.number, name, chosen.text, shown, len(usual) == 1))
        if chosen.said:
            self.say(chosen.said, row.number)
        return index

    def joined(self, number: int, kind: str, indices: tuple[int, ...], output: Volume) -> int:
        """ADD, MULTIPLY or CONCAT of several volumes."""
        return self.put(number, Piece(kind, "", output), *indices)
