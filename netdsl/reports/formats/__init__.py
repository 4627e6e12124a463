"""The formats in which `netdsl check` writes: one file for each, found by being here.

A file has a function ``write(checked) -> str``; the format has the file's name. Nothing else lists formats.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from netdsl.gate.discovery import Known
from netdsl.resources import module_names

if TYPE_CHECKING:
    from netdsl.reports.checked import Checked

FORMATS = tuple(sorted(module_names("reports/formats"), key=lambda name: (name != "text", name)))
"""Their names: first the one that is written where none is asked for."""


def written(name: str, checked: Checked) -> str:
    """What was found in some files, in a format of ``FORMATS``."""
    text: str = importlib.import_module(f"{__name__}.{name}").write(checked)
    return text


def known_to_settings() -> Known:
    """What there is for `format` and `columns` to name."""
    from netdsl.counting.columns import column_names  # few projects have settings

    return Known(FORMATS, column_names())
