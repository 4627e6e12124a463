"""What other systems lack is not needed: commands run in a process from which it has been taken away.

That is no test on those systems: paths, processes and compiled code stay those of this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent

PRELUDE = """
import asyncio, concurrent.futures.process, ctypes, multiprocessing, os, shutil, signal, subprocess, sys
import tempfile, types, urllib.request, webbrowser
import click, llvmlite.binding, numba, numpy, PIL.Image, platformdirs, rich.progress, safetensors.numpy
# Libraries have chosen by now; what follows is for netdsl alone.
for name in LACKS_IN_OS:
    if hasattr(os, name):
        delattr(os, name)
for name in LACKS_IN_SIGNAL:
    if hasattr(signal, name):
        delattr(signal, name)
for name in LACKS_MODULES:
    sys.modules[name] = None
tempfile._O_TMPFILE_WORKS = False  # it has chosen, too, but looks the flag up each time
sys.platform = PLATFORM
"""

WINDOWS = (
    """
PLATFORM = "win32"
LACKS_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty", "readline")
LACKS_IN_SIGNAL = "SIGHUP SIGKILL SIGALRM SIGUSR1 SIGQUIT setitimer alarm pthread_kill".split()
LACKS_IN_OS = '''
O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_PATH O_SYNC O_TMPFILE chown confstr fchmod fchown
fork forkpty getegid geteuid getgid getgroups getpgid getpgrp getsid getuid initgroups killpg
lchown mkfifo nice openpty posix_fadvise posix_spawn pread pwrite register_at_fork
sched_getaffinity sched_setaffinity sched_yield set_blocking setsid statvfs sync sysconf uname
wait3
'''.split()
"""
    + PRELUDE
    + """
for name in ("supports_dir_fd", "supports_fd", "supports_follow_symlinks"):
    setattr(os, name, set())
def locking(descriptor, mode, count):
    os.fstat(descriptor)
sys.modules["msvcrt"] = types.SimpleNamespace(LK_LOCK=1, LK_NBLCK=2, LK_UNLCK=0, locking=locking)
BACKEND = ["--backend", "numpy"]  # native code calls what this system has
"""
)

MACOS = (
    """
PLATFORM = "darwin"
LACKS_MODULES = ("spwd",)
LACKS_IN_SIGNAL = ("SIGPWR", "SIGPOLL", "SIGRTMIN", "sigtimedwait")
LACKS_IN_OS = '''O_PATH O_TMPFILE copy_file_range memfd_create pipe2 posix_fadvise posix_fallocate
sched_getaffinity sched_setaffinity splice getrandom eventfd'''.split()
"""
    + PRELUDE
    + """
BACKEND = []
"""
)

COMMANDS = """
import importlib, pkgutil, re
import netdsl
from netdsl.commands import run

# Libraries that only extras install choose by platform when they are loaded.
extras = re.compile(r"^ *(?:import|from) (?:torch|jax|optuna|pygls|lsprotocol|pygments)", re.MULTILINE)
for module in pkgutil.walk_packages(netdsl.__path__, "netdsl.", onerror=lambda name: None):
    text = module.module_finder.find_spec(module.name, None).loader.get_source(module.name)
    if not module.name.endswith("__main__") and not extras.search(text) and ".torch" not in module.name:
        importlib.import_module(module.name)

def expect(code, *arguments):
    print(">", *arguments, flush=True)
    found = run(arguments)
    assert found == code, (arguments, found)

open("a.net", "w", encoding="utf-8", newline="").write("input 8x8x1\\r\\nfc 10\\r\\n")
open("wrong.net", "w", encoding="utf-8").write("[8x8x1] INPUT\\n[84] FC: 84 nuerons\\n")
open("readme.txt", "w", encoding="utf-8").write("[8x8x1] INPUT\\n[10] FC: 10 neurons\\n")
expect(1, "check", ".", "--format", "sarif=found.sarif")
expect(1, "check", "wrong.net", "--fix", "--quiet")
expect(0, "fmt", "a.net")
assert open("a.net", "rb").read() == b"input 8x8x1\\r\\nFC 10\\r\\n"
expect(0, "import", "readme.txt", "--from", "listing", "--out", "nets")
expect(0, "diff", "a.net", "lenet")
expect(0, "explain", "lenet", "CONV2")
expect(0, "train", "a.net", "--epochs", "1", "--out", "run", *BACKEND)
expect(0, "train", "--epochs", "2", "--resume", "run", "a.net", *BACKEND)
expect(0, "eval", "run", *BACKEND)
expect(0, "predict", "run", "run/example.png", *BACKEND)
expect(0, "search", "a.net", "--epochs", "1", "--method", "grid", "--points", "2", "--out", "found",
       "--search", "rate in 1e-2..1e-1", *BACKEND)
expect(0, "zoo")
"""


@pytest.mark.parametrize("system", [WINDOWS, MACOS], ids=["windows", "macos"])
def test_commands_run_without_what_the_system_lacks(system: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", system + COMMANDS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_files_and_streams_are_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    """Every file is opened with its encoding, and UTF-8 comes out where the locale has another one."""
    (tmp_path / "größe.net").write_bytes("net Größe\r\ninput 8x8x1\r\nFC 10 # δ\r\n".encode())
    script = (
        "from netdsl.commands import run\n"
        "assert run(['check', 'größe.net']) == 0\n"
        "assert run(['fmt', 'größe.net']) == 0\n"
        "assert run(['train', 'größe.net', '--epochs', '1', '--out', 'run', '--backend', 'numpy']) == 0\n"
        "assert run(['eval', 'run', '--backend', 'numpy']) == 0\n"
    )
    for encoding in ("cp1252", "ascii", "shift_jis"):
        done = subprocess.run(
            [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning", "-c", script],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        assert "Größe" in done.stdout.decode("utf-8")
        assert b"\r" not in done.stdout
        for path in (tmp_path / "run").iterdir():
            path.unlink()
        (tmp_path / "run").rmdir()
    assert (tmp_path / "größe.net").read_bytes() == "net Größe\r\ninput 8x8x1\r\nFC 10  # δ\r\n".encode()
