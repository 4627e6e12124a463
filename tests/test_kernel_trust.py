"""Kernels are code: they are loaded only from where nobody but this user, or root, can have put them."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
import pytest
from test_kernel_cache import Kernels, adding, works

import netdsl
from netdsl.backend.numba.compile.cache import _symbol
from netdsl.backend.numba.compile.cache_folder import cache_folder, private_folder
from netdsl.backend.numba.compile.numba_loading import object_code
from netdsl.backend.numba.compile.object_file import write_code
from netdsl.backend.numba.target import host
from netdsl.backend.numba.tools import tuning_cache as tuned
from netdsl.own_folder import distrust, read_own, write_own

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners and permissions of POSIX")
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes files of other users"
)
STRANGER = 12345


@pytest.fixture(autouse=True)
def nothing_hangs() -> Iterator[None]:
    """A pipe that is opened would hold the tests up for ever."""
    signal.alarm(120)
    yield
    signal.alarm(0)


@pytest.fixture(scope="module")
def planted_code() -> bytes:
    """Machine code under the name of a kernel that adds 1; it adds 2."""
    kernel = adding(1)
    return object_code(
        kernel._replace(text=kernel.text.replace("1.0", "2.0")), _symbol(kernel, host().target)
    )


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted_code: bytes) -> Path:
    """A file with that code, whole and with its digest, where the cache is."""
    monkeypatch.setenv("NETDSL_CACHE", str(tmp_path / "above" / "cache"))
    path = cache_folder() / f"{_symbol(adding(1), host().target)}.o"
    write_code(path, planted_code)
    return path


def test_planted_code_would_run(planted: Path) -> None:
    """What is refused below is refused for where it lies, and would do what it wants to."""
    assert stat.S_IMODE(planted.stat().st_mode) == 0o644
    kernels = Kernels()
    assert not works(kernels)
    assert (kernels.compiled, kernels.problem) == (0, "")


def change_mode(key: str, mode: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        where = {"file": path, "folder": path.parent, "cache": path.parents[1], "above": path.parents[2]}
        where[key].chmod(mode)

    return change


def change_owner(levels: int) -> Callable[[Path], None]:
    return lambda path: os.chown([path, *path.parents][levels], STRANGER, STRANGER)


def link(path: Path) -> None:
    elsewhere = path.parents[3] / "elsewhere.o"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def stretch(path: Path) -> None:
    os.truncate(path, 2**40)  # takes no room


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (change_mode("folder", 0o777), "others can write to"),
        (change_mode("folder", 0o1777), "others can write to"),
        (change_mode("folder", 0o770), "others can write to"),
        (change_mode("cache", 0o777), "others can write to"),
        (change_mode("above", 0o775), "others can write to"),
        pytest.param(change_owner(1), "belongs to another user", marks=AS_ROOT),
        pytest.param(change_owner(3), "belongs to another user", marks=AS_ROOT),
        (change_mode("file", 0o666), ""),
        (change_mode("file", 0o664), ""),
        pytest.param(change_owner(0), "", marks=AS_ROOT),
        (link, ""),
        (pipe, ""),
        (stretch, ""),
    ],
)
def test_code_that_a_stranger_may_have_planted(
    planted: Path, change: Callable[[Path], None], told: str
) -> None:
    change(planted)
    before = planted.lstat()
    kernels = Kernels()
    assert works(kernels)
    assert kernels.compiled == 1
    assert told in kernels.problem
    if told:
        # Nothing is put there either.
        assert planted.lstat() == before
        assert os.listdir(planted.parent) == [planted.name]
    else:
        # The folder is this user's own, so what was wrong in it is mended.
        assert ("a pipe has this name" in kernels.problem) == bool(kernels.problem) == (change is pipe)
        again = Kernels()
        assert works(again)
        assert again.compiled == (1 if change is pipe else 0)


def test_a_folder_for_everybody_may_stand_above(planted: Path) -> None:
    planted.parents[2].chmod(0o1777)
    kernels = Kernels()
    works(kernels)
    assert (kernels.compiled, kernels.problem) == (0, "")


@AS_ROOT
def test_a_link_of_a_stranger_on_the_way(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    way = planted.parents[2] / "way"
    way.symlink_to(planted.parents[1])
    monkeypatch.setenv("NETDSL_CACHE", str(way))
    assert not distrust(cache_folder())
    os.lchown(way, STRANGER, STRANGER)
    assert "belongs to another user" in distrust(cache_folder())


def test_a_link_to_where_others_write(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    way = planted.parents[3] / "way"
    way.symlink_to(planted.parents[1])
    planted.parents[2].chmod(0o777)
    monkeypatch.setenv("NETDSL_CACHE", str(way))
    assert f"others can write to {planted.parents[2]}" in distrust(cache_folder())


def test_code_without_the_function_that_is_wanted(planted: Path) -> None:
    """As where a file got the name of another one."""
    write_code(planted, object_code(adding(3), _symbol(adding(3), host().target)))
    kernels = Kernels()
    assert works(kernels)
    assert kernels.compiled == 1


# --- where the cache is --------------------------------------------------------------------------


def test_the_folders_that_are_made_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0)
    try:
        monkeypatch.setenv("NETDSL_CACHE", str(tmp_path / "a" / "b"))
        kernels = Kernels()
        assert works(kernels)
    finally:
        os.umask(before)
    assert not kernels.problem
    for folder in (tmp_path / "a", tmp_path / "a" / "b", cache_folder()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in cache_folder().iterdir()} == {0o644}


@pytest.mark.parametrize("named", ["cache", "./cache", "../cache", "~/cache"])
def test_a_relative_cache_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("NETDSL_CACHE", named)
    kernels = Kernels()
    assert works(kernels)
    assert kernels.compiled == 1
    assert "NETDSL_CACHE" in kernels.problem
    assert tuned.load_tuned() == {}
    assert "NETDSL_CACHE" in tuned.save_tuned({"a": "b"})
    assert os.listdir(tmp_path) == ["work"]
    assert os.listdir() == []


@pytest.mark.parametrize("platform", ["this one", "an earlier one"])
def test_who_has_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "NETDSL_CACHE"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    if platform != "this one":
        monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: os.path.expanduser("~/.cache/netdsl"))
    monkeypatch.chdir(tmp_path)
    kernels = Kernels()
    assert works(kernels)
    assert kernels.problem == "this user has no home folder; name a folder with NETDSL_CACHE"
    assert os.listdir() == []


@pytest.mark.parametrize("named", ["cache", "."])
def test_a_relative_place_for_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """The standard has them passed over; earlier versions of platformdirs take them."""
    monkeypatch.delenv("NETDSL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    assert cache_folder().is_absolute()
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: os.path.join(named, "netdsl"))
    assert "relative path" in distrust(cache_folder())


@pytest.mark.usefixtures("with_worker_pool")
def test_no_private_folder_either(tmp_path: Path, planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted.parent.chmod(0o777)
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    kernels = Kernels()
    kernels.load([adding(number) for number in range(3)], processes=2)
    assert kernels._pool is None
    assert all(works(kernels, number) for number in range(3))


def test_private_folders_that_were_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old, fresh = private_folder(), private_folder()
    write_code(old / "a.o", b"code")
    (tmp_path / "netdsl-kernels-link").symlink_to(tmp_path)
    os.utime(old, (0, 0))
    os.utime(tmp_path / "netdsl-kernels-link", (0, 0), follow_symlinks=False)
    newest = private_folder()
    assert stat.S_IMODE(newest.stat().st_mode) == 0o700
    assert set(tmp_path.iterdir()) == {fresh, newest, tmp_path / "netdsl-kernels-link"}


# --- what else lies there, or in the working folder ----------------------------------------------


def test_forms_are_read_from_the_same_places_only(planted: Path) -> None:
    assert tuned.save_tuned({"a": "b"}) == ""
    assert tuned.load_tuned() == {"a": "b"}
    path = tuned.tuned_path()
    path.chmod(0o666)
    assert tuned.load_tuned() == {}
    path.chmod(0o644)
    planted.parent.chmod(0o777)
    assert tuned.load_tuned() == {}
    assert "others can write" in tuned.save_tuned({"c": "d"})
    planted.parent.chmod(0o700)
    os.truncate(path, 2**40)
    assert tuned.load_tuned() == {}


def test_what_is_read_is_bounded(tmp_path: Path) -> None:
    write_own(tmp_path / "a", b"12", b"34")
    assert read_own(tmp_path / "a", 4) == b"1234"
    assert read_own(tmp_path / "a", 3) is None
    assert read_own(tmp_path / "none", 3) is None
    assert read_own(tmp_path, 3) is None


@pytest.mark.slow
@pytest.mark.parametrize("with_yaml", [True, False])
def test_numba_is_told_nothing_by_the_working_folder(tmp_path: Path, with_yaml: bool) -> None:
    (tmp_path / ".numba_config.yaml").write_text("debug_print_after: all\ndump_llvm: 1\nopt: 0\n")
    for name in ("numba", "llvmlite", "yaml", "numpy", "netdsl"):
        (tmp_path / f"{name}.py").write_text(f"open('{name}-ran', 'w')\n")
    script = (
        "import sys; sys.modules.update({} if sys.argv[1] == 'True' else {'yaml': None})\n"
        "from netdsl.backend.numba.compile.numba_loading import object_code\n"
        "from netdsl.backend.numba.kernel import Kernel\n"
        "text = 'def nothing(arguments, first, last, worker):\\n    pass\\n'\n"
        "object_code(Kernel('nothing', text), 'nothing')\n"
        "from numba.core import config; print(config.DUMP_LLVM, int(config.OPT), 'yaml' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", script, str(with_yaml)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(netdsl.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == (f"0 3 {not with_yaml}\n", "")
    assert not list(tmp_path.glob("*-ran"))
