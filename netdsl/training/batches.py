"""Batches: which images, in which order, written into a session's inputs."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.backend.session import Batch, Images, Session
from netdsl.data.dataset import Dataset
from netdsl.data.preparation import Preparation
from netdsl.data.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.backend.pixel_changes import Changes


def batch_sizes(images: int, batch: int) -> list[int]:
    """Full batches and one smaller rest, so that every image is used once.

    A rest of one image joins the batch before it: batch normalisation has nothing to normalise
    over in a batch of one.
    """
    full, rest = divmod(images, batch)
    sizes = [batch] * full
    if rest == 1 and full and batch > 1:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def batch_note(images: int, batch: int) -> str:
    """What is to know of steps with more or fewer images than asked for; empty where only the last one
    of a pass is smaller, as everywhere."""
    sizes = batch_sizes(images, batch)
    if images < batch:
        return f"a step has {images:,} images, not {batch:,}: there are no more to train on"
    if sizes[-1] <= batch:
        return ""
    which = "the last step of an epoch" if len(sizes) > 1 else "a step"
    return (
        f"{which} has {sizes[-1]:,} images, not {batch:,}: "
        "the one that is left over joins it, as batch normalisation needs more than one"
    )


def epoch_order(indices: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """The training images shuffled for one epoch, known from seed and epoch alone."""
    return stream(seed, f"order of epoch {epoch}").permutation(indices)


def step_seed(seed: int, epoch: int, step: int) -> int:
    """The 32-bit seed of one step's random masks."""
    return zlib.crc32(f"{seed}:{epoch}:{step}".encode())


def images_of(dataset: Dataset, preparation: Preparation, scores: int) -> Images:
    """A data set as batches are taken from it.

    ``scores``: how many numbers the network gives; at least as many as there are classes.
    """
    scale, shift = preparation.scale_and_shift(dataset.pixels.shape[1:])
    pixels, labels = np.ascontiguousarray(dataset.pixels), np.ascontiguousarray(dataset.labels)
    targets = np.eye(len(dataset.classes), scores, dtype=np.float32)
    return Images(pixels, labels, scale, shift, targets, preparation.black, preparation.white)


def counts_of(
    weights: Sequence[float],
    labels: NDArray[np.int64],
    order: NDArray[np.int64],
    sizes: Sequence[int],
    mixing_of: Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[Any]]] | None = None,
) -> Callable[[int], float]:
    """What each batch of a pass counts, where an image counts as much as ``weights`` says about its class.

    ``labels`` are those of all images; the others mean what they do for ``steps_over``. ``mixing_of`` says
    which partners the images of a batch are mixed with, and their own shares.
    """
    of_image = np.asarray(weights, np.float64)
    ends = np.cumsum(sizes).tolist()

    @cache
    def count(batch: int) -> float:
        chosen = order[ends[batch] - sizes[batch] : ends[batch]]
        own = of_image[labels[chosen]]
        if mixing_of is None:
            return float(own.sum())
        partners, shares = mixing_of(chosen)
        return float((own * shares + of_image[labels[partners]] * (1 - shares)).sum())

    return count


class Step(NamedTuple):
    """A session with the batch that it computes next, and the batch's labels, (images,)."""

    session: Session
    batch: Batch
    labels: NDArray[np.int64]

    @property
    def size(self) -> int:
        return len(self.labels)


def steps_over(
    session_of: Callable[[int], Session],
    images: Images,
    order: NDArray[np.int64],
    sizes: Sequence[int],
    done: int = 0,
    changes_of: Callable[[NDArray[np.int64]], Changes] | None = None,
) -> Iterator[tuple[Step, Step | None]]:
    """The steps of one pass over the images numbered by ``order``, each with the step after it.

    ``sizes`` are those of the batches, of which the first ``done`` are left out. Only the inputs of
    the first step are filled here; each step is to fill those of the next while it is computed. Which
    images a batch has, and what is made of them, follows from ``order`` alone: a batch that
    was prepared and never used is lost without a trace. ``changes_of`` says for the numbers of a batch
    what augmentation makes of them; it must follow from the numbers alone, too.
    """
    order = np.ascontiguousarray(order, np.int64)
    labels = images.labels[order]
    ends = np.cumsum(sizes).tolist()
    spans = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)][done:]

    def batch(chosen: NDArray[np.int64]) -> Batch:
        return Batch(images, chosen, None if changes_of is None else changes_of(chosen))

    steps = (Step(session_of(span.stop - span.start), batch(order[span]), labels[span]) for span in spans)
    now = next(steps, None)
    if now is not None:
        now.session.fill(now.batch)
    while now is not None:
        following = next(steps, None)
        yield now, following
        now = following


def prepare(
    x: NDArray[Any], pixels: NDArray[Any], scale: NDArray[np.float32], shift: NDArray[np.float32]
) -> None:
    """x = pixels*scale + shift, all (images, height, width, channels)."""
    with np.errstate(all="ignore"):
        np.multiply(pixels, scale, out=x)
        x += shift
