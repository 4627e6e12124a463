"""Options that are given more than once: lists add up, everything else takes one value."""

from __future__ import annotations

from collections.abc import Sequence

import click


def check_repeated_options(context: click.Context, arguments: Sequence[str]) -> None:
    """Raise a usage error where ``arguments`` give an option that takes one value two different ones.

    click silently takes the last one, and a run of hours would use a value that nobody looked at. A recipe
    has each entry once, too. The same value twice contradicts nothing.
    """
    single = [
        one
        for one in context.command.get_params(context)
        if isinstance(one, click.Option) and not (one.is_flag or one.count or one.multiple)
    ]
    for option in single:
        option.multiple = True  # the parser then keeps every value, and not the last one alone
    try:
        given, _, order = context.command.make_parser(context).parse_args(list(arguments))
    except click.UsageError:
        return  # which click reports in a moment
    finally:
        for option in single:
            option.multiple = False
    if any(one.is_eager for one in order):  # --help, which is all that happens
        return
    for option in single:
        values = dict.fromkeys(given.get(option.name or "") or ())
        if len(values) > 1:
            shown = " and ".join(repr(value) for value in list(values)[-2:])
            often = "twice" if len(values) == 2 else f"{len(values)} times"
            raise click.UsageError(f"{option.opts[0]} is given {often}, {shown}: it takes one value", context)
