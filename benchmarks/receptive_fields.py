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

from dependence import Unbounded, seen_pixels
from drawn_networks import drawn_network

from netdsl.plan.load import load_plan
from netdsl.plan.plan import Plan
from netdsl.quantities import Size
from netdsl.resources import zoo_names, zoo_text


class Comparison(NamedTuple):
    """How many layers agree, how many are not known, and those that differ, described."""

    agree: int
    unknown: int
    unbounded: int
    differing: tuple[str, ...]

    def __str__(self) -> str:
        unknown = f", {self.unknown} not known" if self.unknown else ""
        return f"{self.agree} layers equal{unknown}, {len(self.differing)} differ" + "".join(
            f"\n  {line}" for line in self.differing
        )


def brute_force(plan: Plan, position: int, most: int, *, narrow: bool) -> Size:
    """The largest rectangle of pixels that outputs of a layer depend on.

    Takes all outputs where they are few, else the first ``most`` rows and columns and the last ones.
    """
    y = plan.layers[position].output
    rows, columns = _places(y.height, most), _places(y.width, most)
    if len(rows) * len(columns) <= most * most // 4:
        places = [(row, column) for row in rows for column in columns]
    else:
        turns = range(0 if narrow else 3, 1 if narrow else 5)
        places = [(row, columns[(turn * i) % len(columns)]) for turn in turns for i, row in enumerate(rows)]
        places += [(rows[(turn * i) % len(rows)], column) for turn in turns for i, column in enumerate(columns)]
    sizes = [seen_pixels(plan, position, *place, narrow=narrow) for place in dict.fromkeys(places)]
    return Size(max(size.height for size in sizes), max(size.width for size in sizes))


def _places(extent: int, most: int) -> list[int]:
    return sorted({*range(min(extent, most)), *range(max(extent - most // 2, 0), extent)})


def compare(plan: Plan, most: int, *, narrow: bool = False) -> Comparison:
    """Every layer of a network."""
    agree = unknown = unbounded = 0
    differing = []
    for planned in plan.layers:
        try:
            found = brute_force(plan, planned.node.position, most, narrow=narrow)
        except Unbounded:
            found = None
            unbounded += 1
        if planned.receptive_field is None:
            unknown += 1
        elif planned.receptive_field == found:
            agree += 1
        else:
            differing.append(f"{planned.node.name}: netdsl {planned.receptive_field}, brute force {found}")
    return Comparison(agree, unknown, unbounded, tuple(differing))


def main() -> int:
    parser = argparse.ArgumentParser(description="Receptive fields against brute force.")
    parser.add_argument("names", nargs="*", help="networks of the zoo; all where none is named")
    parser.add_argument("--networks", type=int, default=500, help="networks drawn at random (500)")
    parser.add_argument("--first", type=int, default=0, help="number of the first of them (0)")
    arguments = parser.parse_args()
    total = Comparison(0, 0, 0, ())
    cases = [(name, zoo_text(name), True) for name in arguments.names or zoo_names()]
    numbers = range(arguments.first, arguments.first + arguments.networks)
    cases += [(f"drawn {number}", drawn_network(number)[0], False) for number in numbers]
    for name, text, narrow in cases:
        plan, _ = load_plan(text)
        assert plan is not None
        found = compare(plan, 34 if narrow else 40, narrow=narrow)
        print(f"{name}: {plan.layers[-1].receptive_field or 'unknown'}; {found}", flush=True)
        if found.differing and not narrow:
            print(text)
        total = Comparison(*(one + other for one, other in zip(total, found, strict=True)))
    print(f"{len(cases)} networks: {total.agree} layers equal, {total.unknown} not known,", end=" ")
    print(f"{len(total.differing)} differ")
    return 1 if total.differing else 0


if __name__ == "__main__":
    sys.exit(main())
