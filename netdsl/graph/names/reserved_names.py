"""Which names a block can have: not those that mean something everywhere."""

from __future__ import annotations

from netdsl.diagnostics import Findings
from netdsl.graph.expanded_layers import EntryRole
from netdsl.layers.registry import kind_named
from netdsl.syntax import tree


def meaning_of(name: str) -> str:
    """What a name means whatever a file says; empty where a block can have it.

    The words for branches and the input are taken. Any other name is free, those of kinds of layers too: the
    block has it then, and nothing in the file is read as the kind by it.
    """
    role = EntryRole.named(name)
    if role is not EntryRole.LAYER:
        return f"{role.name} is a branch: {role.value}"
    kind = kind_named(name)
    return f"{kind.keyword} is where every network begins" if kind is not None and kind.inputs == 0 else ""


def names_of_numbers(file: tree.File) -> frozenset[str]:
    """The names that `let` lines and the parameters of blocks give to numbers."""
    given = [statement for statement in file.statements if isinstance(statement, tree.Let | tree.Block)]
    parts: list[tree.Let | tree.Parameter] = []
    for statement in given:
        if isinstance(statement, tree.Let):
            parts.append(statement)
        else:
            parts += statement.parameters
            parts += [inner for inner in statement.statements if isinstance(inner, tree.Let)]
    return frozenset(part.name.text for part in parts)


_VALUES = {
    "same": "a padding",
    "valid": "a padding",
    "zero": "a padding",
    "no": "a negation",
    "without": "a negation",
}

SWITCHES = frozenset(("bias", "biases", "ceil", "floor", "global", "scaled", "whole"))
"""Words that are options of some kinds by themselves; here, so that no kind is loaded for a `let` line."""

SHARED_SWITCHES = frozenset(("scale", "shift"))
"""The same of normalisations, where a number of that name is reported in the layer: elsewhere it is free."""


def report_taken_number(name: tree.Word, findings: Findings) -> None:
    """Report a number whose name is a value of options, or an option without one, so that it could not be
    used as a number there."""
    word = name.text.lower()
    value = "an option" if word in SWITCHES else _VALUES.get(word)
    if value is not None:
        message = f"a number cannot be called `{name.text}`"
        findings.add(
            "ND226",
            message,
            name.span,
            f"is {value} {'of some layers' if word in SWITCHES else 'in every layer'}",
            help=("give it another name",),
        )


def report_taken_name(block: tree.Block, meaning: str, findings: Findings) -> None:
    """Report a block whose name means something already."""
    name = block.name.text
    free = f"{name}_BLOCK" if name.isupper() else f"{name}_block"
    message = f"a block cannot be called `{name}`"
    findings.add("ND226", message, block.name.span, meaning, help=(f"call it `{free}`, for instance",))
