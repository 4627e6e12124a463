"""What is said of items that fit no option: which word or value is meant, and what a kind knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netdsl.diagnostics import Edit, Findings, Label
from netdsl.graph.expressions.coercion import MisfitError, convert
from netdsl.graph.expressions.environment import CHANNELS, NOTHING_COMES_IN, USE_CHANNELS
from netdsl.graph.expressions.values import Number, Value
from netdsl.graph.options.foreign_options import Reworded
from netdsl.graph.options.value_order import takes_bare
from netdsl.graph.options.volumes import Written
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.source import Span
from netdsl.syntax import tree

_PRODUCT = re.compile(r"([0-9]+)[ \t]*\*[ \t]*([0-9]+)")

_BESIDE = 10
"""Characters between two numbers side by side."""

DIGITS = {
    word: number
    for number, word in enumerate(
        (
            *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve"),
        ),
        1,
    )
}

_MATRIX = re.compile(r"([0-9]+)[ \t]*[xX×][ \t]*([0-9]+)")
"""``256 × 1000``: the weights of a fully connected layer as tables give them."""

_LAYER_BEFORE = re.compile(r"[A-Za-z_][\w.=,/ \t]*\Z")
_COUNT_BEHIND = re.compile(r"[ \t]*(\w+|\([^()\n]*\))")


def _takes(option: Option[Any], value: Value) -> bool:
    """Whether a value could be meant for an option; whole numbers are seldom real ones."""
    if option.type not in _VALUED or (option.type is OptionType.REAL and value.text.isdecimal()):
        return False
    try:
        convert(option, value)
    except MisfitError:
        return False
    return True


_VALUED = (OptionType.COUNT, OptionType.INDEX, OptionType.SIZE, OptionType.PADDING, OptionType.REAL)


class OptionFindings:
    """Reports about the options of one kind."""

    def __init__(self, kind: type[Layer], findings: Findings) -> None:
        self.kind = kind
        self.options = kind.options()
        self.usual = [option for option in self.options.values() if not option.restates]
        self.findings = findings

    def ambiguous(self, value: Value) -> None:
        apart = value.text.replace(",", ", ")
        together = value.text.replace(",", "")
        self.findings.add(
            "ND106",
            f"`{value.text}` in a list can be one number or several",
            value.span,
            help=(f"write `{apart}` for a list, `{together}` for one number",),
        )

    def no_value(self, option: Option[Any], word: tree.Word) -> None:
        self.findings.add(
            "ND206",
            f"`{word.text}` needs a value: {option.type.value}",
            word.span,
            help=(f"{option.words[0]}: {option.doc}",),
        )

    def belongs_nowhere(
        self,
        value: Value,
        reason: str,
        given: Mapping[str, Sequence[Written]],
        *,
        sized: bool = False,
    ) -> None:
        """A value that no option takes; ``sized`` where a size follows it in the layer."""
        if self.kind.yields_probabilities and not self.usual and value.text.isdecimal():
            self._counted_probabilities(value)
            return
        words = ", ".join(option.words[0] for option in self.usual)
        cures = [f"{self.kind.keyword} takes {words or 'no options'}"]
        number = isinstance(value, Number)
        bare = [option for option in self.options.values() if option.positional]
        fix = None
        coming = self._coming_in(value, given) if number else None
        matrix = _MATRIX.fullmatch(value.text) if self.kind.has_weights and not number else None
        if matrix is not None and not any(option.type is OptionType.SIZE for option in bare):
            meant = f"{self.kind.keyword} {matrix[2]}"
            cures.insert(0, f"write `{meant}`: the {matrix[1]} numbers that come in are known")
            reason, fix = "", Edit(value.span, matrix[2])
        narrows = any(option.type is OptionType.SIZE and option.name not in given for option in bare)
        if coming is not None:
            written = self.findings.source.excerpt(coming)
            cures = [f"what comes in is known: if that is `{written}`, leave it out"]
            taken = Span(coming.start, value.span.start)
            ahead = taken.start < taken.end  # what comes in is written before what is meant
            fix = Edit(taken, "") if ahead and (sized or not narrows) else None
        if number and narrows and not sized:
            n = value.text
            narrow = f", or {n}x1 where the width is 1" if n != "1" else ""
            cures.insert(0, f"a size has two extents, height and width: {n}x{n}{narrow}")
        elif (
            matrix is None and coming is None and not reason and (placed := self._with_its_word(value, given))
        ):
            cures.insert(0, placed)
            if placed.startswith("leave"):
                before = self.findings.source.excerpt(Span(value.span.start - 1, value.span.start))
                fix = Edit(Span(value.span.start - before.isspace(), value.span.end), "")
        indices = [
            Label(given[option.name][0].span, f"{option.words[0]} already")
            for option in bare
            if option.name in given and takes_bare(option, self.options, number=number)
        ]
        self.findings.add(
            "ND207",
            f"`{value.text}` belongs to no option of {self.kind.keyword}",
            value.span,
            reason,
            secondary=tuple(indices),
            help=tuple(cures),
            fix=fix,
            cause=f"{self.kind.keyword} {number} {sized} {reason}",
        )

    def _counted_probabilities(self, value: Value) -> None:
        """``10 softmax``: ten neurons before it, or what comes in."""
        kind, number = self.kind.keyword, value.text
        self.findings.add(
            "ND230",
            f"`{number}` beside {kind} can be read in two ways",
            value.span,
            help=(
                f"write `FC {number} - {kind}`: weights that make {number} scores, then {kind}",
                f"write `{kind}`: {number} scores come in, and {kind} has no weights",
            ),
            line_may_settle=True,
        )

    def no_range(self, item: tree.Range) -> None:
        """``CONV 3-64``: no range, but perhaps a number on each side of a hyphen."""
        first, _, last = item.text.partition("-")
        self.findings.add(
            "ND207",
            f"`{item.text}` is a range of channels, and {self.kind.keyword} takes none",
            item.span,
            help=(
                f"separate two numbers with a blank: `{first} {last}`",
                "`-` chains layers, not numbers",
            ),
        )

    def _coming_in(self, value: Value, given: Mapping[str, Sequence[Written]]) -> Span | None:
        """The first number of ``CONV 3 64 3x3``, which PyTorch wants to know."""
        counts = [
            name
            for name, option in self.options.items()
            if option.positional and option.type is OptionType.COUNT
        ]
        first = given[counts[0]][0].span if self.kind.has_weights and counts and counts[0] in given else None
        if first is None or value.span.start - first.end > _BESIDE:
            return None
        between = self.findings.source.excerpt(Span(first.end, value.span.start))
        return None if between.strip(" \t,") else first

    def _with_its_word(self, value: Value, given: Mapping[str, Sequence[Written]]) -> str:
        """``write `stride 2` or `pad 2` ``: the likeliest readings of a value that has no word."""
        free = (option for option in self.usual if option.name not in given)
        meant = [f"`{option.words[0]} {value.text}`" for option in free if _takes(option, value)]
        if not meant and not any(option.positional for option in self.usual):
            return f"leave `{value.text}` out"
        return f"write {' or '.join(meant[:2])}, whichever you mean" if meant else ""

    def before_its_word(self, value: Value, word: tree.Word, option: Option[Any]) -> None:
        """``2x2 stride``: the value stands before the word that it is meant for."""
        span = value.span.to(word.span)
        written = self.findings.source.excerpt(value.span)
        sized = option.type is OptionType.SIZE and _PRODUCT.fullmatch(written)
        meant = (
            f"{word.text} {'x'.join(sized.groups()) if sized else written}"  # `kernel 5*5` is one of 25x25
        )
        named = f"{option.words[0]} takes the value right after its word"
        self.findings.add(
            "ND228",
            f"`{written}` comes before `{word.text}`, not after it",
            span,
            help=(f"write `{meant}`: {named}",),
            fix=Edit(span, meant),
            cause="a value before its word",
        )

    def two_names(self, word: tree.Word, other: tree.Word) -> None:
        """``kernel stride``, where both are options and parameters as well."""
        one, two = word.text, other.text
        self.findings.add(
            "ND229",
            f"`{one} {two}` can be read in two ways: both are options here, and names of values",
            word.span.to(other.span),
            help=(f"write `{one} {one} {two} {two}`, or `{one} = {two}` under other names",),
        )

    def name_and_switch(self, word: tree.Word) -> None:
        """``GN scale``, where `scale` is a number as well."""
        self.findings.add(
            "ND229",
            f"`{word.text}` can be read in two ways: it is an option here, and the name of a value",
            word.span,
            help=("give the value another name",),
        )

    def taken(self, word: tree.Word, taker: Option[Any]) -> None:
        """``stride 3x3 kernel``: the value before the word is that of another one."""
        name = taker.words[0]
        self.findings.add(
            "ND228",
            f"the value before `{word.text}` is that of `{name}`, and no other follows",
            word.span,
            help=(
                "a word takes the value right after it, whatever follows",
                f"put the value of `{name}` after it, or leave `{word.text}` out",
            ),
        )

    def sides_alone(self, option: Option[Any], word: tree.Word) -> None:
        """``left 1`` beside a kind that pads as well as it does other things."""
        message = f"`{word.text}` is a side of a padding, whose word is missing"
        self.findings.add("ND202", message, word.span, meant=f"{option.words[0]} {word.text}")

    def sides_behind(self, span: Span, meant: str) -> None:
        """``pad 1 left``: each side stands before its number."""
        written = self.findings.source.excerpt(span)
        self.findings.add(
            "ND228",
            f"in `{written}` the numbers come before their sides, not after them",
            span,
            help=(f"write `{meant}`",),
            fix=Edit(span, meant),
            cause="a number before its side",
        )

    def no_number(self, word: tree.Word) -> None:
        """``CONV act 3x3``, where a layer is handed over as ``act``."""
        message = f"`{word.text}` is a layer here, but {self.kind.keyword} takes numbers"
        self.findings.add(
            "ND247", message, word.span, help=(f"chain it: `{self.kind.keyword} ... - {word.text}`",)
        )

    def unknown(self, word: tree.Word, known_words: Iterable[str], options: str) -> None:
        """A word that is none of ``known_words``, which ``options`` tells from those of other layers."""
        if word.text == CHANNELS:
            self.findings.add("ND246", NOTHING_COMES_IN, word.span, help=(USE_CHANNELS,))
            return
        number = DIGITS.get(word.text.lower())
        if number is not None:
            message = f"{self.kind.keyword} has no option `{word.text}`"
            cure = f"write `{number}`: numbers are written with digits"
            self.findings.add("ND202", message, word.span, help=(cure,), fix=Edit(word.span, str(number)))
            return
        near = self.findings.near(word.text, known_words, f"{self.kind.keyword} {options}")
        known = sorted({option.words[0] for option in self.usual})
        cure = f"has the option{'s' * (len(known) != 1)} {', '.join(known)}" if known else "takes no options"
        help = (f"{self.kind.keyword} {cure}",) if near is None else ()
        message = f"{self.kind.keyword} has no option `{word.text}`"
        self.findings.add("ND202", message, word.span, help=help, meant=near, cause=word.text.lower())

    def other_layer(self, word: tree.Word, other: type[Layer]) -> None:
        """A word that begins another layer: ``CONV 8 3x3, relu``."""
        message = f"{self.kind.keyword} has no option `{word.text}`"
        help = (f"{other.keyword} is a separate layer: chain it with ` - {other.keyword}`",)
        self.findings.add("ND202", message, word.span, help=help, cause="two layers side by side")

    def foreign(self, word: tree.Word, found: Reworded) -> None:
        """An option of another program, in the words of this kind."""
        message = f"{self.kind.keyword} has no option `{word.text}`"
        same = "gives the same volume"
        if found.own is None:
            self.findings.add("ND202", message, word.span, help=(f"`{found.meant}` after it {same}",))
            return
        first, last = sorted((found.own, found.foreign))
        between = self.findings.source.text[first.end : last.start]
        if found.own is first:
            meant = f"{found.meant}{between.rstrip(' ,')}"
        else:
            meant = f"{between.lstrip(' ,')}{found.meant}"
        help, fix = (f"write `{meant}`, which {same}",), Edit(first.to(last), meant)
        self.findings.add("ND202", message, word.span, help=help, fix=fix)

    def misfit(self, code: str, message: str, value: Value, label: str) -> None:
        """A value that does not fit; for a formula, the label says what it comes to."""
        formula = self.findings.source.excerpt(value.span)
        shown = label if formula == value.text else f"{formula[:60]} = {value.text}"
        self.findings.add(code, message, value.span, shown)

    def no_choice(self, option: Option[Any], word: tree.Word) -> None:
        known = option.choices or tuple(option.tables)
        message = f"`{option.words[0]}` has no choice `{word.text[:40]}`"
        choices = (f"the choices are {', '.join(known)}",)
        near = self.findings.near(word.text, known, f"{self.kind.keyword} {option.name}")
        self.findings.add("ND206", message, word.span, help=choices, meant=near)

    def stray_sign(self, sign: tree.Sign) -> None:
        """A sign of arithmetic that no formula has taken in."""
        if sign.text == "*":
            message = "only a group in brackets can be repeated"
            cure = f"put brackets around it: `{self._repeated(sign.span)}`"
        else:
            message = f"`{sign.text}` has nothing to repeat or join"
            cure = "write arithmetic like `4*k`, `width/2` or `(k+1)*2`"
        self.findings.add("ND207", message, sign.span, help=(cure,))

    def _repeated(self, sign: Span) -> str:
        """The layer before a `*` as a group, with what stands behind the sign."""
        text = self.findings.source.text
        before = _LAYER_BEFORE.search(text[max(0, sign.start - 60) : sign.start])
        behind = _COUNT_BEHIND.match(text[sign.end : sign.end + 20])
        return f"[{before[0].strip() if before else self.kind.keyword}]*{behind[1] if behind else 'n'}"

    def negates_nothing(self, word: tree.Word) -> None:
        flags = [name for name, flag in self.options.items() if flag.type is OptionType.FLAG]
        cure = f"{self.kind.keyword} knows `no {'`, `no '.join(flags)}`" if flags else "leave it out"
        self.findings.add("ND202", f"`{word.text}` switches nothing off here", word.span, help=(cure,))

    def given_twice(self, option: Option[Any], span: Span, first: Span) -> None:
        self.findings.add(
            "ND205",
            f"`{option.words[0]}` is given twice",
            span,
            secondary=(Label(first, "first given here"),),
            help=("leave one of them out",),
        )
