"""The digits, scaling, the split and the normalisation."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from netdsl.data.dataset import TEST, TRAIN, VALIDATION, Dataset
from netdsl.data.preparation import in_range, measure
from netdsl.data.reading import read_data
from netdsl.data.scaling import check_convertible, fit
from netdsl.data.split import shares_from_text, split
from netdsl.diagnostics import Diagnosed
from netdsl.quantities import Volume

SHARES = shares_from_text("80/10/10")


def test_the_digits_are_those_of_the_licence_file() -> None:
    from importlib.resources import files

    folder = files("netdsl.data")
    notice = (folder / "digits.LICENSE.md").read_text(encoding="utf-8")
    with (folder / "digits.npz").open("rb") as stream, np.load(stream) as archive:
        assert archive["images"].shape == (1797, 8, 8)
        assert archive["images"].max() == 16
        assert np.bincount(archive["labels"]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
        for name in ("images", "labels"):
            assert hashlib.sha256(archive[name].tobytes()).hexdigest() in notice
    assert "CC BY 4.0" in notice


def test_digits_are_white_on_black_in_any_size() -> None:
    small = read_data("digits", Volume(8, 8, 1))
    assert (small.pixels.min(), small.pixels.max()) == (0, 255)
    assert small.classes == tuple("0123456789")
    large = read_data("digits", Volume(40, 24, 3))
    assert large.pixels.shape == (1797, 40, 24, 3)
    assert (large.pixels[..., 0] == large.pixels[..., 2]).all()
    assert (large.labels == small.labels).all()


def test_digits_have_no_vector_form_of_another_length() -> None:
    assert read_data("digits", Volume(1, 1, 64, vector=True)).pixels.shape == (1797, 1, 1, 64)
    assert read_data("digits", Volume(1, 1, 100, vector=True)).pixels.shape == (1797, 1, 1, 100)
    with pytest.raises(Diagnosed, match="an image of 8x8x1 has 64"):
        read_data("digits", Volume(1, 1, 101, vector=True))


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(2, 40), st.integers(2, 40)),
    st.integers(0, 2**32 - 1),
)
def test_scaling_is_pillows_bilinear(source: tuple[int, int], target: tuple[int, int], seed: int) -> None:
    image = np.random.default_rng(seed).random(source, dtype=np.float32)
    ours = fit(image[None, :, :, None], Volume(*target, 1))[0, :, :, 0]
    pillows = Image.fromarray(image).resize(target[::-1], Image.Resampling.BILINEAR)
    np.testing.assert_allclose(ours, np.asarray(pillows), atol=2e-6)


def test_scaling_rounds_bytes_and_works_in_chunks() -> None:
    images = np.random.default_rng(3).integers(0, 256, (70, 9, 7, 1), dtype=np.uint8)
    together = fit(images, Volume(50, 60, 1))
    assert together.dtype == np.uint8
    for number in (0, 33, 69):
        exact = fit(images[number : number + 1].astype(np.float32), Volume(50, 60, 1))
        assert (together[number] == np.rint(exact[0])).all()


def test_grey_and_colour() -> None:
    colour = np.array([[[[255, 0, 0], [0, 255, 0]]]], np.uint8)
    assert fit(colour, Volume(1, 2, 1)).ravel().tolist() == [76, 150]
    assert fit(np.full((1, 2, 2, 1), 9, np.uint8), Volume(4, 4, 3)).tolist() == [[[[9, 9, 9]] * 4] * 4]
    with pytest.raises(Diagnosed, match="images have 1 channels and the network takes 5"):
        check_convertible("data", Volume(8, 8, 1), Volume(8, 8, 5))
    check_convertible("data", Volume(8, 8, 5), Volume(16, 16, 5))


def dataset(labels: list[int], parts: list[int] | None = None) -> Dataset:
    count = len(labels)
    return Dataset(
        "made up",
        np.arange(count * 4, dtype=np.float32).reshape(count, 2, 2, 1),
        np.array(labels, np.int64),
        tuple(f"class{number}" for number in range(max(labels) + 1)),
        np.array(parts or [TRAIN] * count, np.uint8),
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(10, 60), min_size=2, max_size=6), st.integers(0, 1000))
def test_a_split_is_stratified_and_loses_and_shares_nothing(sizes: list[int], seed: int) -> None:
    labels = [number for number, size in enumerate(sizes) for _ in range(size)]
    parts = split(dataset(labels), SHARES, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    for part, share in zip(parts, (0.8, 0.1, 0.1), strict=True):
        counts = np.bincount(np.array(labels)[part], minlength=len(sizes))
        slack = 2.02 if part is parts.train else 1.01  # training has what the others' rounding leaves
        assert (np.abs(counts - np.array(sizes) * share) <= slack).all()
        assert abs(len(part) - len(labels) * share) <= slack


def test_a_split_follows_from_the_seed() -> None:
    data = dataset([0, 1] * 50)
    assert (split(data, SHARES, 1).test == split(data, SHARES, 1).test).all()
    assert (split(data, SHARES, 1).test != split(data, SHARES, 2).test).any()


def test_a_class_more_leaves_the_split_of_the_others_as_it_was() -> None:
    two, three = split(dataset([0, 1] * 50), SHARES, 1), split(dataset([0, 1] * 50 + [2] * 50), SHARES, 1)
    assert three.test[three.test < 100].tolist() == two.test.tolist()


def test_own_parts_of_the_data_are_kept() -> None:
    labels, parts = [0, 1] * 60, [TRAIN] * 100 + [TEST] * 20
    found = split(dataset(labels, parts), SHARES, 1)
    assert found.test.tolist() == list(range(100, 120))
    assert len(found.validation) == 11  # 10 of the 90 percent that are left
    found = split(dataset(labels, [TRAIN] * 80 + [VALIDATION] * 20 + [TEST] * 20), SHARES, 1)
    assert [len(part) for part in found] == [80, 20, 20]


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 1, 1]])
def test_too_few_images(labels: list[int]) -> None:
    with pytest.raises(Diagnosed, match="too few") as caught:
        split(dataset(labels), SHARES, 1)
    assert caught.value.diagnostics[0].code == "ND504"


def test_a_class_that_is_only_in_the_test_part() -> None:
    with pytest.raises(Diagnosed, match="`class2` has no image to train on"):
        split(dataset([0, 1] * 20 + [2], [TRAIN] * 40 + [TEST]), SHARES, 1)


@pytest.mark.parametrize("text", ["80/10", "80/10/20", "100/0/0", "a/b/c", "80/-10/30", "nan/10/10", ""])
def test_texts_that_mean_no_split(text: str) -> None:
    with pytest.raises(ValueError):
        shares_from_text(text)


def test_shares_are_exact_decimals() -> None:
    assert str(shares_from_text("33.4/33.3/33.3")) == "33.4/33.3/33.3"
    assert str(shares_from_text("80.0/10/10")) == "80/10/10"


def test_normalisation_measures_only_the_chosen_images() -> None:
    generator = np.random.default_rng(5)
    pixels = generator.integers(0, 256, (50, 6, 5, 3), dtype=np.uint8)
    chosen = np.arange(0, 50, 2)
    preparation = measure(pixels, chosen)
    np.testing.assert_allclose(preparation.mean, pixels[chosen].mean((0, 1, 2)))
    np.testing.assert_allclose(preparation.deviation, pixels[chosen].std((0, 1, 2)))
    pixels[1::2] = 0
    assert measure(pixels, chosen) == preparation
    scale, shift = preparation.scale_and_shift((6, 5, 3))
    prepared = pixels[chosen] * scale + shift
    np.testing.assert_allclose(prepared.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(prepared.std((0, 1, 2)), 1, atol=1e-5)


def test_a_channel_that_never_varies() -> None:
    preparation = measure(np.full((4, 2, 2, 1), 0.1, np.float32), np.arange(4))
    assert preparation.deviation == (1.0,)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.7], (0.0, 1.0)),
        ([0.0, 16.0], (0.0, 16.0)),
        ([0.0, 250.0], (0.0, 255.0)),
        ([-0.5, 0.9], (-1.0, 1.0)),
        ([-3.0, 2.0], (None, None)),
    ],
)
def test_the_range_of_numbers_tells_what_white_is(
    values: list[float], expected: tuple[float | None, float | None]
) -> None:
    pixels = np.array(values, np.float32).reshape(1, 1, 2, 1)
    preparation = measure(pixels, np.arange(1))
    assert (preparation.black, preparation.white) == expected
    white = preparation.picture(np.full((1, 1, 1), 255, np.uint8))
    assert white is None if expected[1] is None else white.item() == pytest.approx(expected[1])


def test_other_data_are_brought_into_the_range_of_the_training_data() -> None:
    levels = np.array([0, 51, 255], np.uint8).reshape(3, 1, 1, 1)
    fractions = measure(np.array([0, 1], np.float32).reshape(2, 1, 1, 1), np.arange(2))
    np.testing.assert_allclose(in_range(levels, fractions).ravel(), [0, 0.2, 1])
    assert in_range(levels, measure(levels, np.arange(3))) is levels


def test_equal_data_have_equal_digests() -> None:
    first, second = dataset([0, 1] * 10), dataset([0, 1] * 10)
    assert first.digest() == second.digest()
    second.pixels[3, 0, 0, 0] += 1
    assert first.digest() != second.digest()
    assert first.digest() == first._replace(name="elsewhere").digest()


def test_a_row_takes_a_picture_of_another_size_as_a_square() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1) * 20
    check_convertible("x", Volume(3, 4, 1), Volume(1, 1, 64, vector=True))
    square = fit(pixels, Volume(8, 8, 1))
    np.testing.assert_array_equal(fit(pixels, Volume(1, 1, 64, vector=True)), square.reshape(1, 1, 1, 64))
