"""Where the data are that a recipe names: beside the file that names them, and nowhere else."""

from __future__ import annotations

import os

from netdsl.diagnostics import Diagnosed, Findings, Severity
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.written import WrittenRecipe
from netdsl.source import Seen


def recipe_beside(written: WrittenRecipe | None, *, named: bool = False) -> Recipe:
    """The recipe that a file says, its data found beside it unless others are ``named``; all defaults without
    a file. Raises Diagnosed (ND531)."""
    if written is None:
        return Recipe()
    values = dict(written.values)
    if "data" in values and not named:
        values["data"] = data_beside(written)
    return Recipe(**values)


def data_beside(written: WrittenRecipe) -> str:
    """The data that a file names: shipped data by name, or a path below the folder of the file.

    What is elsewhere has to be named on the command line, so that a file from a stranger reads
    nothing of yours. Raises Diagnosed (ND531).
    """
    path = _path(written)
    if path is None:
        findings = Findings(written.source)
        report_outside(written, findings, Severity.ERROR)
        raise Diagnosed(*findings.found)
    return path


def report_outside(written: WrittenRecipe, findings: Findings, severity: Severity) -> None:
    """Report (ND531) data that only the command line could name."""
    span = written.span("data")
    if span is not None and _path(written) is None:
        cure = f"name it on the command line: --data {written.values['data'][:60]}"
        message = "data outside the folder of the file are not read"
        findings.add("ND531", message, span, help=(cure,), severity=severity)


def _path(written: WrittenRecipe) -> str | None:
    name: str = written.values["data"]
    if name == Recipe._field_defaults["data"]:
        return name
    folder = os.path.realpath(written.source.folder) if written.source.folder else ""
    full = os.path.realpath(os.path.join(folder, name)) if "\0" not in name else ""
    written.source.seen.append(Seen(os.path.join(folder, name), full))
    if not folder or os.path.isabs(name) or os.path.commonpath([folder, full or "/"]) != folder:
        return None
    return full
