"""``netdsl fmt``: one layout for everything that means the same, and nothing lost."""

from __future__ import annotations

import os
import random
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netdsl.commands import run
from netdsl.planning.pipeline import plan_source
from netdsl.resources import zoo_names, zoo_text
from netdsl.source import Source
from netdsl.syntax.parser import parse
from netdsl.syntax.tokens import tokens
from netdsl.text.formatter import formatted

CASES = Path(__file__).parent / "cases"


def fmt(text: str) -> str:
    source = Source("x.net", text)
    parsed = parse(source)
    assert parsed.file is not None
    assert not parsed.diagnostics, text
    return formatted(source, parsed.file)


def meaning(text: str) -> Any:
    """Everything of a network but its places in the text; of a faulty one, what is wrong with it."""
    plan, findings = plan_source(Source("x.net", text))
    if plan is None:
        return sorted(finding.code for finding in findings)
    network = plan.network
    nodes = [
        (
            node.name,
            node.layer.keyword,
            {name: repr(node.layer.__dict__[name]) for name in node.layer.options()},
            node.inputs,
            node.owner,
            node.claim and node.claim.volume,
        )
        for node in network.nodes
    ]
    expectations = [(one.subject, one.relation, str(one.value), one.of) for one in network.expectations]
    return network.name, network.dialect.name, nodes, expectations


def texts() -> dict[str, str]:
    """Every network of the zoo and every one of the cases that parses."""
    found = {name: zoo_text(name) for name in zoo_names()}
    for path in sorted(CASES.rglob("*.md")):
        for number, text in enumerate(
            re.findall(r"```net\n(.*?)```", path.read_text(encoding="utf-8"), re.S)
        ):
            parsed = parse(Source("x.net", text))
            if parsed.file is not None and not parsed.diagnostics:
                found[f"{path.stem}-{number}"] = text
    return found


TEXTS = texts()


@pytest.mark.parametrize("name", TEXTS)
def test_meaning_and_comments_stay_and_twice_is_once(name: str) -> None:
    text = TEXTS[name]
    once = fmt(text)
    assert fmt(once) == once
    assert meaning(once) == meaning(text)
    comments = re.compile(r"#.*")
    assert [comment.rstrip() for comment in comments.findall(once)] == [
        comment.rstrip() for comment in comments.findall(text)
    ]
    assert all(line == line.rstrip() for line in once.splitlines())
    assert "\n\n\n" not in once


@pytest.mark.parametrize("name", zoo_names())
def test_the_zoo_is_formatted(name: str) -> None:
    assert fmt(zoo_text(name)) == zoo_text(name)


@pytest.mark.parametrize("name", TEXTS)
def test_blanks_do_not_matter(name: str) -> None:
    """Other blanks between the same tokens come to the same canonical text."""
    text = TEXTS[name]
    chance = random.Random(name)
    found = tokens(text)
    pieces, position = [], 0
    for token in found:
        gap = text[position : token.start]
        if token.start > position and not gap.strip(" "):
            gap = " " * chance.randint(1, 4)
        elif "\n" in gap:
            gap = re.sub(r"(?m)^[ ]*(?=\S|$)", lambda _: " " * chance.randint(0, 6), gap)
            gap = re.sub(r"\n[ ]*\Z", "\n" + " " * chance.randint(0, 6), gap)
        pieces += [gap, token.text]
        position = token.end
    scrambled = "".join(pieces) + text[position:]
    assert fmt(scrambled) == fmt(text)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("conv 6 5x5 ->relu", "CONV 6 5x5 - RELU"),
        ("Max_Pool1: 3 X 3 Stride 2", "Max_Pool1: 3x3 stride 2"),
        ("enc1 : conv 4 3×3 SAME", "enc1: CONV 4 3x3 same"),
        ("[ 55x55x96 ]CONV1:96 11x11", "[55x55x96] CONV1: 96 11x11"),
        ("[CONV-RELU] * 3", "[CONV - RELU]*3"),
        ("[CONV 4 3x3]where{conv:No bias;}", "[CONV 4 3x3] where { CONV: no bias }"),
        ("let k=( 2+3 ) * 4", "let k = (2+3)*4"),
        ("CONV 2*( k - 1 ) 3x3", "CONV 2*(k-1) 3x3"),
        ("CONV width/2 3x3", "CONV width/2 3x3"),
        ("POOL 2x2  /2", "POOL 2x2 /2"),
        ("add[relu|Skip]", "ADD[ RELU | SKIP ]"),
        ("CONV 2 3x3 table{0 - 2;1, 3}", "CONV 2 3x3 table { 0-2; 1, 3 }"),
        ("RELU;RELU", "RELU\nRELU"),
        ("DIALECT Torch", "dialect torch"),
        ("USE “blocks.net”", 'use "blocks.net"'),
        ("B( 64,stride=2 ) * 2", "B(64, stride = 2)*2"),
        ("expect pattern [conv-relu?]*N-fc", "expect pattern [CONV - RELU?]*N - FC"),
        ("EXPECT params<=70M", "expect params <= 70M"),
        ("FC8: 10 neurons    (class   scores)", "FC8: 10 neurons (class   scores)"),
        ("RELU# why", "RELU  # why"),
        ("train{ batch 4;epochs 3 }", "train { batch 4; epochs 3 }"),
        ("default   Activation RELU", "default Activation RELU"),
        ("CONV3-64:[8x8x64]memory:8*8*64=4K", "CONV3-64: [8x8x64] memory: 8*8*64=4K"),
        ("INPUT: [8x8x3] params:  0  (no biases)", "INPUT: [8x8x3] params: 0 (no biases)"),
    ],
)
def test_spelling(written: str, canonical: str) -> None:
    assert fmt(written) == canonical + "\n"


def test_names_keep_their_case() -> None:
    text = "let Stride = 2\nblock relu2(Width) { CONV Width 3x3 stride Stride }\nstem: relu2(4)\n@stem\n"
    assert fmt(text) == text


def test_layout_of_brackets_comments_and_blank_lines() -> None:
    text = """

# a comment


net x
input 8x8x4  # the input
block B(w) {

      CONV w 3x3 pad 1 -
    RELU   # inside
  # before the end

  }
ADD[ B(4) - B(4)
      - RELU
 | SKIP ]
ADD[
B(4)
| SKIP
]
[B(4)
- RELU]*2


"""
    assert (
        fmt(text)
        == """\
# a comment

net x
input 8x8x4  # the input
block B(w) {
  CONV w 3x3 pad 1 -
  RELU  # inside
  # before the end
}
ADD[ B(4) - B(4)
     - RELU
   | SKIP ]
ADD[
  B(4)
  | SKIP
]
[B(4)
  - RELU]*2
"""
    )


# --- the command -------------------------------------------------------------------------------

UGLY, PRETTY = "input 8x8x1\nfc   10\n", "input 8x8x1\nFC 10\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("ugly", UGLY), ("pretty", PRETTY), ("broken", "input 8x8x1\nfc  (10\n")):
        Path(f"{name}.net").write_text(text)
    return tmp_path


def test_files_are_changed_in_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("ugly.net").chmod(0o640)
    assert run(["fmt", "ugly.net", "pretty.net"]) == 0
    assert Path("ugly.net").read_text() == PRETTY
    assert stat.S_IMODE(Path("ugly.net").stat().st_mode) == 0o640
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "changed ugly.net\n")
    assert sorted(os.listdir()) == ["broken.net", "pretty.net", "ugly.net"]


def test_a_link_stays_a_link(folder: Path) -> None:
    Path("link.net").symlink_to("ugly.net")
    assert run(["fmt", "link.net"]) == 0
    assert Path("link.net").is_symlink()
    assert Path("ugly.net").read_text() == PRETTY


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("fmt --check ugly.net", 1),
        ("fmt --check pretty.net", 0),
        ("fmt --diff ugly.net", 1),
        ("fmt --diff pretty.net", 0),
        ("fmt broken.net", 1),
        ("fmt missing.net", 1),
        ("fmt lenet", 2),
        ("fmt", 2),
    ],
)
def test_exit_codes_and_untouched_files(
    folder: Path, arguments: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {name: Path(name).read_bytes() for name in os.listdir()}
    assert run(arguments.split()) == code
    assert before == {name: Path(name).read_bytes() for name in os.listdir()}
    shown = capsys.readouterr()
    assert bool(shown.out or shown.err) == (code != 0)


@pytest.mark.parametrize(("layer", "code"), [("CONV 3 -> 16 3x3 y2", "ND102")])
def test_what_would_say_something_else_in_our_words_is_left_alone(
    layer: str, code: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "faulty.net"
    path.write_text(f"input 33x33x3\n{layer}\n", encoding="utf-8")
    assert run(["fmt", str(path)]) == 1
    assert code in capsys.readouterr().err
    assert path.read_text(encoding="utf-8").endswith(f"{layer}\n")


def test_difference(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["fmt", "--diff", "ugly.net"])
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == "--- ugly.net"
    assert "-fc   10\n+FC 10\n" in shown


def test_mistakes_of_syntax_are_shown_and_others_are_formatted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fmt", "broken.net", "ugly.net"]) == 1
    assert "broken.net:2:" in capsys.readouterr().err
    assert Path("ugly.net").read_text() == PRETTY


def test_examples_without_mistakes_are_all_laid_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What fmt takes for no network is none: each example is written, and means what it did."""
    page = (Path(__file__).parents[1] / "docs" / "language.md").read_text(encoding="utf-8")
    examples = [text for text in re.findall(r"```net\n(.*?)```", page, re.S) if "\nuse " not in text]
    sound = {
        f"{number}.net": text for number, text in enumerate(examples) if isinstance(meaning(text), tuple)
    }
    assert len(sound) > 30
    for name, text in sound.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert run(["fmt", *(str(tmp_path / name) for name in sound)]) == 0
    assert "error" not in capsys.readouterr().err
    for name, text in sound.items():
        assert meaning((tmp_path / name).read_text(encoding="utf-8")) == meaning(text)


def test_layers_that_blocks_are_given_are_no_strange_names(folder: Path) -> None:
    text = """input 9x9x4
block UNIT(act, unit = BN) { CONV 4 3x3 same - act*2 - [unit] - act }
block TWICE(f) { f(RELU) - f(SKIP, unit = SCALE) }
TWICE(UNIT)
FC 3
"""
    Path("given.net").write_text(text)
    assert run(["fmt", "given.net"]) == 0
    assert Path("given.net").read_text() == text
    Path("given.net").write_text(text.replace("- act }", "- act } - actt"))
    assert run(["fmt", "given.net"]) == 1


def test_line_ends_and_marks_of_other_systems(folder: Path) -> None:
    Path("dos.net").write_bytes(b"\xef\xbb\xbf" + UGLY.replace("\n", "\r\n").encode())
    assert run(["fmt", "dos.net"]) == 0
    assert Path("dos.net").read_bytes() == b"\xef\xbb\xbf" + PRETTY.replace("\n", "\r\n").encode()


def test_standard_input() -> None:
    command = [sys.executable, "-m", "netdsl.commands", "fmt", "-"]
    done = subprocess.run(command, input=UGLY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, PRETTY, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_file_that_cannot_be_written_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.chmod(0o500)
    assert run(["fmt", "ugly.net"]) == 1
    folder.chmod(0o700)
    assert Path("ugly.net").read_text() == UGLY


@pytest.mark.parametrize(
    "phrase", ["weights shared with a", "sharing weights with a", "shares weights with a"]
)
def test_phrases_of_shared_weights_become_one(
    phrase: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.net"
    path.write_text(f"input 8x8x4\na: CONV 4 3x3\nRELU\nCONV 4 3x3 {phrase}\nFC 10\n")
    assert run(["fmt", str(path)]) == 0
    assert "CONV 4 3x3 same weights as a\n" in path.read_text()


def test_what_is_read_in_our_words_anew_is_laid_out_until_it_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.net"
    path.write_text("input 8x8x1\nblock TWICE(k) { conv3x3, LOCAL RESPONSE NORMBN, k 3x3 p1 }\nTWICE(4)\n")
    assert run(["fmt", str(path)]) == 0
    once = path.read_text()
    assert run(["fmt", "--check", str(path)]) == 0, once


@pytest.mark.parametrize("line", ["conv3 ReLU function", "conv3 ReLU", "fc1 relu", "conv1 batch norm"])
def test_a_faulty_layer_does_not_grow(line: str) -> None:
    from netdsl.planning.laying_out import laid_out

    once = laid_out(Source("x.net", f"input 9x9x3\n{line}\nFC 10\n")).text
    assert once is not None
    assert once.count(" - ") == 1
    assert laid_out(Source("x.net", once)).text == once
