"""Writes what editors colour by into ``editors/``: python -m netdsl.highlighting.generate"""

from __future__ import annotations

import json
from pathlib import Path

from netdsl.highlighting.textmate import grammar
from netdsl.highlighting.vim import syntax

EDITORS = Path(__file__).parent.parent.parent / "editors"


def generated() -> dict[str, str]:
    """The text of each file, by its path below ``editors/``."""
    return {
        "vscode/syntaxes/netdsl.tmLanguage.json": _as_json(grammar()),
        "vscode/syntaxes/netdsl-train.tmLanguage.json": _as_json(grammar(recipe=True)),
        "vim/syntax/netdsl.vim": syntax(),
        "vim/syntax/netdsl-train.vim": syntax(recipe=True),
    }


def _as_json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    for name, text in generated().items():
        path = EDITORS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
