"""The layers of a line: which values belong to which kind, and what they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from netdsl.graph.sheets.items import (
    ARROW,
    BREAK,
    CALL,
    COLON,
    EQUALS,
    KIND,
    NOUN,
    REPEAT,
    SWITCH,
    VALUE,
    Item,
    UnknownError,
)
from netdsl.graph.sheets.vocabulary import (
    ACTIVATIONS,
    CLAIM,
    COMING,
    COUNT,
    EITHER,
    KEEP,
    MAPS,
    PAD,
    POOLS,
    RATE,
    SIZE,
    SLIDING,
    STRIDE,
)

_WIDEST = 11
"""Of a kernel, in pixels: a larger number is one of filters."""


@dataclass
class SheetLayer:
    """A layer of a line, before its values are told apart: ``option`` is part of its name, ``weak`` where the
    name alone would be no layer, ``apart`` where a break stands between it and the layer before."""

    kind: str
    option: str = ""
    weak: bool = False
    apart: bool = False
    items: list[Item] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    bare: list[str] = field(default_factory=list)
    call: str = ""

    @property
    def says(self) -> bool:
        """Whether more than signs and breaks stand here."""
        return any(item.what not in (BREAK, ARROW) for item in self.items)

    @property
    def valued(self) -> bool:
        return any(item.what in (VALUE, NOUN, SWITCH) for item in self.items)


def _made(kind: str) -> SheetLayer:
    weak = kind.endswith("?")
    kind = kind.rstrip("?")
    for name in ("AVG POOL", "MAX POOL"):
        if kind.startswith(f"{name} "):
            return SheetLayer(name, kind[len(name) + 1 :], weak)
    if kind == "CONV 1x1":
        made = SheetLayer("CONV", "", weak)
        made.values[SIZE] = "1x1"
        return made
    return SheetLayer(kind, "", weak)


def layers_of(label: list[Item], body: list[Item]) -> list[SheetLayer]:
    """The layers of a line in their order. Raises UnknownError."""
    named = _parted(label, implied=False)
    parts = _parted(body, implied=not named)
    if named:
        parts = _joined(named, parts)
    if not parts:
        raise UnknownError("no kind")
    _give_back(parts)
    for part in parts:
        if part.weak and part.kind in POOLS:
            raise UnknownError(part.kind)
        _attribute(part)
    _give_channels_back(parts)
    return _in_order(parts)


_SLOPED = ("LEAKY RELU", "ELU", "SOFTMAX", "PRELU")


def _give_back(parts: list[SheetLayer]) -> None:
    """``convolution with ReLU, 9 5x5 filters``: values behind an activation are of the layer before it."""
    for number, part in enumerate(parts):
        sloped = part.kind in _SLOPED and not any(item.what in (NOUN, SWITCH) for item in part.items)
        if part.kind not in ACTIVATIONS or sloped or part.kind == "SOFTMAX" or not part.valued:
            continue
        owner = next(
            (other for other in reversed(parts[:number]) if other.kind not in (*ACTIVATIONS, "BN")), None
        )
        if owner is not None and owner.kind in (*SLIDING, "FC"):
            owner.items += [Item(BREAK), *part.items]
            part.items = []


def _give_channels_back(parts: list[SheetLayer]) -> None:
    """``3x3 conv, ReLU, 2x2 max pool, channels 16``: a pool has the channels of the layer before it."""
    for number, part in enumerate(parts):
        owner = next((other for other in reversed(parts[:number]) if other.kind in ("CONV", "DECONV")), None)
        if part.kind not in POOLS or COUNT not in part.values or owner is None:
            continue
        if COUNT in owner.values or any(value.isdecimal() for value in owner.bare):
            continue
        owner.values[COUNT] = part.values[COUNT]
        if COMING in part.values:
            owner.values.setdefault(COMING, part.values.pop(COMING))


def _parted(items: list[Item], *, implied: bool) -> list[SheetLayer]:
    """The layers that the items name; the first has no kind where values stand before any."""
    found: list[SheetLayer] = []
    current = SheetLayer("")
    clause: list[Item] = []
    named = False
    for item in items:
        if item.what == CALL:
            current.items += clause
            clause = []
            found.append(current)
            current, named = SheetLayer("", call=item.text), True
        elif item.what in (BREAK, ARROW):
            current.items += [*clause, item]
            clause, named = [], False
        elif item.what == KIND:
            new = _made(item.text)
            if _same(current, new, clause):
                current.kind = _more_said(current, new, item)
                current.option = current.option or new.option
                current.weak = current.weak and new.weak
                current.values |= new.values
            elif new.weak and new.kind in POOLS and not current.kind:
                current.kind, current.weak = new.kind, True
            elif new.weak and new.kind in POOLS:
                raise UnknownError(item.text)
            else:
                leads = implied and not current.kind and not current.call and not found
                leads = leads and not (new.kind in ACTIVATIONS and _is_whole(current.items))
                if leads:
                    clause = [*current.items, *clause]
                elif named or new.kind in ACTIVATIONS:
                    current.items += clause
                    clause = []
                if not leads:
                    found.append(current)
                new.apart = not named
                current, new.items, clause = new, list(clause), []
            named = True
        else:
            clause.append(item)
    current.items += clause
    found = [part for part in (*found, current) if part.kind or part.call or part.says]
    if implied and len(found) >= 1 and not found[0].kind and not found[0].call:
        found[0].kind = _implied(found[0].items)
    return found


def _is_whole(items: list[Item]) -> bool:
    """Whether items before a break are those of a layer: ``64 3x3 filters, ReLU``."""
    if not items or items[-1].what != BREAK or not any(item.what == NOUN for item in items):
        return False
    try:
        return bool(_implied(items))
    except UnknownError:
        return False


def _same(current: SheetLayer, new: SheetLayer, clause: list[Item]) -> bool:
    """Whether a name says the kind of the layer before it again: ``Pooling: max, 2x2``."""
    if not current.kind or current.call:
        return False
    valued = current.valued or any(item.what in (VALUE, NOUN) for item in clause)
    if new.kind in POOLS and current.kind in POOLS:
        return new.weak or current.weak or not valued
    return new.kind == current.kind and not valued


def _more_said(current: SheetLayer, new: SheetLayer, item: Item) -> str:
    """``averaging pool`` is the kind that its first word says: a pool that says no kind is of any."""
    generic = item.piece is not None and item.piece.text in _ANY_POOL
    return current.kind if generic and current.kind in POOLS else new.kind or current.kind


_ANY_POOL = ("pool", "pooling", "subsampling")


def _implied(items: list[Item]) -> str:
    """The kind of values without one: filters have a size, neurons have none."""
    nouns = {item.text for item in items if item.what == NOUN}
    sizes = any(item.what == VALUE and "x" in item.text for item in items)
    words = {item.piece.text for item in items if item.what == NOUN and item.piece is not None}
    values = [item.text for item in items if item.what == VALUE]
    if len(values) > 1 and any("@" in value for value in values) and not words - _SLIDES:
        return "CONV"
    if (sizes and nouns & {EITHER, MAPS}) or {SIZE, COUNT} <= nouns:
        return "CONV"
    if not sizes and words & {"neuron", "unit", "node"} and nouns <= {COUNT, COMING, CLAIM}:
        return "FC"
    raise UnknownError("no kind")


_SLIDES = frozenset(("kernel", "filter", "map", "stride", "padding", "pad"))


def _joined(named: list[SheetLayer], parts: list[SheetLayer]) -> list[SheetLayer]:
    """The layers that a label names, with the values behind it: ``Convolution + ReLU: CONV 32 3x3``."""
    main = next((part for part in named if part.kind not in (*ACTIVATIONS, "BN")), None)
    rest = [part for part in named if part is not main]
    first = parts[0] if parts else None
    if main is None:
        leads = first is not None and (first.kind or first.call)
        if not leads and named[0].kind and parts:
            named[0].items += [Item(BREAK), *parts[0].items]
            return [*named, *parts[1:]]
    elif first is None:
        parts = [main]
    elif not first.kind and not first.call:
        main.items += [Item(BREAK), *first.items]
        parts = [main, *parts[1:]]
    elif _agree(main, first):
        first.items = [*main.items, Item(BREAK), *first.items]
        first.values = {**main.values, **first.values}
        first.option = first.option or main.option
        first.weak = first.weak and main.weak
    elif main.weak:
        if first.kind == "SOFTMAX" and main.kind == "FC":
            counted, first.items = first.items, []
            main.items += [Item(BREAK), *counted]
            parts = [main, *parts]
        elif main.valued:
            raise UnknownError(main.kind)
    elif first.kind in (*ACTIVATIONS, "BN") and (
        main.valued or (first.valued and main.kind in (*SLIDING, "FC"))
    ):
        parts = [main, *parts]
    else:
        raise UnknownError(first.kind)
    if not parts:
        raise UnknownError("no kind")
    said = {part.kind for part in parts}
    rest = [part for part in rest if part.kind not in said]
    before = named[: named.index(main)] if main is not None and main.apart and not main.weak else []
    ahead = [part for part in rest if any(part is other for other in before)]  # `BatchNorm + MaxPool`
    behind = [part for part in rest if not any(part is other for other in ahead)]
    return [*ahead, parts[0], *behind, *parts[1:]]


def _agree(main: SheetLayer, first: SheetLayer) -> bool:
    return main.kind == first.kind or (main.kind in POOLS and first.kind in POOLS and main.kind == "MAX POOL")


def _in_order(parts: list[SheetLayer]) -> list[SheetLayer]:
    """``softmax output layer with 10 units`` is the scores before their softmax; a count behind an
    activation, ``100 sigmoid neurons``, is that of the layer before it."""
    found: list[SheetLayer] = []
    for part in parts:
        before = found[-1] if found else None
        if before is not None and before.kind == part.kind and part.kind in ACTIVATIONS and not part.values:
            continue  # `with ReLU (ReLU activation)`
        if before is not None and before.kind in ACTIVATIONS and part.kind in ACTIVATIONS:
            raise UnknownError(part.kind)  # `(leaky) ReLU`
        bends = before is not None and before.kind in ACTIVATIONS and not before.values
        if part.kind == "FC" and part.weak and not part.apart and before is not None and bends:
            found[-1:] = [part, before]
        else:
            found.append(part)
    return found


def _attribute(part: SheetLayer) -> None:
    """Say of every value of a layer which option it is."""
    items = part.items
    index = 0
    while index < len(items):
        item = items[index]
        if item.what == SWITCH:
            _switch(part, item.text)
        elif item.what == NOUN:
            index = _noun(part, items, index)
        elif item.what == VALUE:
            index = _value(part, items, index)
        elif item.what in (EQUALS, COLON, REPEAT):
            raise UnknownError(item.text or "=")
        index += 1
    part.items = []


def _switch(part: SheetLayer, switch: str) -> None:
    if switch in ("same", "valid"):
        _put(part, PAD, switch)
    elif switch == "global":
        part.option = "global"
    elif switch == "no bias":
        _put(part, "bias", "no bias")


def _at(items: list[Item], index: int) -> Item | None:
    return items[index] if 0 <= index < len(items) else None


def _value_behind(items: list[Item], index: int) -> int | None:
    """Where the value of the noun before ``index`` stands: right behind it, or behind `=` or `:`."""
    item = _at(items, index)
    if item is not None and item.what in (EQUALS, COLON):
        index += 1
        item = _at(items, index)
    if item is not None and (item.what == VALUE or (item.what == SWITCH and item.text in ("same", "valid"))):
        return index
    return None


def _noun(part: SheetLayer, items: list[Item], index: int) -> int:
    noun = items[index]
    value = _value_behind(items, index + 1)
    if value is not None:
        if items[value].what == SWITCH:
            if noun.text != PAD:
                raise UnknownError(noun.text)
            return value - 1  # the switch itself is read next
        if items[value].what == VALUE:
            _assign(part, noun, items[value].text, behind=True)
            again = _at(items, value + 1)
            only = again is not None and again.what == NOUN and again.text in (COUNT, MAPS, noun.text)
            return value + (only and _value_behind(items, value + 2) is None)
    following = _at(items, index + 1)
    if noun.text in (CLAIM, COMING) and following is not None and following.what == NOUN:
        raise UnknownError(noun.text)  # `output padding 1`
    said = {EITHER: (COUNT, SIZE), MAPS: (COUNT,), CLAIM: (CLAIM, COUNT)}.get(noun.text, (noun.text,))
    if noun.text in (PAD, COUNT, EITHER, SIZE, MAPS, CLAIM) and any(role in part.values for role in said):
        return index
    if noun.text == COMING or (noun.text == COUNT and part.kind in ACTIVATIONS and noun.plural):
        return index
    if noun.text == CLAIM and following is not None and following.what == BREAK and part.kind == "FC":
        return index
    if noun.text == COUNT and part.bare:
        return index
    raise UnknownError(noun.text)


def _value(part: SheetLayer, items: list[Item], index: int) -> int:
    value, noun = items[index], _at(items, index + 1)
    if noun is None or noun.what != NOUN:
        part.bare.append(value.text)
        return index
    behind = _at(items, index + 2)
    if noun.text in (CLAIM, COMING) and behind is not None and behind.what == NOUN:
        raise UnknownError(noun.text)  # `3x3 output padding 1`
    following = _value_behind(items, index + 2)
    if following is not None and items[following].what == VALUE and _goes_forward(noun, value.text):
        part.bare.append(value.text)
        return index
    before = _at(items, index - 1)
    if noun.text in (STRIDE, PAD) and before is not None and before.what != BREAK:
        raise UnknownError(noun.text)  # `stride 2 3 pad`
    _assign(part, noun, value.text, behind=False)
    if noun.text == MAPS:
        return _extents_of_maps(part, items, index + 2)
    return index + 1


def _extents_of_maps(part: SheetLayer, items: list[Item], index: int) -> int:
    """``6 feature maps of size 28x28``: what is read up to there."""
    noun, value = _at(items, index), _value_behind(items, index + 1)
    if noun is not None and noun.what == NOUN and noun.text == SIZE and value is not None:
        _put(part, CLAIM, items[value].text)
        return value
    if noun is not None and noun.what == VALUE and "x" in noun.text:
        _put(part, CLAIM, noun.text)
        return index
    return index - 1


def _pad_as_same(part: SheetLayer, value: str) -> None:
    """``padding = 1 (same)``: the number, where it keeps the size."""
    number = value if value != "same" else part.values.get(PAD, "same")
    if number == "same" or not number.isdecimal():
        part.values[PAD] = value
        return
    size = part.values.get(SIZE) or next((text for text in part.bare if "x" in text), "")
    if any(int(extent) != 2 * int(number) + 1 for extent in re.findall("[0-9]+", size)) or not size:
        raise UnknownError(value)
    part.values[PAD] = number


def _goes_forward(noun: Item, value: str) -> bool:
    """Whether a noun between two values belongs to the one behind it."""
    if noun.text in (STRIDE, PAD, RATE, KEEP, "groups", "dilation", CLAIM, COMING):
        return True
    return noun.text in (SIZE, EITHER) and not noun.plural


def _assign(part: SheetLayer, noun: Item, value: str, *, behind: bool) -> None:
    role, sized = noun.text, "x" in value
    if (role in (CLAIM, COUNT, MAPS) and sized) or (role == CLAIM and part.kind == "FLATTEN"):
        role = CLAIM
    elif role in (CLAIM, MAPS):
        role = COUNT
    elif role == EITHER:
        role = SIZE if sized else COUNT
        if not sized and behind and not noun.plural:
            role = COUNT if value.isdecimal() and int(value) > _WIDEST else SIZE
    bends = part.kind in (*ACTIVATIONS, "BN", "DROPOUT") and part.kind != "SOFTMAX"
    if (part.call or bends) and noun.text == CLAIM:
        role = CLAIM
    if part.kind == "INPUT" and role in (SIZE, CLAIM, COMING):
        part.bare.append(value)
        return
    if part.kind == "DROPOUT" and role == PAD:
        role = RATE
    _put(part, role, value)


def _put(part: SheetLayer, role: str, value: str) -> None:
    if role == PAD and {part.values.get(PAD, value), value} == {"0", "valid"}:
        value = part.values[PAD] = "valid"
    if role == PAD and "same" in (part.values.get(PAD), value) and part.values.get(PAD, "x") != value:
        _pad_as_same(part, value)
        return
    if part.values.get(role, value) != value:
        raise UnknownError(role)
    part.values[role] = value
