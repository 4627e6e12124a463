"""Reads the items behind a layer's kind against the options that its class declares.

From left to right: a word of an option takes the value right behind it; a value that no word takes goes
to the first free option, in the order of the class, that needs no word. What neither rule places is a
finding, never a guess.
"""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.expressions.coercion import TABLE_LIMIT, MisfitError, table_rows
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.expressions.layer_formulas import calculated
from netdsl.graph.expressions.values import Items
from netdsl.graph.options.assignment import FILLERS
from netdsl.graph.options.volumes import Written
from netdsl.graph.options.words import OptionWords
from netdsl.layers.layer import Layer
from netdsl.layers.option import OptionType
from netdsl.layers.registry import kind_named
from netdsl.syntax import tree

_ONE_COLON = "a layer has one colon, after its label, and one before the value of an option"


class _Reader(OptionWords):
    """One pass over the items of a layer."""

    def read(self) -> dict[str, list[Written]]:
        while self.index < len(self.items):
            item = self.items[self.index]
            self.index += 1
            if isinstance(item, tree.Word):
                self._word(item)
            elif isinstance(item, tree.Mark):
                self._mark(item)
            elif isinstance(item, tree.Sign):
                self.say.stray_sign(item)
                self.slipped = True
            elif isinstance(item, tree.Table):
                self._table(item)
            elif isinstance(item, tree.Range):
                self._range(item)
            else:
                self._bare(item)
        self.other_words.report(self.findings)
        del self.order, self.other_words  # they refer back to the reader: a circle
        return self.given

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
            rows = table_rows(table, TABLE_LIMIT - self.findings.spend("connections", 0))
            self.findings.spend("connections", sum(map(len, rows)))
        except MisfitError as misfit:
            self.findings.add(misfit.code, misfit.message, table.span, misfit.label)
            rows = None
        self._set(option, [Written(rows, table.span)])
        self.by_name.add(option.name)

    def _is_word(self, text: str) -> bool:
        item = self.items[self.index] if self.index < len(self.items) else None
        return isinstance(item, tree.Word) and item.text.lower() == text

    def _begins_layer(self) -> bool:
        following = self.items[self.index] if self.index < len(self.items) else None
        return isinstance(following, tree.Word) and kind_named(following.text) is not None

    def _behind_noun(self) -> bool:
        """``number of filters: 20``: the colon stands behind what is counted."""
        before = self.items[self.index - 2] if self.index > 1 else None
        return isinstance(before, tree.Word) and before.text.lower() in self.fillers - FILLERS

    def _mark(self, mark: tree.Mark) -> None:
        following = self._value_of(self.items[self.index]) if self.index < len(self.items) else None
        if mark.text == "/" and following is not None:
            self.index += 1
            option = self.options.get("stride")
            if option is None:
                self.say.belongs_nowhere(following, f"{self.kind.keyword} has no stride", self.given)
            else:
                self._take(option, following, mark.span)
        elif mark.text == ":":
            if not self.slipped and not (following is not None and self._behind_noun()):
                self.findings.add("ND102", _ONE_COLON, mark.span, help=("write `label: KIND options`",))
                self.slipped = True
        elif mark.text == "/" and self._begins_layer():
            pass  # the layer behind it is spoken of
        elif mark.text == "/" and "stride" not in self.options and self._is_word("s1"):
            self.index += 1  # `FC / s1` of MobileNet's table: a stride of 1 changes nothing
        elif mark.text != "," and not (mark.text == "=" and self.slipped):
            self.findings.add(
                "ND207",
                f"`{mark.text}` has no word before it",
                mark.span,
                help=("write `stride 2`, `stride = 2` or `/2`",),
            )

    def _range(self, item: tree.Range) -> None:
        option = next((one for one in self.options.values() if one.type is OptionType.CHANNELS), None)
        if option is None:
            self.say.no_range(item)
            self.slipped = True
        elif not self.slipped:
            self.index -= 1
            self._several(option, item.span)


def read_options(
    kind: type[Layer],
    items: Items,
    findings: Findings,
    environment: Environment,
    *,
    lists: bool = False,
) -> dict[str, list[Written]]:
    """The options that are written, by name; one value each, several where ``lists`` allows.

    A value that does not fit is reported and has the value None.
    """
    known = calculated(items, environment, findings)
    if known is None:
        return {}
    if environment.values:
        words = (item for item in items if isinstance(item, tree.Word))
        environment.readings.seen.update(word.span for word in words if word.text in environment.values)
    return _Reader(kind, known, environment, lists, findings).read()
