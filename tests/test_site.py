"""The site is built without a warning, holds every page, and fetches nothing from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.ci
@pytest.mark.slow
def test_the_site_is_built_strictly_and_is_whole(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="mkdocs-material comes with the extra docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*.html")}
    assert {"index.html", "tutorial.html", "commands/check.html", "codes/ND301.html"} <= set(pages)
    assert {"layers/conv.html", "architecture.html", "glossary.html"} <= set(pages)
    listed = pages["index.html"].read_text(encoding="utf-8")
    for path in (ROOT / "docs").rglob("*.md"):
        page = path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        assert f'href="{page}"' in listed, f"{page} is in no menu"
    for name, path in pages.items():
        fetched = re.findall(
            r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="(https?:[^"]*)', path.read_text("utf-8")
        )
        assert not fetched, name
    found = json.loads((tmp_path / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    assert any("Winograd" in one["text"] for one in found)
    assert (tmp_path / "search" / "search_index.js").exists(), "search needs a server"
