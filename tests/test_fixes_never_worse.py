"""Fixes of damaged texts: never more errors than before, an end, and nothing but what the first help says."""

from __future__ import annotations

import random
import re

import pytest
from test_fixes import _texts, check

from netdsl.diagnostics import Diagnostic, Severity
from netdsl.edits import edited, mended
from netdsl.planning.pipeline import plan_source
from netdsl.resources import zoo_names, zoo_text
from netdsl.source import Source
from netdsl.text.printer import print_network

WORDS = (
    "stride 2",
    "pad 1",
    "3x3",
    "16",
    "filters",
    "RELU",
    "CONV",
    "-",
    "soft-max",
    "pading",
    "kernel",
    "same",
)
SHORT = [name for name in zoo_names() if len(zoo_text(name)) < 3000]
TEXTS = [text for text in [*_texts(), *map(zoo_text, SHORT)] if "use " not in text]


def errors(found: list[Diagnostic]) -> int:
    return sum(finding.severity is Severity.ERROR for finding in found)


def mutated(text: str, chance: random.Random) -> str:
    """The text with one to three slips: a character lost, words swapped, a number changed, a word too
    many or too few."""
    for _ in range(chance.randint(1, 3)):
        words = list(re.finditer(r"[^\s]+", text))
        if not words:
            return text
        word, other = chance.choice(words), chance.choice(words)
        start, end = word.span()
        match chance.randrange(6):
            case 0:
                offset = chance.randrange(start, end)
                text = text[:offset] + text[offset + 1 :]
            case 1:
                text = text[:start] + other[0] + text[end:]
            case 2:
                text = text[:start] + re.sub(r"\d+", str(chance.randint(0, 40)), word[0]) + text[end:]
            case 3:
                text = text[:start] + text[end:]
            case 4:
                text = f"{text[:end]} {chance.choice(WORDS)}{text[end:]}"
            case _:
                offset = chance.randrange(start, end)
                text = text[:offset] + text[offset] + text[offset:]
    return text


def assert_says_what_it_does(finding: Diagnostic) -> None:
    """The fix is the first suggestion, or what the message of a note says; what a line says besides its layer
    stays beside it in a comment."""
    assert finding.fix is not None
    said = finding.help[0] if finding.help else finding.message
    quoted = re.findall(r"`([^`]*)`", said)
    meant, _, beside = finding.fix.replacement.strip().partition("  # ")
    if beside:
        assert finding.code == "ND231"
        assert finding.source is not None
        assert beside.split() == finding.source.excerpt(finding.fix.span).split()
    assert meant in said if not finding.help else any(meant in words for words in quoted), (
        finding.code,
        said,
        meant,
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10))
def test_no_fix_leaves_more_errors_and_fixing_ends(number: int) -> None:
    chance = random.Random(number)
    fixed = 0
    for _ in range(24):
        source = Source("a.net", mutated(chance.choice(TEXTS), chance))
        before = check(source)
        for finding in before:
            if finding.fix is not None:
                assert_says_what_it_does(finding)
        if not any(finding.fix for finding in before):
            continue
        for unsafe in (False, True):
            better, count = mended(source, check, unsafe=unsafe)
            fixed += count
            assert errors(check(better)) <= errors(before), source.text
            assert mended(better, check, unsafe=unsafe) == (better, 0), source.text
            if not unsafe and (plan := plan_source(source).plan) is not None:
                after = plan_source(better).plan
                assert after is not None
                volumes = [(layer.output, layer.parameter_count, layer.macs) for layer in plan.layers]
                assert [
                    (layer.output, layer.parameter_count, layer.macs) for layer in after.layers
                ] == volumes, source.text
    assert fixed


@pytest.mark.slow
def test_every_fix_is_the_first_help_and_leaves_claims_and_expectations() -> None:
    for text in _texts():
        for finding in check(Source("a.net", text)):
            if finding.fix is not None:
                assert_says_what_it_does(finding)
                start = finding.fix.span.start
                line = text[text.rfind("\n", 0, start) + 1 : start]
                assert "expect " not in line or finding.code == "ND201" or finding.code == "ND214", text
                assert line.rfind("[") <= line.rfind("]") or not re.search(r"\[\d[^]]*\Z", line), text


CLAIMED = """\
[32x32x3] INPUT
[32x32x16] CONV1: 16 5x5 filters at stride 1, pad 1
[16x16x16] POOL1: 2x2 filters at stride 2
"""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (CLAIMED, CLAIMED.replace("pad 1", "pad 2")),
        ("[9x9x3] INPUT\n[9x9x8] CONV: 16 3x3, pad 1\n", "[9x9x3] INPUT\n[9x9x8] CONV: 8 3x3, pad 1\n"),
        (
            "[9x9x3] INPUT\n[17x17x8] DECONV: 8 3x3, /2\n",
            "[9x9x3] INPUT\n[17x17x8] DECONV: 8 3x3, /2 pad 1\n",
        ),
        (
            "[9x9x3] INPUT\n[17x17x8] DECONV: 8 3x3, stride 2, pad 0\n",
            "[9x9x3] INPUT\n[17x17x8] DECONV: 8 3x3, stride 2, pad 1\n",
        ),
        ("input 9x9x3\nconv2-8\n", "input 9x9x3\nconv2-8\n"),
        ("input 9x9x3\nGlobalAveragePooling2D\n", "input 9x9x3\nAVG POOL global\n"),
        ("input 9x9x3\nAdaptiveAvgPool2d 1\n", "input 9x9x3\nAVG POOL global\n"),
        ("input 9x9x3\nAveragePooling2D\n", "input 9x9x3\nAveragePooling2D\n"),
        ("input 9x9x3\nInstanceNorm2d\n", "input 9x9x3\nInstanceNorm2d\n"),
        ("input 9x9x3\nConv2DTranspose 8 2x2\n", "input 9x9x3\nDECONV 8 2x2\n"),
        (
            "input 9x9x3\nDECONV 8 3x3 stride 2 pad 1 output_padding 1\n",
            "input 9x9x3\nDECONV 8 3x3 stride 2 pad top 1 bottom 0 left 1 right 0\n",
        ),
        ("input 9x9x3\nCONV 8 3x3 stride 1 strid 2\n", "input 9x9x3\nCONV 8 3x3 stride 1 strid 2\n"),
        ("input 9x9x3\nCONV 8 3x3 kernal 5x5\n", "input 9x9x3\nCONV 8 3x3 kernal 5x5\n"),
        ("input 9x9x3\nFC 2\nexpect params = 5\n", "input 9x9x3\nFC 2\nexpect params = 5\n"),
        ("input 9x9x3\nFC 2\nexpect output = 3\n", "input 9x9x3\nFC 2\nexpect output = 3\n"),
    ],
)
def test_a_fix_is_complete_or_absent(text: str, meant: str) -> None:
    better, _ = mended(Source("a.net", text), check, unsafe=True)
    assert better.text == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("input 9x9x3\nsoft-max\n", "input 9x9x3\nSOFTMAX\n"),
        ("input 9x9x3\nbatch-norm - re-lu\n", "input 9x9x3\nBN - RELU\n"),
        ("input 9x9x3\nglobal-average-pool - FC 2\n", "input 9x9x3\nAVG POOL global - FC 2\n"),
        ("input 9x9x3\nmax-pool1: 3x3\nfully-connected 2\n", "input 9x9x3\nMAX POOL1: 3x3\nFC 2\n"),
        ("input 9x9x3\nconv3-64 - RELU\n", "input 9x9x3\nCONV 64 3x3 pad 1 - RELU\n"),
        ("input 9x9x3\nconv3-64 pad 0\n", "input 9x9x3\nCONV 64 3x3 pad 0\n"),
        ("input 8x8x3\npool2-2\n", "input 8x8x3\nPOOL 2x2 stride 2\n"),
    ],
)
def test_what_is_read_needs_no_fix(text: str, meant: str) -> None:
    read, wanted = (plan_source(Source("a.net", one)).plan for one in (text, meant))
    assert read is not None
    assert wanted is not None
    assert print_network(read.network) == print_network(wanted.network)
    assert mended(Source("a.net", text), check, unsafe=True)[1] == 0


def test_output_padding_gives_the_volume_that_it_gives_elsewhere() -> None:
    for more in (0, 1):
        text = f"input 7x7x3\nDECONV 8 3x3 stride 2 pad 1 output_padding {more}\n"
        better, _ = mended(Source("a.net", text), check, unsafe=True)
        plan = plan_source(better).plan
        assert plan is not None
        assert plan.layers[-1].output.height == (7 - 1) * 2 - 2 * 1 + 3 + more


def test_what_brings_more_to_light_is_taken_back() -> None:
    hidden = "input 9x9x3\nKONV 4 3x3\nFC 2\nexpect params = 1\nexpect macs = 1\nexpect output = 3\n"
    better, count = mended(Source("a.net", hidden), check, unsafe=True)
    assert (better.text, count) == (hidden, 0)
    (fix,) = (finding.fix for finding in check(better) if finding.fix)
    assert errors(check(Source("a.net", edited(hidden, [fix])[0]))) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["CONV 8 3x3 pad 1 strid 1", "CONV 8 3x3 pad 1 strid{n} 1", "RELUU", "SIGMOI{n}", "TANNH"]
)
def test_many_mistakes_are_mended_at_once(line: str) -> None:
    """A text is not checked again for every hundred of them."""
    checked: list[str] = []

    def counting(source: Source) -> list[Diagnostic]:
        checked.append(source.text)
        return plan_source(source).diagnostics

    text = "input 8x8x3\n" + "".join(line.replace("{n}", str(n)) + "\n" for n in range(300)) + "FC 10\n"
    better, changes = mended(Source("x.net", text), counting, unsafe=True)
    assert (len(checked), changes) == (2, 300)
    assert not plan_source(better).diagnostics
