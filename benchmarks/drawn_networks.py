"""Networks drawn at random for comparisons: every kind of layer that looks, moves or joins.

A number always gives the same network.
"""

from __future__ import annotations

from random import Random

from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.quantities import Padding, Volume

LONGEST = 22
"""Rows or columns above which nothing is enlarged further."""


def drawn_network(number: int) -> tuple[str, Plan]:
    """The text of a network and its plan."""
    random = Random(number)
    kernel = random.randint(1, 3)
    stride = random.randint(1, 3)
    height, width, channels = random.randint(1, 17), random.randint(4, 17), random.randint(1, 4)
    lines = [
        f"dialect {random.choice(('torch', 'caffe', 'tensorflow', 'torch'))}",
        f"default UNPOOL {kernel}x{kernel} stride {stride}",
        f"input {height}x{width}x{channels}",
    ]
    text = "\n".join(lines)
    plan = _plan(text)
    assert plan is not None
    wanted = random.randint(3, 9)
    for attempt in range(60):
        if len(lines) >= 3 + wanted:
            break
        line = _line(random, plan.output, attempt, f"{kernel}x{kernel} stride {stride}")
        longer = _plan(text + "\n" + line)
        if longer is not None and max(longer.output.size) <= 2 * LONGEST and longer.output.channels <= 32:
            text, plan = text + "\n" + line, longer
            lines.append(line)
    return text, plan


def _plan(text: str) -> Plan | None:
    plan, _ = load_plan(text)
    return plan


def _line(random: Random, x: Volume, number: int, pool: str) -> str:
    choice = random.random()
    if choice < 0.2:
        return _joined(random, x, number)
    if choice < 0.28 and x.height > 1:
        return _undone(random, x, number, pool)
    return _layer(random, x)


def _undone(random: Random, x: Volume, number: int, pool: str) -> str:
    """A pool, and behind some layers what undoes it."""
    inside = [f"CONV {random.randint(1, 3)} 3x3 pad 1"] * random.randint(0, 2)
    filters = random.randint(1, 4)
    lines = [
        f"before{number}: CONV {filters} {_side(random, x)} same",
        f"POOL {pool}",
        " - ".join([*inside, "RELU"]),
        f"CONV {filters} 1x1",
        f"UNPOOL[ SKIP | @before{number} ]",
    ]
    return "\n".join(lines)


def _joined(random: Random, x: Volume, number: int) -> str:
    kind = random.choice(("ADD", "CONCAT", "CONCAT", "MULTIPLY", "GATE"))
    if kind == "GATE":
        pool = random.choice(("AVG POOL global", "MAX POOL global", f"AVG POOL {x.size}", "CONV 1 3x3 same"))
        layers = [pool, "FC 2", f"FC {x.channels}", "SIGMOID"] if random.random() < 0.7 else [pool]
        return f"MULTIPLY[ SKIP | {' - '.join(layers)} ]"
    height, width = max(1, x.height - random.randint(0, 3)), max(1, x.width - random.randint(0, 3))
    channels = random.randint(1, 4)
    branches = []
    for _ in range(random.randint(2, 3)):
        branch = [_layer(random, x, calm=True)] if random.random() < 0.8 else []
        if random.random() < 0.4:
            moved = ("UPSAMPLE 2x2", "POOL 2x2 stride 2", "PAD by top 2 bottom 1 right 3")
            branch.append(random.choice(moved))
        grown = _plan("\n".join([f"dialect torch\ninput {_extents(x)}", *branch]))
        if grown is None:
            branch, size = [], x.size
        else:
            size = grown.output.size
        if size.height < height or size.width < width:
            rows, columns = max(0, height - size.height), max(0, width - size.width)
            branch.append(f"PAD by top {rows} left {columns}")
            size = size._replace(height=max(height, size.height), width=max(width, size.width))
        top, left = random.randint(0, size.height - height), random.randint(0, size.width - width)
        branch.append(f"CROP {height}x{width} top {top} left {left}")
        if kind != "CONCAT" or random.random() < 0.3:
            branch.append(f"CONV {channels} 1x1")
        branches.append(" - ".join(branch))
    return f"{kind}[ {' | '.join(branches)} ]"


def _extents(x: Volume) -> str:
    return f"{x.height}x{x.width}x{x.channels}"


def _side(random: Random, x: Volume) -> str:
    return f"{min(x.height, random.randint(1, 4))}x{min(x.width, random.randint(1, 5))}"


def _uneven(random: Random) -> str:
    """Padding that differs from side to side."""
    return " ".join(f"{side} {random.randint(0, 2)}" for side in Padding._fields)


def _layer(random: Random, x: Volume, *, calm: bool = False) -> str:
    """One layer that may or may not fit behind x; calm ones leave the volume about as large."""
    filters, side = random.randint(1, 4), _side(random, x)
    stride = f"{random.randint(1, 3)}x{random.randint(1, 2)}"
    slow = random.choice(("", "", f" stride {stride}"))
    around = random.choice(("", " pad 1", " same", f" pad {_uneven(random)}"))
    c = x.channels
    still = [
        f"CONV {filters} {side}{around}",
        f"CONV {filters} 3x3{around} dilation {random.randint(1, 3)}x{random.randint(1, 4)}",
        f"CONV {filters * c} {side}{around} groups {c}",
        f"DEPTHWISE {side}{around}",
        f"DEPTHWISE 3x3{around} dilation 2",
        f"POOL {side} stride 1",
        f"CONV 2 3x2{around} table {{ 0; {c - 1} }}",
        f"LOCAL {filters} {side}{around}",
        "RELU",
        "BN",
        "SOFTMAX",
        "NORM size 3",
        "NORM within channel size 3",
        f"MAXOUT {random.randint(1, 3)}",
        "LN per position",
        f"SHUFFLE {max(2, c)}",
        f"SLICE {random.randint(0, c - 1)}-{c - 1}",
        f"SLICE {c - 1}, {max(0, c - 2)}",
    ]
    if calm:
        return random.choice(still)
    larger = max(x.size) <= LONGEST
    moving = [
        f"CONV {filters} {side}{around}{slow}",
        f"CONV {filters} 3x3 pad 1 stride {stride} dilation {random.randint(1, 3)}",
        f"DEPTHWISE {side}{around}{slow}",
        f"POOL {side} stride {stride} ceil",
        f"AVG POOL {side} stride {stride} pad {random.randint(0, 1)}",
        f"SUBSAMPLE {side} stride {stride}",
        f"PAD by {_uneven(random)}",
        f"CROP {max(1, x.height - 3)}x{max(1, x.width - 2)} top {random.randint(0, 3)} left 0",
        *(_enlarging(random, filters) if larger else ()),
        *(_enlarging(random, filters) if larger else ()),
        _reshaped(random, x),
        _reshaped(random, x),
        f"{random.choice(('SPACE TO DEPTH', 'PIXEL UNSHUFFLE'))} {_divisor(random, x.height)}x"
        f"{_divisor(random, x.width)}",
    ]
    rare = ["LN", "GN 1", f"GN {c}", "LCN size 3", "AVG POOL global", f"FC {4 * filters}", "FLATTEN"]
    return random.choice(random.choices((still, moving, rare), (5, 8, 0.6))[0])


def _enlarging(random: Random, filters: int) -> list[str]:
    kernel = f"{random.randint(1, 4)}x{random.randint(1, 4)}"
    stride = f"{random.randint(1, 3)}x{random.randint(1, 3)}"
    size = f"{random.randint(1, LONGEST)}x{random.randint(1, LONGEST)}"
    return [
        f"UPSAMPLE to {size}",
        f"{random.choice(('PIXEL SHUFFLE', 'DEPTH TO SPACE'))} {random.choice(('2x2', '1x2', '3x1'))}",
        f"UPSAMPLE to {size} bilinear align {random.choice(('corners', 'centers'))}",
        f"UPSAMPLE {random.randint(1, 3)}x{random.randint(1, 3)} bilinear",
        f"UPSAMPLE {random.randint(1, 3)}x{random.randint(1, 3)}",
        f"DECONV {filters} {kernel} stride {stride}",
        f"DECONV {filters} {kernel} stride {stride} pad {_uneven(random)}",
        f"DECONV {filters} 4x4 stride 2 pad 1",
        f"DECONV {filters} 3x3 stride 2 pad 1",
    ]


def _divisor(random: Random, extent: int) -> int:
    return random.choice([n for n in (1, 2, 3) if extent % n == 0])


def _reshaped(random: Random, x: Volume) -> str:
    row = x.width * x.channels
    if random.random() < 0.7:
        width = random.choice([n for n in range(1, row + 1) if row % n == 0])
        return f"RESHAPE {x.height}x{width}x{row // width}"
    height = random.choice([n for n in range(1, x.values + 1) if x.values % n == 0 and n < 40])
    rest = x.values // height
    width = random.choice([n for n in range(1, rest + 1) if rest % n == 0 and n < 40])
    return f"RESHAPE {height}x{width}x{rest // width}"
