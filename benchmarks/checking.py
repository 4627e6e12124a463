"""How long it takes to check many files: ``python benchmarks/checking.py``.

Four folders are written: 1,000 networks of 8 to 30 layers, no two alike; 1,000 copies of the shipped ones;
the same, each with a line of its own, so that no text is known; and the 100 largest networks, of 900 to
``--layers`` layers. Each is checked as a whole process, anew in one process and in several, and then with a
cache that is empty, and one that knows everything. Printed are seconds, seconds of processors (all processes
together), peak memory and how many times as fast as anew in one process; output and exit code are compared.
``--profile`` says which rooms and functions the largest networks spend their time in.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from machine import busy_processors, command_line, machine

from netdsl.resources import zoo_names, zoo_text

WAYS = {
    "anew, 1 process": ("--no-cache", "--jobs", "1"),
    "anew, all cores": ("--no-cache",),
    "nothing known": (),
    "all known": (),
}


class Taken(NamedTuple):
    """What a process took, and what it answered."""

    seconds: float
    processor_seconds: float
    peak_mib: float
    answer: str


def small(number: int, rng: random.Random) -> str:
    """A network as people write them, for small pictures."""
    size, width, lines = rng.choice((16, 24, 32, 48)), rng.choice((8, 12, 16, 24, 32)), []
    lines += [f"# experiment {number}", f"input {size}x{size}x{rng.choice((1, 3))}"]
    for _ in range(rng.randint(2, 3)):
        for _ in range(rng.randint(1, 3)):
            lines.append(f"CONV {width} 3x3 pad 1 - {rng.choice(('BN - RELU', 'RELU', 'ELU'))}")
        lines.append(f"{rng.choice(('MAX', 'AVG'))} POOL 2x2 at stride 2")
        width *= 2
    lines += [f"FC {rng.randint(40, 400)} - RELU - DROPOUT 0.{rng.randint(2, 5)}", "FC 10"]
    return "\n".join(lines) + "\n"


def copy(number: int, rng: random.Random) -> str:
    return zoo_text(zoo_names()[number % len(zoo_names())])


def variant(number: int, rng: random.Random) -> str:
    return f"{copy(number, rng)}\n# variant {number}\n"


def large(layers: int, number: int) -> str:
    """A network of about so many layers: residual, dense, in branches, or a chain with a line for each."""
    width = 8 + number
    head = f"net large-{number}\ndialect torch\ninput 32x32x3\n"
    if number % 4 == 0:
        path = "CONV w 3x3 pad 1 no bias - BN - RELU - CONV w 3x3 pad 1 no bias - BN"
        block = f"block UNIT(w) {{ ADD[ {path} | SKIP ] - RELU }}"
        return (
            f"{head}{block}\nCONV {width} 3x3 pad 1\nUNIT({width})*{layers // 7}\nAVG POOL global - FC 10\n"
        )
    if number % 4 == 1:
        block = f"block UNIT {{ CONCAT[ SKIP | BN - RELU - CONV {1 + number % 3} 3x3 pad 1 no bias ] }}"
        return f"{head}{block}\nCONV {width} 3x3 pad 1\n[UNIT]*{layers // 4}\nAVG POOL global - FC 10\n"
    if number % 4 == 2:
        branches = f"CONV {width} 1x1 - RELU | CONV {width} 3x3 pad 1 - RELU | CONV {width} 5x5 pad 2 - RELU"
        return f"{head}[ADD[ {branches} ]]*{layers // 7}\nAVG POOL global - FC 10\n"
    lines = (f"CONV {width + line % 5} 3x3 pad 1 - BN - RELU" for line in range(layers // 3))
    return head + "\n".join(lines) + "\nAVG POOL global - FC 10\n"


def folders(root: Path, files: int, layers: int) -> dict[str, Path]:
    """Write all networks; the folders by what is in them."""

    def sizes() -> list[int]:
        return [round(900 * (layers / 900) ** (number / 99)) for number in range(100)]

    makers: dict[str, Callable[[int, random.Random], str]] = {
        "small": small,
        "copies": copy,
        "variants": variant,
        "large": lambda number, rng: large(sizes()[number], number),
    }
    for name, make in makers.items():
        (root / name).mkdir()
        rng = random.Random(name)
        for number in range(100 if name == "large" else files):
            (root / name / f"{number:04d}.net").write_text(make(number, rng), encoding="utf-8")
    return {name: root / name for name in makers}


def check(folder: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> Taken:
    command = [sys.executable, "-m", "netdsl.commands", "check", folder.name, *arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        begun = subprocess.Popen(command, stdout=out, stderr=err, cwd=folder.parent, env=environment)
        _, status, used = os.wait4(begun.pid, 0)
        seconds = time.perf_counter() - begin
        begun.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = out.read(), err.read()
    if begun.returncode not in (0, 1):
        raise SystemExit(said[1].decode())
    answer = hashlib.sha256(b"%d %b %b" % (begun.returncode, *said)).hexdigest()
    return Taken(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, answer)


def measure(
    folder: Path, mode: tuple[str, ...], rounds: int, environment: dict[str, str]
) -> dict[str, Taken]:
    """The fastest of some rounds of every way to check a folder."""
    best: dict[str, Taken] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            for way, arguments in WAYS.items():
                taken = check(folder, (*mode, *arguments), {**environment, "NETDSL_CACHE": cache})
                best[way] = min(best.get(way, taken), taken)
    return best


PROFILE = """
import cProfile, collections, contextlib, io, os, pstats, sys, time
from netdsl.commands import run
profile = cProfile.Profile(time.process_time)  # others may work on this machine
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    profile.runcall(run, ["check", sys.argv[1], "--no-cache", "--jobs", "1", *sys.argv[2:]])
stats = pstats.Stats(profile).stats
rooms = collections.Counter()
functions = []
for (file, line, name), (_, calls, own, _, _) in stats.items():
    parts = file.replace(os.sep, "/").split("/netdsl/")[-1].split("/") if "/netdsl/" in file else ["Python"]
    rooms[parts[0]] += own
    functions.append((own, calls, "/".join(parts), name))
whole = sum(rooms.values())
shares = (f"{room} {100 * own / whole:.0f} %" for room, own in rooms.most_common(9))
print("  own time by room:", ", ".join(shares))
for own, calls, file, name in sorted(functions, reverse=True)[:15]:
    print(f"  {100 * own / whole:5.1f} %  {calls:>11,}  {file} {name}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=9000, help="of the largest network")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    print(command_line())
    print(f"{machine()}; netdsl {version('netdsl')}, click {version('click')}, {platform.platform()}")
    print(f"{busy_processors() or 0:.1f} processors busy with other things")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as root:
        environment["PYTHONPYCACHEPREFIX"] = str(Path(root, "bytecode"))
        named = folders(Path(root), asked.files, asked.layers)
        check(named["small"], ("--quiet", "--no-cache"), environment)  # compiles
        for name, folder in named.items():
            for mode in (("--quiet",), ()):
                taken = measure(folder, mode, asked.rounds, environment)
                if len({one.answer for one in taken.values()}) > 1:
                    raise SystemExit(f"{name}: the answers differ")
                print(f"\n{name}, {' '.join(mode) or 'with tables'}: {len(os.listdir(folder))} files")
                base = taken["anew, 1 process"].seconds
                for way, one in taken.items():
                    print(
                        f"  {way:16} {one.seconds:7.2f} s  {one.processor_seconds:7.2f} s CPU"
                        f"  {one.peak_mib:5.0f} MiB  {base / one.seconds:5.1f} x"
                    )
        for mode in (("--quiet",), ()) if asked.profile else ():
            print(f"\nwhere the time goes, {' '.join(mode) or 'with tables'}:", flush=True)
            script = [sys.executable, "-c", PROFILE, str(named["large"]), *mode]
            subprocess.run(script, check=True, env=environment)


if __name__ == "__main__":
    main()
