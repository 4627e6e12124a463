"""Renders predictions as JSON for other programs, as `netdsl/schemas/predict.json` describes it.

The schema only grows; its number says when it broke.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from textwrap import indent
from typing import Any

SCHEMA = "netdsl-predict-1"


def predictions_as_json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A list with an object for each picture, in pieces as they come."""
    before = "[\n"
    for row in rows:
        yield before + indent(json.dumps({"schema": SCHEMA, **row}, indent=2, allow_nan=False), "  ")
        before = ",\n"
    yield "\n]\n" if before != "[\n" else "[]\n"
