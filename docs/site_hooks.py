"""What mkdocs needs to know beyond mkdocs.yml: pages that lie outside docs, or that netdsl prints itself.

The README is the first page; every code and every kind of layer has a page with what `netdsl explain` says.
Links between files of the repository become links between pages; those to files that are no pages, such as
tests and benchmarks, become their names.
"""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CODES, LAYERS = "codes", "layers"

_ELSEWHERE = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    **{
        path.relative_to(ROOT).as_posix(): f"{CODES}/{path.name}"
        for path in sorted((ROOT / "netdsl" / "explanations").glob("*.md"))
    },
}
"""Pages outside docs, by their paths in the repository."""

_SOURCES = {page: path for path, page in _ELSEWHERE.items()}

_LINK = re.compile(r"(?<!!)\[((?:[^\]\[`]|`[^`]*`)+)\]\(([^)\s:#]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The pages of the commands are listed by the folder; what nobody has listed stands under More."""
    assert config.nav is not None
    commands = sorted(path.name for path in (ROOT / "docs" / "commands").glob("*.md"))
    listed = [f"commands/{name}" for name in sorted(commands, key=lambda name: (name != "index.md", name))]
    for entry in config.nav:
        if "Commands" in entry:
            entry["Commands"] = listed
    known = set(re.findall(r"[\w./-]+\.md", str(config.nav)))
    pages = (path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
    more = sorted(page for page in pages if page not in known)
    if more:
        config.nav.append({"More": more})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for path, page in _ELSEWHERE.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    for page, text in {**_code_list(), **_layer_pages()}.items():
        files.append(File.generated(config, page, content=text))
    return files


def _code_list() -> dict[str, str]:
    from netdsl.resources import explained_codes, explanation_text

    titles = {
        code: explanation_text(code).partition("\n")[0].partition(": ")[2] for code in explained_codes()
    }
    rows = "".join(f"| [{code}]({code}.md) | {title} |\n" for code, title in titles.items())
    intro = "Every finding has a code, and every code has a page, which `netdsl explain ND301` prints too."
    return {f"{CODES}/index.md": f"# Codes\n\n{intro}\n\n| code | meaning |\n|---|---|\n{rows}"}


def _layer_pages() -> dict[str, str]:
    from netdsl.layers.registry import kinds
    from netdsl.reports.as_kind import kind_as_text

    found, rows = {}, ""
    for keyword, kind in sorted(kinds().items()):
        text = kind_as_text(kind)
        name = f"{keyword.lower().replace(' ', '-')}.md"
        found[f"{LAYERS}/{name}"] = f"# {keyword}\n\n```text\n{text}```\n"
        rows += f"| [{keyword}]({name}) | {_escaped(text.splitlines()[1])} |\n"
    intro = "What `netdsl explain KIND` prints for every layer kind."
    found[f"{LAYERS}/index.md"] = f"# Layers\n\n{intro}\n\n| kind | what it does |\n|---|---|\n{rows}"
    return found


def _escaped(text: str) -> str:
    return re.sub(r"([*_|<])", r"\\\1", text)


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """The text with links that hold on the site."""
    page_path = page.file.src_uri
    if page_path.startswith(LAYERS) or page_path == f"{CODES}/index.md":
        return markdown
    source = _SOURCES.get(page_path, f"docs/{page_path}")
    pieces = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        piece if piece.startswith("```") else _relinked(piece, source, page_path) for piece in pieces
    )


def _relinked(text: str, source: str, page_path: str) -> str:
    def link(found: re.Match[str]) -> str:
        words, target, anchor = found[1], found[2], found[3] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if not (ROOT / path).exists():
            return found[0]  # mkdocs says so
        wanted = _ELSEWHERE.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
        if wanted is None:
            return words
        return f"[{words}]({posixpath.relpath(wanted, posixpath.dirname(page_path) or '.')}{anchor})"

    return _LINK.sub(link, text)


def on_post_page(output: str, page: Page, **_: Any) -> str:
    return _own_script(output, "../" * page.file.dest_uri.count("/"))


def on_post_template(output_content: str, template_name: str, **_: Any) -> str:
    return _own_script(output_content, "")


def _own_script(output: str, root: str) -> str:
    """Search works without a network: our own script takes the place of one that the theme fetches."""
    fetched = '<script src="https://unpkg.com/iframe-worker/shim">'
    return output.replace(fetched, f'<script src="{root}offline_search.js">')
