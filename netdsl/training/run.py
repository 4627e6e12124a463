"""A run: a network, its data and a recipe brought together, new or continued from a checkpoint."""

from __future__ import annotations

import shlex
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.data import digits
from netdsl.data.dataset import Dataset
from netdsl.data.preparation import Preparation, measure
from netdsl.data.reading import read_data
from netdsl.data.split import Parts, shares_from_text, split
from netdsl.diagnostics import Diagnosed, Diagnostic, file_error
from netdsl.planning.plan import Plan
from netdsl.quantities import FLOAT_BYTES
from netdsl.recipe.recipe import Recipe
from netdsl.text.printer import print_network
from netdsl.training.batches import batch_note, batch_sizes, images_of
from netdsl.training.checkpoint import Checkpoint, layer_lines, load, shortened, take_arrays
from netdsl.training.divergence import LOSSES_TOLD, Diverged, told
from netdsl.training.loop import evaluated, train
from netdsl.training.metrics import Evaluation
from netdsl.training.overflow import diverged, first_spoilt, require_answer
from netdsl.training.pace import Pace, Work
from netdsl.training.preflight import (
    check_classes_fit,
    check_least_memory,
    check_recipe,
    check_single_values,
    check_trainable,
)
from netdsl.training.programs import Programs, Purpose
from netdsl.training.records import EpochRecord, Progress, Record, StepRecord
from netdsl.training.rehearsal import rehearsed, unrehearsed
from netdsl.training.run_folder import RunFolder
from netdsl.training.session_pool import SessionPool, first_values

if TYPE_CHECKING:
    from netdsl.backend.session import Backend, Images
    from netdsl.program.program import Program


SAVE_SECONDS = 300.0
"""What a process that is killed may lose of an epoch that takes longer."""


@dataclass
class Run:
    """Everything that training needs, in memory. ``findings`` are warnings about the combination;
    ``pretrained`` says that the first weights were not drawn."""

    plan: Plan
    recipe: Recipe
    dataset: Dataset
    parts: Parts
    preparation: Preparation
    sessions: SessionPool
    progress: Progress
    data_digest: str
    findings: tuple[Diagnostic, ...]
    pretrained: bool = False

    def in_variants(self, variants: Mapping[str, str]) -> Run:
        """The same run with its operations in these variants; nothing is bound yet."""
        return replace(self, sessions=self.sessions.in_variants(variants))

    @cached_property
    def images(self) -> Images:
        return images_of(self.dataset, self.preparation, self.plan.output.values)

    @cached_property
    def pace(self) -> Pace:
        """How fast the run goes."""
        train, validation, test = map(len, self.parts)
        work = Work(train, validation, test, self.recipe.epochs)
        return Pace(work, self.progress, self.first_batch)

    def rehearse(self, saving_seconds: float = 0.0) -> float | None:
        """Seconds that the rest of the run will take, or None; nothing has changed afterwards.

        Call after ``bind``. ``saving_seconds`` is what the state took to be saved.
        """
        each = rehearsed(
            self.sessions, self.images, self.parts, self.recipe, self.progress, self.dataset.name
        )
        if each is not None:
            self.pace.expect(each, 2 * saving_seconds)  # the newest state, and often the best
        return self.pace.seconds_left

    @property
    def unrehearsed(self) -> str:
        """Why ``rehearse`` makes no steps; empty where it does."""
        return unrehearsed(self.sessions, self.parts, self.recipe, self.progress)

    @property
    def first_batch(self) -> int:
        """Images of the first step, which all but the last have."""
        return batch_sizes(len(self.parts.train), self.recipe.batch)[0]

    @property
    def batch_note(self) -> str:
        """What is to know of steps of another size than asked for; mostly nothing."""
        return batch_note(len(self.parts.train), self.recipe.batch)

    @property
    def network_text(self) -> str:
        """The network in the one spelling that equal networks share."""
        return print_network(self.plan.network)

    def bind(self) -> None:
        """Bind the program of every batch size that the run will meet, so that the memory is known.

        Only the first step's is made ready: the backend continues compiling the others meanwhile.
        """
        for purpose, size in self._steps():
            if purpose == "train":
                self.sessions.training(size)
            else:
                self.sessions.inference(size)
        self.sessions.training(self.first_batch).make_ready(self.images, changes=bool(self.recipe.augment))

    def programs(self) -> list[Program]:
        """All that the run will compute."""
        return [self.sessions.programs.program(purpose, size) for purpose, size in self._steps()]

    def _steps(self) -> dict[Purpose, int]:
        return steps_of(self.parts, self.recipe.batch)

    def checkpoint(self) -> Checkpoint:
        """The state as it is now; its arrays are the live ones, not copies.

        Raises Diverged (ND512) where one holds a number that is not finite: nothing can continue from there,
        and it must not take the place of a state that is sound.
        """
        if first_spoilt(self.sessions.store) is not None:
            moment = f"after epoch {self.progress.epoch}, step {self.progress.step} of the next"
            said = f"the weights are no longer finite {moment}"
            rate = self.recipe.rate
            data, images = self.dataset.name, self.images
            finding = diverged(self.sessions, images, self.parts.train, said, rate, data)
            behind = not self.progress.step  # an epoch has ended
            epoch = self.progress.epoch + (not behind)
            steps = len(batch_sizes(len(self.parts.train), self.recipe.batch))
            raise Diverged(finding, said, epoch, (steps if behind else self.progress.step) + 1)
        network = self.plan.network
        return Checkpoint(
            network.name,
            self.network_text,
            layer_lines(self.plan),
            self.recipe,
            dict(self.sessions.programs.variants),
            self.dataset.classes,
            self.preparation,
            self.data_digest,
            self.progress,
            self.sessions.store,
            self.dataset.label_texts,
        )

    def records(self, folder: RunFolder) -> Iterator[Record]:
        """Train, saving each epoch before its record is handed out, and long epochs in between.

        The state is whole at every record: ``folder.save(run.checkpoint())`` there stops a run so
        that it can continue bit for bit. Raises Diagnosed (ND512) where training diverges.
        """
        losses: deque[float] = deque(maxlen=LOSSES_TOLD)
        try:
            for record in self._saved_records(folder):
                if isinstance(record, StepRecord):
                    losses.append(record.loss)
                yield record
        except Diverged as diverged:
            raise Diagnosed(told(self, folder, diverged, losses)) from None

    def _saved_records(self, folder: RunFolder) -> Iterator[Record]:
        stored = self.sessions.programs.stored("infer", self.first_batch)
        saved = time.monotonic()
        if self.progress.epoch:
            self.pace.timings = folder.load_timings(self.progress.epoch)
        self.pace.begin()
        for record in train(
            self.sessions, self.images, self.parts, self.recipe, self.progress, self.dataset.name
        ):
            self.pace.note(record)
            if isinstance(record, EpochRecord):
                evaluated = self.sessions.evaluated
                arrays = {name: evaluated[name] for name, _, _ in stored}
                folder.save_epoch(self.checkpoint(), arrays, self.pace.timings)
                self.pace.saved()
                saved = time.monotonic()
            elif time.monotonic() - saved > SAVE_SECONDS:
                folder.save(self.checkpoint())
                saved = time.monotonic()
            yield record

    def test(self, folder: RunFolder) -> Evaluation:
        """The best epoch's network on the test part, which nothing has touched before.

        Raises Diagnosed (ND522) where its answer is not finite.
        """
        best = load(folder.best)
        stored = self.sessions.programs.stored("infer", self.first_batch)
        for name, values in take_arrays(best, stored, folder.best).items():
            self.sessions.evaluated[name][...] = values
        outcome = evaluated(self.sessions, self.images, self.parts.test, self.recipe.batch)
        require_answer(outcome, self.sessions, self.images, self.dataset.name, folder.best)
        return outcome


def steps_of(parts: Parts, batch: int) -> dict[Purpose, int]:
    """Every purpose and batch size of a run, with its largest number of steps in one pass over a part."""
    found: dict[Purpose, int] = {}
    for purpose, part in (("train", parts.train), ("infer", parts.validation), ("infer", parts.test)):
        for size, number in Counter(batch_sizes(len(part), batch)).items():
            found[purpose, size] = max(number, found.get((purpose, size), 0))
    return found


def new_run(
    plan: Plan, recipe: Recipe, backend: Backend, threads: int, dataset: Dataset | None = None
) -> Run:
    """Read the data, split it, draw the first weights. ``dataset`` is the recipe's, where it is read already.

    Raises Diagnosed for everything that does not fit together; see ``fitness`` and the readers.
    """
    data, parts, findings = _examples(plan, recipe, dataset)
    programs = Programs(plan, _fitted(recipe, data, parts), backend, threads)
    steps = steps_of(parts, recipe.batch)
    stored = programs.stored(*next(iter(steps)))
    stored_bytes = FLOAT_BYTES * sum(prod(shape) for _, shape, _ in stored)
    programs.require_memory(steps, _what(recipe), beside_bytes=stored_bytes)
    preparation = measure(data.pixels, parts.train, data.white)._replace(planes=data.planes)
    sessions = SessionPool(programs, first_values(plan, recipe, stored, threads))
    return Run(plan, recipe, data, parts, preparation, sessions, Progress(), data.digest(), findings)


def continued_run(
    saved: Checkpoint,
    path: Path,
    plan: Plan,
    recipe: Recipe,
    backend: Backend,
    threads: int,
    dataset: Dataset | None = None,
) -> Run:
    """Take up a run where its checkpoint ``saved``, read from ``path``, left it.

    ``recipe`` is the checkpoint's, but may ask for more epochs and name another place of the same
    data. Raises Diagnosed: ND516 where the data are others, ND651 where the arrays are.
    """
    data, parts, findings = _examples(plan, recipe, dataset, (saved, path))
    programs = Programs(plan, _fitted(recipe, data, parts), backend, threads, saved.variants)
    steps = steps_of(parts, recipe.batch)
    sessions = SessionPool(programs, take_arrays(saved, programs.stored(*next(iter(steps))), path))
    sessions.require_memory(steps, _what(recipe))  # beside the arrays of the checkpoint
    if saved.progress.step > len(batch_sizes(len(parts.train), recipe.batch)):
        raise Diagnosed(file_error("ND650", str(path), "this checkpoint claims more steps than an epoch has"))
    digest = saved.data_digest
    return Run(plan, recipe, data, parts, saved.preparation, sessions, saved.progress, digest, findings)


def _examples(
    plan: Plan, recipe: Recipe, dataset: Dataset | None, saved: tuple[Checkpoint, Path] | None = None
) -> tuple[Dataset, Parts, tuple[Diagnostic, ...]]:
    """The data of a run in their parts, and what is to know of them, the recipe and the network together.

    ``saved`` is the checkpoint whose data they must be, and where it is from.
    """
    check_trainable(plan)
    warnings = (*check_recipe(plan, recipe), *check_single_values(plan, recipe.batch))
    check_least_memory(plan, recipe)
    dataset = dataset or read_data(recipe.data, plan.input, recipe.classes, plan.example)
    if saved is not None and dataset.digest() != saved[0].data_digest:
        raise Diagnosed(data_changed(recipe.data, saved[1]))
    findings = (*warnings, *dataset.findings, *check_classes_fit(plan, dataset))
    return dataset, split(dataset, shares_from_text(recipe.split), recipe.seed), findings


def _fitted(recipe: Recipe, dataset: Dataset, parts: Parts) -> Recipe:
    """The recipe with what its loss takes from the training part."""
    images = np.bincount(dataset.labels[parts.train], minlength=len(dataset.classes))
    return recipe._replace(loss=recipe.loss.fitted(images.tolist()))


def _what(recipe: Recipe) -> str:
    return f"training with batches of {recipe.batch}"


def data_to_read(recorded: str, named: str | None, path: Path, command: str) -> str:
    """The data that a command may open: what the user names, or the digits, which everybody has.

    ``recorded`` is what the checkpoint ``path`` says that it was trained on. It may come from a
    stranger, and must not choose which of your files is read. Raises Diagnosed (ND544) where nothing
    else is named; ``command`` is what the user should have written before ``--data``.
    """
    if named is not None or recorded == digits.NAME:
        return named or recorded
    plain = recorded.isprintable() and shortened(recorded) == recorded
    raise Diagnosed(
        file_error(
            "ND544",
            str(path),
            f"it says that it was trained on `{shortened(recorded)}`, which is read only if you name it",
            f"if you want that data: {command} --data {shlex.quote(recorded) if plain else 'DATA'}",
        )
    )


def data_changed(name: str, path: Path) -> Diagnostic:
    """The finding for data that are no longer those of a checkpoint."""
    return file_error(
        "ND516",
        name,
        f"these are not the images that {path} was trained on",
        "name the original data with --data",
    )
