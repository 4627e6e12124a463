"""Checks of many files: the same bits with one process or several, anew or as they were kept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netdsl.resources import zoo_folder

BAD = {
    "activation.net": "input 8x8x1\nFC 10\nFC 10\n",
    "again.net": "input 8x8x1\nFC 10\nFC 10\n",
    "binary.net": "input 8x8x1\0",
    "blocks.net": "block X(n) { KONV n 3x3 }\n",
    "claims.net": "net claims\n[27x27x96] INPUT\n[27x27x256] CONV2: 256 5x5 filtrs at stride 1\nFC 10\n",
    "claims-too.net": "net claims\n[27x27x96] INPUT\n[27x27x256] CONV2: 256 5x5 filtrs at stride 1\nFC 10\n",
    "data.net": "input 8x8x1\nFC 10\ntrain { data ../elsewhere }\n",
    "empty.net": "\n",
    "latin.train": "batch 64 # é\nrate 0,1\n",
    "python.net": "import torch\nmodel = torch.nn.Linear(3, 4)\n",
    "recipe.train": "batch 64\nepocs 3\n",
    "uses.net": 'use "blocks.net"\ninput 8x8x1\nX(8) - RELU - FC 10\n',
    "uses-none.net": 'use "none.net"\ninput 8x8x1\nX(8) - FC 10\n',
    "wörter.net": "input 8x8x1\nCONV 日\n",
}

ALL_FORMATS = ["json", "jsonl", "concise", "sarif", "junit", "github", "gitlab"]

COMPARE = """
import io, os, sys, contextlib
from pathlib import Path
from netdsl.commands import run
from netdsl.commands.checking import processes

copies = []
fork = os.fork
os.fork = lambda: copies.append(fork()) or copies[-1]
formats = sys.argv[1].split()
results = {}
for way in ("--jobs=1 --no-cache", "--jobs=2 --no-cache", "--jobs=3", "--jobs=1", "--jobs=2"):
    before = len(copies)
    outputs = [f"--format={name}=out.{name}" for name in formats]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["check", ".", "none.net", "lenet", "--format=text", *outputs, *way.split()])
    written = [Path(f"out.{name}").read_text() for name in formats]
    results[way] = (code, out.getvalue(), err.getvalue(), *written)
    print(way, len(copies) - before)
first, *others = results.values()
assert first[0] == 1 and all(code in first[2] for code in ("ND008", "ND224", "ND401", "ND531")), first[2]
for way, other in zip([*results][1:], others):
    for name, one, two in zip(("code", "stdout", "stderr", *formats), first, other):
        assert one == two, (way, name)
"""


def process(script: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def fill(folder: Path) -> None:
    """Sound and faulty files of every kind, and texts that stand in several files."""
    for name, text in BAD.items():
        (folder / name).write_bytes(text.encode("latin-1" if name.startswith("latin") else "utf-8"))
    for path in sorted(Path(zoo_folder()).glob("*.net"))[::4]:
        shutil.copy(path, folder)
    (folder / "deep").mkdir()
    shutil.copy(Path(zoo_folder()) / "lenet.net", folder / "deep" / "other.net")
    shutil.copy(Path(zoo_folder()) / "lenet.net", folder / "deep" / "third.net")


needs_copies = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system copies no processes")


@pytest.mark.slow
@needs_copies
def test_every_way_comes_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nets").mkdir()
    fill(tmp_path / "nets")
    monkeypatch.chdir(tmp_path / "nets")
    said = process(COMPARE, " ".join(ALL_FORMATS), NETDSL_CACHE=str(tmp_path / "cache"))
    assert said.splitlines() == [
        "--jobs=1 --no-cache 0",
        "--jobs=2 --no-cache 2",
        "--jobs=3 3",
        "--jobs=1 0",
        "--jobs=2 0",  # what cannot be kept is little
    ]


SHARED_OUT = """
import os, signal
from netdsl.commands.checking.processes import shared_out

own = os.getpid()

def work(number):
    if os.getpid() != own and number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if os.getpid() != own and number == 5:
        raise RuntimeError
    return os.getpid(), number * number

def unpack(number, answer):
    if number == 7:
        raise ValueError
    return tuple(map(int, answer.split()))

found = dict(shared_out(work, range(200), 3, lambda result: b"%d %d" % result, unpack))
assert {number: square for number, (_, square) in found.items()} == {n: n * n for n in range(200)}
assert {0, 3, 5, 7} <= {number for number, (process, _) in found.items() if process == own}
assert len({process for process, _ in found.values()}) > 2
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("none left")
"""


@needs_copies
def test_a_copy_that_is_killed_is_no_hang() -> None:
    assert process(SHARED_OUT) == "none left\n"


@needs_copies
def test_all_copies_killed_is_no_hang() -> None:
    script = SHARED_OUT.replace("number == 3", "number > 0").replace("> 2", "== 1")
    assert process(script) == "none left\n"


@needs_copies
def test_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    for number in range(40):
        text = f"input 64x64x3\n[CONV {number + 8} 3x3 pad 1 - BN - RELU]*4000\nFC 10\n"
        (tmp_path / f"{number}.net").write_text(text)
    command = [sys.executable, "-m", "netdsl.commands", "check", "-q", "--jobs=2", str(tmp_path)]
    begun = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A shell's background job ignores Ctrl-C, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while len(children_of(begun.pid)) < 2:
        assert begun.poll() is None
        time.sleep(0.01)
    time.sleep(0.1)  # while all are at work
    os.killpg(begun.pid, signal.SIGINT)
    _, said = begun.communicate(timeout=60)
    assert (begun.returncode, said.strip()) == (130, b"")
    with pytest.raises(ProcessLookupError):
        os.killpg(begun.pid, 0)


def children_of(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()
