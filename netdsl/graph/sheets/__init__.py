"""Lines as course sheets and other programs' texts have them, which netdsl's own grammar does not read.

They are read where nothing else can be made of a line, word by word, and only as a whole: a line with a
word, a number or a sign that is left over stays unread, with the finding that it has without all this.
"""

from netdsl.graph.sheets.openings import scores_again
from netdsl.graph.sheets.pages import Page, read_page
from netdsl.graph.sheets.reading import Reading, read_line, repeats_a_kind, unknown_in
from netdsl.graph.sheets.words import without_bullet

__all__ = [
    "Page",
    "Reading",
    "read_line",
    "read_page",
    "repeats_a_kind",
    "scores_again",
    "unknown_in",
    "without_bullet",
]
