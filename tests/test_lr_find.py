"""lr-find: the test itself, what it concludes from curves, and what the command prints and writes."""

from __future__ import annotations

import json
import math
import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netdsl.backend import backend
from netdsl.commands import run as command
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.recipe import Recipe
from netdsl.reports.as_rate_curve import rate_curve_as_png, rate_curve_as_text
from netdsl.schedules.schedule import Moment
from netdsl.training.rate_finder import GrowingRate, found, trial
from netdsl.training.run import Run, new_run

LINEAR = "input 8x8x1\nFC1: 10\n"
SCHEDULE = GrowingRate()
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.net").write_text(LINEAR)
    return tmp_path


def new(**settings: object) -> Run:
    plan = load_plan(LINEAR, "net.net").plan
    assert plan is not None
    return new_run(plan, Recipe(**settings), backend("numpy"), 1)


# --- a trial -------------------------------------------------------------------------------------


def test_the_rate_grows_by_the_same_factor() -> None:
    rates = [SCHEDULE.rate(0.5, Moment(0, step, 1000, 1)) for step in range(100)]
    assert rates[0] == pytest.approx(1e-6)
    assert rates[-1] == pytest.approx(10)
    factors = {round(after / before, 9) for before, after in pairwise(rates)}
    assert factors == {round(10 ** (7 / 99), 9)}


def test_a_trial_ends_where_it_diverges_and_can_be_repeated() -> None:
    run = new()
    first = list(trial(run, SCHEDULE, 1, 1))
    assert len(first) == 100
    assert min(first) < 0.5 * first[0]
    assert len(list(trial(run, GrowingRate(highest=1e6), 1, 1))) < 100
    second = list(trial(run, SCHEDULE, 2, 1))
    assert second != first
    assert list(trial(run, SCHEDULE, 1, 1)) == first


def test_a_trial_takes_settings_of_the_recipe_but_its_rate() -> None:
    first = list(trial(new(), SCHEDULE, 1, 1))
    assert list(trial(new(optimizer=Sgd(rate=0.5)), SCHEDULE, 1, 1)) == first
    assert list(trial(new(optimizer=Sgd(momentum=0.0)), SCHEDULE, 1, 1)) != first
    assert list(trial(new(batch=16), SCHEDULE, 1, 1)) != first


def test_a_step_of_a_trial_is_an_update() -> None:
    single = list(trial(new(batch=32, optimizer=Sgd(momentum=0.0)), SCHEDULE, 1, 1))
    run = new(batch=16, accumulate=2, optimizer=Sgd(momentum=0.0))
    together = list(trial(run, SCHEDULE, 1, 1))
    assert len(together) == len(single)
    np.testing.assert_allclose(together[:20], single[:20], rtol=1e-4)


def test_a_trial_sees_nothing_but_the_training_part() -> None:
    wanted = list(trial(new(), SCHEDULE, 1, 1))
    run = new()
    pixels = run.dataset.pixels.astype(np.float32)
    pixels[np.concatenate([run.parts.validation, run.parts.test])] = np.nan
    run.dataset = run.dataset._replace(pixels=pixels)
    assert list(trial(run, SCHEDULE, 1, 1)) == wanted


def test_few_images_are_seen_again_and_again() -> None:
    images = np.random.default_rng(1).integers(0, 255, (20, 8, 8), dtype=np.uint8)
    np.savez("few.npz", images=images, labels=np.arange(20) % 2)
    run = new(data="few.npz", split="50/25/25", batch=64)
    assert len(list(trial(run, SCHEDULE, 1, 1))) > 40


# --- what is concluded ---------------------------------------------------------------------------


def curve(bottom: float, fall: float = 2.0, noise: float = 0.0, seed: int = 1) -> list[float]:
    """A loss of 3 that has fallen furthest at a rate, and rises behind it."""
    rates = np.log10([SCHEDULE.rate(0, Moment(0, step, 100, 1)) for step in range(100)])
    losses = 3 - fall * np.exp(-((rates - math.log10(bottom)) ** 2))
    return (losses + noise * np.random.default_rng(seed).normal(size=100)).tolist()


def test_the_rate_lies_half_a_decade_below_the_lowest_loss() -> None:
    one = found(SCHEDULE, [curve(0.1)])
    assert one is not None
    assert one.rate == pytest.approx(0.1 / math.sqrt(10), rel=0.1)
    assert one.lowest == pytest.approx(0.1, rel=0.1)
    assert one.steepest == pytest.approx(0.1 / 10**0.707, rel=0.2)
    assert (one.confidence, one.doubts) == ("fairly sure", ())
    some = found(SCHEDULE, [curve(0.1), curve(0.2), curve(0.15)])
    assert some is not None
    assert some.confidence == "sure"
    assert some.rate == pytest.approx((0.1 * 0.2 * 0.15) ** (1 / 3) / math.sqrt(10), rel=0.1)
    assert (some.low, some.high) == pytest.approx((0.1 / math.sqrt(10), 0.2 / math.sqrt(10)), rel=0.1)


@pytest.mark.parametrize(
    ("curves", "confidence", "doubt"),
    [
        ([curve(0.02), curve(0.1)], "fairly sure", ""),
        ([curve(0.002), curve(0.1)], "unsure", "the trials differ by a factor of "),
        ([curve(0.1, fall=0.1), curve(0.1)], "unsure", "the curve is flat"),
        ([curve(0.1, fall=0.6, noise=2, seed=3)], "unsure", "the curve is flat"),
        ([curve(0.1, noise=0.3, seed=seed) for seed in range(3)], "sure", ""),
        ([curve(1000)], "unsure", "still falling at the highest rate, 10"),
        ([curve(1e-7)], "unsure", "rises from the lowest rate on, 1e-06"),
        ([[3.0]], "unsure", "rises from the lowest rate on"),
    ],
)
def test_how_sure_it_is(curves: list[list[float]], confidence: str, doubt: str) -> None:
    one = found(SCHEDULE, curves)
    assert one is not None
    assert one.confidence == confidence
    assert doubt in "; ".join(one.doubts)
    assert bool(one.doubts) == (confidence == "unsure")


def test_no_curve_no_rate() -> None:
    assert found(SCHEDULE, []) is None
    assert found(SCHEDULE, [curve(0.1), []]) is None


@pytest.mark.parametrize("curves", [[curve(0.1)], [[3.0]], [[2.0, 1e30]], [[1.0] * 100], [curve(1e-7)]])
@pytest.mark.parametrize("columns", [1, 40, 80, 400])
def test_every_curve_can_be_shown(curves: list[list[float]], columns: int) -> None:
    one = found(SCHEDULE, curves)
    assert one is not None
    text = rate_curve_as_text(one, columns)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= min(max(columns, 30), 100)
    assert "*" in text
    assert rate_curve_as_png(one, "title").startswith(b"\x89PNG")


# --- the command ---------------------------------------------------------------------------------


def said(capsys: Capture, *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert command(["lr-find", "net.net", *arguments]) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out, err


def test_the_command_prints_a_number_a_plot_and_how_sure_it_is(capsys: Capture, workspace: Path) -> None:
    out, err = said(capsys, "--backend", "numpy")
    lines = out.splitlines()
    number = re.fullmatch(r"rate (0\.\d+)", lines[-1])
    assert number is not None
    assert 0.005 < float(number[1]) < 0.2
    assert lines[-2] == "plot: net-lr-find.png"
    assert re.match(r"(fairly sure|sure): 3 trials range from 0\.\d+ to 0\.\d+", lines[-4])
    assert sum("*" in line for line in lines) > 5
    assert err.count("lowest loss at a rate of") == 3
    assert sorted(os.listdir(workspace)) == ["net-lr-find.png", "net.net"]
    with Image.open("net-lr-find.png") as picture:
        assert picture.size == (960, 600)
        assert len(picture.getcolors(10_000) or ()) > 3


def test_the_json_form_has_the_same_and_all_curves(capsys: Capture) -> None:
    text, _ = said(capsys, "--backend", "numpy")
    out, _ = said(capsys, "--backend", "numpy", "--format", "json", "--out", "other.png")
    content = json.loads(out)
    assert f"rate {content['rate']:.2g}" == text.splitlines()[-1]
    assert content["schema"] == "netdsl-lr-find-1"
    assert len(content["trials"]) == 3
    assert len(content["curve"]) <= min(map(len, content["trials"])) <= len(content["rates"])
    assert content["low"] <= content["rate"] <= content["high"]
    assert content["picture"] == "other.png"


def test_the_number_of_threads_changes_nothing(capsys: Capture) -> None:
    results = [said(capsys, "--threads", threads, "--format", "json")[0] for threads in ("1", "2")]
    assert results[0] == results[1]


def test_a_file_that_is_no_picture_is_left_alone(capsys: Capture) -> None:
    assert "exists and is not a PNG" in said(capsys, "--out", "net.net", code=2)[1]
    assert Path("net.net").read_text() == LINEAR
    os.mkfifo("pipe.png")
    assert "this is a pipe, not a regular file" in said(capsys, "--out", "pipe.png", code=2)[1]
    Path("net-lr-find.png").symlink_to("elsewhere.png")
    said(capsys, "--backend", "numpy", "--trials", "1", "--steps", "20")
    assert not Path("elsewhere.png").exists()
    assert "ND515" in said(capsys, "--backend", "numpy", "--steps", "20", "--out", "no/where.png", code=1)[1]


@pytest.mark.parametrize("arguments", [["--rate", "1"], ["--lowest", "2", "--highest", "1"], ["--out", ""]])
def test_wrong_options(capsys: Capture, arguments: list[str]) -> None:
    assert "Usage: " in said(capsys, *arguments, code=2)[1]


def test_a_network_that_has_no_finite_loss_has_no_rate(capsys: Capture, workspace: Path) -> None:
    Path("net.net").write_text("input 8x8x1\n" + "FC: 64\n" * 300 + "FC: 10\n")
    out, _ = said(capsys, "--backend", "numpy", code=1)
    assert out == "no rate found: the loss is not finite from the first step on\n"
    assert os.listdir(workspace) == ["net.net"]


def test_all_rates_that_are_printed_are_means_over_the_trials() -> None:
    """A tenth of the lowest loss's rate lies half a decade below the answer, whatever the trials' curves."""
    one = found(GrowingRate(), [curve(0.01), curve(0.1)])
    each = [found(GrowingRate(), [curve(rate)]) for rate in (0.01, 0.1)]
    assert one is not None
    assert one.lowest / 10 == pytest.approx(one.rate / 10**0.5)
    for name in ("rate", "lowest", "steepest"):
        mean = np.sqrt(np.prod([getattr(single, name) for single in each]))
        assert getattr(one, name) == pytest.approx(mean)
