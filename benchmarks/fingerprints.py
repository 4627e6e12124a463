"""Fingerprints of what is computed: digests of all kernels, all launches and the bits after three steps.

    python benchmarks/fingerprints.py > before.txt
    ... a change of the backend that is to change nothing ...
    python benchmarks/fingerprints.py | diff before.txt -

Texts and launches are taken in every precision, training and inference, for several batches and in
every variant that tuning can name. ``--texts`` leaves out the steps, which take minutes where kernels
must be compiled.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from building import filled_store, planned
from layer_cases import LAYERS, network_of

from netdsl.backend.numba.backend import NumbaBackend
from netdsl.backend.numba.kernel import Pointer, Real, Scratch
from netdsl.backend.numba.runtime.batch_loader import fill_kernel
from netdsl.backend.numba.schedule.choice import key_of
from netdsl.backend.numba.schedule.cost_model import AnyConvolution
from netdsl.backend.numba.schedule.emission import emit
from netdsl.backend.numba.schedule.image_layout import CHANNELS, image_vector_groups, key_of_group
from netdsl.backend.numba.schedule.schedule import Layout, lay_out
from netdsl.backend.numba.schedule.variants import variants_of
from netdsl.backend.numba.target import TARGETS, Target, host
from netdsl.backend.session import Images
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.program.lower import inference_program, training_program
from netdsl.program.program import PLAIN, Numerics, Program

NETWORKS = {"LeNet-5": "lenet", "ResNet-20": "resnet20-cifar", "DenseNet-40": "densenet40-cifar"}
BATCHES = (5, 32)
STEPS = 3
BATCH = 16
"""Images of the networks' steps, which fill vectors of every width."""

LOSS, OPTIMIZER = losses()["cross-entropy"], Sgd(decay=0.01)


def plans() -> Iterator[tuple[str, Plan, tuple[int, ...]]]:
    """Networks and cases of layers by name, with the batches for which they are laid out."""
    nets = Path(__file__).parent.parent / "nets"
    for name, file in NETWORKS.items():
        plan = load_plan((nets / f"{file}.net").read_text(encoding="utf-8")).plan
        assert plan is not None
        yield name, plan, (BATCH,)
    for name in LAYERS:
        yield name, planned(*network_of(name)), BATCHES


def programs(plan: Plan, batch: int) -> Iterator[Program]:
    """Training and inference in all ways to compute them."""
    for numerics in (PLAIN, Numerics(exact=True), Numerics(precision="bf16")):
        yield training_program(plan, batch, loss=LOSS, optimizer=OPTIMIZER, numerics=numerics)
        yield inference_program(plan, batch, loss=LOSS, numerics=numerics)


def in_channels(program: Program, target: Target) -> Program:
    """The program with no layers whose vectors are images."""
    groups = image_vector_groups(program, target)
    return program.in_variants({key_of_group(group, program): CHANNELS for group in groups})


def variants(program: Program, target: Target) -> Iterator[str]:
    """The kernels of every variant of each convolution."""
    numerics = program.numerics
    seen = set()
    for operation in program.operations:
        if not isinstance(operation, AnyConvolution):
            continue
        key = key_of(operation, program.batch, numerics)
        if key in seen:
            continue
        seen.add(key)
        for name in variants_of(operation, program.batch, target, numerics):
            launches = emit(operation, program.batch, target, numerics._replace(variants={key: name}))
            yield from (
                f"{key} {name} {launch.kernel.text} {launch.items} {launch.note}" for launch in launches
            )


def texts(layout: Layout) -> Iterator[str]:
    """All kernels, in the order of the launches."""
    for launch in layout.launches:
        yield f"{launch.kernel.name} {launch.kernel.arguments}\n{launch.kernel.text}"


def calls(layout: Layout) -> Iterator[str]:
    """All launches, with the place of each tensor in the arena."""

    def address(tensor: object) -> str:
        owner = layout.owner.get(tensor, tensor)  # type: ignore[call-overload]
        slot = layout.memory.slots.get(owner)
        return f"{tensor!r}@{owner!r}@{slot.offset_bytes if slot else ''}"

    for launch in layout.launches:
        arguments = [
            address(argument.tensor)
            if isinstance(argument, Pointer)
            else repr(argument.value)
            if isinstance(argument, Real)
            else "scratch"
            if isinstance(argument, Scratch)
            else str(argument)
            for argument in launch.arguments
        ]
        written = [address(tensor) for tensor in launch.writes]
        yield f"{arguments} {launch.items} {written} {launch.scratch_floats}"
        yield f"{launch.origin} {launch.phase} {launch.note}"
    yield f"{layout.memory.arena_bytes} {layout.scratch_floats}"


def digest(parts: Iterable[str | bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode() if isinstance(part, str) else part)
        found.update(b"\0")
    return found.hexdigest()[:16]


def steps(program: Program, target: Target, threads: int) -> Iterator[bytes]:
    """What is stored and the loss after some training steps."""
    store = filled_store(program, seed=3)
    session = NumbaBackend(target).bind(program, store, threads)
    generator = np.random.default_rng(5)
    for step in range(STEPS):
        session.inputs["x"][...] = generator.normal(size=session.inputs["x"].shape)
        classes = session.inputs["target"].shape[1]
        session.inputs["target"][...] = np.eye(classes)[generator.integers(classes, size=program.batch)]
        session.inputs["rate"][...] = 0.05
        if "seed" in session.inputs:
            session.inputs["seed"][...] = step
        session.run()
        yield session.outputs["loss"].tobytes()
    for name in sorted(store):
        yield store[name].tobytes()


def filling() -> Iterator[str]:
    """The kernels that prepare batches."""
    for kind in (np.uint8, np.float32):
        pixels = np.zeros((1, 1, 1, 1), kind)
        none = np.zeros(1, np.float32)
        images = Images(pixels, np.zeros(1, np.int64), none, none, none)
        for changes in (False, True):
            yield fill_kernel(images, changes=changes).text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", action="store_true", help="texts and launches alone")
    parser.add_argument("--only", choices=TARGETS, help="one target alone")
    parser.add_argument("--threads", type=int, default=2)
    chosen = parser.parse_args()
    for target in [TARGETS[chosen.only]] if chosen.only else TARGETS.values():
        for line in lines(target, 0 if chosen.texts or target not in host().targets else chosen.threads):
            print(f"{target.name} {line}", flush=True)


def lines(target: Target, threads: int) -> Iterator[str]:
    """What is printed of a target; of what it computes only where there are ``threads``."""
    yield f"filling {digest(filling())}"
    for name, plan, batches in plans():
        for batch in batches:
            found = list(programs(plan, batch))
            found += [in_channels(program, target) for program in found]
            layouts = [lay_out(program, target) for program in found]
            yield (
                f"{name} {batch}: texts {digest(text for one in layouts for text in texts(one))}, "
                f"launches {digest(call for one in layouts for call in calls(one))}, "
                f"variants {digest(text for program in found for text in variants(program, target))}"
            )
            if threads:
                yield f"{name} {batch}: bits {digest(steps(found[0], target, threads))}"


if __name__ == "__main__":
    main()
