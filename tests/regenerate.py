"""Writes every file anew that follows from others; to be run after a declaration or the grammar has changed.

The tables of docs/language.md, what colours texts in ``editors``, pages and man pages of the commands, and
the tables of the parser.
"""

from __future__ import annotations

import kinds_page
import recipe_page

from netdsl.commands.manual.pages import write_pages
from netdsl.highlighting import generate as highlighting
from netdsl.syntax import generate as syntax


def main() -> None:
    for one in (kinds_page, recipe_page):
        one.PAGE.write_text(one.rewritten(one.PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    highlighting.main()
    write_pages()
    syntax.main()


if __name__ == "__main__":
    main()
