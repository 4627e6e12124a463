"""Reductions: partial results of fixed parts first, then those combined, in a fixed order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netdsl.backend.numba.codegen.broadcasting import Domain, Operand, domain_of, operand_of
from netdsl.backend.numba.codegen.elementwise import ZERO_AND_ONE, formula_arguments, row_starts, row_strides
from netdsl.backend.numba.codegen.expression_code import Formula, formula, renamed
from netdsl.backend.numba.kernel import Launch, Named, blocks, indented, kernel, named
from netdsl.backend.numba.target import Target
from netdsl.primitives.builder import leading_ones
from netdsl.primitives.expression import operand as operand_number
from netdsl.primitives.operation import Operation
from netdsl.primitives.reduction import Reduction
from netdsl.primitives.tensor import Tensor

PART_VALUES = 8192
"""Numbers that one work item takes in, where there are enough."""

MOST_PARTS = 256
"""Parts of one result at the most."""

MOST_PART_VALUES = 2**20
"""Numbers in all parts of a gradient together, which are written and read once more."""

MOST_VECTORS = 4
"""Vectors of sums side by side: they do not wait for one another, and memory is read in long pieces."""

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


class _Sum(NamedTuple):
    """One of the results of a pass over memory."""

    y: Tensor
    code: Formula


def reduced_together(ops: Sequence[Operation]) -> list[Reduction]:
    """The reductions at the beginning that may share a pass: sums of one number per channel over the
    same images, none of which reads another."""
    found: list[Reduction] = []
    for op in ops:
        if not isinstance(op, Reduction) or op.maximum:
            break
        first = found[0] if found else op
        same = (op.shape, op.batched, op.phase) == (first.shape, first.batched, first.phase)
        kept = leading_ones(op.outputs[0].shape)
        plain = not op.outputs[0].batched and kept[:2] == (1, 1) and kept[2] == op.shape[2] > 1
        if not (same and plain) or any(other.outputs[0] in op.inputs for other in found):
            break
        found.append(op)
    return found


def emit_reductions(ops: Sequence[Reduction], batch: int, target: Target) -> list[Launch]:
    """As ``reduced_together`` found them: one pass over memory for all."""
    if len(ops) == 1:
        return emit_reduction(ops[0], batch, target)
    tensors: list[Tensor] = []
    sums = []
    for op in ops:
        tensors += [tensor for tensor in op.inputs if tensor not in tensors]
        numbered = {number: operand_number(tensors.index(tensor)) for number, tensor in enumerate(op.inputs)}
        sums.append((op.outputs[0], op.expression.substitute(numbered)))
    domain = domain_of(ops[0].shape, ops[0].batched, batch)
    operands = [operand_of(tensor, ops[0].shape) for tensor in tensors]
    together = [_Sum(y, formula(expression)) for y, expression in sums]
    return _reduce(together, operands, _Shape(domain, 1, True), target, maximum=False)


def emit_reduction(op: Reduction, batch: int, target: Target) -> list[Launch]:
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
    return _reduce([_Sum(y, formula(op.expression))], operands, shape, target, maximum=op.maximum)


def _as_row(operand: Operand, domain: Domain) -> Operand:
    if operand.per_channel or (operand.by_position == 0 and not operand.scalar):
        raise ValueError(f"{operand.tensor} repeats within an image that is summed over images")
    return Operand(operand.tensor, operand.by_image, 0, 0 if operand.scalar else 1)


def _reduce(
    sums: list[_Sum], operands: list[Operand], shape: _Shape, target: Target, *, maximum: bool
) -> list[Launch]:
    channels = shape.domain.channels
    parts = min(MOST_PARTS, max(1, shape.rows * channels // PART_VALUES), shape.rows)
    if shape.groups >= MOST_PARTS:
        parts = 1
    if parts == 1:
        return [_launch(sums, operands, shape, 1, maximum, target)]
    width = channels if shape.keeps_channels else 1
    partial = [
        one._replace(y=Tensor(f"{one.y.name}.parts", (shape.groups, parts, width), batched=False))
        for one in sums
    ]
    first = _launch(partial, operands, shape, parts, maximum, target)
    combined = _Shape(Domain(shape.groups, parts, width), shape.groups, shape.keeps_channels)
    if not shape.keeps_channels:
        # The parts of a group are side by side: one row of them is one result.
        combined = _Shape(Domain(shape.groups, 1, parts), shape.groups, False)
    launches = [first]
    for one, part in zip(sums, partial, strict=True):
        by_channel = 0 if shape.keeps_channels and width == 1 else int(parts * width > 1)
        operand = Operand(part.y, parts * width, width if shape.keeps_channels else 0, by_channel)
        launches.append(
            _launch([_Sum(one.y, formula(operand_number(0)))], [operand], combined, 1, maximum, target)
        )
    return launches


def _launch(
    sums: list[_Sum], operands: list[Operand], shape: _Shape, parts: int, maximum: bool, target: Target
) -> Launch:
    channels = shape.domain.channels
    column_parts = blocks(channels, COLUMNS) if shape.keeps_channels else 1
    codes, constants = _numbered(sums)
    results: dict[str, Named] = {f"y{number}": one.y for number, one in enumerate(sums)}
    read, strides = formula_arguments(operands, constants), row_strides(operands)
    given = named(
        positions=shape.domain.positions,
        channels=channels,
        rows=shape.rows,
        parts=parts,
        column_parts=column_parts,
        **results,
        **read,
        **strides,
    )
    body = [
        *(line for name, line in given.by_name.items() if name not in strides),
        *ZERO_AND_ONE,
        *given.read(*strides),
        "for item in range(first, last):",
        "    result = item // column_parts",
        "    column_part = item - result * column_parts",
        "    group = result // parts",
        "    part = result - group * parts",
        "    start = group * rows + rows * part // parts",
        "    stop = group * rows + rows * (part + 1) // parts",
    ]
    if shape.keeps_channels:
        lines = _columns(
            codes, operands, maximum, min(channels // target.width, MOST_VECTORS // len(sums)), target
        )
    else:
        lines = _scalar(codes[0], operands, maximum)
    kind = "reduce_rows" if shape.keeps_channels else "reduce_all"
    text = indented([*body, *(f"    {line}" for line in lines)], 1) + "\n"
    items = shape.groups * parts * column_parts
    return Launch(kernel(kind, text), given.values, items, tuple(one.y for one in sums))


def _numbered(sums: list[_Sum]) -> tuple[list[Formula], list[float]]:
    """The formulas with names of their own for what they compute, and the constants of all."""
    codes: list[Formula] = []
    constants: list[float] = []
    for number, (_, code) in enumerate(sums):
        first = len(constants)

        def own(name: str, number: int = number, first: int = first) -> str:
            if name[0] == "k":
                return f"k{first + int(name[1:])}"
            return f"s{number}{name}" if name[0] == "t" else name

        constants += code.constants
        codes.append(renamed(code, own))
    return codes, constants


def _combine(total: str, value: str, maximum: bool) -> str:
    return f"{total} = maximum({total}, {value})" if maximum else f"{total} = {total} + {value}"


def _start(total: str, maximum: bool) -> str:
    return f'{total} = number(float("-inf"))' if maximum else f"{total} = number(0.0)"


def _columns(
    codes: list[Formula], operands: list[Operand], maximum: bool, vectors: int, target: Target
) -> list[str]:
    """Some vectors of channels side by side, down all rows of the part; then the next ones."""
    moving = {f"x{n}" for n, operand in enumerate(operands) if operand.by_channel}

    def down(load: str, index: str, side_by_side: int) -> list[str]:
        """Lines for ``side_by_side`` vectors; ``index`` and ``load`` say how each is read."""
        begin, each = [], []
        for v in range(side_by_side):

            def own(name: str, v: int = v) -> str:
                """Names that differ from vector to vector."""
                return f"{name}v{v}" if name in moving or name.startswith("s") else name

            each += [
                f"{name}v{v} = " + load.format(f"a{name[1:]} + {index.format(v * target.width)}")
                for name in sorted(moving)
            ]
            for number, code in enumerate(codes):
                vector = renamed(code, own)
                begin.append(_start(f"total{number}v{v}", maximum))
                each += [*vector.lines, _combine(f"total{number}v{v}", vector.result, maximum)]
        return [
            *begin,
            "image = start // positions",
            "position = start - image * positions",
            "for row in range(start, stop):",
            *(f"    {line}" for line in (*row_starts(operands), *each)),
            "    position += 1",
            "    if position == positions:",
            "        position = 0",
            "        image += 1",
        ]

    def block(side_by_side: int) -> list[str]:
        lines = down("load({})", "(c + {}) * 4", side_by_side)
        for v in range(side_by_side):
            lines += [
                f"store(y{number} + (result * channels + c + {v * target.width}) * 4, total{number}v{v})"
                for number in range(len(codes))
            ]
        return [
            f"while c + {side_by_side * target.width} <= end:",
            *(f"    {line}" for line in lines),
            f"    c += {side_by_side * target.width}",
        ]

    rest = [
        "lanes = end - c",
        *down("load_lanes({}, lanes)", "c * 4", 1),
        *(
            f"store_lanes(y{number} + (result * channels + c) * 4, total{number}v0, lanes)"
            for number in range(len(codes))
        ),
    ]
    return [
        f"c = column_part * {COLUMNS}",
        f"end = min(c + {COLUMNS}, channels)",
        *(block(vectors) if vectors > 1 else []),
        *block(1),
        "if c < end:",
        *(f"    {line}" for line in rest),
    ]


def _scalar(code: Formula, operands: list[Operand], maximum: bool) -> list[str]:
    """Along each row, then across the lanes."""
    moving = [n for n, operand in enumerate(operands) if operand.by_channel]
    neutral = 'number(float("-inf"))' if maximum else "zero"
    masked = Formula(code.lines, f"keep_lanes({code.result}, {neutral}, lanes)", code.constants)
    return [
        _start("total", maximum),
        "for row in range(start, stop):",
        "    image = row // positions",
        "    position = row - image * positions",
        *(f"    {line}" for line in row_starts(operands)),
        "    c = 0",
        "    while c + WIDTH <= channels:",
        *(f"        x{n} = load(a{n} + c * 4)" for n in moving),
        *(f"        {line}" for line in code.lines),
        f"        {_combine('total', code.result, maximum)}",
        "        c += WIDTH",
        "    if c < channels:",
        "        lanes = channels - c",
        *(f"        x{n} = load_lanes(a{n} + c * 4, lanes)" for n in moving),
        *(f"        {line}" for line in code.lines),
        f"        {_combine('total', masked.result, maximum)}",
        f"store_first(y0 + result * 4, {'largest_lane' if maximum else 'sum_lanes'}(total))",
    ]


def sum_parts(y: Tensor, partial: Tensor, parts: int, target: Target) -> list[Launch]:
    """y = the sum of ``parts`` arrays of its size that are one after the other."""
    size = y.values
    shape = _Shape(Domain(1, parts, size), 1, True)
    operand = Operand(partial, 0, size, 1)
    return [_launch([_Sum(y, formula(operand_number(0)))], [operand], shape, 1, False, target)]


def emit_image_vectors_reduction(
    op: Reduction, lanes: int, groups_of_images: int, target: Target
) -> list[Launch]:
    """Per channel and lane first, as if lanes were channels; then the lanes of each channel."""
    y = op.outputs[0]
    channels = y.values
    wide = Tensor(f"{y.name}.lanes", (channels * lanes,), batched=False)
    whole = Reduction(wide, op.expression, op.inputs, shape=op.shape, batched=True)
    shape = _Shape(Domain(channels, 1, lanes), channels, False)
    operand = Operand(wide, lanes, 0, 1)
    return [
        *emit_reduction(whole, groups_of_images, target),
        _launch([_Sum(y, formula(operand_number(0)))], [operand], shape, 1, False, target),
    ]
