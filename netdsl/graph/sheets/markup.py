"""Lines of pages without what only sets them: Markdown's stars and quotes, formulas of TeX, entities."""

from __future__ import annotations

import re

_TEX = re.compile(r"\\(?:mathrm|mathbf|text|textbf|textit|texttt|mathbb)[ \t]*\{([^{}]{0,60})\}")
_SIGNS = (
    (re.compile(r"\\times\b|&times;|✕|⨯|╳|∗(?=[ \t]*[0-9])"), "×"),
    (re.compile(r"\\(?:long)?(?:right)?arrow\b|\\to\b|&rarr;|➔|➜|⟶|➡️?"), "→"),
    (re.compile(r"[─━]+[>▶→]+|[-–—]{2,}>+"), "→"),
    (re.compile(r"\bw/o\b[ \t]*", re.IGNORECASE), "without "),
    (re.compile(r"\bw/[ \t]*(?=[A-Za-z0-9])", re.IGNORECASE), "with "),
    (re.compile(r"\\cdot\b"), "*"),
    (re.compile(r"&nbsp;|\\[,;: ]|~(?=[ \t])"), " "),
    (re.compile(r"&amp;|\\&"), "&"),
    (re.compile(r"<[ \t]*br[ \t]*/?>", re.IGNORECASE), ", "),
    (re.compile(r"</?(?:b|i|em|strong|code|sub|sup|td|th|tr|p|li|u)[ \t]*>", re.IGNORECASE), ""),
    (re.compile(r"\\([_#%$&])"), r"\1"),
    (re.compile(r"(?<=[A-Za-z])['’]s(?=[ \t,.:;)]|\Z)|(?<=s)['’](?=[ \t]+[A-Za-z])"), ""),
    (re.compile(r"\{([A-Za-z ]{1,40})\}"), r"(\1)"),
    (re.compile(r"（"), "("),
    (re.compile(r"）"), ")"),
    (re.compile(r"，"), ", "),
    (re.compile(r"："), ": "),
)
_STARS = re.compile(r"\*\*|__(?=\S)|(?<=\S)__|`+|\$|\\[()]")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=[A-Za-z(])([^*_\n]{1,80})(?<=[\w).:])\1(?![\w*])")
_QUOTE = re.compile(r"[ \t]*(?:>[ \t]*)+(?=\S)")
_BOX = re.compile(r"[ \t]*[-*+][ \t]*\[[ xX]\][ \t]+")
_DRAWN = re.compile(r"^[\s│├└─━┌┐┘┤┬┴┼║╔╗╚╝═▼↓|+→]+(?=[\w(])|[\s│║]+\Z|\A[\s│├└─━┌┐┘┤┬┴┼║╔╗╚╝═▼↓|+*=-]+\Z")
"""The lines of a drawing around words."""


def plain(line: str) -> str:
    """A line in plain words: ``**Filters**: $3 \\times 3$`` is ``Filters: 3 × 3``."""
    line = _QUOTE.sub("", line) if line.lstrip().startswith(">") else line
    line = _BOX.sub("", line)
    if "\\" in line:
        line = _TEX.sub(r"\1", line)
    for pattern, sign in _SIGNS:
        line = pattern.sub(sign, line)
    return _DRAWN.sub("", _EMPHASIS.sub(r"\2", _STARS.sub("", line))).strip()
