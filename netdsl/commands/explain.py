"""netdsl explain: what a code means, or how the figures of one layer come about."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import click

from netdsl.commands.console.terminal import echo_folded, width_of

if TYPE_CHECKING:
    from netdsl.planning.plan import Plan

_SHOWN = 40
"""Names of layers in a hint."""


@click.command()
@click.argument("subject", metavar="[CODE|KIND|WORD|NETWORK]", required=False)
@click.argument("layer", nargs=-1)
@click.pass_context
def command(ctx: click.Context, subject: str | None, layer: tuple[str, ...]) -> None:
    """Explain a code such as ND301, a kind of layer such as CONV, or a word of the recipe such as ADAM.

    Without any of them, list the codes.

    With a network and the name of one of its layers, derive that layer's volume, parameters,
    multiply-accumulates and receptive field step by step: netdsl explain lenet CONV2
    """
    if subject is None:
        _list_codes()
    elif not _explain_word(" ".join((subject, *layer))):
        if layer:
            _explain_layer(ctx, subject, " ".join(layer))
        else:
            _explain_code(ctx, subject)


def _list_codes() -> None:
    from netdsl.resources import explained_codes, explanation_text

    for name in explained_codes():
        echo_folded(explanation_text(name).partition("\n")[0].lstrip("# "), indent=" " * 7)


def _explain_word(name: str) -> bool:
    """Print what a kind of layer, or what a word of the recipe, is and takes; False where it is neither.

    A word may be both, such as STEP, a layer and a schedule: then all of it is printed.
    """
    from netdsl.graph.papers import is_separable
    from netdsl.layers.registry import kind_named, short_name
    from netdsl.reports.as_component import subjects
    from netdsl.reports.as_kind import channels_as_text, kind_as_text, separable_as_text

    if os.path.isfile(name):
        return False
    plain = name.replace("-", " ")
    short = short_name(plain)
    whole = kind_named(plain) or kind_named(plain.replace(" ", ""))
    kind = whole or (short[0] if short else None)
    found = [kind_as_text(kind)] if kind is not None else []
    found += [channels_as_text()] if name.lower() == "channels" else []
    found += [separable_as_text()] if is_separable(plain) else []
    found += subjects(name)
    _echo("\n".join(found))
    return bool(found)


def _explain_code(ctx: click.Context, code: str) -> None:
    from netdsl.resources import explained_codes, explanation_text
    from netdsl.spelling import did_you_mean

    known, wanted = explained_codes(), code.upper()
    if wanted in known:
        _echo(explanation_text(wanted), markdown=True)
        return
    if not wanted.startswith("ND"):
        _name_layers(ctx, code)
    near = did_you_mean(wanted, known)
    hint = f"Did you mean {near}?" if near else "'netdsl explain' lists all codes."
    raise click.UsageError(f"There is no code {code!r}. {hint}", ctx)


def _name_layers(ctx: click.Context, network: str) -> None:
    """Say which layers a network has that could be explained."""
    from netdsl.commands.console.loading import load_plan_or_exit

    plan = load_plan_or_exit(network)
    raise click.UsageError(f"Name a layer of {network!r}: {_names(plan)}", ctx)


def _explain_layer(ctx: click.Context, network: str, name: str) -> None:
    from netdsl.commands.console.loading import load_plan_or_exit
    from netdsl.reports.as_derivation import derivation_as_text

    plan = load_plan_or_exit(network)
    found = {_folded(planned.node.name): planned for planned in plan.layers}
    planned = found.get(_folded(name))
    if planned is None:
        from netdsl.spelling import did_you_mean

        near = did_you_mean(name, [planned.node.name for planned in plan.layers])
        hint = f"Did you mean {near!r}?" if near else f"There are {_names(plan)}."
        raise click.UsageError(f"No layer of {network!r} is called {name!r}. {hint}", ctx)
    _echo(derivation_as_text(plan, planned))


def _echo(text: str, *, markdown: bool = False) -> None:
    from netdsl.reports.wrapping import folded_text

    click.echo(folded_text(text, width_of(sys.stdout), markdown=markdown), nl=False)


def _names(plan: Plan) -> str:
    """The names of the layers, of a large network the first ones."""
    names = ", ".join(planned.node.name for planned in plan.layers[:_SHOWN])
    return names if len(plan.layers) <= _SHOWN else f"{names} and {len(plan.layers) - _SHOWN} more"


def _folded(name: str) -> str:
    """Case, blanks and underscores do not matter: ``max_pool1`` is MAX POOL1."""
    return re.sub(r"[\s_]", "", name).lower()
