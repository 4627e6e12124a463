"""Terminals of 60 to 120 columns: no line is wider, no figure is cut, and colour is for terminals."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netdsl.commands import group, run
from netdsl.commands.console.terminal import wants_colour, width_of
from netdsl.commands.running.progress import BarDisplay, epoch_line_in
from netdsl.counting import tool_names
from netdsl.counting.columns import column_names
from netdsl.layers.registry import all_kinds
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.entries import entries
from netdsl.reports.as_component import components
from netdsl.reports.as_measurement_table import measurement_as_table
from netdsl.reports.as_table import plan_as_table
from netdsl.reports.as_text import diagnostics_as_text
from netdsl.reports.as_trials import trials_as_table
from netdsl.reports.display import columns
from netdsl.reports.wrapping import abridged, folded_text, shortened, wrapped
from netdsl.resources import explained_codes
from netdsl.rules import advise
from netdsl.training.records import EpochRecord, StepRecord

ROOT = Path(__file__).parent.parent
WIDTHS = (60, 80, 100, 120)
FIGURE = re.compile(r"\d(?:[\d.,]*\d)?")

COMMANDS = [
    ["check", "lenet", "alexnet", "mobilenet2", "--recipe"],
    ["check", "googlenet", "segnet", "cspdarknet53", "--columns", ",".join(column_names())],
    ["check", "lenet", "unet", *(word for name in tool_names() for word in ("--like", name))],
    ["check", "docs/examples/alexnet-224.net"],
    ["check", "docs/examples/project", "--statistics"],
    ["check", "no-such-file.net", "tests"],
    ["diff", "lenet", "docs/examples/lenet-wide.net"],
    ["diff", "alexnet", "alexnet-torchvision"],
    ["diff", "resnet18", "resnet34"],
    ["zoo"],
    ["explain", "lenet", "CONV2"],
    ["explain", "googlenet", "FC1"],
    ["explain", "lenet", "CONV9"],
    ["explain", "lenet"],
    ["explain"],
    ["explain", "channels"],
    ["explain", "separable conv"],
    ["fmt", "README.md", "--check"],
    ["check", "lenet", "--format", "yaml"],
    ["check", "lenet", "--columns", "weigths,flops"],
    ["bench"],
    ["serch"],
    *(["explain", code] for code in explained_codes()),
    *(["explain", name] for name in entries()),
    *(["explain", name] for kinds in components().values() for name in kinds),
]


def figures(text: str) -> set[str]:
    return set(FIGURE.findall(text))


def assert_fits(narrow: str, wide: str, width: int) -> None:
    """Each line has room, or is one word; and there is no figure that the wide output lacks."""
    for line in narrow.splitlines():
        assert columns(line) <= width or " " not in line.strip(), line
    assert figures(narrow) <= figures(wide) | figures(str(width))


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command prints where COLUMNS says so much, None where it says nothing."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("LINES", raising=False)

    def output(arguments: list[str], width: int | None) -> str:
        if width is None:
            monkeypatch.delenv("COLUMNS", raising=False)
        else:
            monkeypatch.setenv("COLUMNS", str(width))
        run(arguments)
        out, err = capsys.readouterr()
        return out + err

    return output


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(arguments, marks=pytest.mark.slow) if arguments[0] == "fmt" else arguments
        for arguments in COMMANDS
    ],
    ids=" ".join,
)
def test_commands(arguments: list[str], printed: Any) -> None:
    wide = printed(arguments, None)
    assert wide
    for width in WIDTHS:
        assert_fits(printed(arguments, width), wide, width)


def test_kinds_of_layers(printed: Any) -> None:
    for kind in all_kinds():
        wide = printed(["explain", kind.keyword], None)
        assert_fits(printed(["explain", kind.keyword], 60), wide, 60)


def test_help(printed: Any) -> None:
    context: Any = SimpleNamespace()
    for name in ["", *group.list_commands(context)]:
        for width in WIDTHS:
            for line in printed([*([name] if name else []), "--help"], width).splitlines():
                assert columns(line) <= width, line


@cache
def cases() -> list[tuple[Any, Any]]:
    """Plans and findings of every text of tests/cases."""
    found = []
    for path in sorted((ROOT / "tests" / "cases").rglob("*.md")):
        for text in re.findall(r"```net\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            plan, findings = load_plan(text, f"nets/{path.stem}.net")
            found.append((plan, [*findings, *(advise(plan) if plan is not None else ())]))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_findings_and_tables_of_all_cases(width: int) -> None:
    for plan, findings in cases():
        assert_fits(diagnostics_as_text(findings, width=width), diagnostics_as_text(findings), width)
        if plan is not None:
            wide = plan_as_table(plan)
            assert_fits(plan_as_table(plan, width=width), wide, width)


def test_a_long_line_of_wide_characters_is_shown_around_the_finding() -> None:
    text = f"input 8x8x1\nCONV 3 3x3 ({'層' * 100})\t- FC wid - RELU ({'x' * 300})\n"
    findings = load_plan(text, "a.net").diagnostics
    for width in WIDTHS:
        shown = diagnostics_as_text(findings, width=width)
        assert_fits(shown, text + diagnostics_as_text(findings), width)
        line, marks = re.findall(r"^(?:2|  ?) \| (.*\S)$", shown, re.MULTILINE)
        assert columns(line[: line.index("wid")]) == marks.index("^^^")


def test_a_narrow_table_says_what_it_leaves_out(printed: Any) -> None:
    narrow = printed(["check", "alexnet"], 60)
    left_out = re.search(r"--columns ([\w,]+)", narrow)
    assert left_out is not None
    assert "receptive_field" in left_out[1]
    assert "11x11" in printed(["check", "alexnet", "--columns", left_out[1]], 60)
    assert "left out" not in printed(["check", "lenet"], 80)


EPOCH = EpochRecord(3, 1234.5678, 0.9555, 0.1202, 1.0)
PACE: Any = SimpleNamespace(images_per_second=123456.7, seconds_left=729.0, now=1.0, epoch_seconds=1.0)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_line_of_an_epoch(width: int) -> None:
    longest = epoch_line_in(None, EPOCH, 1000, PACE)
    line = epoch_line_in(width, EPOCH, 1000, PACE)
    assert_fits(line, longest, width)
    assert {"1234.5678", "95.55", "0.1202", "100.00"} <= figures(line)


@pytest.mark.parametrize("width", [*WIDTHS, 200])
def test_a_bar_is_useful(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    bar = BarDisplay(PACE, 1000, 500, 1437, 0)
    console = Console(width=width, force_terminal=True, color_system=None)
    bar._console = bar._bar.live.console = console
    with console.capture() as shown:
        bar.show(StepRecord(501, 45, 45, 32, 0.1433, 0.9555))
        console.print(bar._bar.get_renderable())
    line = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.get()).splitlines()[-1].rstrip()
    assert columns(line) <= width
    assert line.startswith("epoch 501/1000 ")
    assert re.search("━━+", line)
    assert line.endswith(" 0:12:09")
    assert "loss 0.1433" in line
    assert "…" not in line


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_of_a_measurement_and_of_a_search(width: int) -> None:
    from test_bench import measured

    from netdsl.searching.trial import Failure, Result, State, Trial

    assert_fits(measurement_as_table(measured(), width=width), measurement_as_table(measured()), width)
    settings = ["rate", "momentum", "batch", "label smoothing", "schedule warmup", "optimizer"]
    point = dict(zip(settings, [0.0123, 0.875, 128, 0.05, 12, "adamw decay 0.0005"], strict=True))
    failed = Failure("ND530", "the loss is not a number any more; lower the rate")
    trials = [
        Trial(1, point, State.COMPLETE, [0.5] * 17, Result(17, 0.9713, 0.1234)),
        Trial(2, point, State.FAILED, [0.5], None, failed),
    ]
    wide = trials_as_table(settings, trials, "searches/s-1/trials.csv")
    assert_fits(trials_as_table(settings, trials, "searches/s-1/trials.csv", width), wide, width)


@pytest.mark.slow
def test_training_and_what_follows(tmp_path: Path, printed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    network = str(ROOT / "nets" / "linear.net")
    monkeypatch.chdir(tmp_path)
    numpy = ["--backend", "numpy"]
    trained = printed(["train", network, "--epochs", "2", "--out", "run", *numpy], 60)
    pieces = [trained, printed(["eval", "run", *numpy], 60)]
    pieces += [printed(["predict", "run", "run/example.png", "--top", "10", *numpy], 60)]
    pieces += [printed(["train", network, "--fast-dev-run", *numpy], 60)]
    pieces += [printed(["train", network, "--overfit", "10", *numpy], 60)]
    pieces += [printed(["lr-find", network, "--steps", "30", "--trials", "1", *numpy], 60)]
    for piece in pieces:
        assert piece
        for line in piece.splitlines():
            assert columns(line) <= 60, line
    assert len(re.findall(r"validation loss\s+\d\.\d{4}", trained)) == 2


@pytest.mark.parametrize(
    ("text", "width", "wanted"),
    [
        ("CONV 32 3x3 stride 2 pad 1", 14, "CONV 32 3x3 …"),
        ("CONV 32 3x3", 11, "CONV 32 3x3"),
        ("CONV 1000 3x3", 10, "CONV …"),
        ("@abcdefghijklmnop", 9, "@abc…mnop"),
    ],
)
def test_layers_lose_whole_words(text: str, width: int, wanted: str) -> None:
    assert abridged(text, width) == wanted


@pytest.mark.parametrize(
    ("text", "width", "wanted"),
    [
        ("conv_branch_three", 9, "conv…hree"),
        ("block1234567_conv", 9, "bloc…conv"),
        ("stage12_unit345", 10, "stage…t345"),
        ("a_12345678", 9, "a_…"),
        ("層層層層層層", 7, "層…層"),
    ],
)
def test_names_lose_their_middle_and_no_digits(text: str, width: int, wanted: str) -> None:
    assert shortened(text, width) == wanted


def test_folding() -> None:
    assert wrapped("accuracy 95.55 % of all", 17) == ["accuracy 95.55 %", "  of all"]
    assert wrapped("a " + "x" * 30 + " b", 10) == ["a", "  " + "x" * 30, "  b"]
    assert wrapped("層層 層層 層層", 9, "") == ["層層 層層", "層層"]
    assert wrapped("two  blanks stay", None) == ["two  blanks stay"]
    prose = "title\none two three four\nfive six\n\n    a = b + c + d + e\n    f = g\n"
    assert folded_text(prose, 12, markdown=True) == (
        "title\none two\nthree four\nfive six\n\n    a = b +\n    c + d +\n    e\n    f = g\n"
    )
    rows = "title\n  a     Some words of it. And.\n  long  Other words.\n"
    assert folded_text(rows, 20) == ("title\n  a     Some words\n        of it. And.\n  long  Other words.\n")


class Stream:
    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def fileno(self) -> int:
        raise OSError("not a file")


@pytest.mark.parametrize(
    ("terminal", "environment", "wanted"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"CLICOLOR": "0"}, False),
        (True, {"CLICOLOR": "1"}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (False, {"CLICOLOR_FORCE": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour(
    terminal: bool, environment: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream: Any = Stream(terminal)
    assert wants_colour(stream) is wanted


def test_forced_colour_reaches_tables_and_findings(printed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["check", "lenet", "docs/examples/alexnet-224.net"]
    plain = printed(arguments, 80)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = printed(arguments, 80)
    assert "\x1b[1mLeNet-5\x1b[0m" in coloured
    assert "\x1b[1;31merror ND301\x1b[0m" in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain
    assert "\x1b[3" in printed(["diff", "lenet", "docs/examples/lenet-wide.net"], 80)
    monkeypatch.setenv("NO_COLOR", "1")
    assert printed(arguments, 80) == plain


@pytest.mark.parametrize(
    ("terminal", "environment", "wanted"),
    [
        (False, {}, None),
        (True, {}, None),
        (True, {"COLUMNS": "72"}, 72),
        (True, {"COLUMNS": "72", "LINES": "24"}, 72),
        (False, {"COLUMNS": "72"}, 72),
        (False, {"COLUMNS": "80", "LINES": "24"}, None),
        (True, {"COLUMNS": "12"}, 40),
        (False, {"COLUMNS": "0"}, None),
        (False, {"COLUMNS": "-5"}, None),
        (False, {"COLUMNS": "wide"}, None),
        (False, {"COLUMNS": "9" * 5000}, None),
    ],
)
def test_how_wide_a_terminal_is(
    terminal: bool, environment: dict[str, str], wanted: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream: Any = Stream(terminal)
    assert width_of(stream) == wanted
