"""Augmentation: what is drawn for an image is its own, compiled code does what NumPy says, and training
is the same whatever the threads and the interruptions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from augmented import ALL, COLOURED, COUNT, ONE_BY_ONE, augmentation, changes, pictures
from test_feeding import linear

import netdsl.augmentations
from netdsl.augmentations import augmentations
from netdsl.augmentations.augmentation import Pictures
from netdsl.augmentations.distort import Distort
from netdsl.augmentations.mixup import Mixup, symmetric_beta
from netdsl.backend import backend
from netdsl.backend.session import Batch, Session, write_batch
from netdsl.commands import run as netdsl_command
from netdsl.data.randomness import ImageDraws
from netdsl.planning.pipeline import load_plan
from netdsl.recipe.recipe import Recipe
from netdsl.training.loop import train
from netdsl.training.run import Run, continued_run, new_run

# --- what is drawn -------------------------------------------------------------------------------


def test_numbers_are_even_and_of_no_relation_to_those_of_other_images() -> None:
    drawn = ImageDraws(1, "test", np.arange(2000)).uniform(-3, 5, 50)
    assert drawn.shape == (2000, 50)
    assert drawn.min() >= -3
    assert drawn.max() < 5
    counts = np.histogram(drawn, bins=100, range=(-3, 5))[0]
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)  # five standard deviations
    unit = (drawn - 1) / np.sqrt(64 / 12)
    for one, other in ((unit[1:], unit[:-1]), (unit[:, 1:], unit[:, :-1])):
        assert abs(float((one * other).mean())) < 5 / np.sqrt(one.size)


def test_numbers_follow_one_another_however_they_are_asked_for() -> None:
    numbers = np.arange(4)
    together = ImageDraws(1, "test", numbers).uniform(0, 1, 6)
    by_parts = ImageDraws(1, "test", numbers)
    parts = [
        by_parts.uniform(0, 1)[:, None],
        by_parts.uniform(0, 1, 2, 2).reshape(4, 4),
        by_parts.uniform(0, 1, 1),
    ]
    assert np.array_equal(together, np.concatenate(parts, axis=1))


@pytest.mark.parametrize("text", [*ONE_BY_ONE, *COLOURED, ALL])
def test_an_image_is_changed_by_its_number_seed_and_epoch_alone(text: str) -> None:
    images = pictures((9, 11, 3))
    whole = changes(text, images, [*range(COUNT)])
    part = changes(text, images, [31, 4, 17])
    if whole.shares is not None and part.shares is not None:
        assert part.shares.tobytes() == whole.shares[[31, 4, 17]].tobytes()
        rows = [31, 4, 17, 31 + COUNT, 4 + COUNT, 17 + COUNT]
    else:
        rows = [31, 4, 17]
    for name in ("numbers", "maps", "lattice", "colours", "hues", "holes"):
        one, other = getattr(whole, name), getattr(part, name)
        assert (one is None) == (other is None)
        assert one is None or one[rows].tobytes() == other.tobytes(), name
    for others in (
        changes(text, images, [*range(COUNT)], epoch=2),
        changes(text, images, [*range(COUNT)], seed=2),
    ):
        assert any(
            getattr(whole, name) is not None
            and getattr(whole, name).tobytes() != getattr(others, name).tobytes()
            for name in ("maps", "lattice", "colours", "hues", "holes", "shares")
        )


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 4.0])
def test_shares_are_drawn_from_a_beta_distribution(alpha: float) -> None:
    draws = ImageDraws(1, "test", np.arange(20_000))
    pairs = zip(draws.uniform(0, 1).tolist(), draws.uniform(0, 1).tolist(), strict=True)
    found = np.sort([symmetric_beta(alpha, one, other) for one, other in pairs])
    expected = np.sort(np.random.default_rng(1).beta(alpha, alpha, 20_000))
    # Kolmogorov and Smirnov's largest distance of two samples, at a level of 1 in a million.
    ranks = np.searchsorted(expected, found) / len(found)
    assert (
        np.abs(ranks - np.arange(len(found)) / len(found)).max() < 2.69 * np.sqrt(2 / 20_000) or alpha < 0.1
    )
    assert abs(found.mean() - 0.5) < 0.02
    assert found.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)


def test_extreme_draws_of_shares_stay_shares() -> None:
    for alpha in (0.01, 1.0, 100.0):
        for one in (0.0, 1e-300, 1 - 2**-53):
            for other in (0.0, 0.25, 0.5, 1 - 2**-53):
                assert 0 <= symmetric_beta(alpha, one, other) <= 1


def test_most_partners_are_others_and_shares_are_the_larger_ones() -> None:
    found = changes("mixup 1", pictures((3, 3, 1)), [*range(COUNT)])
    assert found.shares is not None
    assert (found.shares >= 0.5).all()
    assert len({*found.numbers[COUNT:].tolist()}) > COUNT / 2
    assert isinstance(augmentation("mixup 1")[0], Mixup)


@pytest.mark.parametrize(("side", "smoothness"), [(28, 0.14), (64, 0.1), (96, 0.3)])
def test_a_field_has_the_strength_that_is_asked_for(side: int, smoothness: float) -> None:
    distort = Distort(amount=0.12, smoothness=smoothness)
    drawn = ImageDraws(1, "test", np.arange(300))
    lattice = distort.change(drawn, Pictures(side, side, 1, 0.0, 255.0, (1.0,))).lattice
    assert lattice is not None
    assert lattice.std() == pytest.approx(0.12 * side / 3, rel=0.05)


# --- what is made of the pictures ----------------------------------------------------------------

VOLUMES = [(28, 28, 1), (9, 11, 3), (1, 20, 3), (7, 5, 13)]


def same_bits(session: Session, batch: Batch) -> bool:
    expected = {name: np.zeros_like(array) for name, array in session.inputs.items()}
    write_batch(expected, batch)
    return all(session.inputs[name].tobytes() == expected[name].tobytes() for name in ("x", "target"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["uint8", "float32"])
@pytest.mark.parametrize("volume", VOLUMES)
def test_compiled_code_gives_the_bits_of_numpy(volume: tuple[int, int, int], kind: str) -> None:
    images = pictures(volume, kind)
    texts = [*ONE_BY_ONE, *(COLOURED if volume[2] == 3 else ()), ALL]
    if volume[2] != 3:
        texts[-1] = ALL.replace(" hue 0.1 cast 0.1", "")
    for threads, size in ((1, 6), (3, 6), (3, 2)):
        session = linear(volume, size, threads=threads)
        chosen = np.random.default_rng(7).integers(0, COUNT, size)
        session.fill(Batch(images, chosen))
        plain = session.inputs["x"].tobytes(), session.inputs["target"].tobytes()
        for text in texts:
            batch = Batch(images, chosen, changes(text, images, chosen.tolist()))
            session.fill(batch)
            assert same_bits(session, batch), text
            changed = session.inputs["x"].tobytes(), session.inputs["target"].tobytes()
            if size > 2 and (volume[0] > 1 or text not in ("flip vertical", "shear 40")):
                assert changed != plain, text
        session.fill(Batch(images, chosen))  # and nothing of it is left behind
        assert (session.inputs["x"].tobytes(), session.inputs["target"].tobytes()) == plain


def test_values_without_a_range_are_not_limited() -> None:
    images = pictures((4, 4, 3), "float32")._replace(black=None, white=None)
    images = images._replace(pixels=images.pixels - 100)
    session = linear((4, 4, 3), 6)
    chosen = np.arange(6)
    batch = Batch(images, chosen, changes("color 1 cast 1, crop 2", images, chosen.tolist()))
    session.fill(batch)
    assert same_bits(session, batch)
    assert ((session.inputs["x"] - images.shift) / images.scale).min() < -100


def test_black_of_data_from_minus_one_to_one_is_minus_one() -> None:
    images = pictures((8, 8, 1), "float32")
    ones = np.ones((8, 8, 1), np.float32)
    images = images._replace(
        pixels=images.pixels / 255 * 2 - 1, scale=ones, shift=0 * ones, black=-1.0, white=1.0
    )
    session = linear((8, 8, 1), COUNT)
    chosen = np.arange(COUNT)
    session.fill(Batch(images, chosen, changes("shift 1", images, chosen.tolist())))
    assert session.inputs["x"].min() == -1
    assert (
        session.inputs["x"] == -1
    ).mean() > 0.2  # an even move hides half of each side: 3/4 of the picture
    session.fill(Batch(images, chosen, changes("color brightness 1", images, chosen.tolist())))
    assert session.inputs["x"].min() >= -1
    assert session.inputs["x"].max() <= 1


def test_batches_with_changes_of_another_batch_are_refused() -> None:
    images = pictures((4, 4, 1))
    with pytest.raises(ValueError, match="another batch"):
        linear((4, 4, 1), 6).fill(Batch(images, np.arange(6), changes("flip", images, [1, 2])))


@pytest.mark.parametrize(("threads", "batch"), [(1, 6), (3, 6), (4, 2)])
def test_what_augmentation_needs_is_known_beforehand(threads: int, batch: int) -> None:
    images = pictures((9, 11, 3))
    session = linear((9, 11, 3), batch, threads=threads)
    prepared = backend("numba").prepare(session._program, threads)
    plain, augmented = (prepared.needed_bytes(repeated=True, changes=flag) for flag in (False, True))
    session.fill(Batch(images, np.arange(batch), changes(ALL, images, [*range(batch)])))
    assert augmented - plain == session._filling._spare.nbytes > 0


# --- training ------------------------------------------------------------------------------------

NET = "net n\ninput 8x8x3\nCONV1: 4 3x3\nRELU\nFC1: 3\n"


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("colours") / "colours.npz"
    generator = np.random.default_rng(3)
    np.savez(path, images=generator.integers(0, 256, (90, 8, 8, 3), dtype=np.uint8), labels=np.arange(90) % 3)
    return str(path)


def new(data: str, threads: int = 2, augment: str = ALL, name: str = "numba") -> Run:
    plan = load_plan(NET).plan
    assert plan is not None
    recipe = Recipe(data=data, epochs=2, batch=30, augment=augmentation(augment))
    return new_run(plan, recipe, backend(name), threads)


def records(run: Run) -> object:
    return train(run.sessions, run.images, run.parts, run.recipe, run.progress, "colours")


def bits(run: Run) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in run.sessions.store.items()}


@pytest.mark.slow
def test_training_has_the_same_bits_on_any_threads_and_goes_on_from_any_record(colours: str) -> None:
    whole = new(colours, 1)
    seen = list(records(whole))
    assert any(
        changed != plain
        for changed, plain in zip(bits(whole).values(), bits(_plain(colours)).values(), strict=True)
    )
    for threads in (2, 4):
        other = new(colours, threads)
        assert list(records(other)) == seen
        assert bits(other) == bits(whole)
    for stop in (1, 2, len(seen) // 2 + 1):
        run = new(colours)
        going = records(run)
        for _ in range(stop):
            next(going)
        saved = run.checkpoint()
        arrays = {name: array.copy() for name, array in saved.arrays.items()}
        again = continued_run(
            saved._replace(arrays=arrays), Path("x"), run.plan, run.recipe, backend("numba"), 2
        )
        list(records(again))
        assert bits(again) == bits(whole)


def _plain(colours: str) -> Run:
    run = new(colours)
    run.recipe = run.recipe._replace(augment=())
    list(records(run))
    return run


def test_only_training_batches_are_changed(colours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new(colours, name="numpy")
    filled: list[tuple[bool, bool]] = []
    for purpose in ("training", "inference"):
        made = getattr(run.sessions, purpose)

        def session(batch: int, made: object = made, training: bool = purpose == "training") -> Session:
            found = made(batch)
            plain = type(found).fill

            def fill(batch: Batch) -> None:
                filled.append((training, batch.changes is not None))
                plain(found, batch)

            found.fill = fill
            return found

        monkeypatch.setattr(run.sessions, purpose, session)
    list(records(run))
    assert set(filled) == {(True, True), (False, False)}


NEGATIVE = '''
"""negative: black and white change places."""

from __future__ import annotations

from typing import ClassVar

from netdsl.augmentations.augmentation import Augmentation, Change, Draws, Pictures
from netdsl.layers.option import real


class Negative(Augmentation):
    """Some pictures have black and white exchanged."""

    name: ClassVar[str] = "negative"

    share = real("share of the pictures", positional=True, default=0.5, minimum=0.0, maximum=1.0)

    def change(self, draws: Draws, pictures: Pictures) -> Change:
        import numpy as np

        sign = np.where(draws.uniform(0, 1) < self.share, -1.0, 1.0)
        step = np.zeros((draws.images, 1, pictures.channels, pictures.channels + 2))
        step[:, 0, :, :-2] = sign[:, None, None] * np.eye(pictures.channels)
        step[:, 0, :, -2] = np.where(sign < 0, 2 * pictures.black + pictures.span, 0)[:, None]
        return Change(colours=step)
'''


def test_a_new_augmentation_is_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "negative.py").write_text(NEGATIVE)
    monkeypatch.setattr(netdsl.augmentations, "__path__", [*netdsl.augmentations.__path__, str(tmp_path)])
    augmentations.cache_clear()
    try:
        net = tmp_path / "a.net"
        net.write_text("input 8x8x1\nFC 10\ntrain { epochs 1; augment negative 1, flip }\n")
        assert netdsl_command(["check", str(net)]) == 0
        assert netdsl_command(["train", str(net), "--out", str(tmp_path / "run")]) == 0
        assert "negative 1.0, flip" in (tmp_path / "run" / "recipe.json").read_text()
        assert "test accuracy" in capsys.readouterr().out
        images = pictures((2, 2, 1))
        found = changes("negative 1", images, [3])
        inputs = {"x": np.zeros((1, 2, 2, 1), np.float32), "target": np.zeros((1, 4), np.float32)}
        write_batch(inputs, Batch(images, np.array([3]), found))
        assert np.array_equal(
            inputs["x"], (255 - images.pixels[[3]].astype(np.float32)) * images.scale + images.shift
        )
    finally:
        augmentations.cache_clear()
