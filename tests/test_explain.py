"""``netdsl explain NETWORK LAYER``: every step with its numbers."""

from __future__ import annotations

import pytest

from netdsl.commands import run
from netdsl.planning.pipeline import load_plan
from netdsl.reports.as_derivation import derivation_as_text
from netdsl.resources import zoo_names, zoo_text

CONV2 = """\
CONV2 is CONV 256 5x5 pad 2, layer 6 of 21 of AlexNet, zoo:alexnet:14
reads NORM1: 27x27x96

volume
  (27 - 5 + 2*2)/1 + 1 = 27
  256 filters give 256 channels
  = 27x27x256

parameters
  weights  5*5*96*256 = 614,400
  bias     256
  614,400 + 256 = 614,656

multiply-accumulates of one image
  27*27 positions of the output * 614,400 weights = 447,897,600

receptive field
  r = r + (F - 1)*j, then j = j*S, from r = 1 and j = 1 at the input
  CONV1      r = 1 + (11 - 1)*1 = 11  j = 1*4 = 4
  MAX POOL1  r = 11 + (3 - 1)*4 = 19  j = 4*2 = 8
  CONV2      r = 19 + (5 - 1)*8 = 51  j = 8*1 = 8
  = 51x51, of an image of 227x227
"""


def derivation(text: str, name: str) -> str:
    plan, findings = load_plan(text)
    assert plan is not None, findings
    (planned,) = (layer for layer in plan.layers if layer.node.name == name)
    return derivation_as_text(plan, planned)


def test_a_layer_of_the_slide(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "alexnet", "CONV2"]) == 0
    assert capsys.readouterr().out == CONV2


@pytest.mark.parametrize("written", ["MAX POOL1", "max_pool1", "maxpool1"])
def test_names_in_any_spelling(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "lenet", written]) == 0
    assert capsys.readouterr().out.startswith("MAX POOL1 is MAX POOL 2x2 stride 2")


def test_several_words_need_no_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "lenet", "max", "pool1"]) == 0
    assert capsys.readouterr().out.startswith("MAX POOL1")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("lenet FC7", 2, "Did you mean 'FC2'?"),
        ("lenet nothing-like-it", 2, "There are INPUT, CONV1"),
        ("lenet", 2, "Name a layer of 'lenet': INPUT, CONV1"),
        ("lennet CONV1", 1, "did you mean `lenet`?"),
        ("lennet", 1, "did you mean `lenet`?"),
        ("ND30", 2, "Did you mean ND"),
    ],
)
def test_what_cannot_be_explained(
    arguments: str, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", *arguments.split()]) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("CONV1: 4 3x3 groups 2", "weights  3*3*2*4 = 72"),
        ("CONV1: 4 3x3 no bias", "weights  3*3*4*4 = 144"),
        ("CONV1: 2 3x3 table { 0; 1-3 }", "3*3*4*2 - 36 left out = 36"),
        ("CONV1: 4 3x6 pad 0x1", "width (12 - 6 + 2*1)/1 + 1 = 9"),
        ("FC1: 7", "every weight once = 4,032"),
        ("LOCAL1: 3 3x3", "every weight once = 10,800"),
        ("DECONV1: 4 2x2 stride 2", "12*12 positions of the input * 64 weights = 9,216"),
        ("BN1: BN", "kept but not learned: running_mean 4, running_variance 4"),
        ("RELU1: RELU", "none: nothing is multiplied by weights"),
        ("RELU1: RELU", "no window up to here is larger than 1"),
    ],
)
def test_derivations_of_many_kinds(line: str, words: str) -> None:
    assert words in derivation(f"input 12x12x4\n{line}", line.partition(":")[0])


def test_axes_apart_where_they_differ() -> None:
    found = derivation("input 12x21x4\nCONV 4 3x5 stride 1x2", "CONV1")
    assert "  height:\n  CONV1  r = 1 + (3 - 1)*1 = 3" in found
    assert "  width:\n  CONV1  r = 1 + (5 - 1)*1 = 5  j = 1*2 = 2" in found


def test_branches_follow_the_widest_view() -> None:
    found = derivation("input 8x8x4\nADD[ CONV 4 3x3 pad 1 | CONV 4 5x5 pad 2 ]\nsum: RELU", "sum")
    assert "CONV2  r = 1 + (5 - 1)*1 = 5" in found
    assert "CONV1" not in found


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo_names())
def test_every_layer_of_the_zoo_agrees_with_the_plan(name: str) -> None:
    plan, _ = load_plan(zoo_text(name))
    assert plan is not None
    for planned in plan.layers:
        if planned.node.implied or planned.node.position > 60:
            continue
        found = derivation_as_text(plan, planned)
        assert f"= {planned.output}" in found
        assert f"= {planned.receptive_field}, of an image" in found
        assert not planned.macs or f"= {planned.macs:,}\n" in found


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("CONV", "`same weights as LABEL`"),
        ("BN", "`same weights as LABEL`"),
        ("channels", "the volume that comes into the block"),
    ],
)
def test_what_blocks_and_layers_share(subject: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", subject]) == 0
    assert words in capsys.readouterr().out
    assert run(["explain", "RELU"]) == 0
    assert words not in capsys.readouterr().out


def test_of_several_inputs_the_one_is_named_of_which_most_is_seen() -> None:
    text = "left: input 9x9x1\na: CONV 2 3x3\nright: input 9x9x1\nb: CONV 2 3x3 same weights as a\n"
    found = derivation(f"{text}CONCAT[ @a | @b - CONV 2 3x3 pad 1 ]\nFC 2", "CONCAT1")
    assert "= 5x5, of the input right of 9x9\n" in found
    found = derivation(f"{text}ADD[ @a | SKIP ]\nFC 2", "b")
    assert "none: it shares the weights of a\n" in found
    assert "7*7 positions of the output * 18 weights = 882\n" in found
