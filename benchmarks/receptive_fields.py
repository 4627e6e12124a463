"""Receptive fields against brute force: every layer of the zoo, and of networks drawn at random.

    python benchmarks/receptive_fields.py [--networks N] [--first NUMBER] [NAME...]

For each layer, outputs are taken one by one and their gradient is followed back to the pixels
(``dependence.py``); the largest rectangle has to be what ``netdsl check`` prints. One line per network;
ends with status 1 where a figure differs.
"""

from __future__ import annotations

import argparse
import sys
from typing import NamedTuple

from dependence import seen_pixels
from drawn_networks import drawn_network

from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.deconv import Deconv
from netdsl.layers.dropout import Dropout
from netdsl.layers.pooling import Pooling
from netdsl.layers.relu import Relu
from netdsl.layers.unpool import Unpool
from netdsl.layers.upsample import Upsample
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.quantities import Size, Volume
from netdsl.resources import zoo_names, zoo_text

ENLARGING = (Deconv, Unpool, Upsample)
BY_NUMBER = (Relu, BatchNorm, Dropout)
"""Layers whose outputs depend on one number each: what they see needs no walk of its own."""


class Comparison(NamedTuple):
    """How many layers agree, how many are not known, and those that differ, described."""

    agree: int
    unknown: int
    differing: tuple[str, ...]

    def __str__(self) -> str:
        unknown = f", {self.unknown} not known" if self.unknown else ""
        return f"{self.agree} layers equal{unknown}, {len(self.differing)} differ" + "".join(
            f"\n  {line}" for line in self.differing
        )


def brute_force(plan: Plan, position: int, *, narrow: bool = False, most: int = 400) -> Size:
    """The largest rectangle of pixels that outputs of a layer depend on; all where there are ``most``.

    Of the large networks of the zoo, whose channels are narrowed to one, a diagonal of outputs is
    enough: down and across they are alike. Where a branch sees the whole image, those in the corners see
    most: the padding beyond it too.
    """
    y = plan.layers[position].output
    if narrow:
        before = [layer.node.layer for layer in plan.layers[: position + 1]]
        enlarged = any(isinstance(layer, ENLARGING) for layer in before)
        diagonal = range(min(*y.size, 34) if enlarged else 1)
        positions = [(y.height // 2 - i // 2, y.width // 2 - i // 2) for i in diagonal]
        if any(isinstance(layer, Pooling) and layer.whole for layer in before):
            positions += [(0, 0), (y.height - 1, y.width - 1)]
    else:
        positions = _positions(y, most)
    sizes = [seen_pixels(plan, position, *pixel, narrow=narrow) for pixel in positions]
    return Size(max(size.height for size in sizes), max(size.width for size in sizes))


def _positions(y: Volume, most: int) -> list[tuple[int, int]]:
    """All outputs where they are few, else every row with two columns and every column likewise."""
    rows, columns = range(y.height), range(y.width)
    if y.height * y.width <= most:
        return [(row, column) for row in rows for column in columns]
    positions = [(row, turn * row % y.width) for turn in (3, 4) for row in rows]
    positions += [(turn * column % y.height, column) for turn in (3, 4) for column in columns]
    return list(dict.fromkeys(positions))


def compare(plan: Plan, *, narrow: bool = False) -> Comparison:
    """Every layer of a network."""
    agree = unknown = 0
    differing = []
    found: list[Size] = []
    for planned in plan.layers:
        node = planned.node
        if isinstance(node.layer, BY_NUMBER):
            found.append(found[node.inputs[0]])
        else:
            found.append(brute_force(plan, node.position, narrow=narrow))
            if not narrow and planned.receptive_field not in (None, found[-1]):
                # Perhaps the output that sees most was not among those taken.
                found[-1] = brute_force(plan, node.position, most=planned.output.values)
        if planned.receptive_field is None:
            unknown += 1
        elif planned.receptive_field == found[-1]:
            agree += 1
        else:
            differing.append(f"{node.name}: netdsl {planned.receptive_field}, brute force {found[-1]}")
    return Comparison(agree, unknown, tuple(differing))


def main() -> int:
    parser = argparse.ArgumentParser(description="Receptive fields against brute force.")
    parser.add_argument("names", nargs="*", help="networks of the zoo; all where none is named")
    parser.add_argument("--networks", type=int, default=500, help="networks drawn at random (500)")
    parser.add_argument("--first", type=int, default=0, help="number of the first of them (0)")
    arguments = parser.parse_args()
    total = Comparison(0, 0, ())
    cases = [(name, zoo_text(name), True) for name in arguments.names or zoo_names()]
    numbers = range(arguments.first, arguments.first + arguments.networks)
    cases += [(f"drawn {number}", drawn_network(number)[0], False) for number in numbers]
    for name, text, narrow in cases:
        plan, _ = load_plan(text)
        assert plan is not None
        found = compare(plan, narrow=narrow)
        print(f"{name}: {plan.layers[-1].receptive_field or 'unknown'}; {found}", flush=True)
        if found.differing and not narrow:
            print(text)
        total = Comparison(*(one + other for one, other in zip(total, found, strict=True)))
    print(f"{len(cases)} networks: {total.agree} layers equal, {total.unknown} not known,", end=" ")
    print(f"{len(total.differing)} differ")
    return 1 if total.differing else 0


if __name__ == "__main__":
    sys.exit(main())
