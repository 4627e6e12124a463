"""Listings of layers, tables of them, and summaries that other programs print, among other text."""

from __future__ import annotations

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.formats.imported import Imported
from netdsl.formats.listing import LINE_LIMIT, is_too_long
from netdsl.formats.listing_canonical import read_network
from netdsl.formats.page import networks_of
from netdsl.source import Source


def read(source: Source) -> list[Imported]:
    """The networks of a page in their order."""
    if is_too_long(source.text):
        message = f"a listing has at most {LINE_LIMIT:,} non-blank lines"
        cure = "copy the lines that list the network to a separate file"
        raise Diagnosed(file_error("ND009", source.name, message, cure))
    read = [read_network(found, source) for found in networks_of(source.text)]
    if not any(one.text or one.findings for one in read):
        message, cure = "no line describes a layer", "a layer looks like `[55x55x96] CONV1: 96 11x11 filters`"
        raise Diagnosed(file_error("ND660", source.name, message, cure))
    return read
