"""Reads what torchinfo and torchsummary print.

│    └─Conv2d: 2-1                       [1, 64, 224, 224]         1,792
        Conv2d-1         [-1, 64, 224, 224]           1,792
"""

from __future__ import annotations

import re
from fractions import Fraction

from netdsl.formats.summary import MultAdds, Row, Summary, plain_count, shape_volume
from netdsl.quantities import Size

_BRANCH = re.compile(r"(?P<stem>(?:[│|] {3,4})*)(?:[├└][─]+|\+ )(?P<rest>.*)\Z")
_TITLE = re.compile(r"([A-Za-z_]\w*)(?: \(([^()]*)\))?(?:: *(\d+)(?:-\d+)?)?\Z")
_CELL = re.compile(r"\[[^\]]*\]|\(recursive\)|\([\d,]+\)|\S+")
_HEADINGS = (
    "Input Shape",
    "Output Shape",
    "Param #",
    "Param %",
    "Kernel Shape",
    "Mult-Adds",
    "Trainable",
    "Groups",
)
_KERNEL = re.compile(r"\[?(\d{1,4})(?:, (\d{1,4}))?\]?\Z")
_FLAT = re.compile(r"\s*([A-Za-z_]\w*?)-(\d+)\s+(\[.*?\])\s+([\d,]+)\s*\Z")
_MEGABYTES = re.compile(r"Input size \(MB\):\s*(\d+\.\d+)")


def is_torchinfo(header: str) -> bool:
    """Whether a line is the header of torchinfo's table: its columns and, mostly, ``depth-idx``."""
    return (
        "Layer (type" in header
        and any(heading in header for heading in _HEADINGS)
        and ("depth-idx" in header or "var_name" in header)
    )


def read_torchinfo(lines: list[str], first: int, title: str) -> Summary:
    """A table of torchinfo; ``lines`` begin with its header, which is line ``first`` of the text."""
    columns = _columns(lines[0])
    rows = [
        row for at, line in enumerate(lines[1:], first + 1) if (row := _row(at, line, columns)) is not None
    ]
    batch = next((int(found[1]) for row in rows if (found := re.match(r"\[(\d{1,9}),", row.shape))), 1)
    name = rows[0].layer if rows and rows[0].depth == 0 else ""
    return _totalled(Summary("torchinfo", name or title, first, 0, tuple(rows)), lines, 1e6, max(batch, 1))


def _columns(header: str) -> list[str]:
    """The headings behind the first, in their order."""
    offsets = [(header.find(heading), heading) for heading in _HEADINGS]
    return [heading for offset, heading in sorted(offsets) if offset >= 0]


def _row(number: int, line: str, columns: list[str]) -> Row | None:
    tree = _BRANCH.match(line)
    depth = len(re.findall(r"[│|]", tree["stem"])) + 1 if tree else 0
    text = tree["rest"] if tree else line
    written, _, rest = text.partition("  ")
    head = _TITLE.match(written.strip())
    cells = _CELL.findall(rest)
    if head is None or len(cells) < len(columns) or (tree is None and not text[:1].isalpha()):
        return None
    values = dict(zip(columns, cells, strict=False))
    shape, counted = values.get("Output Shape", ""), values.get("Param #", "")
    kernel = _KERNEL.match(values.get("Kernel Shape", ""))
    return Row(
        number,
        head[1],
        head[2] or "",
        int(head[3]) if head[3] else depth,
        shape,
        shape_volume(shape, channels_first=True),
        shape_volume(values.get("Input Shape", ""), channels_first=True),
        Size(int(kernel[1]), int(kernel[2] or kernel[1])) if kernel else None,
        plain_count(counted),
        repeated=counted == "(recursive)",
    )


def _unfolded(lines: list[str], index: int) -> str:
    """A line with the next one, where it breaks off in the middle of a word."""
    line = lines[index].rstrip()
    return f"{line}{lines[index + 1].strip()}" if line.endswith("mult-") and index + 1 < len(lines) else line


def is_torchsummary(header: str, rows: list[str]) -> bool:
    """Whether a header is above rows as torchsummary numbers them."""
    return "Layer (type)" in header and any(_FLAT.match(line) for line in rows[:8])


def read_torchsummary(lines: list[str], first: int, title: str) -> Summary:
    """A table of torchsummary; ``lines`` begin with its header, which is line ``first`` of the text."""
    rows = []
    for number, line in enumerate(lines, first):
        if found := _FLAT.match(line):
            volume = shape_volume(found[3], channels_first=True)
            rows.append(
                Row(number, found[1], shape=found[3], output=volume, parameters=plain_count(found[4]))
            )
    return _totalled(Summary("torchsummary", title, first, 0, tuple(rows)), lines, 2**20, 1)


_MULT_ADDS = re.compile(
    r"\s*Total mult\s?-\s?adds(?: \((?:Units\.)?([KMGT]?)[A-Z]*\))?:\s*(\d[\d,]{0,30})(?:\.(\d{1,9}))?\s*\Z",
    re.I,
)
_POWERS = {"": 0, "K": 3, "M": 6, "G": 9, "T": 12}


def _mult_adds(number: int, line: str) -> MultAdds | None:
    """``Total mult-adds (M): 74.40``; since Python 3.11 torchinfo 1.8 calls the unit ``Units.MEGABYTES``."""
    found = _MULT_ADDS.match(line)
    whole = plain_count(found[2]) if found else None
    if found is None or whole is None:
        return None
    digits = found[3] or ""
    unit = Fraction(10 ** _POWERS[(found[1] or "").upper()], 10 ** len(digits))
    stated = int(f"{whole}{digits}") * unit
    off = unit / 2 if unit > 1 else 0
    text = " ".join(filter(None, (line.partition(":")[2].strip(), (found[1] or "").upper())))
    return MultAdds(number, text, stated - off, stated + off)


def _totalled(summary: Summary, lines: list[str], megabyte: float, batch: int) -> Summary:
    """The summary with the total and the size of its input, where the lines below the rows say them."""
    for number, line in enumerate(lines, summary.first):
        if found := re.match(r"\s*Total params(?: \(([MGT])\))?:\s*([\d,]+)\s*\Z", line):
            if not found[1]:
                summary = summary._replace(total=plain_count(found[2]), total_number=number)
        elif sized := _MEGABYTES.search(line):
            around = [(float(sized[1]) + off) * megabyte / 4 / batch for off in (-0.005, 0.005)]
            summary = summary._replace(input_values=(int(around[0]), int(around[1]) + 1))
        elif stated := _mult_adds(number, _unfolded(lines, number - summary.first)):
            summary = summary._replace(mult_adds=stated, batch=batch)
    return summary._replace(last=summary.first + len(lines) - 1)
