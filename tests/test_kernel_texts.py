"""Kernels for every target have the text that stands in tests/kernels; `pytest --update` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from building import planned
from layer_cases import conv, image

from netdsl.backend.numba.schedule.schedule import PASSES, lay_out, scheduled
from netdsl.backend.numba.target import TARGETS, Target, host
from netdsl.commands import compile as compile_command
from netdsl.commands import run
from netdsl.layers.fc import FullyConnected
from netdsl.layers.max_pool import MaxPool
from netdsl.layers.relu import Relu
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.program.lower import training_program
from netdsl.program.program import Program
from netdsl.quantities import Size

FOLDER = Path(__file__).parent / "kernels"

NETWORKS = {
    "first layers on vectors of images": ((image(8, 8, 3), conv(6, (3, 3), pad=1), Relu()), 16),
    "a convolution of a stride": ((image(9, 9, 20), conv(33, (3, 3), stride=2, pad=1), Relu()), 3),
    "Winograd's convolution": ((image(12, 12, 32), conv(32, (3, 3), pad=1), Relu()), 8),
    "a large fully connected layer": (
        (image(6, 6, 10), MaxPool(kernel=Size(2, 2)), FullyConnected(neurons=300), Relu()),
        5,
    ),
}
"""Layers below a fully connected one, and images per step."""

KINDS = (
    "lanes_convolve",
    "lanes_weight_gradient",
    "convolve_formula",
    "weight_gradient",
    "winograd_formula",
    "product_formula",
    "product_update",
    "elementwise",
)
"""Of each kind of kernel the first is kept."""


def program_of(name: str) -> Program:
    layers, batch = NETWORKS[name]
    plan = planned(*layers, FullyConnected(neurons=4))
    return training_program(plan, batch, loss=losses()["cross-entropy"], optimizer=Sgd(momentum=0.9))


def written(target: Target) -> str:
    """The first kernel of each kind, under the network that needs it."""
    missing = set(KINDS)
    parts = []
    for name in NETWORKS:
        for launch in lay_out(program_of(name), target).launches:
            kind = launch.kernel.name.rpartition("_")[0]
            if kind in missing:
                missing.remove(kind)
                parts.append(f"# {name}\n{launch.kernel.text.rstrip()}")
    assert not missing
    return "\n\n\n".join(parts) + "\n"


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_kernels_have_the_text_that_they_had(target: Target, pytestconfig: pytest.Config) -> None:
    """A change of any text changes what is compiled, maybe the bits of a result: look at the difference."""
    path, text = FOLDER / f"{target.name}.txt", written(target)
    if pytestconfig.getoption("--update"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_targets_differ_where_registers_do() -> None:
    """SSE and NEON have vectors of the same width, but tiles of other sizes."""
    assert len({written(target) for target in TARGETS.values()}) == len(TARGETS)


# --- the passes ----------------------------------------------------------------------------------


def test_a_pass_is_run_by_itself() -> None:
    """Each pass takes what the ones before it left, and its groups are what the last one found."""
    program = program_of("a large fully connected layer")
    before = scheduled(program, TARGETS["avx2"], ())
    assert [group.operations for group in before.groups] == [(one,) for one in program.operations]
    counts = []
    for number, one in enumerate(PASSES):
        after = one(before)
        assert after == scheduled(program, TARGETS["avx2"], PASSES[: number + 1]), one.__name__
        operations = [
            operation
            for group in after.groups
            for operation in (*group.operations, *([group.before] if group.before else []))
        ]
        assert sorted(map(repr, operations)) == sorted(map(repr, program.operations)), one.__name__
        counts.append(len(after.groups))
        before = after
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) > 2


# --- netdsl compile ------------------------------------------------------------------------------


def test_the_command_names_what_there_is() -> None:
    """It must not load NumPy or LLVM to print its help, so names stand there twice."""
    from netdsl.backend.numba.tools.dump import LISTINGS

    assert tuple(LISTINGS) == compile_command.LISTINGS
    assert tuple(TARGETS) == compile_command.TARGETS


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("form", compile_command.LISTINGS)
def test_every_listing_for_every_target(form: str, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compile", "lenet", f"--emit={form}", "--target", target, "--batch", "16"]) == 0
    printed = capsys.readouterr().out
    assert (f"for {target}" in printed or f'compile_for("{target}")' in printed) is (form != "program")
    assert ("def pack_weights(" in printed) is (form in ("module", "kernels"))
    assert ("elementwise(" in printed) is (form in ("program", "schedule"))


def test_emit_stands_alone_wherever_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    printed = set()
    for arguments in (["--emit", "lenet"], ["lenet", "--emit"], ["lenet", "--emit", "module"]):
        assert run(["compile", *arguments]) == 0
        printed.add(capsys.readouterr().out)
    assert len(printed) == 1


def test_what_a_target_cannot_do_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    foreign = next(name for name, target in TARGETS.items() if target not in host().targets)
    narrow = next(name for name, target in TARGETS.items() if name != "avx512" and target != host().target)
    for arguments, told in (
        (["--target", foreign], f"not for {foreign}; --emit works for every target"),
        (["--target", foreign, "--emit", "--autotune"], "--autotune measures on this machine"),
        (
            ["--target", narrow, "--emit", "--precision", "bf16"],
            f"kernels for {narrow} cannot multiply bfloat16",
        ),
        (["--target", "z80"], "'z80' is not one of"),
        (["--emit=text"], "'text' is not one of"),
    ):
        assert run(["compile", "lenet", *arguments]) == 2
        assert told in capsys.readouterr().err
