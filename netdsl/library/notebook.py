"""How networks, checks and runs are shown in a notebook: HTML and SVG without scripts or files."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from netdsl.quantities import bytes_text, counted

if TYPE_CHECKING:
    from netdsl.library.networks import Checked, Planned
    from netdsl.library.training import Trained

_MOST_ROWS = 400
"""Layers that are shown; a notebook is no place for more."""

_WIDTH, _HEIGHT, _MARGIN = 460, 180, 34
_COLOURS = ("#1f77b4", "#d62728")
_GREY = "#888"


def planned_as_html(network: Planned) -> str:
    """The table of a network, with its totals as the caption."""
    headings = ("layer", "is", "output", "parameters", "MACs", "sees")
    rows = [
        (
            layer.name,
            layer.text,
            str(layer.output),
            f"{layer.parameters:,}" if layer.parameters else "",
            f"{layer.macs:,}" if layer.macs else "",
            str(layer.receptive_field or "unknown"),
        )
        for layer in network.layers[:_MOST_ROWS]
    ]
    more = len(network) - len(rows)
    said = (
        f"<b>{_plain(network.name)}</b>: {network.input} &rarr; {network.output}, {network.parameters:,} "
        f"parameters ({bytes_text(network.parameter_bytes)}), {network.macs:,} MACs"
    )
    note = f"<p>{more:,} more layers</p>" if more else ""
    return f"<div><p>{said}</p>{_table(headings, rows, left=3)}{note}</div>"


def checked_as_html(checked: Checked) -> str:
    """The findings as text, and the table of the network where there is one."""
    found = f"<pre>{_plain(str(checked))}</pre>" if checked.diagnostics else ""
    shown = planned_as_html(checked.network) if checked.network is not None else ""
    return found + shown or f"<pre>{_plain(str(checked))}</pre>"


def trained_as_html(trained: Trained) -> str:
    """Losses and accuracies over the epochs, and the result."""
    history = trained.history
    test = f"<p>test {_plain(str(trained.test))}</p>" if trained.test is not None else ""
    losses = _curves(
        "loss", [[record.train_loss for record in history], [record.validation_loss for record in history]]
    )
    accuracies = _curves(
        "accuracy",
        [[record.train_accuracy for record in history], [record.validation_accuracy for record in history]],
    )
    legend = "".join(
        f'<span style="color:{colour}">&#9632;</span> {name} '
        for colour, name in zip(_COLOURS, ("training", "validation"), strict=True)
    )
    title = f"<p><b>{_plain(trained.network.name)}</b>, {counted(len(history), 'epoch')} &nbsp; {legend}</p>"
    return f"<div>{title}{losses}{accuracies}{test}</div>"


def _plain(text: str) -> str:
    """Text of others as HTML: no markup of theirs, no characters that steer a terminal or a page."""
    from netdsl.reports.display import visible

    return escape("\n".join(visible(line) for line in text.split("\n")))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    def cell(tag: str, number: int, text: str) -> str:
        side = "left" if number < left else "right"
        return f'<{tag} style="text-align:{side}">{_plain(text)}</{tag}>'

    head = "".join(cell("th", number, text) for number, text in enumerate(headings))
    body = "".join(
        f"<tr>{''.join(cell('td', number, text) for number, text in enumerate(row))}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _curves(name: str, curves: Sequence[Sequence[float]]) -> str:
    """Lines over the epochs, as SVG; a single epoch is a dot."""
    values = [value for curve in curves for value in curve]
    if not values:
        return ""
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    count = max(len(curve) for curve in curves)

    def point(epoch: int, value: float) -> tuple[float, float]:
        x = _MARGIN + (_WIDTH - 2 * _MARGIN) * (epoch / (count - 1) if count > 1 else 0.5)
        return x, _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * (value - low) / spread

    drawn = []
    for curve, colour in zip(curves, _COLOURS, strict=True):
        points = [point(epoch, value) for epoch, value in enumerate(curve)]
        if len(points) == 1:
            drawn.append(f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3" fill="{colour}"/>')
        else:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    bottom = _HEIGHT - _MARGIN
    axes = (
        f'<path d="M{_MARGIN},{_MARGIN} V{bottom} H{_WIDTH - _MARGIN}" fill="none" stroke="{_GREY}"/>'
        f"{_text(4, _MARGIN + 4, f'{high:.3g}')}{_text(4, bottom, f'{low:.3g}')}"
        f"{_text(_MARGIN, bottom + 16, 'epoch 1')}{_text(_WIDTH - _MARGIN - 12, bottom + 16, str(count))}"
        f"{_text(_MARGIN, _MARGIN - 10, name)}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'role="img" aria-label="{name} over the epochs">{axes}{"".join(drawn)}</svg>'
    )


def _text(x: float, y: float, text: str) -> str:
    style = f'font-size="11" font-family="sans-serif" fill="{_GREY}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'
