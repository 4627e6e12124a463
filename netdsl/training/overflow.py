"""Numbers that are not finite: where they begin, and the finding in place of an answer."""

from __future__ import annotations

from math import isfinite, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.backend.numpy.backend import NumpySession
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.primitives.tensor import Role
from netdsl.training.batches import prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.backend.session import Array, Images, Store
    from netdsl.training.loop import Sessions
    from netdsl.training.metrics import Evaluation
    from netdsl.training.session_pool import SessionPool

_MOST_MACS = 2 * 10**9
"""Of one image: NumPy computes them in about a second, which is what naming the layer is worth."""

_MOST_BYTES = 2**30

_WHOLE = "the last checkpoint in the run folder is intact"


def all_finite(values: Array) -> bool:
    """Whether no number is NaN or infinite; needs no memory, however many there are."""
    return isfinite(values.min(initial=0)) and isfinite(values.max(initial=0))


def diverged(
    sessions: Sessions,
    images: Images,
    chosen: NDArray[np.int64],
    said: str,
    rate: float,
    data: str,
) -> Diagnostic:
    """The finding (ND512) for NaN or infinities in training; ``said`` are which numbers, and when.

    It is one about the network, and names the first layer that is spoilt, by its stored arrays; about
    ``data`` only where one of the ``chosen`` images is at fault. ``rate`` is that of the optimizer.
    """
    image = first_too_large(images, chosen)
    if image is not None:
        where = (
            f"image {image} is too large: the square of one of its numbers overflows once it is normalised"
        )
        cure = "remove or repair such images; training is not at fault"
        return file_error("ND512", data, f"{said}; {where}", cure)
    store, name = sessions.store, sessions.plan.network.source.name
    spoilt = first_spoilt(store)
    if spoilt is None:
        largest = max(store, key=lambda array: float(np.abs(store[array]).max(initial=0)))
        where = f"all weights are still finite; the largest number is in {largest}"
    else:
        layer, _, array = spoilt.partition(".")
        where = f"the first layer with numbers that are not finite is {layer} (its {array})"
    return file_error("ND512", name, f"{said}; {where}", *lower_rate(rate))


def lower_rate(rate: float) -> tuple[str, str]:
    """The cures for training that diverges."""
    return (
        f"lower the rate: `--rate {rate / 10:g}` instead of {rate:g}; {_WHOLE}",
        "`netdsl lr-find` measures a rate that suits the network and the data",
    )


_LARGEST = sqrt(float(np.finfo(np.float32).max))
"""Whatever is computed of larger numbers overflows: sums of squares, gradients."""

_IMAGES = 256
"""Images that are prepared at a time."""


def first_too_large(images: Images, chosen: NDArray[np.int64]) -> int | None:
    """The first of the chosen images that nothing can be computed of in 32-bit floats once it is prepared."""
    for start in range(0, len(chosen), _IMAGES):
        numbers = chosen[start : start + _IMAGES]
        x = np.empty((len(numbers), *images.pixels.shape[1:]), np.float32)
        prepare(x, images.pixels[numbers], images.scale, images.shift)
        sound = (np.abs(x) <= _LARGEST).reshape(len(numbers), -1).all(axis=1)
        if not sound.all():
            return int(numbers[int(sound.argmin())])
    return None


def first_spoilt(store: Store) -> str | None:
    """The first array with a number that is not finite."""
    return next((name for name, values in store.items() if not all_finite(values)), None)


def require_answer(
    evaluation: Evaluation, sessions: SessionPool, images: Images, data: str, path: Path
) -> None:
    """Raise Diagnosed (ND522) where an evaluation of ``images`` is no answer.

    ``data`` is their name, ``path`` the checkpoint that the network comes from.
    """
    if evaluation.spoilt is not None:
        pixels, scale, shift = images.pixels[evaluation.spoilt], images.scale, images.shift
        raise Diagnosed(
            no_answer(sessions, pixels, scale, shift, f"image {evaluation.spoilt} of {data}", path)
        )
    if not isfinite(evaluation.loss):
        raise Diagnosed(
            file_error(
                "ND522",
                str(path),
                f"the loss on {data} is not finite, though the scores are: they are too large for it",
                *_CURES,
            )
        )


_CURES = (
    "use another checkpoint of the run folder: best, last or previous.safetensors",
    "or train again, with a lower --rate",
)


def no_answer(
    sessions: SessionPool, pixels: Array, scale: Array, shift: Array, what: str, path: Path
) -> Diagnostic:
    """The finding (ND522) for an image to which the network has no finite answer.

    The network takes ``pixels*scale + shift``, all (height, width, channels); ``what`` names the image.
    """
    x = np.empty(pixels.shape, np.float32)
    prepare(x, pixels, scale, shift)
    message = f"the scores for {what} are not finite{_beginning(sessions, x)}"
    return file_error("ND522", str(path), message, *_CURES)


def _beginning(sessions: SessionPool, x: Array) -> str:
    """Which layer is the first whose numbers overflow for the input ``x``, (1, height, width, channels).

    A piece of a message, empty where finding out would take long.
    """
    if not all_finite(x):
        return ": its pixels already overflow where they are normalised"
    program = sessions.programs.program("infer", 1)
    values = {tensor for operation in program.operations for tensor in operation.outputs}
    needed_bytes = sum(tensor.size_bytes(1) for tensor in values if tensor.role is Role.VALUE)
    if sessions.plan.macs > _MOST_MACS or needed_bytes > _MOST_BYTES:
        return ""
    session = NumpySession(program, sessions.store)
    session.inputs["x"][...] = x
    operation = session.first_not_finite()
    if operation is None:
        return "; computed one by one they are, so `--exact` may help"
    return f"; the first numbers to overflow are those of {operation.origin}"
