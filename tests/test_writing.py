"""Files are written whole or not at all, and never where somebody else has led them."""

from __future__ import annotations

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdsl import writing
from netdsl.writing import remove_partials, write_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")


@pytest.fixture(autouse=True)
def nothing_hangs() -> Iterator[None]:
    """A pipe that is opened would hold the tests up for ever."""
    signal.alarm(30)
    yield
    signal.alarm(0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def partials(folder: Path) -> list[Path]:
    return sorted(folder.glob(".netdsl-*.partial"))


# --- what others can see and do meanwhile --------------------------------------------------------


def test_nobody_can_foresee_or_read_what_is_being_written(tmp_path: Path) -> None:
    seen: list[Path] = []

    def pieces() -> Iterator[bytes]:
        yield b"sec"
        (partial,) = partials(tmp_path)
        assert mode(partial) == 0o600
        seen.append(partial)
        yield b"ret"

    for _ in range(2):
        write_file(tmp_path / "a", pieces())
        assert (tmp_path / "a").read_bytes() == b"secret"
        assert os.listdir(tmp_path) == ["a"]
    assert seen[0] != seen[1]


def test_a_folder_that_is_exchanged_meanwhile(tmp_path: Path) -> None:
    ours, moved, theirs = tmp_path / "ours", tmp_path / "moved", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    (theirs / "a").write_bytes(b"precious")

    def pieces() -> Iterator[bytes]:
        yield b"new"
        ours.rename(moved)
        ours.symlink_to(theirs)

    write_file(ours / "a", pieces())
    assert (theirs / "a").read_bytes() == b"precious"
    assert (moved / "a").read_bytes() == b"new"


def test_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    for name in ("fsync", "replace"):
        call = getattr(os, name)

        def noted(*arguments: object, _name: str = name, _call=call, **named: object) -> None:
            done.append(_name)
            _call(*arguments, **named)

        monkeypatch.setattr(os, name, noted)
    write_file(tmp_path / "a", [b"new"])
    assert done == ["fsync", "replace", "fsync"]


# --- permissions and owner -----------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_what_the_umask_leaves(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_file(tmp_path / "a", [b"new"])
        write_file(tmp_path / "b", [b"new"], mode=0o644)
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == 0o666 & ~umask
    assert mode(tmp_path / "b") == 0o644 & ~umask


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o444, 0o755, 0o4755])
def test_an_old_file_keeps_its_permissions(tmp_path: Path, permissions: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(permissions)
    write_file(path, [b"new"])
    assert mode(path) == permissions & 0o777  # what runs as somebody else is not rewritten as such
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_an_old_file_keeps_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 12345, 54321)
    write_file(path, [b"new"])
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (12345, 54321)


def test_another_group_may_not_do_what_the_old_one_might(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not root can often give a file neither its old owner nor its old group."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no")

    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o664)
    status = path.stat()
    fstat = os.fstat

    def of_another_group(descriptor: int) -> os.stat_result:
        return os.stat_result([*fstat(descriptor)[:5], status.st_gid + 1, *fstat(descriptor)[6:]])

    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(writing.os, "fstat", of_another_group)
    write_file(path, [b"new"])
    assert mode(path) == 0o604


# --- what stands under the name ------------------------------------------------------------------


def test_a_link_is_replaced_and_another_name_keeps_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a").symlink_to("precious")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.link(tmp_path / "precious", tmp_path / "b")
    for name in ("a", "b", "dangling"):
        write_file(tmp_path / name, [b"new"])
        assert not (tmp_path / name).is_symlink()
        assert (tmp_path / name).read_bytes() == b"new"
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
def test_what_is_no_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            before = os.open(".", os.O_RDONLY)
            os.chdir(tmp_path)  # paths of sockets are short
            server.bind("a")
            os.fchdir(before)
            os.close(before)
    else:
        path = Path(os.devnull)
    with pytest.raises(FileExistsError, match=f"a {kind} has this name"):
        write_file(path, [b"new"])
    assert not partials(path.parent)
    assert not path.is_file()


def test_the_longest_name(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    for content in (b"old", b"new"):
        write_file(path, [content], keep=tmp_path / ("k" * 255))
    assert path.read_bytes() == b"new"
    assert (tmp_path / ("k" * 255)).read_bytes() == b"old"


def test_two_names_of_one_file_leave_nothing_behind(tmp_path: Path) -> None:
    """As where a process was killed after the old content had got its second name."""
    write_file(tmp_path / "a", [b"old"])
    os.link(tmp_path / "a", tmp_path / "before")
    write_file(tmp_path / "a", [b"new"], keep=tmp_path / "before")
    assert sorted(os.listdir(tmp_path)) == ["a", "before"]
    assert (tmp_path / "before").read_bytes() == b"old"


# --- kills ---------------------------------------------------------------------------------------


def test_what_a_killed_writer_leaves_is_removed(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from netdsl.writing import write_file\n"
        "def pieces():\n    yield b'half'\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_file(Path(sys.argv[1]), pieces())\n"
    )
    path = tmp_path / "a"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(partials(tmp_path)) == 1
    (tmp_path / ".netdsl-link.partial").symlink_to("a")  # not of ours
    (tmp_path / "other.partial").write_bytes(b"")
    remove_partials(tmp_path, older_than_seconds=600)
    assert len(partials(tmp_path)) == 2  # somebody may be writing still
    remove_partials(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".netdsl-link.partial", "a", "other.partial"]


def test_what_was_left_long_ago_goes_with_the_next_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netdsl-0123.partial").write_bytes(b"half")
    write_file(tmp_path / "a", [b"new"])
    assert len(partials(tmp_path)) == 1
    monkeypatch.setattr(writing, "_looked_after", set())
    monkeypatch.setattr(writing, "_ABANDONED_SECONDS", -1.0)
    write_file(tmp_path / "a", [b"newer"])
    assert os.listdir(tmp_path) == ["a"]
