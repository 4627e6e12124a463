"""Targets: which this machine runs, and in which process kernels of another one are compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.backend.numba import target as targets
from netdsl.backend.numba.compile.object_file import read_code
from netdsl.backend.numba.compile.worker_pool import Elsewhere, code_path
from netdsl.backend.numba.isa import process_target
from netdsl.backend.numba.kernel import (
    Kernel,
    Launch,
    Numbers,
    PerWorker,
    Pointer,
    Real,
    Scratch,
    Unsigned,
    named,
    named_after,
)
from netdsl.backend.numba.schedule.aliasing import share_in_place
from netdsl.backend.numba.target import AVX2, AVX512, NEON, SSE, Target, host
from netdsl.primitives.tensor import Tensor


@pytest.mark.parametrize(
    ("features", "triple", "runs"),
    [
        ({"avx512f": True, "avx512vl": True, "avx2": True, "fma": True}, "x86_64-linux", (AVX512, AVX2, SSE)),
        ({"avx512f": True, "avx2": True, "fma": True}, "x86_64-linux", (AVX2, SSE)),
        ({"avx2": True}, "x86_64-linux", (SSE,)),
        ({}, "x86_64-linux", (SSE,)),
        ({}, "arm64-apple-darwin", (NEON,)),
        ({}, "aarch64-linux", (NEON,)),
    ],
)
def test_a_machine_runs_its_widest_vectors_first(
    features: dict[str, bool], triple: str, runs: tuple[Target, ...]
) -> None:
    assert targets._targets(features, triple) == runs


def test_a_process_has_words_for_one_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_target, "_chosen", [])
    process_target.compile_for("sse")
    process_target.compile_for("sse")
    assert process_target.process_target() == SSE
    with pytest.raises(ValueError, match="compiles for sse, not for neon"):
        process_target.compile_for("neon")


@pytest.mark.slow
@pytest.mark.skipif(not host().targets[1:], reason="this machine runs one target alone")
def test_a_process_for_another_target_is_started_again(tmp_path: Path) -> None:
    other = Elsewhere(host().targets[1])
    for number in range(2):
        text = f"def k{number}(arguments, first, last, worker):\n    store(arguments, number({number}.0))\n"
        other.compile(tmp_path, [(f"k{number}_symbol", Kernel(f"k{number}", text))])
        assert read_code(code_path(tmp_path, f"k{number}_symbol"))
        other._processes[-1].kill()
        other._processes[-1].wait()


def test_one_declaration_writes_both_sides_of_a_call() -> None:
    x = Tensor("x", (3,))
    given = named(x=x, n=7, k=Real(0.5), own=PerWorker(9), seed=Unsigned(x), table=Numbers((1, 2)), last=4)
    assert given.values == (Pointer(x), 7, Real(0.5), Scratch(), 9, Pointer(x), 1, 2, 4)
    assert given.lines == [
        "x = integer(arguments, 0)",
        "n = integer(arguments, 1)",
        "k = real(arguments, 2)",
        "own = integer(arguments, 3) + worker * integer(arguments, 4) * 4",
        "seed = load_unsigned(integer(arguments, 5))",
        "table = arguments + 48",
        "last = integer(arguments, 8)",
    ]
    assert given.read("last", "n") == ["last = integer(arguments, 8)", "n = integer(arguments, 1)"]
    assert named_after(len(given.values), y=x).lines == ["y = integer(arguments, 9)"]


@pytest.mark.parametrize("in_order", [True, False])
def test_what_may_share_a_buffer_is_said_by_the_launch(in_order: bool) -> None:
    """Whatever its kernel is called."""
    x, y = Tensor("x", (3,)), Tensor("y", (3,))
    made = Kernel("elementwise_of_another_kind", "")
    first = Launch(made, (Pointer(x),), 1, (x,))
    second = Launch(made, (Pointer(x), Pointer(y)), 1, (y,), in_order=in_order)
    owner: dict[Tensor, Tensor] = {}
    share_in_place([first, second], owner, [])
    assert owner == ({y: x} if in_order else {})
