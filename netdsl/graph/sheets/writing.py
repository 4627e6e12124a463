"""A layer of a sheet in our words."""

from __future__ import annotations

import re
from dataclasses import replace
from math import prod
from typing import NamedTuple

from netdsl.graph.expressions.values import decimal, exact_number
from netdsl.graph.sheets.items import UnknownError
from netdsl.graph.sheets.layers import SheetLayer
from netdsl.graph.sheets.vocabulary import (
    ACTIVATIONS,
    CLAIM,
    COMING,
    COUNT,
    COUNTING,
    KEEP,
    PAD,
    POOLS,
    RATE,
    SIZE,
    SLIDING,
    STRIDE,
    WEIGHTS,
)

_WIDEST = 11
"""Of a filter beside its number, ``24@5x5``."""


def written(part: SheetLayer) -> str:
    """``[28x28x6] CONV 6 5x5 pad 2``. Raises UnknownError where a value is left over."""
    if part.call:
        return _claimed(part, part.call, {CLAIM})
    if part.kind == "INPUT":
        return _input(part)
    _settle_weights(part)
    values = dict(part.values)
    bare = list(part.bare)
    if part.kind == "FC":
        _settle_matrix(part.values, bare)
        values = dict(part.values)
    if part.kind in (*SLIDING, "UPSAMPLE"):
        _settle_size(values, bare)
    if part.kind == "UPSAMPLE" and len(bare) == 1 and bare[0].isdecimal() and SIZE not in values:
        values[SIZE] = bare.pop()
    if part.kind in ("LEAKY RELU", "ELU") and len(bare) == 1 and _SLOPE.fullmatch(bare[0]):
        part = _sloped(part, bare.pop())
    if part.kind in ("CONV", "DECONV"):
        _settle_channels(values, bare)
        part.values |= {role: values[role] for role in (COMING,) if role in values}
    if part.kind in COUNTING and bare and COUNT not in values and bare[0].isdecimal():
        values[COUNT] = bare.pop(0)
    if part.kind == "DROPOUT":
        _settle_rate(values, bare)
    if part.kind == "FLATTEN" and COUNT in values:
        values.setdefault(CLAIM, values.pop(COUNT))
    if part.kind == "FC" and values.get(COMING, "").count("x") == 2:
        part.values[COMING] = values[COMING] = str(prod(map(int, values[COMING].split("x"))))
    if part.kind == "FLATTEN" and bare:
        values[CLAIM] = bare.pop(0)
    if (
        part.kind == "FLATTEN"
        and values.get(CLAIM, "").count("x") == 2
        and not values[CLAIM].startswith("1x1x")
    ):
        values[CLAIM] = str(prod(map(int, values[CLAIM].split("x"))))
    if bare and "x" in bare[-1] and bare[-1].count("x") == 2 and CLAIM not in values:
        values[CLAIM] = bare.pop()
    if bare:
        raise UnknownError(bare[0])
    claim = values.pop(CLAIM, "")
    if part.kind in (*POOLS, *ACTIVATIONS, "BN", "DROPOUT") and COUNT in values:
        channels = values.pop(COUNT)  # of a table whose columns say how many there are
        claim = f"{claim}x{channels}" if claim.count("x") == 1 and "@" not in claim else claim
    volume = _volume(part, claim, values)
    values.pop(COMING, "")
    text = _plain(part, values, volume)
    return f"[{volume}] {text}" if volume else text


_SLOPE = re.compile(r"0?\.[0-9]{1,6}|1(?:\.0)?")


def _sloped(part: SheetLayer, slope: str) -> SheetLayer:
    return replace(part, option=slope)


def _claimed(part: SheetLayer, text: str, known: set[str]) -> str:
    values = dict(part.values)
    bare = list(part.bare)
    if len(bare) == 1 and bare[0].count("x") == 2 and CLAIM not in values:
        values[CLAIM] = bare.pop()
    if bare or not values.keys() <= known:
        raise UnknownError(text)
    return f"[{values[CLAIM]}] {text}" if CLAIM in values else text


def _settle_channels(values: dict[str, str], bare: list[str]) -> None:
    """``3x32, kernel 3``, channels that come in and filters, where the size stands elsewhere."""
    pairs = [value for value in bare if value.count("x") == 1]
    if SIZE in values and COUNT not in values and len(pairs) == 1:
        bare.remove(pairs[0])
        values[COMING], values[COUNT] = pairs[0].split("x")


def _settle_size(values: dict[str, str], bare: list[str]) -> None:
    maps = [index for index, value in enumerate(bare) if "@" in value]
    sized = SIZE in values or any("x" in value and "@" not in value for value in bare)
    if len(maps) == 1 and sized and CLAIM not in values:
        values[CLAIM] = bare.pop(maps[0])
    at = next((index for index, value in enumerate(bare) if "x" in value and not _is_volume(value)), None)
    if SIZE not in values and at is not None:
        values[SIZE] = bare.pop(at)
    for role in (SIZE, STRIDE, PAD):
        if "x" in values.get(role, "") and role != SIZE:
            extents = values[role].split("x")
            values[role] = extents[0] if len(set(extents)) == 1 else values[role]


def _is_volume(value: str) -> bool:
    """``28x28x6``, which is too large for a filter."""
    extents = value.split("x")
    return len(extents) == 3 and "@" not in value and all(int(extent) > _WIDEST for extent in extents[:2])


def _settle_weights(part: SheetLayer) -> None:
    """``weights 5x5x3x16`` or ``16x3x5x5``, the filters of a layer all told."""
    if part.kind == "FC" and part.values.get(SIZE, "").count("x") == 1:
        part.bare.append(part.values.pop(SIZE))
    weights = part.values.pop(WEIGHTS, "")
    at = next((value for value in part.bare if value.count("x") == 3), "") if part.kind in COUNTING else ""
    weights = weights or at
    if not weights:
        return
    extents = weights.split("x")
    if part.kind == "FC" and len(extents) == 2:
        part.bare.append(weights)
        return
    if part.kind not in COUNTING or len(extents) != 4:
        raise UnknownError(weights)
    first, last = extents[0] == extents[1], extents[2] == extents[3]
    if first == last:  # `3x3x5x5` is either
        raise UnknownError(weights)
    size, coming, number = (
        (extents[:2], extents[2], extents[3]) if first else (extents[2:], extents[1], extents[0])
    )
    told = part.values.get(SIZE, "x".join(size))
    if told not in ("x".join(size), size[0]) or part.values.get(COUNT, number) != number:
        raise UnknownError(weights)
    part.bare = [value for value in part.bare if value not in (at, "x".join(size))]
    part.values |= {SIZE: "x".join(size), COUNT: number, COMING: coming}


def _settle_matrix(values: dict[str, str], bare: list[str]) -> None:
    """``400x120``, the weights of 120 neurons to which 400 numbers come in."""
    matrix = next((value for value in bare if value.count("x") == 1), None)
    if matrix is not None and values.get(COUNT, matrix.split("x")[1]) == matrix.split("x")[1]:
        bare.remove(matrix)
        values[COMING], values[COUNT] = matrix.split("x")
    while values.get(COUNT) in bare:
        bare.remove(values[COUNT])


def _settle_rate(values: dict[str, str], bare: list[str]) -> None:
    if bare and RATE not in values and KEEP not in values:
        values[RATE] = bare.pop(0)
    if KEEP in values:
        kept = exact_number(values.pop(KEEP))
        if kept is None:
            raise UnknownError(RATE)
        values[RATE] = decimal(1 - kept)
    if values.get(RATE, "0").count("x") or float(values.get(RATE, "0")[:12]) >= 1:
        raise UnknownError(RATE)


def _volume(part: SheetLayer, claim: str, values: dict[str, str]) -> str:
    """The claim of a layer, whole: ``28x28`` has the filters of the layer."""
    if not claim:
        return ""
    if "@" in claim:
        number, _, size = claim.partition("@")
        claim = f"{size}x{number}"
    extents = claim.split("x")
    if len(extents) == 4 and "1" in (extents[0], extents[3]):  # one image, or one of each
        extents = extents[1:] if extents[0] == "1" else extents[:3]
        if extents[1] == extents[2] != extents[0]:
            extents = [*extents[1:], extents[0]]
    if part.kind in ("FC", "FLATTEN") and len(extents) == 2 and len(extents[1]) == 3 and len(extents[0]) < 4:
        extents = ["".join(extents)]  # `(25,088)`
    if part.kind in ("FC", "FLATTEN") and len(extents) == 2 and extents[1] == "1":
        extents = extents[:1]  # `120x1`, a column
    if part.kind == "FC" and extents[:2] == ["1", "1"] and len(extents) == 3:
        extents = extents[2:]
    if part.kind == "FC" and len(extents) == 1:
        values.setdefault(COUNT, extents[0])
    if part.kind == "FC" or len(extents) == 1:
        if len(extents) == 1 and part.kind in (*SLIDING, "UPSAMPLE"):
            raise UnknownError(claim)
        return "x".join(extents)
    if len(extents) == 2 and values.get(COUNT, "").isdecimal():
        extents.append(values[COUNT])
    if len(extents) != 3:
        raise UnknownError(claim)
    if part.kind in ("CONV", "DECONV") and COUNT not in values:
        values[COUNT] = extents[2]
    return "x".join(extents)


def _plain(part: SheetLayer, values: dict[str, str], volume: str) -> str:
    kind = part.kind
    words = [kind]
    if kind in COUNTING and COUNT in values:
        words.append(_whole(values.pop(COUNT)))
    if kind in SLIDING:
        words += _window(kind, values, part.option, _Around(words[1] if len(words) > 1 else "", bool(volume)))
    elif kind == "DROPOUT" and RATE in values:
        words.append(values.pop(RATE))
    elif kind == "FC":
        values.pop("noun", "")
        if len(words) == 1:
            raise UnknownError("units")
    elif kind in ("LEAKY RELU", "ELU") and part.option:
        words.append(part.option)
    elif kind == "UPSAMPLE" and SIZE in values:
        size = values.pop(SIZE)
        words.append(f"{size}x{size}" if size.isdecimal() else size)
    elif kind in ACTIVATIONS and COUNT in values:
        raise UnknownError(COUNT)
    if values.pop("bias", "") == "no bias":
        words.append("no bias")
    if values:
        raise UnknownError(next(iter(values)))
    return " ".join(words)


class _Around(NamedTuple):
    """The filters that are written already, and whether a claim decides what is not."""

    filters: str
    claimed: bool


def _window(kind: str, values: dict[str, str], option: str, around: _Around) -> list[str]:
    if kind == "MAX POOL" and not values and not option:
        return ["2x2", "stride 2"]
    words = [option] if option else []
    size, stride = values.pop(SIZE, ""), values.pop(STRIDE, "")
    if kind in POOLS and not size and stride not in ("", "1") and not option:
        size = stride
    if size.isdecimal():
        size = f"{size}x{size}"
    if around.filters and re.fullmatch(rf"([0-9]+)x\1x{around.filters}", size):
        size = size.rpartition("x")[0]  # `6 filters, 5x5x6`, their number once more
    if "@" in size:
        number, _, size = size.partition("@")
        if not all(int(extent) % 2 and int(extent) <= _WIDEST for extent in size.split("x")):
            raise UnknownError(size)  # maps, or filters
        words.append(number)
    if (
        kind == "CONV"
        and size.count("x") == 2
        and (not around.filters or size.startswith(f"{around.filters}x"))
    ):
        first, second, third = size.split("x")
        if first != second and second != third:
            raise UnknownError(size)
        number, size = (third, f"{first}x{second}") if first == second else (first, f"{second}x{third}")
        words += [number] if number != around.filters else []
    words += [size] if size else []
    words += [f"stride {stride}"] if stride and (stride != "1" or kind in POOLS or around.claimed) else []
    padding = values.pop(PAD, "")
    if padding == "same":
        words.append("same")
    elif padding == "valid":
        words += ["valid"] if around.claimed else []
    elif padding and (padding != "0" or around.claimed):
        words.append(f"pad {_one(padding)}")
    for role in ("dilation", "groups"):
        if role in values:
            words.append(f"{role} {values.pop(role)}")
    return words


def _one(size: str) -> str:
    extents = size.split("x")
    return extents[0] if len(set(extents)) == 1 else size


def _whole(number: str) -> str:
    if not number.isdecimal():
        raise UnknownError(number)
    return number


_CHANNELS = {
    "rgb": "3",
    "color": "3",
    "colour": "3",
    "grayscale": "1",
    "greyscale": "1",
    "gray": "1",
    "grey": "1",
}


def _input(part: SheetLayer) -> str:
    values, bare = dict(part.values), list(part.bare)
    channels = values.pop(COUNT, "")
    colour = values.pop("colour", "")
    claim = values.pop(CLAIM, "")
    if claim:
        bare.append(claim)
    if len(bare) == 2 and bare[0].isdecimal() and bare[1].count("x") == 1 and not channels:
        channels = bare.pop(0)
    if values or len(set(bare)) > 1 or (not bare and not channels):
        raise UnknownError("input")
    if not bare:
        return f"input {_whole(channels)}"
    extents = bare[0].split("x")
    if len(extents) == 1 and channels:
        raise UnknownError(channels)  # `input 84, output 10`
    channels = channels or _CHANNELS.get(colour, "")
    if "@" in bare[0]:
        number, _, size = bare[0].partition("@")
        extents = [*size.split("x"), number]
    if len(extents) == 2 and channels:
        extents.append(channels)
    elif len(extents) == 2 or (len(extents) == 3 and channels and channels not in extents):
        raise UnknownError("channels")
    return f"input {'x'.join(extents)}"
