"""The cache of compiled kernels: whatever is wrong with its folder, the kernels run all the same."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netdsl.backend.numba import backend as numba_backend
from netdsl.backend.numba.compile import cache, worker_pool
from netdsl.backend.numba.compile.cache import Kernels
from netdsl.backend.numba.compile.object_file import read_code, write_code
from netdsl.backend.numba.kernel import Kernel
from netdsl.commands import run

pytestmark = pytest.mark.usefixtures("with_worker_pool")


def adding(number: int) -> Kernel:
    """A kernel that adds a number to each of its items."""
    text = (
        f"def adding_{number}(arguments, first, last, worker):\n"
        "    where = integer(arguments, 0)\n"
        "    for item in range(first, last):\n"
        f"        store_first(where + item * 4, load_everywhere(where + item * 4) + number({number}.0))\n"
    )
    return Kernel(f"adding_{number}", text)


def works(kernels: Kernels, number: int = 1) -> bool:
    values = np.zeros(5, np.float32)
    arguments = np.array([values.ctypes.data], np.int64)
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_ssize_t] * 4)(kernels.address(adding(number)))
    function(arguments.ctypes.data, 1, 4, 0)
    return values.tolist() == [0, number, number, number, 0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that does not exist yet."""
    monkeypatch.setenv("NETDSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kernels"


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [b"", b"x", os.urandom(5000)])
def test_what_is_written_is_read(tmp_path: Path, code: bytes) -> None:
    write_code(tmp_path / "new" / "a.o", code)
    assert read_code(tmp_path / "new" / "a.o") == code
    assert os.listdir(tmp_path / "new") == ["a.o"]


def test_a_damaged_file_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.o"
    write_code(path, os.urandom(1000))
    whole = path.read_bytes()
    for damaged in (b"", b"junk", whole[:-1], whole[:40], whole + b"x", whole[:500] + b"?" + whole[501:]):
        path.write_bytes(damaged)
        assert read_code(path) is None
    path.unlink()
    assert read_code(path) is None
    path.mkdir()
    assert read_code(path) is None


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        write_code(tmp_path / "a.o", b"code")
    assert os.listdir(tmp_path) == []


# --- the folder ----------------------------------------------------------------------------------


def test_a_kernel_is_compiled_once(folder: Path) -> None:
    first, second = Kernels(), Kernels()
    assert works(first)
    assert works(second)
    assert (first.compiled, second.compiled) == (1, 0)
    assert [name.rsplit("_", 1)[0] for name in os.listdir(folder)] == ["adding_1"]
    assert not first.problem


def test_a_damaged_kernel_is_compiled_again_and_mended(folder: Path) -> None:
    assert works(Kernels())
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-100])
    again, after = Kernels(), Kernels()
    assert works(again)
    assert works(after)
    assert (again.compiled, after.compiled) == (1, 0)


def test_a_folder_that_is_deleted_meanwhile_is_made_again(folder: Path) -> None:
    kernels = Kernels()
    assert works(kernels)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert works(kernels)
    assert works(kernels, 2)
    assert len(os.listdir(folder)) == 1
    assert not kernels.problem


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("NETDSL_CACHE", str(tmp_path / "file" / "cache"))
    kernels = Kernels()
    assert works(kernels)
    assert kernels.problem.startswith(str(tmp_path / "file"))
    assert "\n" not in kernels.problem


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(path: Path, content: bytes) -> None:
        if path.is_relative_to(folder):
            raise OSError(code, os.strerror(code))
        write_code(path, content)

    monkeypatch.setattr(cache, "write_code", refuse)
    kernels = Kernels()
    assert works(kernels)
    assert kernels.problem == f"{folder}: {os.strerror(code)}"


def test_a_disk_that_fills_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def last_bytes(path: Path, content: bytes) -> None:
        if path.suffix == ".o":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache, "write_code", last_bytes)
    kernels = Kernels()
    assert works(kernels)
    assert "space" in kernels.problem


# --- several processes ---------------------------------------------------------------------------


@pytest.mark.slow
def test_processes_share_the_work(folder: Path) -> None:
    kernels = Kernels()
    kernels.load([adding(number) for number in range(12)], processes=2)
    assert kernels.compiled == 12
    assert all(works(kernels, number) for number in range(12))
    assert len([name for name in os.listdir(folder) if not name.startswith(".")]) == 12


@pytest.mark.slow
def test_what_is_expected_is_compiled_meanwhile(folder: Path) -> None:
    kernels = Kernels()
    kernels.expect([adding(number) for number in range(9)])
    kernels.load([adding(0)], processes=2)
    assert kernels._pool is not None
    for process in kernels._pool._processes:
        assert process.wait(timeout=60) == 0
    other = Kernels()
    assert all(works(other, number) for number in range(9))
    assert other.compiled == 0


@pytest.mark.parametrize("executable", ["", "/nowhere/python", sys.executable])
def test_processes_that_fail_cost_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(worker_pool.sys, "executable", executable)
    monkeypatch.setattr(worker_pool, "__name__", "no_such_module")  # what the last of them tries to import
    kernels = Kernels()
    kernels.load([adding(number) for number in range(5)], processes=3)
    assert all(works(kernels, number) for number in range(5))


@pytest.mark.slow
def test_runs_that_start_at_once_on_an_empty_cache(folder: Path, tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_kernel_cache import Kernels, adding, works\n"
        "kernels = Kernels(); kernels.load([adding(number) for number in range(5)], processes=2)\n"
        "assert all(works(kernels, number) for number in range(5)) and not kernels.problem\n"
    )
    arguments = [sys.executable, "-c", script, str(Path(__file__).parent)]
    started = [subprocess.Popen(arguments, cwd=tmp_path) for _ in range(2)]
    assert [process.wait(timeout=120) for process in started] == [0, 0]


# --- the command line ----------------------------------------------------------------------------

LINEAR = "net linear\ninput 8x8x1\nFC1: 10\n"


TRAIN = ["train", "linear.net", "--epochs", "1", "--batch", "1437"]


@pytest.mark.slow
def test_train_says_in_one_line_why_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(numba_backend, "open_backend", numba_backend.NumbaBackend)  # with no kernel in memory
    monkeypatch.setattr(worker_pool, "_LARGEST", 1)
    Path("file").write_text("no folder")
    Path("linear.net").write_text(LINEAR)
    assert run([*TRAIN, "--out", "kept"]) == 0
    assert "could not be kept" not in capsys.readouterr().err
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("NETDSL_CACHE", str(tmp_path / "file"))
        assert run([*TRAIN, "--out", "unkept"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "could not be kept" in line]
    assert len(lines) == 1
    assert "Not a directory" in lines[0]
    weights = [(tmp_path / out / "last.safetensors").read_bytes() for out in ("kept", "unkept")]
    assert weights[0] == weights[1]
    # The first run has left its kernels in the cache of this user: Numba is not loaded any more.
    script = (
        "import sys; from netdsl.commands import run\n"
        f"code = run({[*TRAIN, '--out', 'again']})\n"
        "print('numba' in sys.modules); sys.exit(code)\n"
    )
    arguments = [sys.executable, "-c", script]
    again = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=True)
    assert again.stdout.splitlines()[-1] == "False"


def test_the_last_kernel_is_waited_for_while_somebody_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    others = worker_pool.WorkerPool(tmp_path, [], [], processes=1)
    assert not others.finishes(made)
    command = [sys.executable, "-c", f"import time; time.sleep(0.2); open({os.fspath(made)!r}, 'w')"]
    others._processes.append(subprocess.Popen(command))
    monkeypatch.setattr(worker_pool, "_MOMENT_SECONDS", 60.0)
    assert others.finishes(made)


def test_nobody_is_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = worker_pool.WorkerPool(tmp_path, [], [], processes=1)
    others._processes.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
    monkeypatch.setattr(worker_pool, "_MOMENT_SECONDS", 0.05)
    assert not others.finishes(tmp_path / "never")
    assert others.at_work


def test_helpers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """What is missing when the parent is gone stays missing, for nobody waits for it."""
    made = adding(1)
    work = [("first", [made.name, made.text, str(made.arguments)])]
    worker_pool._compile(tmp_path, work, os.getppid() + 1)
    assert not list(tmp_path.iterdir())
    worker_pool._compile(tmp_path, work, os.getppid())
    assert read_code(worker_pool.code_path(tmp_path, "first")) is not None
