"""A trained network taken from its checkpoint, to be evaluated or to predict."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.data.available_memory import Allowance
from netdsl.data.dataset import TEST, Dataset
from netdsl.data.origins import Origin, origin_of
from netdsl.data.pictures import fitted_picture
from netdsl.data.preparation import in_range, pixels_of, planes_of
from netdsl.data.reading import read_data
from netdsl.data.scaling import picture_of
from netdsl.data.split import shares_from_text, split
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.training.batches import batch_sizes, images_of, prepare
from netdsl.training.checkpoint import Checkpoint, check_network, damaged, load, shortened, take_arrays
from netdsl.training.loop import evaluated
from netdsl.training.metrics import Evaluation, Mistake
from netdsl.training.overflow import all_finite, no_answer, require_answer
from netdsl.training.preflight import check_input_memory
from netdsl.training.programs import Programs
from netdsl.training.run import data_changed, data_to_read
from netdsl.training.run_folder import BEST, LAST
from netdsl.training.session_pool import SessionPool

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.backend.session import Backend, Store


_LARGEST_TEXT = 2**20
"""Characters of a network, as of a network file."""


def open_checkpoint(path: Path) -> tuple[Checkpoint, Plan]:
    """Read a checkpoint and plan the network that it carries.

    Raises Diagnosed: ND517 for no file, ND650 for no whole checkpoint, ND651 where its arrays are not
    those of its network, and what is wrong with the network itself.
    """
    checkpoint = load(path)
    return checkpoint, plan_of(checkpoint, path)


def plan_of(checkpoint: Checkpoint, path: Path) -> Plan:
    """The plan of the network that a checkpoint, read from ``path``, carries; raises as above."""
    if len(checkpoint.network_text) > _LARGEST_TEXT:
        raise Diagnosed(damaged(path, "its network is larger than any network file"))
    checked = load_plan(checkpoint.network_text, f"{path} (its network)")
    if checked.plan is None:
        raise Diagnosed(*checked.diagnostics)
    check_network(checkpoint, checked.plan, path)
    return checked.plan


class Answer(NamedTuple):
    """The classes of one picture, the likeliest first, with their probabilities."""

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]


class Examined(NamedTuple):
    """An evaluation and what it was made on: ``part`` is "test" or "all"; ``reading`` and ``findings``
    are those of the data. ``classes`` name the scores; ``mistakes`` are the worst, with where their images
    come from."""

    data: str
    part: str
    evaluation: Evaluation
    classes: tuple[str, ...]
    reading: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    mistakes: tuple[tuple[Origin, Mistake], ...] = ()


class TrainedModel:
    """A checkpoint's network, ready to run."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        path: Path,
        plan: Plan,
        backend: Backend,
        threads: int,
        *,
        exact: bool = False,
    ) -> None:
        """``exact``, or that of the checkpoint's recipe, is that of Program.

        Raises Diagnosed: ND651 where the arrays are not those of the network, ND511 where the
        machine is too small for it."""
        check_input_memory(plan)
        self.checkpoint = checkpoint
        self.path = path
        self.plan = plan
        self.backend = backend
        recipe = checkpoint.recipe._replace(exact=exact or checkpoint.recipe.exact)
        programs = Programs(plan, recipe, backend, threads, checkpoint.variants)
        arrays = take_arrays(checkpoint.evaluated, programs.stored("infer", 1), path)
        self._sessions = SessionPool(programs, arrays)

    @property
    def arrays(self) -> Store:
        """The parameters and statistics that evaluating reads, by name: the live ones."""
        return self._sessions.store

    def examine(self, data: str | None, mistakes: int = 0) -> Examined:
        """Evaluate on the run's own test part, or on other data, and find so many of the worst mistakes.

        Without ``data`` that is only possible where the run was trained on the digits. Of other data
        their own test part is used where they have one, else every image. Raises Diagnosed: ND544
        where the data must be named, ND516 where the run's data have changed, ND518 where other data
        have other classes, ND522 where the network's answer is not finite, and what the readers raise.
        """
        recipe = self.checkpoint.recipe
        run = self.path.parent if self.path.name in (BEST, LAST) else self.path
        data = data_to_read(recipe.data, data, self.path, f"netdsl eval {shlex.quote(str(run))}")
        dataset = read_data(data, self.plan.input, example=self.plan.example)
        known = dataset.digest() == self.checkpoint.data_digest
        if not known and os.path.normpath(data) == os.path.normpath(recipe.data):
            raise Diagnosed(data_changed(recipe.data, self.path))
        return self.examine_dataset(dataset, mistakes)

    def examine_dataset(self, dataset: Dataset, mistakes: int = 0) -> Examined:
        """Evaluate on data that is in memory: the run's own test part where it is that of the run, else the
        test part of the data, else every image. Raises Diagnosed: ND518 and ND522 as above."""
        recipe = self.checkpoint.recipe
        if dataset.digest() == self.checkpoint.data_digest:
            part, chosen = "test", split(dataset, shares_from_text(recipe.split), recipe.seed).test
        else:
            dataset = self._renamed(dataset)
            chosen = np.flatnonzero(dataset.parts == TEST)
            part = "test" if len(chosen) else "all"
            chosen = chosen if len(chosen) else np.arange(dataset.images)
        self._require_memory(batch_sizes(len(chosen), recipe.batch))
        images = images_of(dataset, self.checkpoint.preparation, self.plan.output.values)
        evaluation = evaluated(self._sessions, images, chosen, recipe.batch, certain=mistakes > 0)
        require_answer(evaluation, self._sessions, images, dataset.name, self.path)
        worst = evaluation.mistakes(mistakes) if mistakes else []
        origins = [origin_of(dataset, int(chosen[mistake.image])) for mistake in worst]
        return Examined(
            dataset.name,
            part,
            evaluation,
            self.checkpoint.classes if self.checkpoint.labels else dataset.classes,
            dataset.reading,
            dataset.findings,
            tuple(zip(origins, worst, strict=True)),
        )

    def _renamed(self, dataset: Dataset) -> Dataset:
        """Other data with the run's numbers for its classes and the run's range of values."""
        names, numbers = dataset.classes, self.checkpoint.classes
        if not set(names) <= set(numbers):  # one may have names where the other has numbers only
            own = dataset.own_classes, self.checkpoint.labels or numbers
            names, numbers = own if set(own[0]) <= set(own[1]) else (names, numbers)
        known = {name: number for number, name in enumerate(numbers)}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise Diagnosed(
                file_error(
                    "ND518",
                    dataset.name,
                    f"the network does not know the class `{shortened(unknown[0])}`"
                    + (f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""),
                    f"it was trained on: {shortened(', '.join(self.checkpoint.classes[:20]))}",
                )
            )
        scores = np.array([known[name] for name in names], np.int64)
        pixels = in_range(dataset.pixels, self.checkpoint.preparation, dataset.white)
        picture = picture_of(self.plan.input)
        if picture is not None and dataset.planes != self.checkpoint.preparation.planes:
            pixels = pixels_of(pixels, picture) if dataset.planes else planes_of(pixels, picture)
        return dataset._replace(
            pixels=pixels,
            labels=scores[dataset.labels],
            classes=self.checkpoint.classes,
            label_texts=(),
        )

    def _require_memory(self, sizes: list[int], *, fills: bool = True) -> None:
        """Raise Diagnosed (ND511) where steps of these sizes do not fit.

        ``fills`` says whether each of them prepares the inputs of the next.
        """
        steps = {("infer", size): number if fills else 1 for size, number in Counter(sizes).items()}
        self._sessions.require_memory(steps, f"running the network on {max(sizes)} images at a time")

    def picture(self, path: Path, allowance: Allowance | None = None) -> NDArray[Any]:
        """A picture file as pixels of the network's input, (height, width, channels).

        ``allowance`` is what pictures share that are read at once.

        Raises Diagnosed: ND610, ND611 and ND632 where it cannot be read, ND508 where it cannot become
        the input, ND519 where the network was trained on values that no picture has, ND328 where it has
        several inputs.
        """
        if self.plan.example.several:
            message = "an image is one volume, and the network has several inputs"
            cure = "evaluate it with `netdsl eval --data FILE.npz`, an array for each input"
            raise Diagnosed(file_error("ND328", str(path), message, cure))
        preparation = self.checkpoint.preparation
        fitted = fitted_picture(path, self.plan.input, exact=preparation.deep, allowance=allowance)
        pixels = preparation.picture(fitted.pixels, fitted.white)
        picture = picture_of(self.plan.input)
        if pixels is not None and preparation.planes and picture is not None:
            pixels = planes_of(pixels, picture)
        if pixels is None:
            raise Diagnosed(
                file_error(
                    "ND519",
                    str(path),
                    "the network was trained on numbers that are not levels of an image",
                    "evaluate it on data of the same kind with `netdsl eval --data`",
                )
            )
        return pixels

    def predict(self, pictures: list[NDArray[Any]], names: list[str]) -> list[Answer | Diagnostic]:
        """The answer for each picture that ``picture`` gave; ``names`` are those of the pictures.

        A picture to which the network has no finite answer has a finding (ND522) in its place.
        """
        scale, shift = self.checkpoint.preparation.scale_and_shift(self.plan.input.shape)
        answers: list[Answer | Diagnostic] = []
        sizes = batch_sizes(len(pictures), self.checkpoint.recipe.batch)
        if sizes:  # all pictures may have been unreadable
            self._require_memory(sizes, fills=False)
        for size in sizes:
            session = self._sessions.inference(size)
            chosen = np.stack(pictures[len(answers) : len(answers) + size])
            prepare(session.inputs["x"], chosen, scale, shift)
            session.inputs["target"][...] = 0
            session.run()
            for picture, *outputs in zip(
                chosen, session.outputs["scores"], session.outputs["probabilities"], strict=True
            ):
                if all(map(all_finite, outputs)):
                    answers.append(self._answer(outputs[-1]))
                else:
                    what = names[len(answers)]
                    answers.append(no_answer(self._sessions, picture, scale, shift, what, self.path))
        return answers

    def _answer(self, probabilities: NDArray[np.float32]) -> Answer:
        """The classes in the order of their probabilities; scores without a class are left out."""
        classes = self.checkpoint.classes
        row = probabilities[: len(classes)]
        order = np.argsort(-row, kind="stable")
        return Answer(tuple(classes[number] for number in order), tuple(float(row[n]) for n in order))
