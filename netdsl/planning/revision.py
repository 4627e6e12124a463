"""Reads a network as it was at a revision of its git repository, with the files that it uses."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from netdsl.diagnostics import Diagnosed, file_error
from netdsl.opening import writable
from netdsl.planning.network_files import FILE_LIMIT

_USE = re.compile(rb'\buse\s*"([^"\n]{1,4096})"', re.IGNORECASE)

_MOST_FILES = 1_000
_SECONDS = 60

_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    # The configuration of a repository can call objects missing and name the program that fetches them.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}


@contextmanager
def file_at(revision: str, path: str) -> Iterator[str]:
    """The path of a copy of ``path`` as it was at ``revision``, with copies beside it of what it uses; they
    are there for as long as the context is.

    Nothing of the repository is changed, run or fetched: blobs alone are read. Raises Diagnosed (ND670)
    where git is not there, or does not know the revision, or has no such file in it.
    """
    folder, name = os.path.split(os.path.abspath(path))
    shown = writable(revision)[:100]
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found is None:
        _refuse(path, f"git has no revision `{shown}` here", "`git log --oneline` lists them")
    commit = found.decode("ascii").strip()
    with tempfile.TemporaryDirectory(prefix="netdsl-") as copies:
        waiting, done = [name], {name}
        while waiting:
            relative = waiting.pop()
            content = _blob(folder, f"{commit}:./{relative.replace(os.sep, '/')}")
            if content is None:
                if relative == name:
                    _refuse(
                        path,
                        f"there is no such file at {shown}",
                        "use the name that it had then",
                    )
                continue  # the check of the copy says so, at its place
            copy = Path(copies, relative)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content[: FILE_LIMIT + 1])
            for used in _used(content, relative):
                if used not in done and len(done) < _MOST_FILES:
                    done.add(used)
                    waiting.append(used)
        yield os.path.join(copies, name)


def _used(content: bytes, relative: str) -> Iterator[str]:
    """The files that a text names, as seen from the folder of the first; none outside of it."""
    for written in _USE.findall(content[: FILE_LIMIT + 1]):
        name = os.path.normpath(os.path.join(os.path.dirname(relative), os.fsdecode(written)))
        if not os.path.isabs(name) and name.split(os.sep)[0] != os.pardir and "\0" not in name:
            yield name


def _blob(folder: str, name: str) -> bytes | None:
    """The content of a file, as far as it is read; None where there is none."""
    size = _git(folder, "cat-file", "-s", name)
    if size is not None and int(size) > FILE_LIMIT:
        return bytes(FILE_LIMIT + 1)  # too much for a network, whatever it is
    return None if size is None else _git(folder, "cat-file", "blob", name)


def _git(folder: str, *arguments: str) -> bytes | None:
    """What git prints; None where it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        _refuse(folder, "git is not installed", "install it, or compare two files")
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        _refuse(folder, f"git failed: {str(error)[:200]}", "compare two files")
    if done.returncode and b"not a git repository" in done.stderr:
        _refuse(folder, "this folder is not in a git repository", "compare two files")
    return None if done.returncode else done.stdout


def _refuse(path: str, message: str, cure: str) -> NoReturn:
    raise Diagnosed(file_error("ND670", path, message, cure))
