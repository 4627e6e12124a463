"""How the receptive field of one layer comes about, layer by layer."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from netdsl.layers.taps import Reads, Taps
from netdsl.planning.plan import Plan, PlannedLayer
from netdsl.planning.receptive_field import FieldTracer
from netdsl.planning.views import IMAGE, NOTHING, View
from netdsl.quantities import Size


class Seen(NamedTuple):
    """What the positions of a volume see along one axis.

    ``widths`` are the different numbers of pixels, the least first; ``jump`` is how far what is seen
    moves from one position to the next, None where that differs.
    """

    widths: tuple[int, ...]
    jump: Fraction | None


class Look(NamedTuple):
    """One layer on the way: what it reads, and what positions see before and after it, per axis.

    ``before`` is of the input that sees most, ``others`` the fields of all inputs where there are
    several. ``before`` and ``behind`` are None where that is not known.
    """

    planned: PlannedLayer
    reads: Reads
    before: tuple[Seen, Seen] | None
    behind: tuple[Seen, Seen] | None
    others: tuple[Size, ...] = ()

    def taps(self, axis: int) -> Taps | None:
        """The window that slides along an axis, where all that the layer reads is one window."""
        if len(self.reads.readings) != 1 or self.planned.node.layer.keeps_order:
            return None
        (reading,) = self.reads.readings
        return reading.stages[0][axis] if len(reading.stages) == 1 else None


def looks(plan: Plan, position: int) -> list[Look]:
    """The layers from the input to a layer, where branches meet along the one that sees most, or along
    one of which that is not known."""
    found = []
    planned = plan.layers[position]
    views = _views(plan, position, source(plan, position))
    while planned.node.inputs:
        widest, known, complete = _widest(plan, planned.node.position)
        before = plan.layers[widest]
        found.append(
            Look(
                planned,
                planned.node.layer.reads(*planned.inputs),
                _seen(views[before.node.position], before),
                _seen(views[planned.node.position], planned),
                known if complete and len(known) > 1 else (),
            )
        )
        planned = before
    return list(reversed(found))


def source(plan: Plan, position: int) -> int:
    """The input from which the layer that sees most on the way is reached."""
    while plan.layers[position].node.inputs:
        position = _widest(plan, position)[0]
    return position


def _views(plan: Plan, position: int, source: int) -> list[View]:
    """What the layers up to one see of an input; of other inputs nothing."""
    tracer = FieldTracer()
    views: list[View] = []
    for planned in plan.layers[: position + 1]:
        layer, inputs = planned.node.layer, planned.inputs
        seen = tuple(views[index] for index in planned.node.inputs)
        if seen:
            views.append(tracer.behind(layer, seen, inputs, planned.output, layer.reads(*inputs)))
        else:
            views.append(IMAGE if planned.node.position == source else NOTHING)
    return views


def _widest(plan: Plan, position: int) -> tuple[int, tuple[Size, ...], bool]:
    """Of what a layer reads that which sees most, or of which that is not known; what is known of all, and
    whether that is everything."""
    inputs = plan.layers[position].node.inputs
    fields = [plan.layers[index].receptive_field for index in inputs]
    known = tuple(field for field in fields if field is not None)
    widest = fields.index(None) if len(known) < len(fields) else fields.index(max(known))
    return inputs[widest], known, len(known) == len(fields)


def _seen(view: View, planned: PlannedLayer) -> tuple[Seen, Seen] | None:
    if planned.receptive_field is None or view.parts is None:
        return None
    rows, columns = FieldTracer().widths(view, planned.output)
    paces = [{Fraction(part[axis].advance, part[axis].period) for part in view.parts} for axis in (0, 1)]
    jumps = [pace.pop() if len(pace) == 1 else None for pace in paces]
    return Seen(rows, jumps[0]), Seen(columns, jumps[1])
