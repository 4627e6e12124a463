"""Training in Python: data in, a trained network out."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netdsl.backend import backend as open_backend
from netdsl.library.arrays import NAME, dataset_of, images_as_batch
from netdsl.library.compiled import threads_or_all
from netdsl.library.networks import Planned, plan
from netdsl.library.recipe_settings import recipe_with
from netdsl.quantities import counted
from netdsl.training.checkpoint import Checkpoint
from netdsl.training.checkpoint import load as load_checkpoint
from netdsl.training.metrics import Evaluation
from netdsl.training.records import EpochRecord
from netdsl.training.run import new_run
from netdsl.training.run_folder import LAST, new_run_folder, run_checkpoint
from netdsl.training.trained_model import TrainedModel, open_checkpoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.recipe.recipe import Recipe


class Evaluated(NamedTuple):
    """How good a network is on some images: shares of 1.

    ``low`` and ``high`` bound the accuracy with 95 % confidence (Wilson, 1927); ``labels`` and ``predicted``
    are numbers of ``classes``, (images,).
    """

    accuracy: float
    low: float
    high: float
    loss: float
    images: int
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes): rows are the right classes, columns the answers."""
        count = len(self.classes)
        matrix = np.zeros((count, count), np.int64)
        known = self.predicted < count
        np.add.at(matrix, (self.labels[known], self.predicted[known]), 1)
        return matrix

    def __str__(self) -> str:
        return f"accuracy {self.accuracy:.2%} ({self.low:.2%} to {self.high:.2%}) of {self.images:,} images"


class Answer(NamedTuple):
    """What the network sees in one image: its class, how probable that is, and every class's probability,
    the likeliest first."""

    label: str
    probability: float
    probabilities: dict[str, float]


class Trained:
    """A trained network with the run that it comes from.

    ``folder`` holds the run as ``netdsl train`` leaves it. A run that was given no folder has a temporary
    one, which goes when this object does: ``save`` keeps it.
    """

    def __init__(
        self,
        folder: Path,
        model: TrainedModel,
        history: Sequence[EpochRecord],
        test: Evaluated | None = None,
    ) -> None:
        self.folder = folder
        self.test = test
        """The result on the test images, right after training; None for a run that was loaded."""
        self.history = tuple(history)
        """A record for each epoch of the run: losses, accuracies, learning rate."""
        self._model = model

    @property
    def network(self) -> Planned:
        return Planned(self._model.plan)

    @property
    def classes(self) -> tuple[str, ...]:
        return self._checkpoint.classes

    @property
    def recipe(self) -> Recipe:
        """Every setting of the run."""
        return self._checkpoint.recipe

    @property
    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Copies of the parameters and running statistics of the best epoch, by name."""
        return {name: array.copy() for name, array in self._model.arrays.items()}

    @property
    def _checkpoint(self) -> Checkpoint:
        return self._model.checkpoint

    def predict(self, images: Any) -> list[Answer]:
        """What the network sees in images.

        ``images``: an array of one image or many, with values as the training data has them; or the path of
        a picture, or a list of paths. Raises Diagnosed for a picture that cannot be read and for an image
        to which there is no finite answer, ValueError for an array that holds no images of the input.
        """
        from netdsl.diagnostics import Diagnosed, Diagnostic

        paths = _paths(images)
        if paths is None:
            pictures = list(images_as_batch(images, self._model.plan))
            names = [f"image {number}" for number in range(len(pictures))]
        else:
            pictures = [self._model.picture(path) for path in paths]
            names = [str(path) for path in paths]
        answers = []
        for found in self._model.predict(pictures, names):
            if isinstance(found, Diagnostic):
                raise Diagnosed(found)
            pairs = dict(zip(found.classes, found.probabilities, strict=True))
            answers.append(Answer(found.classes[0], found.probabilities[0], pairs))
        return answers

    def evaluate(self, data: Any = None) -> Evaluated:
        """How good the network is: on the run's own test images, or on other data.

        ``data`` is what ``train`` takes; of data with a test part that part alone is used. A run on the
        digits needs none. Raises Diagnosed as ``netdsl eval`` has findings.
        """
        if data is None and self.recipe.data == NAME:
            raise TypeError("the run was trained on arrays: pass the data to evaluate it on")
        if data is None or isinstance(data, str) or hasattr(data, "__fspath__"):
            examined = self._model.examine(None if data is None else str(data))
        else:
            examined = self._model.examine_dataset(dataset_of(data, self._model.plan))
        return _evaluated(examined.evaluation, examined.classes)

    def save(self, folder: str | Path) -> Path:
        """Copy the run folder to a new place, from which ``load`` and every command take it."""
        target = Path(folder)
        shutil.copytree(self.folder, target, ignore=shutil.ignore_patterns(".lock"))
        return target

    def __repr__(self) -> str:
        best = self._checkpoint.progress.best
        reached = f", validation accuracy {best.validation_accuracy:.2%}" if best is not None else ""
        name = self._checkpoint.network_name
        return f"<trained {name}: {counted(len(self.history), 'epoch')}{reached}, in {self.folder}>"

    def _repr_html_(self) -> str:
        from netdsl.library.notebook import trained_as_html

        return trained_as_html(self)


def train(
    network: Any,
    data: Any = None,
    *,
    out: str | Path | None = None,
    classes: Sequence[str] = (),
    threads: int | None = None,
    backend: str = "numba",
    exact: bool = False,
    precision: str = "float32",
    on_epoch: Callable[[EpochRecord], object] | None = None,
    **settings: Any,
) -> Trained:
    """Train a network and return it as it was after its best epoch.

    ``network`` is what ``plan`` takes; its ``train { }`` says how, and ``settings`` change that:
    ``epochs=5``, ``rate=0.05``, ``optimizer="adam"``, ``augment="flip, shift 2"``. ``data`` is what
    ``--data`` takes (digits by default, a folder, an archive, a table), a pair (images, labels) of arrays, or
    a mapping of "train", "validation" and "test" to such pairs. ``out`` is a new folder for the run.
    ``on_epoch`` is called with each epoch's record, and may raise to stop.

    The result is the same for equal arguments, whatever the number of threads. Raises Diagnosed where
    network, data and recipe do not fit together; TypeError and ValueError for settings that there are not.
    """
    planned = plan(network)
    recipe = recipe_with(planned.plan.network.recipe, settings)
    recipe = recipe._replace(exact=exact, precision=precision)
    if classes:
        recipe = recipe._replace(classes=tuple(classes))
    named = data is None or isinstance(data, str) or hasattr(data, "__fspath__")
    if named:
        recipe = recipe if data is None else recipe._replace(data=str(data))
        dataset = None
    else:
        dataset = dataset_of(data, planned.plan, recipe.classes)
        recipe = recipe._replace(data=NAME)
    run = new_run(planned.plan, recipe, open_backend(backend), threads_or_all(threads), dataset)
    temporary = None
    if out is None:
        temporary = tempfile.mkdtemp(prefix="netdsl-")
        out = Path(temporary) / "run"
    with closing(new_run_folder(Path(out), planned.name)) as folder:
        folder.describe(run.recipe, run.network_text)
        folder.save(run.checkpoint())
        run.bind()
        for record in run.records(folder):
            if isinstance(record, EpochRecord) and on_epoch is not None:
                on_epoch(record)
        outcome = _evaluated(run.test(folder), run.dataset.classes)
        path = folder.path
        history = run.progress.history
    model = _model(path, backend, threads, exact=exact)
    trained = Trained(path, model, history, outcome)
    if temporary is not None:
        weakref.finalize(trained, shutil.rmtree, temporary, ignore_errors=True)
    return trained


def load(
    run: str | Path, *, threads: int | None = None, backend: str = "numba", exact: bool = False
) -> Trained:
    """The trained network of a run folder, or of one of its checkpoints.

    Raises Diagnosed where there is none, or where it is damaged.
    """
    path = Path(run)
    folder = path if path.is_dir() else path.parent
    model = _model(path, backend, threads, exact=exact)
    newest = folder / LAST
    last = load_checkpoint(newest) if newest.is_file() else model.checkpoint
    return Trained(folder, model, last.progress.history)


def _model(run: Path, backend: str, threads: int | None, *, exact: bool) -> TrainedModel:
    path = run_checkpoint(run)
    checkpoint, found = open_checkpoint(path)
    return TrainedModel(checkpoint, path, found, open_backend(backend), threads_or_all(threads), exact=exact)


def _evaluated(evaluation: Evaluation, classes: tuple[str, ...]) -> Evaluated:
    low, high = evaluation.interval
    return Evaluated(
        evaluation.accuracy,
        low,
        high,
        evaluation.loss,
        evaluation.images,
        tuple(classes),
        evaluation.labels,
        evaluation.predicted,
    )


def _paths(images: Any) -> list[Path] | None:
    """The pictures that are named; None where images are given as an array."""
    if isinstance(images, str | Path):
        return [Path(images)]
    if isinstance(images, list | tuple) and images and all(isinstance(one, str | Path) for one in images):
        return [Path(one) for one in images]
    return None
