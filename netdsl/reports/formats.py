"""The formats in which `netdsl check` writes, and what settings may name."""

from __future__ import annotations

from netdsl.gate.discovery import Known

FORMATS = ("text", "concise", "json", "jsonl", "sarif", "junit", "github", "gitlab")


def known_to_settings() -> Known:
    """What there is for `format` and `columns` to name."""
    from netdsl.counting.columns import column_names  # few projects have settings

    return Known(FORMATS, column_names())
