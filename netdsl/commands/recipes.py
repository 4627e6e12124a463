"""From the recipe of a network file, or of a ``.train`` file, to the settings of training."""

from __future__ import annotations

import os
from typing import Any

from netdsl.commands.loading import open_source
from netdsl.diagnostics import Diagnosed, Findings, has_errors
from netdsl.graph.network import Network
from netdsl.graph.recipe import Recipe
from netdsl.source import Source

_TRAINED_WITH = ("sgd",)
"""The optimizers that training knows so far."""

_NOT_YET = ("schedule", "augment", "stop", "search")
"""The entries that training does not carry out so far."""


def recipe_settings(network: Network, path: str | None) -> dict[str, Any]:
    """The settings that the file's ``train`` block gives, or those of a ``.train`` file in its place.

    Raises Diagnosed where the recipe is wrong or asks for what training cannot do: a recipe that is
    half carried out would train something else than what is written.
    """
    if path is None:
        return _settings(network.recipe, network.source) if network.recipe else {}
    from netdsl.graph.recipe_file import recipe_from_text

    source = open_source(path)
    recipe, found = recipe_from_text(source)
    if has_errors(found):
        raise Diagnosed(*found)
    return _settings(recipe, source)


def _settings(recipe: Recipe, source: Source) -> dict[str, Any]:
    findings = Findings(source)
    for entry in _NOT_YET:
        span = recipe.span(entry)
        if span is not None:
            message = f"training does not know `{entry}` yet"
            findings.add("ND532", message, span, help=("leave the entry out; `netdsl check` accepts it",))
    optimizer = recipe.optimizer
    place = recipe.span("optimizer")
    if optimizer is not None and place is not None and optimizer.name not in _TRAINED_WITH:
        message = f"training does not know the optimizer `{optimizer.name}` yet"
        findings.add("ND532", message, place, help=(f"it knows {', '.join(_TRAINED_WITH)}",))
    values = {name: getattr(recipe, name) for name in ("split", "loss", "batch", "epochs", "seed", "init")}
    values["data"] = _data(recipe, source, findings)
    if optimizer is not None:
        values |= {name: getattr(optimizer, name) for name in ("rate", "momentum", "decay")}
    if findings.found:
        raise Diagnosed(*findings.found)
    return {name: value for name, value in values.items() if value is not None}


def _data(recipe: Recipe, source: Source, findings: Findings) -> str | None:
    """The data that the recipe names: shipped data by name, or a path below the folder of the file.

    What lies elsewhere has to be named on the command line, so that a file from a stranger reads
    nothing of yours.
    """
    from netdsl.training.recipe import Recipe as Settings

    span = recipe.span("data")
    if recipe.data is None or span is None or recipe.data == Settings._field_defaults["data"]:
        return recipe.data
    folder = os.path.realpath(source.folder) if source.folder else ""
    full = os.path.realpath(os.path.join(folder, recipe.data)) if "\0" not in recipe.data else ""
    if not folder or os.path.isabs(recipe.data) or os.path.commonpath([folder, full or "/"]) != folder:
        cure = f"name it on the command line: --data {recipe.data[:60]}"
        findings.add("ND531", "data outside the folder of the file are not read", span, help=(cure,))
        return None
    return full
