"""Settings for every test."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# What the terminal of whoever tests is like changes no output; a test says so where it is about that.
for _setting in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
    os.environ.pop(_setting, None)

# Workers and commands that tests start find netdsl compiled, as everywhere: some images for containers say
# otherwise, and then each of them compiles all of it, which takes longer than most commands.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Numba colours, where it can, the words of errors that it raises and drops by the hundred for each kernel.
os.environ["NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING"] = "1"

# Nearly all that tests make is gone before anybody looks for cycles: to look less often saves some percent.
gc.set_threshold(50_000, 20, 20)

# Tests run on all cores already. Threads of NumPy's and PyTorch's own wait by spinning, and take the
# time of other tests. To be said before NumPy is imported.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="write the kernels of tests/kernels and what tests/cases expect anew",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests for CI alone are skipped elsewhere; `CI=1 pytest` runs them all."""
    if not os.environ.get("CI"):
        alone = pytest.mark.skip(reason="runs in CI: CI=1 pytest")
        for item in items:
            if item.get_closest_marker("ci"):
                item.add_marker(alone)


@pytest.fixture(scope="session", autouse=True)
def without_worker_pool() -> Iterator[None]:
    """Each process of the tests compiles for itself: a second one beside it would load Numba to take a core
    that another test has. Tests of the worker pool undo this by ``with_worker_pool``."""
    from netdsl.backend.numba.compile import worker_pool

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_pool, "_LARGEST", 1)
        yield


@pytest.fixture(scope="session", autouse=True)
def described() -> Iterator[None]:
    """All JSON that any test writes in its own process is what the published schemas
    say; long ones are left to tests/test_schemas.py."""
    try:
        from schemas import validate_short
    except ImportError:
        yield
        return

    def held(kind: str, write: Callable[..., str]) -> Callable[..., str]:
        def written(*arguments: object, **options: object) -> str:
            text = write(*arguments, **options)
            validate_short(kind, text)
            return text

        return written

    with pytest.MonkeyPatch.context() as patch:
        for kind, room, name in (
            ("check", "as_json", "outcomes_as_json"),
            ("diff", "as_difference_json", "difference_as_json"),
            ("eval", "as_evaluation_json", "evaluation_as_json"),
            ("search", "as_trials", "search_as_json"),
            ("bench", "as_measurement_json", "measurement_as_json"),
            ("lr-find", "as_rate_curve", "rate_curve_as_json"),
        ):
            report = import_module(f"netdsl.reports.{room}")
            patch.setattr(report, name, held(kind, getattr(report, name)))
        yield


@pytest.fixture
def with_worker_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels are compiled in several processes, as users have it."""
    from netdsl.backend.numba.compile import worker_pool

    monkeypatch.setattr(worker_pool, "_LARGEST", 4)


@pytest.fixture(scope="module", autouse=True)
def little_to_collect() -> None:
    """What earlier modules left alive is not looked through again: `check` collects garbage once for each
    fix that it tries, which takes half a second among the objects of some thousand tests."""
    gc.collect()
    gc.freeze()
