"""Renders a measurement as JSON for other programs. The schema only grows; its number says when it broke."""

from __future__ import annotations

import json
from typing import Any

from netdsl.measuring.measurement import Figures, Measurement, Roofline, Row
from netdsl.primitives.operation import Phase

SCHEMA = "netdsl-bench-1"


def measurement_as_json(found: Measurement) -> str:
    """One object; times in seconds, everything else in units without a prefix."""
    phases = [phase for phase in Phase if found.training or phase is Phase.FORWARD]
    written = {
        "schema": SCHEMA,
        "network": found.plan.network.name,
        "step": "training" if found.training else "inference",
        "precision": found.precision,
        "batch": found.batch,
        "threads": found.threads,
        "rounds": found.rounds,
        "cpu": found.cpu,
        "versions": found.versions,
        "roofs": found.roofline._asdict(),
        "seconds": found.seconds,
        "timed_seconds": found.timed_seconds,
        "images_per_second": found.images_per_second,
        "held_bytes": found.held_bytes,
        "peak_bytes": found.peak_bytes,
        "rows": [_row(row, found.roofline) for row in found.rows],
        "total": {phase.value: _figures(found.phase(phase), found.roofline) for phase in phases},
        "forms": dict(found.variants),
        "rivals": [rival._asdict() for rival in found.rivals],
    }
    return json.dumps(written, indent=2, allow_nan=False) + "\n"


def _row(row: Row, roofline: Roofline) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        **{phase.value: _figures(figures, roofline) for phase, figures in row.phases.items()},
        "all": _figures(row.whole, roofline),
    }


def _figures(figures: Figures, roofline: Roofline) -> dict[str, Any]:
    return {
        "seconds": figures.seconds,
        "macs": figures.macs,
        "flops_per_second": figures.flops_per_second,
        "share_of_peak": figures.flops_per_second / roofline.flops_per_second,
        "read_bytes": figures.read_bytes,
        "written_bytes": figures.written_bytes,
        "bytes_per_second": figures.bytes_per_second,
        "share_of_bandwidth": figures.bytes_per_second / roofline.bytes_per_second,
        "limit": figures.limit(roofline) or None,
    }
