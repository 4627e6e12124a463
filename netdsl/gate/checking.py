"""All that is to be said about a text: what commands, the language server and Python programs tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from netdsl.diagnostics import Diagnostic, file_error, has_errors
from netdsl.gate.settings import NO_SETTINGS, Settings
from netdsl.gate.sifting import sifted
from netdsl.planning.network_files import RECIPE_ENDING, RECIPE_SAID, foreign, planned
from netdsl.source import Source

if TYPE_CHECKING:
    from netdsl.planning.plan import Plan
    from netdsl.recipe.written import WrittenRecipe


def checked(source: Source, settings: Settings = NO_SETTINGS) -> tuple[Plan | None, list[Diagnostic]]:
    """The plan of a text, its mistakes, and advice on it, as the settings want them told; a recipe in a file
    of its own has mistakes only."""
    if source.name.endswith(RECIPE_ENDING):
        return None, sifted(source, None, recipe_of(source)[1], settings)
    from netdsl.rules import advise

    plan, findings = planned(source)
    found = [*findings, *advise(plan)] if plan is not None else findings
    return plan, sifted(source, plan, found, settings)


def recipe_of(source: Source) -> tuple[WrittenRecipe, list[Diagnostic]]:
    """What a ``.train`` file says, and what is wrong in it; of another format, that alone."""
    from netdsl.recipe.written import read_file

    written, found = read_file(source)
    if not has_errors(found):
        return written, found
    if re.search(r"^\s*input\b", source.text, re.IGNORECASE | re.MULTILINE):
        message = "this seems to be a network, not a recipe"
        return written, [file_error("ND008", source.name, message, RECIPE_SAID[1])]
    return written, foreign(source, RECIPE_SAID) or found
