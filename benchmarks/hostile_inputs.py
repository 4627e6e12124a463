"""What bad input gets, measured: exit code, seconds, peak memory, and the files that were touched.

    python benchmarks/hostile_inputs.py [--only NAME,...] [--package FOLDER] [--json FILE]

Every input is written into a folder of its own, a command runs on it in a process of its own, and an
audit hook of the interpreter notes what that process and its children open, write, link and start.
Files of Python and of netdsl itself are left out. --package measures another checkout: before and
after. Exits with 1 where a promise of the README's "Safe" is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from hostile_cases import CASES, Case
from machine import command_line, machine

ROOT = Path(__file__).parent.parent

PATIENCE_SECONDS = 50.0
"""When a command that hangs is ended."""

WATCHER = """
import os, sys
_log = os.open(os.environ["HOSTILE_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_READ = os.O_RDONLY
def _hook(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, int) or path is None:
            return
        written = bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        note = ("write" if written else "read", path)
    elif event in ("os.rename", "os.link", "os.symlink"):
        note = (event[3:], arguments[1])
    elif event in ("os.remove", "os.mkdir", "os.truncate", "subprocess.Popen", "os.system", "socket.connect"):
        note = (event.partition(".")[2], arguments[0])
    elif event == "ctypes.dlopen":
        note = ("load", arguments[0])
    else:
        return
    os.write(_log, (note[0] + "\\t" + os.fsdecode(str(note[1])) + "\\n").encode("utf-8", "backslashreplace"))
sys.addaudithook(_hook)
"""


class Outcome(NamedTuple):
    """What one command did; ``code`` is None where it had to be ended."""

    name: str
    command: str
    code: int | None
    seconds: float
    peak_bytes: int
    said: str
    touched: list[str]
    broken: list[str]


def _peak_bytes(process: int, stop: threading.Event, found: list[int]) -> None:
    """The largest memory of a process and its children together, looked at fifty times a second."""
    while not stop.wait(0.02):
        found[0] = max(found[0], sum(_resident_bytes(child) for child in _family(process)))


def _family(process: int) -> list[int]:
    members = [process]
    for member in members:
        try:
            children = Path(f"/proc/{member}/task/{member}/children").read_text().split()
        except OSError:
            continue
        members += [int(child) for child in children]
    return members


def _resident_bytes(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def measured(case: Case, package: Path) -> Outcome:
    """Run a case once in a folder that is new."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as root:
        folder = Path(root, "work")
        folder.mkdir()
        Path(root, "site").mkdir()
        Path(root, "site", "sitecustomize.py").write_text(WATCHER)
        victim = Path(root, "victim")
        victim.write_text("precious\n")
        arguments, extra = case.build(folder, victim)
        log = Path(root, "log")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(Path(root, "site")), str(package))),
            "HOSTILE_LOG": str(log),
            "NETDSL_CACHE": str(Path(root, "cache")),
            "PYTHONDONTWRITEBYTECODE": "1",
            **extra,
        }
        before = _links(folder, victim)
        words = [sys.executable, "-m", "netdsl.commands", *arguments]
        begun = time.monotonic()
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        stop, peak = threading.Event(), [0]
        watcher = threading.Thread(target=_peak_bytes, args=(process.pid, stop, peak))
        watcher.start()
        code: int | None
        try:
            output, _ = process.communicate(timeout=PATIENCE_SECONDS)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            code = None
        seconds = time.monotonic() - begun
        stop.set()
        watcher.join()
        touched = _touched(log, folder, Path(root), package)
        said = output.decode("utf-8", "backslashreplace")
        broken = _broken(case, code, seconds, peak[0], said)
        if _links(folder, victim) != before:
            broken.append("a file that the command was not given was changed")
        broken += [f"touched {line}" for line in touched if case.is_forbidden(line)]
        return Outcome(
            case.name, " ".join(arguments).replace(root, ""), code, seconds, peak[0], said, touched, broken
        )


def _links(folder: Path, victim: Path) -> tuple[bytes | str, ...]:
    """What stands in the victim, and which files lie beside it."""
    beside = sorted(entry.name for entry in victim.parent.iterdir() if entry.name.startswith("victim"))
    return (victim.read_bytes(), *beside)


def _broken(case: Case, code: int | None, seconds: float, peak_bytes: int, said: str) -> list[str]:
    """The promises that were broken."""
    broken = []
    if code is None:
        broken.append(f"hung for {PATIENCE_SECONDS:.0f} s")
    elif code not in case.codes:
        broken.append(f"exit code {code}, not {' or '.join(map(str, case.codes))}")
    if "Traceback" in said or "internal error" in said:
        broken.append("a traceback")
    if case.says not in said:
        broken.append(f"does not say {case.says!r}")
    if case.never and case.never in said:
        broken.append(f"says {case.never!r}")
    if code is not None and seconds > case.seconds:
        broken.append(f"{seconds:.1f} s, more than {case.seconds:g}")
    if peak_bytes > case.peak_bytes:
        broken.append(f"{peak_bytes / 2**20:.0f} MiB, more than {case.peak_bytes >> 20}")
    return broken


def _touched(log: Path, folder: Path, root: Path, package: Path) -> list[str]:
    """What the process opened and changed outside Python's and netdsl's own files, once each."""
    if not log.exists():
        return []
    own = (sys.prefix, sys.base_prefix, str(package), "/proc", "/sys", "/usr", "/lib", "/dev/null", "/etc/ld")
    lines: dict[str, None] = {}
    for line in log.read_text(encoding="utf-8", errors="backslashreplace").splitlines():
        verb, _, path = line.partition("\t")
        full = os.path.normpath(os.path.join(folder, path))
        if (
            full.startswith(own)
            or full.startswith(str(root / "site"))
            or full == str(log)
            or path in ("", "None")
        ):
            continue
        shown = full.replace(str(folder), ".").replace(str(root), "..")
        if "kernels" in shown and shown.endswith(_COMPILED):
            shown = f"{os.path.dirname(shown)}/*"
        lines[f"{verb} {shown}"] = None
    return list(lines)


_COMPILED = (".o", *"0123456789abcdef")
"""How the names of kernels end, and of those that are being written: one line for all of them."""


def _row(outcome: Outcome) -> str:
    code = "hangs" if outcome.code is None else str(outcome.code)
    verdict = "; ".join(outcome.broken) or "holds"
    figures = f"{code:>5} {outcome.seconds:7.2f} s {outcome.peak_bytes / 2**20:7.0f} MiB"
    return f"{outcome.name:34} {figures}  {verdict}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--package", type=Path, default=ROOT)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--touched", action="store_true", help="show the files too")
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    print(command_line(), machine(), sep="\n", flush=True)
    outcomes = []
    for case in CASES:
        if not wanted or any(name in case.name for name in wanted):
            outcome = measured(case, options.package.resolve())
            outcomes.append(outcome)
            print(_row(outcome), flush=True)
            if options.touched:
                print(*(f"    {line}" for line in outcome.touched), sep="\n")
    broken = sum(bool(outcome.broken) for outcome in outcomes)
    print(f"{len(outcomes) - broken} of {len(outcomes)} hold")
    if options.json:
        rows: list[dict[str, Any]] = [outcome._asdict() for outcome in outcomes]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
