"""From tree to network: the passes that find out what every layer is, in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netdsl.diagnostics import Findings
from netdsl.graph.draft.default_activation import References, activate
from netdsl.graph.draft.entries import Draft, Entry
from netdsl.graph.draft.inputs import check_inputs
from netdsl.graph.draft.layer_options import LayerOptions
from netdsl.graph.draft.layer_pool import LayerPool
from netdsl.graph.draft.layers_ahead import LayersAhead
from netdsl.graph.draft.placing import Placing
from netdsl.graph.expanded_layers import ExpandedLayer
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.macros.blocks import read_blocks, read_lets
from netdsl.graph.macros.elements import ElementReader
from netdsl.graph.macros.expand import Expansion
from netdsl.graph.macros.scopes import Scopes
from netdsl.graph.names.labels import check_labels, check_parameters
from netdsl.graph.names.reserved_names import names_of_numbers
from netdsl.graph.names.unique_names import Names
from netdsl.graph.papers import in_our_words
from netdsl.graph.statements.claims import Claims
from netdsl.graph.statements.defaults import read_defaults
from netdsl.graph.statements.expectations import read_expectation
from netdsl.graph.statements.headers import chosen_dialect, network_name
from netdsl.source import Source, Span
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.graph.layer_patterns import Pattern
    from netdsl.recipe.written import WrittenRecipe


def resolve(file: tree.File, source: Source, findings: Findings) -> Draft | None:
    """The network that a file describes; None where it describes none at all."""
    file = in_our_words(file, findings).file

    def of(type: type[Any]) -> tuple[Any, ...]:
        return tuple(statement for statement in file.statements if isinstance(statement, type))

    dialect = chosen_dialect(of(tree.Dialect), findings)
    name = network_name(of(tree.NetName), source, findings)
    environment = read_lets(of(tree.Let), Environment({}), findings)
    blocks, broken = read_blocks(of(tree.Block), findings)
    numbers = names_of_numbers(file)
    reader = ElementReader(numbers, blocks)
    elements = reader.elements(file.statements)
    scopes = Scopes(blocks, broken, environment, findings, elements, reader)
    if blocks:
        from netdsl.graph.macros.shadowed_kinds import report_shadowed_kinds

        report_shadowed_kinds(file.statements, scopes, elements, findings)
    defaults = read_defaults(of(tree.Default), environment, findings)
    expectations = _said(of(tree.Expect), read_expectation, findings)
    patterns = _patterns(of(tree.ExpectPattern), findings)

    options, pool, claims = LayerOptions(defaults, findings), LayerPool(dialect, findings), Claims(findings)
    ahead = LayersAhead(options, pool, claims, defaults.activation, dialect, findings)
    expansion = Expansion(scopes, ahead.volume_behind, findings)
    layers = expansion.expand(elements)
    if not layers:
        if not findings.found:
            findings.add("ND215", "there is no layer here", Span(0, len(source.text)), help=_FIRST_LINES)
        return None
    check_labels(elements, findings)
    for block in scopes.entries.values():
        check_labels(block.elements, findings)
    for block in scopes.entries.values():
        check_parameters(block, findings)

    names = Names({expanded.label for expanded in layers})
    bare_blocks = tuple(name for name, block in blocks.items() if not block.parameters)
    placing = Placing(options, pool, claims, defaults, names, bare_blocks, numbers, findings)
    entries = placing.entries_of(layers)
    if blocks:
        from netdsl.graph.macros.unread_parameters import report_unread_parameters

        report_unread_parameters(blocks.values(), environment.readings, findings)
    check_inputs(entries, layers, findings, asked=expansion.unsettled is not None)
    entries = activate(entries, _references(layers, entries), defaults.activation, dialect, names, findings)
    recipe = _recipe(of(tree.Train), findings)
    return Draft(
        name,
        tuple(entries),
        expectations,
        patterns,
        source,
        dialect,
        names,
        recipe,
        expansion.unsettled,
        environment.readings,
    )


def _said(
    statements: tuple[Any, ...], read: Callable[[Any, Findings], Any], findings: Findings
) -> tuple[Any, ...]:
    """What statements say, those left out that say nothing."""
    found = [read(statement, findings) for statement in statements]
    return tuple(value for value in found if value is not None)


def _patterns(statements: tuple[Any, ...], findings: Findings) -> tuple[Pattern, ...]:
    if not statements:
        return ()
    from netdsl.graph.layer_patterns import read_pattern  # few networks have one

    return _said(statements, read_pattern, findings)


def _recipe(blocks: tuple[Any, ...], findings: Findings) -> WrittenRecipe | None:
    """What ``train { }`` says; reading it is loaded only where there is one."""
    if not blocks:
        return None
    from netdsl.recipe.written import read_blocks

    return read_blocks(blocks, findings)


def _references(layers: list[ExpandedLayer], entries: list[Entry]) -> References:
    """By the position of an entry, which of its inputs are what a label names."""
    return {
        position: dict(expanded.references)
        for position, expanded in enumerate(layers)
        if expanded.references and entries[position].inputs  # an input reads nothing, whatever stands before
    }


_FIRST_LINES = (
    "begin with the input: `input 32x32x1`",
    "then one layer a line, or a chain: `[CONV 6 5x5 - RELU]`",
)
