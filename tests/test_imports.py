"""Architecture: imports go one way, and only the rooms that may know a library know it."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import pytest

import netdsl
from netdsl.commands import group

PACKAGE = Path(netdsl.__file__).parent

ROOMS = [
    ["", "codes", "source", "opening", "quantities", "cores", "resources", "spelling", "likeness"],
    ["uses", "diagnostics", "edits", "writing", "own_folder"],
    ["primitives"],
    ["syntax", "layers"],
    ["optimizers", "initializers", "losses", "schedules", "augmentations", "recipe"],
    ["graph"],
    ["text"],
    ["planning"],
    ["rules"],
    ["program"],
    ["counting"],
    ["gate"],
    ["formats"],
    ["backend"],
    ["data"],
    ["training"],
    ["searching"],
    ["measuring"],
    ["reports"],
    ["library"],
    ["highlighting", "server"],
    ["commands"],
]
"""The rooms of the house in the order in which data passes them; a line may share a floor."""

KERNEL_ROOMS = [
    ["target"],
    ["kernel", "numba_internals"],
    ["isa"],
    ["codegen"],
    ["codegen/gemm"],
    ["codegen/conv", "codegen/winograd"],
    ["codegen/fusion"],
    ["schedule"],
    ["compile"],
    ["runtime"],
    ["backend"],
    ["tools"],
]
"""The rooms of the compiled backend, in the order in which a program passes them."""

NETWORK_ROOMS = [
    ["layer_patterns"],
    ["network"],
    ["expressions"],
    ["options"],
    ["expanded_layers"],
    ["names"],
    ["papers", "sheets"],
    ["statements"],
    ["macros"],
    ["draft"],
    ["resolve"],
]
"""The rooms between a tree and its network: each says what the earlier ones leave open."""

SUBCOMMANDS = sorted(path.stem for path in (PACKAGE / "commands").glob("*.py") if path.stem[0] != "_")

COMMAND_ROOMS = [
    ["console"],
    ["checking", "running"],
    ["searching"],
    SUBCOMMANDS,
    ["manual"],
    ["__main__"],
]
"""What subcommands share, then each of them, which knows no other."""

INNER_ROOMS = {"graph": NETWORK_ROOMS, "backend/numba": KERNEL_ROOMS, "commands": COMMAND_ROOMS}
"""Rooms that have rooms inside, by their folder."""

TOLD = {"graph": "## From tree", "backend/numba": "## How a step", "commands": "## Commands"}
"""The chapters of ARCHITECTURE.md that have a table of rooms."""

FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}

ONLY_IN = {
    "click": ["commands"],
    "rich": ["commands"],
    "numba": ["backend/numba"],
    "llvmlite": ["backend/numba"],
    "lark": ["syntax/generate.py"],
    "torch": ["backend/torch"],
    "optuna": ["searching/bayes.py"],
    "pygls": ["server/protocol.py"],
    "lsprotocol": ["server/protocol.py", "server/lsp_types.py"],
    "pygments": ["highlighting/lexer.py"],
}


FRONT_DOOR = PACKAGE / "__init__.py"
"""Names what Python programs use, for type checkers, and loads each when it is first used."""


def _modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != FRONT_DOOR)


@cache
def _imported(path: Path) -> set[str]:
    """Dotted names of everything a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            found.add(node.module)
    return found


def _room(dotted: str) -> str:
    return [*dotted.split("."), ""][1]


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    relative = path.relative_to(PACKAGE)
    own = relative.parts[0].removesuffix(".py").replace("__init__", "")
    assert own in FLOOR, f"{relative} stands in no room: add it to ROOMS"
    for name in _imported(path):
        if name.split(".")[0] == "netdsl":
            assert FLOOR[_room(name)] <= FLOOR[own], f"{relative} imports {name} from a later room"


def _inner_room(house: str, dotted: str) -> str:
    """The innermost room of a folder with ``INNER_ROOMS`` that a module below it stands in."""
    path = dotted.removeprefix(f"netdsl.{house.replace('/', '.')}.").replace(".", "/")
    rooms = [room for rooms in INNER_ROOMS[house] for room in rooms]
    found = [room for room in rooms if f"{path}/".startswith(f"{room}/")]
    assert found, f"{dotted} stands in no room of {house}: add it to INNER_ROOMS"
    return max(found, key=len)


def _inner_arrows(house: str) -> set[tuple[str, str]]:
    """Which room of a folder with rooms inside imports from which."""
    found = set()
    for path in (PACKAGE / house).rglob("*.py"):
        if path == PACKAGE / house / "__init__.py":
            continue
        own = path.relative_to(PACKAGE.parent).with_suffix("").as_posix().removesuffix("/__init__")
        for name in _imported(path):
            if name.startswith(f"netdsl.{house.replace('/', '.')}."):
                found.add((_inner_room(house, own.replace("/", ".")), _inner_room(house, name)))
    return {(room, other) for room, other in found if room != other}


@pytest.mark.parametrize("house", INNER_ROOMS)
def test_imports_go_one_way_inside(house: str) -> None:
    floor = {room: number for number, rooms in enumerate(INNER_ROOMS[house]) for room in rooms}
    up = [f"{room} -> {other}" for room, other in _inner_arrows(house) if floor[other] >= floor[room]]
    assert not up, sorted(up)


@pytest.mark.parametrize("house", TOLD)
def test_architecture_tells_of_every_room(house: str) -> None:
    text = (PACKAGE.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition(TOLD[house])[2].partition("\n## ")[0]
    firsts = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    told = {name.rstrip("/") for name in firsts.split("`")[1::2]}
    rooms = {room.partition("/")[0] for rooms in INNER_ROOMS[house] for room in rooms}
    known = {"resolve", "__main__", *SUBCOMMANDS}  # what runs the others, and what the README lists
    assert rooms - known <= told, rooms - told - known


def test_each_file_of_the_commands_is_a_subcommand() -> None:
    """What they share stands in a room below, so that a subcommand is one file, found by being there."""
    found = group.list_commands(click.Context(group))
    assert [name.replace("-", "_") for name in found] == [name.rstrip("_") for name in SUBCOMMANDS]


@pytest.mark.parametrize("library", ONLY_IN)
def test_libraries_stay_in_their_rooms(library: str) -> None:
    for path in _modules():
        relative = path.relative_to(PACKAGE).as_posix()
        known = any(name.split(".")[0] == library for name in _imported(path))
        assert not known or any(relative.startswith(prefix) for prefix in ONLY_IN[library]), relative


@pytest.mark.parametrize("room", ["graph", "text", "planning", "rules", "reports"])
def test_phases_name_no_kind_of_layer(room: str) -> None:
    shared = {
        "netdsl.layers.alike",
        "netdsl.layers.dialect",
        "netdsl.layers.layer",
        "netdsl.layers.option",
        "netdsl.layers.project",
        "netdsl.layers.taps",
        "netdsl.layers.registry",
        "netdsl.layers.sliding",
    }
    for path in (PACKAGE / room).rglob("*.py"):
        named = {name for name in _imported(path) if name.startswith("netdsl.layers")}
        assert named <= shared, f"{path}: {named - shared}"


def test_check_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from netdsl.commands import run\n"
        "assert run(['check', 'lenet']) == 0\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert not loaded & {"dataclasses", "difflib", "logging", "tomllib", "asyncio", "subprocess"}
    # Everything else of the outside must be the command line's own library; what sites add to every
    # process of an environment (hooks of installers) starts with an underscore.
    outside = {name for name in loaded - sys.stdlib_module_names if not name.startswith("_")}
    assert outside == {"click", "netdsl"}


if __name__ == "__main__":
    for house in INNER_ROOMS:
        print(f"{house}:")
        for room, other in sorted(_inner_arrows(house)):
            print(f"  {room} -> {other}")
