"""Finds what a summary leaves out: kernels, strides, paddings, groups, whether there is a bias.

A convolution's count of parameters is area*channels/groups*filters, with a bias one more for each
filter; its output is floor((W - F + 2P)/S) + 1 wide. What both allow is listed, the plainest first.
"""

from __future__ import annotations

from functools import cache
from math import gcd, isqrt
from typing import NamedTuple

from netdsl.quantities import Size, Volume

_WIDEST = 64
"""The largest side of a kernel that is looked for."""

_FARTHEST = 8
"""The largest stride that is looked for where the kernel is smaller."""

_POOLS = (2, 3, 4, 5, 6, 7, 8)


class Move(NamedTuple):
    """How a window slides: ``same`` is TensorFlow's padding; ``ceil`` rounds positions up.

    ``usual`` where people write it so without saying so: stride 1 or 2, no padding or half the kernel.
    """

    stride: int
    padding: Size
    dilation: int = 1
    same: bool = False
    ceil: bool = False
    usual: bool = False

    def text(self) -> str:
        """``stride 2, pad 1``; empty for stride 1 without padding."""
        words = [f"stride {self.stride}"] if self.stride > 1 else []
        if self.same:
            words.append("same")
        elif any(self.padding):
            height, width = self.padding
            words.append(f"pad {height}" if height == width else f"pad {self.padding}")
        if self.dilation > 1:
            words.append(f"dilation {self.dilation}")
        if self.ceil:
            words.append("ceil")
        return " ".join(words)


class Filters(NamedTuple):
    """What a convolution's count of parameters says about its filters."""

    kernel: Size
    groups: int
    bias: bool


def filters_for(count: int, channels: int, filters: int, kernel: Size | None) -> list[Filters]:
    """The kernels that learn so many numbers, with a bias and without."""
    found: list[Filters] = []
    for bias in (True, False):
        weights = count - filters * bias
        if weights > 0 and weights % filters == 0:
            each = weights // filters
            found += [
                Filters(size, groups, bias) for size, groups in _windows(each, channels, filters, kernel)
            ]
    return found


def _windows(each: int, channels: int, filters: int, kernel: Size | None) -> list[tuple[Size, int]]:
    """Kernels with numbers of groups of which a filter has ``each`` weights."""
    if kernel is not None:
        area = kernel.height * kernel.width * channels
        groups = area // each if area % each == 0 else 0
        return [(kernel, groups)] if groups and channels % groups == 0 and filters % groups == 0 else []
    shared = gcd(channels, filters)
    found: list[tuple[Size, int]] = []
    for groups in dict.fromkeys((1, shared, *(g for g in range(2, min(shared, 64) + 1) if shared % g == 0))):
        inside = channels // groups
        if each % inside == 0:
            found += [(size, groups) for size in _sizes(each // inside)]
    return found


def _sizes(area: int) -> list[Size]:
    """A square where there is one, else a row and a column."""
    side = isqrt(area)
    if side * side == area:
        return [Size(side, side)] if side <= _WIDEST else []
    return [Size(1, area), Size(area, 1)] if area <= _WIDEST else []


@cache
def moves_for(given: Size, made: Size, kernel: Size, keras: bool, pool: bool = False) -> tuple[Move, ...]:
    """How a kernel slides over ``given`` to make ``made``, the usual ways first."""
    for dilation in (1, 2, 4, 6, 8, 12, 18, 24, 36) if not pool and 1 < max(kernel) <= 11 else (1,):
        covered = Size((kernel.height - 1) * dilation + 1, (kernel.width - 1) * dilation + 1)
        found = (
            _same_or_valid(given, made, covered, dilation)
            if keras
            else _padded(given, made, covered, dilation, pool)
        )
        if found:
            break
    if not keras and pool and not any(move.usual for move in found):
        found += _rounded_up(given, made, kernel)
    if made == Size(1, 1):  # one position: the stride is never used
        found = list({(move.padding, move.same): move for move in reversed(found)}.values())[::-1]
    return tuple(sorted(found, key=lambda move: not move.usual))


def _strides(covered: Size) -> range:
    return range(1, min(max(covered), _WIDEST) + 1) if max(covered) > 1 else range(1, _FARTHEST + 1)


def _padded(given: Size, made: Size, covered: Size, dilation: int, pool: bool) -> list[Move]:
    """Strides and paddings in numbers, up to half the kernel, rounded down as PyTorch does."""
    found: list[Move] = []
    for stride in _strides(covered):
        high = _paddings(given.height, made.height, covered.height, stride)
        wide = _paddings(given.width, made.width, covered.width, stride)
        both = sorted(set(high) & set(wide))
        pairs = [Size(p, p) for p in both] or [Size(p, q) for p in high[:8] for q in wide[:8]]
        for padding in pairs:
            half = padding == Size((covered.height - 1) // 2, (covered.width - 1) // 2) and covered.height % 2
            plain = stride <= 2 and (not any(padding) or bool(half))
            usual = (stride == max(covered) and not any(padding)) if pool else plain
            found.append(Move(stride, padding, dilation, usual=usual))
    return found


def _paddings(extent: int, made: int, covered: int, stride: int) -> range:
    """The paddings P with floor((W - F + 2P)/S) + 1 = made, up to half the kernel."""
    least = (made - 1) * stride - extent + covered
    return range(max(0, -(-least // 2)), min(covered // 2, (least + stride - 1) // 2) + 1)


def _rounded_up(given: Size, made: Size, kernel: Size) -> list[Move]:
    found = []
    for stride in range(2, min(max(kernel), _WIDEST) + 1):
        exact = [(extent - side) / stride + 1 for extent, side in zip(given, kernel, strict=True)]
        ups = [-int(-(value // 1)) if value == value // 1 else int(value) + 1 for value in exact]
        if min(exact) >= 0 and tuple(ups) == tuple(made) and any(value != int(value) for value in exact):
            found.append(Move(stride, Size(0, 0), ceil=True))
    return found


def _same_or_valid(given: Size, made: Size, covered: Size, dilation: int) -> list[Move]:
    """Keras has two paddings: none, and ``same``."""
    found: list[Move] = []
    for stride in _strides(covered):
        valid = tuple((extent - side) // stride + 1 for extent, side in zip(given, covered, strict=True))
        if min(e - s for e, s in zip(given, covered, strict=True)) >= 0 and valid == tuple(made):
            found.append(Move(stride, Size(0, 0), dilation, usual=stride <= 2))
        same = tuple(-(-extent // stride) for extent in given)
        if same == tuple(made) and max(covered) > 1 and not (stride == max(covered) and valid == same):
            found.append(Move(stride, Size(0, 0), dilation, same=True, usual=stride <= 2))
    return found


class Pool(NamedTuple):
    """A window with the way it slides."""

    kernel: Size
    move: Move

    def text(self) -> str:
        """``3x3 stride 2 pad 1``."""
        return f"{self.kernel} stride {self.move.stride}{' ' if self._rest() else ''}{self._rest()}"

    def _rest(self) -> str:
        return self.move._replace(stride=1).text()


def pools_for(given: Volume, made: Volume, kernel: Size | None, keras: bool) -> list[Pool]:
    """The pools that make a volume: those whose windows tile the image first, then 3x3 ones."""
    sizes = [kernel] if kernel else [Size(side, side) for side in _POOLS if side <= min(given.size)]
    found = [
        Pool(size, move)
        for size in sizes
        for move in moves_for(given.size, made.size, size, keras, True)
        if kernel or _is_plausible(size, move)
    ]
    return sorted(found, key=_rank)


def _is_plausible(kernel: Size, move: Move) -> bool:
    """Windows that overlap by a position or tile: others are practically never used."""
    return move.stride == kernel.height or (kernel.height <= 3 and kernel.height - move.stride <= 2)


def _rank(pool: Pool) -> tuple[int, int, int]:
    tiles = pool.kernel.height == pool.move.stride and not any(pool.move.padding) and not pool.move.same
    return (not tiles, pool.move.ceil, pool.kernel.height)


class Spread(NamedTuple):
    """How a transposed convolution enlarges."""

    stride: int
    padding: int
    same: bool = False

    def text(self) -> str:
        words = [f"stride {self.stride}"] if self.stride > 1 else []
        words += ["same"] if self.same else [f"pad {self.padding}"] if self.padding else []
        return " ".join(words)


def spreads_for(given: Size, made: Size, kernel: Size, keras: bool) -> list[Spread]:
    """The strides and paddings with which (W - 1)*S + F - 2P is what is made; in Keras W*S with ``same``."""
    found: list[Spread] = []
    if max(kernel) > _WIDEST:
        return found
    for stride in range(1, _FARTHEST + 1):
        for padding in range(1 if keras else max(kernel)):
            sizes = tuple(
                (extent - 1) * stride + side - 2 * padding for extent, side in zip(given, kernel, strict=True)
            )
            if sizes == tuple(made):
                found.append(Spread(stride, padding))
        if (
            keras
            and not found
            and tuple(extent * stride for extent in given) == tuple(made)
            and stride <= min(kernel)
        ):
            found.append(Spread(stride, 0, same=True))
    return found
