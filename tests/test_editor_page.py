"""What docs/editor.md shows is run: its command lines, and its settings by the editors that are installed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "editor.md").read_text(encoding="utf-8")
BAD = "input 32x32x3\nCONV 16 9x9 stride 7\nFC 10\n"
SECONDS = 60

ELSEWHERE = {
    "pip install 'netdsl[lsp]'": "test_language_server: without pygls",
    "cd editors/vscode": "test_highlighting",
    "npm ci": "fetches packages; CI runs it",
    "npm run build": "test_highlighting",
    "npm test": "test_highlighting",
    "npm run package": "fetches the packer",
    "code --install-extension netdsl-0.1.0.vsix": "needs VS Code",
    "netdsl lsp --tcp 2087": "test_language_server: at a free port",
}
"""Lines that another test runs, or that nobody can run without a network."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def lines() -> list[str]:
    indented = re.findall(r"^    (\S.*)$", "\n".join(PAGE.split("```")[::2]), re.MULTILINE)
    return [*indented, *(line for block in blocks("sh") for line in block.splitlines())]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and a `netdsl` on the search path that is this one."""
    program = tmp_path / "bin" / "netdsl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m netdsl.commands "$@"\n')
    program.chmod(0o755)
    (tmp_path / "bad.net").write_text(BAD)
    inherited = os.environ.get("PYTHONPATH", "")
    return {
        **os.environ,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), inherited]) if inherited else str(ROOT),
        "LC_ALL": "C.UTF-8",
        "NETDSL_ROOT": str(ROOT),
    }


def run(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("line", lines())
def test_every_command_line(line: str, tmp_path: Path, environment: dict[str, str]) -> None:
    if line in ELSEWHERE:
        return
    program, *arguments = shlex.split(line)
    os.symlink(ROOT / "nets", tmp_path / "nets")
    if program == "netdsl":
        done = run([program, *arguments], tmp_path, environment)
        assert done.returncode == 1, "the editor has gone away without a word"
        assert done.stdout == ""
        return
    assert program == "pygmentize"
    assert arguments[:2] == ["-l", "netdsl"]  # which the entry point means where netdsl is installed
    lexer = ["-x", "-l", f"{ROOT / 'netdsl' / 'highlighting' / 'lexer.py'}:NetdslLexer"]
    done = run([sys.executable, "-m", "pygments", *lexer, *arguments[2:]], tmp_path, environment)
    assert done.returncode == 0, done.stderr
    page = tmp_path / "lenet.html"
    assert "LeNet-5" in (page.read_text() if "html" in arguments else done.stdout)


def test_settings_are_what_they_should_be() -> None:
    (settings,) = blocks("json")
    assert json.loads(settings)["netdsl.command"][1:] == ["-m", "netdsl.commands", "lsp"]
    (helix,) = blocks("toml")
    languages = tomllib.loads(helix)
    server = languages["language-server"]["netdsl"]
    assert [server["command"], *server["args"]] == ["netdsl", "lsp"]
    (language,) = languages["language"]
    assert language["language-servers"] == ["netdsl"]
    assert language["file-types"] == ["net", "train"]
    for block in [*blocks("lua")[1:], *blocks("elisp"), *blocks("vim")[1:]]:
        assert re.search(r"""["']netdsl["'],? ["']lsp["']""", block), block


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
def test_the_settings_of_vim(tmp_path: Path, environment: dict[str, str]) -> None:
    settings = "\n".join(blocks("vim")).replace("/path/to/netdsl", str(ROOT))
    ask = 'edit bad.net\ncall writefile([&filetype, b:current_syntax, &makeprg], "out.txt")\nqall!\n'
    (tmp_path / "test.vim").write_text(f"set nocompatible\n{settings}\n{ask}")
    done = run(["vim", "-Nu", "NONE", "-es", "-S", "test.vim"], tmp_path, environment)
    assert done.returncode == 0, done.stdout
    said = (tmp_path / "out.txt").read_text().splitlines()
    assert said == ["netdsl", "netdsl", "netdsl check --format concise %:S"]


_SHIM = """
-- `vim.lsp.start` is there from 0.8 on; this is what it does.
vim.lsp.start = vim.lsp.start or function(config)
  local client = vim.lsp.start_client(config)
  vim.lsp.buf_attach_client(0, client)
  return client
end
"""
_NEOVIM = """
vim.cmd("edit bad.net")
vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 20)
local hover = vim.lsp.buf_request_sync(0, "textDocument/hover", {
  textDocument = vim.lsp.util.make_text_document_params(),
  position = { line = 0, character = 1 },
}, 30000)
local declared = dofile(vim.env.NETDSL_ROOT .. "/editors/vim/lsp/netdsl.lua")
local found = { declared = declared, hover = hover, diagnostics = vim.diagnostic.get(0) }
found.filetype = vim.bo.filetype
vim.fn.writefile({ vim.fn.json_encode(found) }, "out.json")
vim.cmd("qall!")
"""


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_the_settings_of_neovim_against_the_server(tmp_path: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("pygls")
    settings = blocks("lua")[1].replace("/path/to/netdsl", str(ROOT))
    (tmp_path / "init.lua").write_text(_SHIM + settings)
    (tmp_path / "test.lua").write_text(_NEOVIM)
    done = run(["nvim", "--headless", "-u", "init.lua", "-c", "luafile test.lua"], tmp_path, environment)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["filetype"] == "netdsl"
    assert found["declared"]["cmd"] == ["netdsl", "lsp"]
    assert found["declared"]["filetypes"] == ["netdsl", "netdsl-train"]
    (wrong,) = found["diagnostics"]
    assert (wrong["code"], wrong["lnum"], wrong["col"]) == ("ND301", 1, 12)
    assert "32x32x3" in json.dumps(found["hover"])


_EMACS = """
(require 'eglot)
(setq eglot-sync-connect 30 eglot-events-buffer-size 0 kill-buffer-query-functions nil)
(load-file "settings.el")
(remove-hook 'netdsl-mode-hook #'eglot-ensure)
(find-file "bad.net")
(let ((mode major-mode))
  (apply #'eglot (eglot--guess-contact))
  (flymake-mode 1)
  (let ((end (time-add nil 30)))
    (while (and (null (flymake-diagnostics)) (time-less-p nil end))
      (flymake-start)
      (accept-process-output nil 0.05)))
  (let ((found (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))
    (eglot-shutdown (eglot-current-server) nil 10)
    (with-temp-file "out.txt" (insert (format "%s\\n%s" mode found)))))
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("emacs") is None, reason="Emacs is not installed")
def test_the_settings_of_emacs_against_the_server(tmp_path: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("pygls")
    (tmp_path / "settings.el").write_text(blocks("elisp")[0])
    (tmp_path / "test.el").write_text(_EMACS)
    if run(["emacs", "--batch", "--eval", "(require 'eglot)"], tmp_path, environment).returncode:
        pytest.skip("this Emacs has no eglot")
    done = run(["emacs", "--batch", "-l", "test.el"], tmp_path, environment)
    assert (tmp_path / "out.txt").exists(), done.stderr
    mode, found = (tmp_path / "out.txt").read_text().split("\n", 1)
    assert mode == "netdsl-mode"
    assert "ND301" in found or "9x9 filter does not fit" in found
