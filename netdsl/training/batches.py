"""Batches: which images, in which order, written into a session's inputs."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.dataset import Dataset
from netdsl.data.preparation import Preparation
from netdsl.data.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


def epoch_order(indices: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """The training images shuffled for one epoch, known from seed and epoch alone."""
    return stream(seed, f"order of epoch {epoch}").permutation(indices)


def step_seed(seed: int, epoch: int, step: int) -> int:
    """The 32-bit seed of one step's random masks."""
    return zlib.crc32(f"{seed}:{epoch}:{step}".encode())


class Feed:
    """Writes prepared images and their targets into the inputs of a session."""

    def __init__(self, dataset: Dataset, preparation: Preparation, scores: int) -> None:
        """``scores``: how many numbers the network gives; at least as many as there are classes."""
        self.dataset = dataset
        self._scale, self._shift = preparation.scale_and_shift(dataset.pixels.shape[1:])
        self._targets = np.eye(len(dataset.classes), scores, dtype=np.float32)

    def write(self, inputs: dict[str, NDArray[Any]], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
        """Fill ``x`` and ``target`` with the chosen images; returns their labels, (images,)."""
        labels = self.dataset.labels[chosen]
        prepare(inputs["x"], self.dataset.pixels[chosen], self._scale, self._shift)
        inputs["target"][...] = self._targets[labels]
        return labels


def prepare(
    x: NDArray[Any], pixels: NDArray[Any], scale: NDArray[np.float32], shift: NDArray[np.float32]
) -> None:
    """x = pixels*scale + shift, all (images, height, width, channels)."""
    np.multiply(pixels, scale, out=x)
    x += shift
