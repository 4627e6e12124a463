"""The curve of a learning rate range test: as text for a terminal, as a picture, as JSON."""

from __future__ import annotations

import json
from io import BytesIO
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from netdsl.training.plain_letters import plain_letters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.ImageDraw import ImageDraw

    from netdsl.training.rate_finder import Found

_ROWS = 14
_LEAST_COLUMNS, _MOST_COLUMNS = 30, 100
_SIZE = (960, 600)
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 930, 60, 540
_INK, _GRID, _FAINT, _CURVE, _MARK = "#202020", "#dddddd", "#9fb8d8", "#1f4e9e", "#c03020"


class Frame:
    """Where a rate and a loss are: both as shares from 0 to 1, rates on a logarithmic scale.

    Losses above the first ones by more than the whole fall are cut off: there training diverges.
    """

    def __init__(self, found: Found) -> None:
        self.low, self.high = floor(log10(found.rates[0]) + 1e-9), ceil(log10(found.rates[-1]) - 1e-9)
        self.high = max(self.high, self.low + 1)
        first, least = found.curve[0], min(found.curve)
        if first - least < 0.01 * abs(first):  # nothing falls: show what there is
            first = max(max(losses) for losses in found.trials)
        self.least = least - 0.05 * (first - least)
        self.most = max(first + 0.25 * (first - least), self.least + 1e-6 * max(abs(self.least), 1.0))

    def across(self, rate: float) -> float:
        return min(max((log10(rate) - self.low) / (self.high - self.low), 0.0), 1.0)

    def up(self, loss: float) -> float:
        return min(max((loss - self.least) / (self.most - self.least), 0.0), 1.0)

    @property
    def decades(self) -> list[int]:
        return list(range(self.low, self.high + 1))


def rate_curve_as_text(found: Found, columns: int) -> str:
    """A plot of plain characters: ``*`` the mean of the trials, ``.`` single steps, ``|`` the rate found."""
    frame = Frame(found)
    margin = 9
    width = min(max(columns, _LEAST_COLUMNS), _MOST_COLUMNS) - margin - 1
    grid = [[" "] * width for _ in range(_ROWS)]
    mark = round(frame.across(found.rate) * (width - 1))
    for row in grid:
        row[mark] = "|"
    for losses in found.trials:
        _plot(grid, frame, found.rates, losses, ".")
    _plot(grid, frame, found.rates, found.curve, "*")
    lines = []
    for number, row in enumerate(grid):
        loss = frame.most - (frame.most - frame.least) * number / (_ROWS - 1)
        label = f"{loss:{margin - 2}.3g}" if number % 4 == 0 or number == _ROWS - 1 else " " * (margin - 2)
        lines.append(f"{label} |{''.join(row)}".rstrip())
    lines.append(f"{'loss':>{margin - 2}} +{'-' * width}")
    lines.append(_decades(frame, width, margin))
    return "\n".join(lines) + "\n"


def _plot(
    grid: list[list[str]], frame: Frame, rates: Sequence[float], losses: Sequence[float], sign: str
) -> None:
    width = len(grid[0])
    for rate, loss in zip(rates, losses, strict=False):
        column = round(frame.across(rate) * (width - 1))
        grid[_ROWS - 1 - round(frame.up(loss) * (_ROWS - 1))][column] = sign


def _decades(frame: Frame, width: int, margin: int) -> str:
    """The rates below the axis, as many as have room."""
    line = [" "] * (width + margin)
    free = 0
    for decade in frame.decades:
        text = f"{10.0**decade:g}"
        middle = margin + round((decade - frame.low) / (frame.high - frame.low) * (width - 1))
        start = min(middle - len(text) // 2, margin + width - len(text))
        if start >= free:
            line[start : start + len(text)] = text
            free = start + len(text) + 1
    return "".join(line).rstrip()


def rate_curve_as_png(found: Found, title: str) -> bytes:
    """The same as a PNG of 960x600 pixels."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(picture)
    frame = Frame(found)
    _axes(draw, frame, title)
    for losses in found.trials:
        draw.line(_points(frame, found.rates, losses), fill=_FAINT, width=1)
    draw.line(_points(frame, found.rates, found.curve), fill=_CURVE, width=3)
    for rate, shade in ((found.low, _FAINT), (found.high, _FAINT), (found.rate, _MARK)):
        across = _LEFT + frame.across(rate) * (_RIGHT - _LEFT)
        draw.line([(across, _TOP), (across, _BOTTOM)], fill=shade, width=2)
    across = _LEFT + frame.across(found.rate) * (_RIGHT - _LEFT)
    draw.text(
        (across + 6, _TOP + 4), f"rate {found.rate:.2g}, {found.confidence}", fill=_MARK, font=_font(16)
    )
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _axes(draw: ImageDraw, frame: Frame, title: str) -> None:
    font = _font(14)
    draw.text((_LEFT, 18), plain_letters(title), fill=_INK, font=_font(18))
    for decade in frame.decades:
        across = _LEFT + (decade - frame.low) / (frame.high - frame.low) * (_RIGHT - _LEFT)
        draw.line([(across, _TOP), (across, _BOTTOM)], fill=_GRID)
        draw.text((across - 14, _BOTTOM + 8), f"{10.0**decade:g}", fill=_INK, font=font)
    for share in range(5):
        height = _BOTTOM - share / 4 * (_BOTTOM - _TOP)
        loss = frame.least + share / 4 * (frame.most - frame.least)
        draw.line([(_LEFT, height), (_RIGHT, height)], fill=_GRID)
        draw.text((16, height - 8), f"{loss:.3g}", fill=_INK, font=font)
    draw.rectangle([_LEFT, _TOP, _RIGHT, _BOTTOM], outline=_INK)
    draw.text((16, _TOP - 24), "loss", fill=_INK, font=font)
    draw.text((_RIGHT - 90, _BOTTOM + 30), "learning rate", fill=_INK, font=font)


def _points(frame: Frame, rates: Sequence[float], losses: Sequence[float]) -> list[tuple[float, float]]:
    return [
        (_LEFT + frame.across(rate) * (_RIGHT - _LEFT), _BOTTOM - frame.up(loss) * (_BOTTOM - _TOP))
        for rate, loss in zip(rates, losses, strict=False)
    ]


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def rate_curve_as_json(found: Found, network: str, picture: str) -> str:
    """Everything that was found, as `netdsl/schemas/lr-find.json` describes it."""
    written = {
        "schema": "netdsl-lr-find-1",
        "network": network,
        "rate": found.rate,
        "low": found.low,
        "high": found.high,
        "confidence": found.confidence,
        "doubts": list(found.doubts),
        "steepest": found.steepest,
        "lowest": found.lowest,
        "tenth_of_lowest": found.lowest / 10,
        "rates": list(found.rates),
        "trials": [list(losses) for losses in found.trials],
        "curve": list(found.curve),
        "picture": picture,
    }
    return json.dumps(written, indent=2, allow_nan=False) + "\n"
