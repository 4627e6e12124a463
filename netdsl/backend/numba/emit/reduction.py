"""Reductions: partial results of fixed parts first, then those combined, in a fixed order."""

from __future__ import annotations

from typing import NamedTuple

from netdsl.backend.numba.emit.elementwise import prelude, row_starts, row_strides
from netdsl.backend.numba.emit.operands import Domain, Operand, domain_of, operand_of
from netdsl.backend.numba.formulas import Formula, formula
from netdsl.backend.numba.kernel import Launch, Place, Real, blocks, indented, kernel
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.expression import operand as operand_number
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.tensor import Tensor

PART_VALUES = 8192
"""Numbers that one work item takes in, where there are enough."""

MOST_PARTS = 256
"""Parts of one result at the most."""

COLUMNS = 1024
"""Channels of one work item where the channels stay."""


class _Shape(NamedTuple):
    """Groups of rows that each reduce to one result, of ``channels`` numbers or of one."""

    domain: Domain
    groups: int
    keeps_channels: bool

    @property
    def rows(self) -> int:
        """Rows of a group."""
        return self.domain.images * self.domain.positions // self.groups


def emit_reduction(op: Reduction, batch: int) -> list[Launch]:
    """One launch, or two where the parts of a result must be combined."""
    y = op.outputs[0]
    kept = leading_ones(y.shape)
    domain = domain_of(op.shape, op.batched, batch)
    operands = [operand_of(tensor, op.shape) for tensor in op.inputs]
    if op.batched and not y.batched and kept[:2] == op.shape[:2] != (1, 1):
        # Only the images are summed: what is left is one long row per image.
        domain = Domain(domain.images, 1, domain.positions * domain.channels)
        operands = [_as_row(operand, domain) for operand in operands]
        kept = (1, 1, domain.channels)
    keeps_channels = kept[2] == domain.channels and domain.channels > 1
    spatial = kept[0] * kept[1] > 1
    groups = (domain.images if y.batched else 1) * (kept[0] * kept[1] if spatial else 1)
    shape = _Shape(domain, groups, keeps_channels)
    return _reduce(y, formula(op.expression), operands, shape, maximum=op.maximum)


def _as_row(operand: Operand, domain: Domain) -> Operand:
    if operand.per_channel or (operand.by_position == 0 and not operand.scalar):
        raise ValueError(f"{operand.tensor} repeats within an image that is summed over images")
    return Operand(operand.tensor, operand.by_image, 0, 0 if operand.scalar else 1)


def _reduce(
    y: Tensor, code: Formula, operands: list[Operand], shape: _Shape, *, maximum: bool
) -> list[Launch]:
    channels = shape.domain.channels
    parts = min(MOST_PARTS, max(1, shape.rows * channels // PART_VALUES), shape.rows)
    if shape.groups >= MOST_PARTS:
        parts = 1
    if parts == 1:
        return [_launch(y, code, operands, shape, 1, maximum)]
    width = channels if shape.keeps_channels else 1
    partial = Tensor(f"{y.name}.parts", (shape.groups, parts, width), batched=False)
    first = _launch(partial, code, operands, shape, parts, maximum)
    combined = _Shape(Domain(shape.groups, parts, width), shape.groups, shape.keeps_channels)
    if not shape.keeps_channels:
        # The parts of a group lie side by side: one row of them is one result.
        combined = _Shape(Domain(shape.groups, 1, parts), shape.groups, False)
    operand = Operand(
        partial, parts * width, width if shape.keeps_channels else 0, 1 if parts * width > 1 else 0
    )
    if shape.keeps_channels and width == 1:
        operand = operand._replace(by_channel=0)
    second = _launch(y, formula(operand_number(0)), [operand], combined, 1, maximum)
    return [first, second]


def _launch(
    y: Tensor, code: Formula, operands: list[Operand], shape: _Shape, parts: int, maximum: bool
) -> Launch:
    column_parts = blocks(shape.domain.channels, COLUMNS) if shape.keeps_channels else 1
    strides, stride_arguments = row_strides(operands, 6 + len(operands) + len(code.constants))
    body = [
        "y = integer(arguments, 0)",
        "positions = integer(arguments, 1)",
        "channels = integer(arguments, 2)",
        "rows = integer(arguments, 3)",
        "parts = integer(arguments, 4)",
        "column_parts = integer(arguments, 5)",
        *prelude(operands, code, 6),
        *strides,
        "for item in range(first, last):",
        "    result = item // column_parts",
        "    column_part = item - result * column_parts",
        "    group = result // parts",
        "    part = result - group * parts",
        "    start = group * rows + rows * part // parts",
        "    stop = group * rows + rows * (part + 1) // parts",
        *(f"    {line}" for line in (_columns if shape.keeps_channels else _scalar)(code, operands, maximum)),
    ]
    arguments = (
        Place(y),
        shape.domain.positions,
        shape.domain.channels,
        shape.rows,
        parts,
        column_parts,
        *(Place(operand.tensor) for operand in operands),
        *(Real(value) for value in code.constants),
        *stride_arguments,
    )
    kind = "reduce_rows" if shape.keeps_channels else "reduce_all"
    text = indented(body, 1) + "\n"
    items = shape.groups * parts * column_parts
    return Launch(kernel(kind, text), arguments, items, (y,))


def _combine(code: Formula, maximum: bool) -> str:
    return f"total = maximum(total, {code.result})" if maximum else f"total = total + {code.result}"


def _start(maximum: bool) -> str:
    return 'total = number(float("-inf"))' if maximum else "total = number(0.0)"


def _columns(code: Formula, operands: list[Operand], maximum: bool) -> list[str]:
    """One vector of channels after the other, each down all rows of the part."""
    moving = [n for n, operand in enumerate(operands) if operand.by_channel]

    def down(read: list[str]) -> list[str]:
        return [
            _start(maximum),
            "image = start // positions",
            "position = start - image * positions",
            "for row in range(start, stop):",
            *(f"    {line}" for line in (*row_starts(operands), *read, *code.lines)),
            f"    {_combine(code, maximum)}",
            "    position += 1",
            "    if position == positions:",
            "        position = 0",
            "        image += 1",
        ]

    return [
        f"c = column_part * {COLUMNS}",
        f"end = min(c + {COLUMNS}, channels)",
        "while c + WIDTH <= end:",
        *(f"    {line}" for line in down([f"x{n} = load(a{n} + c * 4)" for n in moving])),
        "    store(y + (result * channels + c) * 4, total)",
        "    c += WIDTH",
        "if c < end:",
        "    lanes = end - c",
        *(f"    {line}" for line in down([f"x{n} = load_lanes(a{n} + c * 4, lanes)" for n in moving])),
        "    store_lanes(y + (result * channels + c) * 4, total, lanes)",
    ]


def _scalar(code: Formula, operands: list[Operand], maximum: bool) -> list[str]:
    """Along each row, then across the lanes."""
    moving = [n for n, operand in enumerate(operands) if operand.by_channel]
    neutral = 'number(float("-inf"))' if maximum else "zero"
    masked = Formula(code.lines, f"keep_lanes({code.result}, {neutral}, lanes)", code.constants)
    return [
        _start(maximum),
        "for row in range(start, stop):",
        "    image = row // positions",
        "    position = row - image * positions",
        *(f"    {line}" for line in row_starts(operands)),
        "    c = 0",
        "    while c + WIDTH <= channels:",
        *(f"        x{n} = load(a{n} + c * 4)" for n in moving),
        *(f"        {line}" for line in code.lines),
        f"        {_combine(code, maximum)}",
        "        c += WIDTH",
        "    if c < channels:",
        "        lanes = channels - c",
        *(f"        x{n} = load_lanes(a{n} + c * 4, lanes)" for n in moving),
        *(f"        {line}" for line in code.lines),
        f"        {_combine(masked, maximum)}",
        f"store_first(y + result * 4, {'largest_lane' if maximum else 'sum_lanes'}(total))",
    ]


def sum_parts(y: Tensor, partial: Tensor, parts: int) -> list[Launch]:
    """y = the sum of ``parts`` arrays of its size that lie one after the other."""
    size = y.values
    shape = _Shape(Domain(1, parts, size), 1, True)
    operand = Operand(partial, 0, size, 1)
    return [_launch(y, formula(operand_number(0)), [operand], shape, 1, False)]


def emit_lanes_reduction(op: Reduction, lanes: int, groups_of_images: int) -> list[Launch]:
    """Per channel and lane first, as if lanes were channels; then the lanes of each channel."""
    y = op.outputs[0]
    channels = y.values
    wide = Tensor(f"{y.name}.lanes", (channels * lanes,), batched=False)
    whole = Reduction(wide, op.expression, op.inputs, shape=op.shape, batched=True)
    shape = _Shape(Domain(channels, 1, lanes), channels, False)
    operand = Operand(wide, lanes, 0, 1)
    return [
        *emit_reduction(whole, groups_of_images),
        _launch(y, formula(operand_number(0)), [operand], shape, 1, False),
    ]
