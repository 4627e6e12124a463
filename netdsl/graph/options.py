"""Reads the items behind a layer's kind against the options that its class declares."""

from __future__ import annotations

from typing import Any, NamedTuple

from netdsl.diagnostics import Findings, Label
from netdsl.graph.formulas import Environment, as_item, calculated
from netdsl.graph.values import MisfitError, convert, extents, table_rows
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.quantities import SAME, Padding
from netdsl.source import Span
from netdsl.spelling import did_you_mean
from netdsl.syntax import tree

FILLERS = frozenset(("at", "a", "an", "of", "and", "with", "by", "layer", "layers", "the", "in"))
"""Words that may stand anywhere beside a layer and mean nothing."""

_NEGATIONS = frozenset(("no", "without"))
_VOLUME_OPTIONS = ("height", "width", "channels")
"""A kind that declares these three is given by a volume: ``input 32x32x1``."""

_NUMBERS = (OptionType.COUNT, OptionType.INDEX, OptionType.REAL)
_PADDINGS = {"same": SAME, "valid": Padding(0, 0, 0, 0)}
_SIDES = ("top", "bottom", "left", "right")


class Written(NamedTuple):
    """The value of an option and the place where it is written."""

    value: Any
    span: Span


class _Reader:
    """One pass over the items of a layer. In a ``where`` entry commas make lists."""

    def __init__(
        self,
        kind: type[Layer],
        items: tuple[tree.Item, ...],
        environment: Environment,
        lists: bool,
        findings: Findings,
    ) -> None:
        self.kind = kind
        self.environment = environment
        self.items = items
        self.lists = lists
        self.findings = findings
        self.options = kind.options()
        self.by_word = {word.lower(): option for option in self.options.values() for word in option.words}
        self.fillers = FILLERS | {filler.lower() for filler in kind.fillers}
        self.given: dict[str, list[Written]] = {}
        self.by_name: set[str] = set()
        self.place = 0
        self.slipped = False

    def read(self) -> dict[str, list[Written]]:
        while self.place < len(self.items):
            item = self.items[self.place]
            self.place += 1
            if isinstance(item, tree.Word):
                self._word(item)
            elif isinstance(item, tree.Mark):
                self._mark(item)
            elif isinstance(item, tree.Sign):
                self._sign(item)
            elif isinstance(item, tree.Table):
                self._table(item)
            else:
                self._bare(item)
        return self.given

    def _word(self, word: tree.Word) -> None:
        text = word.text.lower()
        option = self.by_word.get(text)
        if text in _NEGATIONS:
            self._negation(word)
        elif option is None:
            if not self._named_value(word) and text not in self.fillers:
                self._unknown(word)
        elif option.type is OptionType.FLAG:
            self._set(option, [Written(True, word.span)])
            self.by_name.add(option.name)
        else:
            self._named(option, word)

    def _named_value(self, word: tree.Word) -> bool:
        """A word that is a value by itself: a parameter of the block, `same`, or a choice."""
        value = self._value_of(word)
        if value is not None:
            self._bare(value)
            return True
        text = word.text.lower()
        for option in self.options.values():
            if option.type is OptionType.PADDING and text in _PADDINGS:
                self._set(option, [Written(_PADDINGS[text], word.span)])
                return True
            if option.type is OptionType.WORD and text in option.choices:
                self._set(option, [Written(text, word.span)])
                self.by_name.add(option.name)
                return True
        return False

    def _value_of(self, item: tree.Item | None) -> tree.Value | None:
        """A value as written, or as a parameter or `let` of this name says it."""
        if isinstance(item, tree.Number | tree.Extents):
            return item
        if isinstance(item, tree.Word):
            quantity = self.environment.values.get(item.text)
            return as_item(quantity, item.span) if quantity is not None else None
        return None

    def _named(self, option: Option[Any], word: tree.Word) -> None:
        """A word that introduces an option; without a value it may be a filler: `96 filters`."""
        place = self.place
        while place < len(self.items) and self._is_filler(self.items[place]):
            place += 1
        following = self.items[place] if place < len(self.items) else None
        if isinstance(following, tree.Word) and self._by_words(option, word, following, place):
            return
        value = self._value_of(following)
        positional = option.name in self.given and option.name not in self.by_name
        idle = word.text.lower() in self.fillers
        misplaced = isinstance(value, tree.Extents) and option.type in _NUMBERS
        if positional or value is None or (misplaced and idle):
            if word.text in self.environment.values and not (positional and idle):
                self._named_value(word)  # a parameter that is called like an option
            elif not positional and not idle:
                self._no_value(option, word)
            return
        self.place = place + 1
        self._set(option, self._values(option, value, word.span))
        self.by_name.add(option.name)

    def _by_words(self, option: Option[Any], word: tree.Word, following: tree.Word, place: int) -> bool:
        """An option whose value is a word: `pad same`, `pad top 0 bottom 1`, `table lenet5`."""
        text = following.text.lower()
        value: Any = None
        end = place + 1
        if option.type is OptionType.PADDING and text in _PADDINGS:
            value = _PADDINGS[text]
        elif option.type is OptionType.PADDING and text in _SIDES:
            value, end = self._sides(option, place)
        elif option.type is OptionType.WORD and text in option.choices:
            value = text
        elif option.type is OptionType.TABLE and text in option.tables:
            value = option.tables[text]
        elif option.type in (OptionType.WORD, OptionType.TABLE):
            known = option.choices or tuple(option.tables)
            near = did_you_mean(text, known)
            cures = (f"did you mean `{near}`?",) if near else ()
            message = f"`{option.words[0]}` has no choice `{following.text[:40]}`"
            self.findings.add(
                "ND206", message, following.span, help=(*cures, f"the choices are {', '.join(known)}")
            )
        else:
            return False
        self.place = end
        self._set(option, [Written(value, word.span.to(self.items[end - 1].span))])
        self.by_name.add(option.name)
        return True

    def _sides(self, option: Option[Any], place: int) -> tuple[Padding | None, int]:
        """`top 0 bottom 1 left 0 right 1`: the padding, and the place behind it. Sides left out are 0."""
        sides = dict.fromkeys(_SIDES, 0)
        sound = True
        while self._is_side(place):
            side = self.items[place]
            assert isinstance(side, tree.Word)
            value = self._value_of(self.items[place + 1]) if place + 1 < len(self.items) else None
            try:
                if not isinstance(value, tree.Number):
                    raise MisfitError("ND206", f"`{side.text}` needs a number of rows or columns")
                sides[side.text.lower()] = convert(option, value).top
            except MisfitError as misfit:
                self.findings.add(misfit.code, misfit.message, side.span, misfit.label)
                sound = False
            place += 1 if value is None else 2
            following = self.items[place] if place < len(self.items) else None
            if isinstance(following, tree.Mark) and following.text == "," and self._is_side(place + 1):
                place += 1
        return (Padding(**sides) if sound else None), place

    def _is_side(self, place: int) -> bool:
        item = self.items[place] if place < len(self.items) else None
        return isinstance(item, tree.Word) and item.text.lower() in _SIDES

    def _sign(self, sign: tree.Sign) -> None:
        """A sign of arithmetic that no formula has taken in."""
        if sign.text == "*":
            message, cure = "only a group in brackets can be repeated", "put brackets around it: `[RELU]*3`"
        else:
            message, cure = (
                f"`{sign.text}` stands alone",
                "write arithmetic like `4*k`, `width/2` or `(k+1)*2`",
            )
        self.findings.add("ND207", message, sign.span, help=(cure,))
        self.slipped = True

    def _table(self, table: tree.Table) -> None:
        option = next((option for option in self.options.values() if option.type is OptionType.TABLE), None)
        if option is None:
            self.findings.add(
                "ND207",
                f"{self.kind.keyword} takes no table of connections",
                table.span,
                help=("leave it out",),
            )
            return
        try:
            rows = table_rows(table)
        except MisfitError as misfit:
            self.findings.add(misfit.code, misfit.message, table.span, misfit.label)
            rows = None
        self._set(option, [Written(rows, table.span)])
        self.by_name.add(option.name)

    def _is_filler(self, item: tree.Item) -> bool:
        if isinstance(item, tree.Mark):
            return item.text == "="
        if not isinstance(item, tree.Word) or item.text in self.environment.values:
            return False
        return item.text.lower() in FILLERS

    def _negation(self, word: tree.Word) -> None:
        following = self.items[self.place] if self.place < len(self.items) else None
        option = self.by_word.get(following.text.lower()) if isinstance(following, tree.Word) else None
        if option is None or option.type is not OptionType.FLAG or following is None:
            flags = [name for name, flag in self.options.items() if flag.type is OptionType.FLAG]
            cure = f"{self.kind.keyword} knows `no {'`, `no '.join(flags)}`" if flags else "leave it out"
            self.findings.add("ND202", f"`{word.text}` switches nothing off here", word.span, help=(cure,))
            self.place += isinstance(following, tree.Word)
            return
        self.place += 1
        self._set(option, [Written(False, word.span.to(following.span))])
        self.by_name.add(option.name)

    def _mark(self, mark: tree.Mark) -> None:
        following = self._value_of(self.items[self.place]) if self.place < len(self.items) else None
        if mark.text == "/" and following is not None:
            self.place += 1
            option = self.options.get("stride")
            if option is None:
                self._belongs_nowhere(following, f"{self.kind.keyword} has no stride")
            else:
                self._set(option, self._values(option, following, mark.span))
                self.by_name.add(option.name)
        elif mark.text != ",":
            self.findings.add(
                "ND207",
                f"`{mark.text}` stands alone",
                mark.span,
                help=("write `stride 2`, `stride = 2` or `/2`",),
            )

    def _bare(self, value: tree.Value) -> None:
        """A value without a word: it goes to the first free positional option that takes it."""
        if all(name in self.options for name in _VOLUME_OPTIONS):
            self._volume(value)
            return
        types = _NUMBERS if isinstance(value, tree.Number) else (OptionType.SIZE,)
        for option in self.options.values():
            if option.positional and option.type in types and option.name not in self.given:
                self._set(option, self._values(option, value, value.span))
                return
        if not self.slipped:  # behind an unknown word it is that word's value
            self._belongs_nowhere(value, "")

    def _volume(self, value: tree.Value) -> None:
        if any(name in self.given for name in _VOLUME_OPTIONS):
            self._belongs_nowhere(value, "the volume is given twice")
            return
        for name, written in volume_options(self.kind, value, self.findings).items():
            self.given[name] = [written]

    def _values(self, option: Option[Any], first: tree.Value, start: Span) -> list[Written]:
        """A value, or in a where block the whole list that a comma continues."""
        values: list[tree.Value] = [first]
        while self.lists and self.place + 1 < len(self.items):
            comma, following = self.items[self.place], self._value_of(self.items[self.place + 1])
            if not (isinstance(comma, tree.Mark) and comma.text == ","):
                break
            if following is None or type(following) is not type(first):
                break
            values.append(following)
            self.place += 2
        written: list[Written] = []
        for value in values:
            if self.lists and "," in value.text:
                self._ambiguous(value)
            try:
                written.append(Written(convert(option, value), start.to(value.span)))
            except MisfitError as misfit:
                self.findings.add(
                    misfit.code, misfit.message, value.span, self._explained(value, misfit.label)
                )
                written.append(Written(None, start.to(value.span)))
        return written

    def _explained(self, value: tree.Value, label: str) -> str:
        """The label of a value that does not fit; for a formula, what it comes to."""
        formula = self.findings.source.excerpt(value.span)
        return label if formula == value.text else f"{formula[:60]} = {value.text}"

    def _set(self, option: Option[Any], values: list[Written]) -> None:
        earlier = self.given.get(option.name)
        if earlier is not None:
            self.findings.add(
                "ND205",
                f"`{option.words[0]}` is given twice",
                values[0].span,
                secondary=(Label(earlier[0].span, "first given here"),),
                help=("leave one of them out",),
            )
            return
        self.given[option.name] = values

    def _ambiguous(self, value: tree.Value) -> None:
        apart = value.text.replace(",", ", ")
        together = value.text.replace(",", "")
        self.findings.add(
            "ND106",
            f"`{value.text}` in a list can be one number or several",
            value.span,
            help=(f"write `{apart}` for a list, `{together}` for one number",),
        )

    def _no_value(self, option: Option[Any], word: tree.Word) -> None:
        self.findings.add(
            "ND206",
            f"`{word.text}` needs a value: {option.type.value}",
            word.span,
            help=(f"{option.words[0]}: {option.doc}",),
        )

    def _belongs_nowhere(self, value: tree.Value, reason: str) -> None:
        taken = ", ".join(f"{option.words[0]} ({option.doc})" for option in self.options.values())
        known = f"{self.kind.keyword} takes {taken}" if taken else f"{self.kind.keyword} takes no options"
        cures = [known]
        if isinstance(value, tree.Number) and any(
            option.positional and option.type is OptionType.SIZE and name not in self.given
            for name, option in self.options.items()
        ):
            cures.insert(0, f"a size is written with both extents: {value.text}x{value.text}")
        self.findings.add(
            "ND207",
            f"`{value.text}` belongs to no option of {self.kind.keyword}",
            value.span,
            reason,
            help=tuple(cures),
        )

    def _unknown(self, word: tree.Word) -> None:
        self.slipped = True
        known_words = [*self.by_word, *self.fillers, "no", *self.environment.values]
        near = None if self.findings.crowded else did_you_mean(word.text, known_words)
        known = sorted({option.words[0] for option in self.options.values()})
        cures = [f"did you mean `{near}`?"] if near else []
        if known:
            cures.append(f"{self.kind.keyword} knows the options {', '.join(known)}")
        else:
            cures.append(f"{self.kind.keyword} takes no options")
        self.findings.add(
            "ND202", f"{self.kind.keyword} does not know the word `{word.text}`", word.span, help=tuple(cures)
        )


def read_options(
    kind: type[Layer],
    items: tuple[tree.Item, ...],
    findings: Findings,
    environment: Environment,
    *,
    lists: bool = False,
) -> dict[str, list[Written]]:
    """The options that are written, by name; one value each, several where ``lists`` allows.

    A value that does not fit is reported and has the value None.
    """
    known = calculated(items, environment, findings)
    return _Reader(kind, known, environment, lists, findings).read() if known is not None else {}


def volume_options(kind: type[Layer], value: tree.Value, findings: Findings) -> dict[str, Written]:
    """What a volume says about a kind that is given by one; empty for other kinds."""
    options = kind.options()
    if not all(name in options for name in _VOLUME_OPTIONS):
        return {}
    parts = extents(value)
    if parts is None or len(parts) > 3:
        findings.add(
            "ND206",
            "a volume has a height, a width and channels",
            value.span,
            help=("write `32x32x3`, or `784`",),
        )
        return {name: Written(None, value.span) for name in _VOLUME_OPTIONS}
    names = _VOLUME_OPTIONS[2:] if len(parts) == 1 else _VOLUME_OPTIONS
    padded = (*parts, 1) if len(parts) == 2 else parts
    found = {}
    for name, part in zip(names, padded, strict=True):
        try:
            found[name] = Written(convert(options[name], tree.Number(str(part), value.span)), value.span)
        except MisfitError as misfit:
            findings.add(misfit.code, misfit.message, value.span, misfit.label)
            found[name] = Written(None, value.span)
    return found
