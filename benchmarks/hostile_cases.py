"""The hostile inputs of hostile_inputs.py: texts that are slow, files that are planted, data that explode."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

MiB = 1 << 20

Build = Callable[[Path, Path], tuple[list[str], dict[str, str]]]
"""Writes the input into the first folder and returns the command line and what it adds to the
environment; the second path is a file of the user that no command was given."""


class Case(NamedTuple):
    """One input and what it must get. ``forbidden`` are pieces of what may not be touched."""

    name: str
    build: Build
    codes: tuple[int, ...] = (1,)
    says: str = ""
    never: str = ""
    seconds: float = 2.0
    peak_bytes: int = 300 * MiB
    forbidden: tuple[str, ...] = ("victim", "passwd")

    def is_forbidden(self, line: str) -> bool:
        return any(piece in line for piece in self.forbidden)


def _text(text: str, *arguments: str) -> Build:
    """A network file and a command; the file's name stands behind the arguments."""

    def build(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
        (folder / "a.net").write_text(text)
        return [*arguments, "a.net"], {}

    return build


SMALL = "input 8x8x1\nFC 10\n"


def _network(*arguments: str) -> None:
    """Run netdsl to prepare an input."""
    command = [sys.executable, "-m", "netdsl.commands", *arguments]
    subprocess.run(command, check=True, capture_output=True, env=os.environ)


def _trained(folder: Path) -> Path:
    """A run folder with the checkpoints of one epoch."""
    (folder / "a.net").write_text(SMALL)
    run = folder / "run"
    _network("train", str(folder / "a.net"), "--epochs", "1", "--out", str(run))
    return run


def _rewritten(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    """A checkpoint whose description was changed by somebody who knows how to sign it."""
    from netdsl.training import tensor_file

    content, arrays = tensor_file.read(path)
    content.pop("digest", None)
    change(content)
    tensor_file.write(path, content, arrays)


def _checkpoint_of(text: str) -> Build:
    """``predict`` with a checkpoint that holds another network's text."""

    def build(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
        run = _trained(folder)
        _rewritten(run / "best.safetensors", lambda content: content.update(network=text))
        return ["predict", "run", str(next(run.glob("*.png")))], {}

    return build


def _checkpoint_data(*arguments: str) -> Build:
    """A checkpoint that names a file of its reader's as its data."""

    def build(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
        run = _trained(folder)

        def change(content: dict[str, object]) -> None:
            recipe = content["recipe"]
            assert isinstance(recipe, dict)
            recipe["data"] = str(victim.with_suffix(".csv"))

        victim.with_suffix(".csv").write_text("secret,words\n" * 3)
        for name in ("best", "last"):
            _rewritten(run / f"{name}.safetensors", change)
        return [*arguments, "run"] if arguments[0] == "eval" else [*arguments, "run", "--epochs", "2"], {}

    return build


def _overflowing(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    run = _trained(folder)
    from netdsl.training import tensor_file

    content, arrays = tensor_file.read(run / "best.safetensors")
    content.pop("digest", None)
    arrays = {name: array * 0 + 3e38 for name, array in arrays.items()}
    tensor_file.write(run / "best.safetensors", content, arrays)
    return ["eval", "run"], {}


def _planted_partial(*arguments: str) -> Build:
    """A link where a writer that is not careful puts its unfinished file."""

    def build(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
        (folder / "a.net").write_text(
            "input 8x8x1\n  FC   10 neurns\n" if "--fix" in arguments else "input 8x8x1\n  FC   10\n"
        )
        (folder / ".a.net.partial").symlink_to(victim)
        return [*arguments, "a.net"], {}

    return build


def _planted_fifo(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    (folder / "a.net").write_text("input 8x8x1\n  FC   10\n")
    os.mkfifo(folder / ".a.net.partial")
    return ["fmt", "a.net"], {}


def _planted_json(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    (folder / "a.net").write_text(SMALL)
    (folder / ".out.json.partial").symlink_to(victim)
    return ["check", "--format", "json=out.json", "a.net"], {}


def _planted_in_run(name: str, *, fifo: bool = False) -> Build:
    """A run folder with a link or a pipe in it; ``train --resume`` writes there."""

    def build(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
        run = _trained(folder)
        planted = run / name
        planted.unlink(missing_ok=True)
        if fifo:
            os.mkfifo(planted)
        else:
            planted.symlink_to(victim if name != ".lock" else victim.with_name("victim-new"))
        return ["train", "--resume", "run", "--epochs", "2"], {}

    return build


def _open_cache(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    """A cache of kernels that everybody can write."""
    cache = folder / "cache"
    (folder / "a.net").write_text(SMALL)
    old = os.environ.get("NETDSL_CACHE")
    os.environ["NETDSL_CACHE"] = str(cache)
    _network("train", str(folder / "a.net"), "--epochs", "1", "--out", str(folder / "first"))
    if old is None:
        del os.environ["NETDSL_CACHE"]
    else:
        os.environ["NETDSL_CACHE"] = old
    for path in (cache, *cache.rglob("*")):
        path.chmod(0o777)
    return ["train", "a.net", "--epochs", "1", "--out", "run"], {"NETDSL_CACHE": str(cache)}


def _relative_cache(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    (folder / "a.net").write_text(SMALL)
    (folder / "kernels").mkdir()
    return ["train", "a.net", "--epochs", "1", "--out", "run"], {"NETDSL_CACHE": "kernels"}


def _planted_module(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    """A checkout with modules of the names that a process of netdsl imports."""
    (folder / "a.net").write_text(SMALL)
    for name in ("numpy", "llvmlite", "numba", "click", "PIL", "safetensors"):
        (folder / f"{name}.py").write_text("open('../victim', 'w').write('planted')\n")
    # `python -m` would look here itself: the console script does not.
    return ["train", "a.net", "--epochs", "1", "--out", "run"], {"PYTHONSAFEPATH": "1"}


def _npy(header: bytes) -> bytes:
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header


def _npz(folder: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(folder / "data.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _described(shape: tuple[int, ...], kind: str) -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    return _npy(text.ljust(118).encode() + b"\n")


def _on_data(folder: Path, data: str) -> tuple[list[str], dict[str, str]]:
    (folder / "a.net").write_text(SMALL)
    return ["train", "a.net", "--data", data, "--epochs", "1", "--out", "run"], {}


def _long_header(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    labels = _described((10,), "|u1") + bytes(10)
    _npz(folder, {"x.npy": _npy(b" " * (600 * MiB)), "y.npy": labels})
    return _on_data(folder, "data.npz")


def _many_zeros(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    count = 8_000_000
    labels = _described((count,), "|u1") + bytes(count // 2) + bytes([1]) * (count - count // 2)
    _npz(folder, {"x.npy": _described((count, 8, 8), "|u1") + bytes(count * 64), "y.npy": labels})
    return _on_data(folder, "data.npz")


def _black_png(side: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    packer = zlib.compressobj(9)
    rows = io.BytesIO()
    row = bytes(1 + side * 3)
    for _ in range(side):
        rows.write(packer.compress(row))
    rows.write(packer.flush())
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows.getvalue()) + chunk(b"IEND", b"")
    )


def _large_pictures(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    picture = _black_png(12_000)
    for name in ("cats", "dogs"):
        (folder / "data" / name).mkdir(parents=True)
        (folder / "data" / name / "a.png").write_bytes(picture)
    return _on_data(folder, "data")


def _zeros_of_gzip(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    import gzip

    header = struct.pack(">IIII", 0x803, 60_000, 28, 28)
    with gzip.open(folder / "train-images-idx3-ubyte.gz", "wb") as file:
        file.write(header)
        for _ in range(2048):
            file.write(bytes(MiB))
    with gzip.open(folder / "train-labels-idx1-ubyte.gz", "wb") as file:
        file.write(struct.pack(">II", 0x801, 60_000) + bytes(60_000))
    return _on_data(folder, ".")


def _pipe_for_data(name: str) -> Build:
    def build(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
        os.mkfifo(folder / name)
        if "idx1" in name:
            (folder / "train-images-idx3-ubyte").write_bytes(
                struct.pack(">IIII", 0x803, 2, 8, 8) + bytes(128)
            )
        return _on_data(folder, "." if "idx" in name else name)

    return build


def _import(lines: int) -> Build:
    def build(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
        text = "[32x32x3] INPUT\n" + "[32x32x3] CONV: 3 3x3 filters at strode 1, padd 1\n" * lines
        (folder / "page.txt").write_text(text)
        return ["import", "--from", "listing", "page.txt"], {}

    return build


def _json_of(layers: int) -> Build:
    return _text(f"input 8x8x1\n[RELU]*{layers}\nFC 10\n", "check", "--format", "json")


def _use_outside(folder: Path, victim: Path) -> tuple[list[str], dict[str, str]]:
    (folder / "a.net").write_text('use "../victim"\nuse "blocks.net"\n' + SMALL)
    (folder / "blocks.net").symlink_to(victim)
    return ["check", "a.net"], {}


_EXPECTED = "input 8x8x1\n[RELU]*90000\nFC 10\n"
_TRAINING = {"seconds": 20.0, "peak_bytes": 700 * MiB}

CASES: tuple[Case, ...] = (
    Case("slow: unknown kind repeated", _text("input 8x8x1\n[FOO]*99000\nFC 10\n", "check")),
    Case(
        "slow: expect volume",
        _text(_EXPECTED + "expect volume RELU9 = 1x1x1\n" * 2000, "check"),
        peak_bytes=300 * MiB,
    ),
    Case(
        "slow: expect receptive_field",
        _text(_EXPECTED + "expect receptive_field RELU9 >= 9\n" * 2000, "check"),
    ),
    Case("slow: in a checkpoint", _checkpoint_of(_EXPECTED + "expect volume RELU9 = 1x1x1\n" * 2000)),
    Case("slow: unknown in a checkpoint", _checkpoint_of("input 8x8x1\n[FOO]*99000\nFC 10\n")),
    Case("slow: JSON of 50,000 layers", _json_of(50_000), codes=(0,)),
    # Above 50,000 layers memory is promised, and time that grows with them.
    Case("slow: JSON of 99,000 layers", _json_of(99_000), codes=(0,), seconds=6.0),
    Case("slow: import", _import(9000)),
    Case("slow: line breaks", _text("\n" * (MiB - 20) + SMALL, "check"), codes=(0,)),
    Case("slow: brackets", _text("[" * 500_000, "check")),
    Case("slow: exponent of groups", _text("input 8x8x1\n[[[RELU]*1000]*1000]*1000\n", "check")),
    Case("planted: link, fmt", _planted_partial("fmt"), codes=(0,)),
    Case("planted: link, check --fix", _planted_partial("check", "--fix", "--unsafe"), codes=(0, 1)),
    Case("planted: link, check --format", _planted_json, codes=(0,)),
    Case("planted: pipe, fmt", _planted_fifo, codes=(0,)),
    Case(
        "planted: link, train --resume", _planted_in_run(".last.safetensors.partial"), codes=(0,), **_TRAINING
    ),
    Case("planted: link, .lock", _planted_in_run(".lock"), codes=(0, 1), **_TRAINING),
    Case("planted: pipe, .lock", _planted_in_run(".lock", fifo=True), codes=(0, 1), **_TRAINING),
    Case(
        "planted: kernels", _open_cache, codes=(0,), forbidden=("load ./cache", "read ./cache"), **_TRAINING
    ),
    Case("planted: relative cache", _relative_cache, codes=(0, 1, 2), forbidden=("./kernels/",), **_TRAINING),
    Case("planted: modules", _planted_module, codes=(0,), **_TRAINING),
    Case("planted: use", _use_outside, says="ND224"),
    Case("planted: data, eval", _checkpoint_data("eval"), never="secret"),
    Case("planted: data, train --resume", _checkpoint_data("train", "--resume"), never="secret"),
    Case("not finite: eval", _overflowing, never="nan %", **_TRAINING),
    Case("exploding: npz header", _long_header),
    Case("exploding: zeros in npz", _many_zeros, codes=(0, 1), seconds=60.0, peak_bytes=3000 * MiB),
    Case("exploding: pictures", _large_pictures, codes=(0, 1), seconds=20.0, peak_bytes=700 * MiB),
    Case("exploding: gzip", _zeros_of_gzip, seconds=10.0),
    Case("pipe: IDX labels", _pipe_for_data("train-labels-idx1-ubyte")),
    Case("pipe: npz", _pipe_for_data("data.npz")),
    Case("pipe: CSV", _pipe_for_data("data.csv")),
)
