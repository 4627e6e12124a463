"""What colours networks: made from the language's own tables, and right for every shipped network."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, Token

from netdsl.highlighting.generate import EDITORS, generated
from netdsl.highlighting.lexer import NetdslLexer, NetdslTrainLexer
from netdsl.highlighting.textmate import grammar
from netdsl.highlighting.token_patterns import network_patterns, recipe_patterns
from netdsl.highlighting.vocabulary import vocabulary
from netdsl.layers.registry import all_kinds
from netdsl.recipe.entries import entries
from netdsl.resources import grammar_text, zoo_names, zoo_text

ROOT = Path(__file__).parent.parent
VSCODE = EDITORS / "vscode"


@pytest.mark.parametrize("name", generated())
def test_files_of_editors_are_in_step_with_the_language(name: str) -> None:
    message = "write them anew: python -m netdsl.highlighting.generate"
    assert (EDITORS / name).read_text(encoding="utf-8") == generated()[name], message


def test_all_words_of_the_language_are_known() -> None:
    words = vocabulary()
    known = {*words.kinds, *words.options, *words.values, *words.fillers}
    for kind in all_kinds():
        assert {kind.keyword.lower(), *(name.lower() for name in kind.spellings)} <= {*words.kinds}
        assert {word.lower() for option in kind.options().values() for word in option.words} <= known
    assert {*entries()} <= {*words.entries}
    found = re.findall(r"^([A-Z]+)\.3: /([a-z]+)\(\?=", grammar_text(), re.MULTILINE)
    keywords = {word for name, word in found if name.lower() == word}
    assert {"net", "dialect", "let", "block", "default", "where"} <= keywords
    assert keywords <= {*words.statements, *words.clauses, *words.subjects}


# --- Pygments --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", zoo_names())
def test_pygments_colours_all_of_a_network(name: str) -> None:
    text = zoo_text(name)
    pieces = list(NetdslLexer().get_tokens(text))
    assert "".join(written for _, written in pieces) == text
    assert Error not in {token for token, _ in pieces}
    for token, written in pieces:
        if re.fullmatch(r"[0-9]+(x[0-9]+)*", written):
            assert token in Number, written
        if written.startswith("#"):
            assert token in Comment
        if written in ("net", "block", "expect", "dialect"):
            assert token in Keyword
        if written in ("CONV", "FC", "RELU", "BN", "MAX POOL"):
            assert token is Name.Class


@pytest.mark.parametrize(
    ("text", "written", "token"),
    [
        ("enc1: CONV 64 3x3 same", "enc1", Name.Label),
        ("ADD[ SKIP | @enc1 ]", "@enc1", Name.Variable),
        ("CONV 64 3x3 pad 1", "pad", Name.Attribute),
        ("PAD 1 - RELU", "PAD", Name.Class),
        ("CONV1: 6 5x5", "1", Number),
        ("train { batch 64 }", "batch", Keyword),
        ("train { search batch in {32, 64} }\nFC 10", "FC", Name.Class),
        ("block B(w) { CONV w 1x1 }", "B", Name.Function),
        ("input: CONV 8 3x3", "8", Number),
    ],
)
def test_pygments_tells_pieces_apart(text: str, written: str, token: object) -> None:
    assert (token, written) in list(NetdslLexer().get_tokens(text))


def test_pygments_reads_recipes_and_anything() -> None:
    pieces = list(NetdslTrainLexer().get_tokens("batch 64  # a batch\noptimizer sgd rate 0.1\n"))
    assert (Keyword, "batch") in pieces
    assert (Name.Class, "sgd") in pieces
    for text in ("😀 ]]}} train {", "train { {{ }", "\x00", "block (", "net", "@ @a:"):
        assert "".join(
            written
            for _, written in NetdslLexer().get_tokens(
                text,
            )
        ).strip("\n") == text.strip("\n")


def test_the_lexers_are_registered() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    points = declared["project"]["entry-points"]["pygments.lexers"]
    found = {}
    for name, module_path in points.items():
        module, _, attribute = module_path.partition(":")
        found[name] = getattr(importlib.import_module(module), attribute)
    assert found == {"netdsl": NetdslLexer, "netdsl-train": NetdslTrainLexer}
    assert all(name in lexer.aliases for name, lexer in found.items())
    for token in {token for lexer in found.values() for token, _ in lexer().get_tokens("CONV 8")}:
        assert token in Token


# --- patterns and TextMate -------------------------------------------------------------------------


def test_patterns_are_read_by_python_and_have_a_scope_for_each_group() -> None:
    for one in (*network_patterns(), *recipe_patterns()):
        assert re.compile(one.pattern).groups == len(one.groups)
        assert bool(one.whole) != bool(one.groups)
        assert not re.compile(one.pattern).match("")
    for made in (grammar(), grammar(recipe=True)):
        assert "invalid" not in json.dumps(made)


def _environment() -> dict[str, str]:
    """With this netdsl first on the search path, under its name."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.skipif(not (VSCODE / "node_modules").is_dir(), reason="run npm ci in editors/vscode")
def test_the_extension_by_its_own_tests() -> None:
    """The grammars by VS Code's engine over every network; the server by VS Code's protocol library."""
    command = json.dumps([sys.executable, "-m", "netdsl.commands", "lsp"])
    environment = {**_environment(), "NETDSL_COMMAND": command}
    for arguments in (["npm", "run", "--silent", "build"], ["npm", "test", "--silent"]):
        done = subprocess.run(
            arguments, cwd=VSCODE, capture_output=True, text=True, env=environment, timeout=120
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_extension_names_what_there_is() -> None:
    package = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))
    for one in package["contributes"]["grammars"]:
        made = json.loads((VSCODE / one["path"]).read_text(encoding="utf-8"))
        assert made["scopeName"] == one["scopeName"]
    for one in package["contributes"]["languages"]:
        settings = json.loads((VSCODE / one["configuration"]).read_text(encoding="utf-8"))
        assert settings["comments"] == {"lineComment": "#"}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert package["version"] == version
    assert (VSCODE / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


# --- Vim -------------------------------------------------------------------------------------------

_VIM = """\
set nocompatible
let &runtimepath = $NETDSL_VIM .. "," .. &runtimepath
filetype plugin on
syntax on
let s:found = []
for s:file in split($NETDSL_FILES, "\\n")
  execute "edit " .. fnameescape(s:file)
  for s:line in range(1, line("$"))
    for s:column in range(1, strlen(getline(s:line)))
      let s:sign = getline(s:line)[s:column - 1]
      if s:sign =~ '[A-Za-z0-9@#"]'
        call add(s:found, synIDattr(synID(s:line, s:column, 1), "name"))
      else
        call add(s:found, "")
      endif
    endfor
  endfor
  call add(s:found, "= " .. &filetype .. " " .. &commentstring)
endfor
call writefile(s:found, "found.txt")
execute "edit " .. fnameescape($NETDSL_BAD)
silent make
let s:list = map(getqflist(), "[v:val.lnum, v:val.col, v:val.type, v:val.nr, v:val.text]")
call writefile([json_encode(s:list)], "list.txt")
edit! unformatted.net
silent normal! gggqG
write! formatted.net
qall!
"""


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
def test_vim_colours_checks_and_lays_out(tmp_path: Path) -> None:
    script, program = tmp_path / "test.vim", tmp_path / "netdsl"
    script.write_text(_VIM)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m netdsl.commands "$@"\n')
    program.chmod(0o755)
    files = [ROOT / "nets" / f"{name}.net" for name in ("lenet", "alexnet", "resnet50", "unet", "googlenet")]
    recipe = tmp_path / "a.train"
    recipe.write_text("batch 64\noptimizer sgd rate 0.1\n")
    bad = tmp_path / "bad.net"
    bad.write_text("input 32x32x3\nCONV 16 9x9 stride 7\nFC 10\n")
    (tmp_path / "unformatted.net").write_text("input 8x8x3\nconv 4 3X3\nfc 10\n")
    environment = _environment() | {
        "NETDSL_VIM": str(EDITORS / "vim"),
        "NETDSL_FILES": "\n".join(map(str, (*files, recipe))),
        "NETDSL_BAD": str(bad),
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    command = ["vim", "-Nu", "NONE", "-es", "-S", str(script)]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = (tmp_path / "found.txt").read_text().split("\n")[:-1]
    names = [name for name in found if name.startswith("=")]
    assert names == ["= netdsl # %s"] * len(files) + ["= netdsl-train # %s"]
    _compare_with_vim(files, found)
    (wrong,) = json.loads((tmp_path / "list.txt").read_text())
    assert wrong[:4] == [2, 13, "e", 301]
    assert wrong[4].startswith("CONV1: the 9x9 filter does not fit")
    assert (tmp_path / "formatted.net").read_text() == "input 8x8x3\nCONV 4 3x3\nFC 10\n"


def _compare_with_vim(files: list[Path], found: list[str]) -> None:
    """Hold the groups that Vim gives every byte of the files to the tokens of Pygments."""
    groups = {
        Comment.Single: "Comment",
        Keyword: "Keyword",
        Name.Class: "Kind",
        Name.Attribute: "Option",
        Name.Function: "Block",
        Name.Variable: "Reference",
        Name.Label: "Label",
        Number: "Number",
        Number.Other: "Number",
    }
    index = 0
    for file in files:
        text = file.read_text(encoding="utf-8")
        for token, written in NetdslLexer().get_tokens(text):
            for sign in written.encode():
                if sign == ord("\n"):
                    continue
                name = found[index]
                index += 1
                if (
                    name
                    and token in groups
                    and written[0] in "#@abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                ):
                    kinds = {groups[token]} | ({"Number", "Kind"} if token in (Number, Name.Class) else set())
                    assert name.removeprefix("netdsl") in kinds, (file.name, written, name)
        index += 1
