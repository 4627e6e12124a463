"""Forms of convolutions and --autotune: every form computes the same, choices are kept and used. Nothing
here depends on speed: where a form is to win, the test says so."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import one_operation
import pytest
from building import planned
from layer_cases import conv, image

from netdsl.backend import backend
from netdsl.backend.numba.schedule.choice import MODEL, choose, key_of
from netdsl.backend.numba.schedule.emission import emit
from netdsl.backend.numba.schedule.image_layout import (
    CHANNELS,
    IMAGES,
    image_vector_groups,
    key_of_group,
    operations_on_image_vectors,
)
from netdsl.backend.numba.schedule.schedule import lay_out
from netdsl.backend.numba.schedule.variants import variants_of
from netdsl.backend.numba.target import TARGETS, Target, host
from netdsl.backend.numba.tools import tuning_cache as tuned
from netdsl.commands import run
from netdsl.commands.running.tuned_run import variants_warning
from netdsl.layers.fc import FullyConnected
from netdsl.layers.relu import Relu
from netdsl.losses import losses
from netdsl.measuring import rounds, tuning
from netdsl.measuring.tuning import tune, unknown_variants
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.primitives.convolution import (
    Convolution,
    ConvolutionInputGradient,
    ConvolutionWeightGradient,
    Geometry,
)
from netdsl.primitives.matmul import Matmul, MatmulInputGradient
from netdsl.primitives.tensor import Tensor
from netdsl.program.lower import training_program
from netdsl.program.program import Numerics, Program
from netdsl.quantities import PRECISIONS, Padding, Size
from netdsl.recipe.recipe import Recipe
from netdsl.training.checkpoint import load
from netdsl.training.run import new_run

pytestmark = pytest.mark.slow

BATCH = 3
KINDS = [Convolution, ConvolutionInputGradient, ConvolutionWeightGradient]

SHAPES = {
    "same": ((3, 3), (8, 8), 40, 50, Geometry(Size(1, 1), Padding(1, 1, 1, 1))),
    "narrow": ((3, 3), (9, 5), 3, 7, Geometry(Size(1, 1), Padding(0, 1, 2, 0))),
    "stride": ((3, 3), (11, 14), 20, 36, Geometry(Size(2, 2), Padding(1, 1, 1, 1))),
    "product": ((1, 1), (7, 6), 33, 50, Geometry(Size(1, 1), Padding(0, 0, 0, 0))),
    "whole": ((4, 5), (4, 5), 6, 35, Geometry(Size(1, 1), Padding(0, 0, 0, 0))),
    "groups": ((3, 3), (7, 8), 8, 40, Geometry(Size(1, 1), Padding(1, 1, 1, 1), groups=2)),
    "dilation": ((3, 3), (9, 10), 4, 34, Geometry(Size(1, 1), Padding(2, 2, 2, 2), dilation=Size(2, 2))),
}
"""Kernel, image, channels, filters, geometry."""


def operation(name: str, kind: type):
    """One direction of a convolution of ``SHAPES``."""
    (high, wide), (height, width), channels, filters, geometry = SHAPES[name]
    pads, stride, dilation = geometry.padding, geometry.stride, geometry.dilation
    x = Tensor("x", (height, width, channels))
    w = Tensor("w", (high, wide, channels // geometry.groups, filters), batched=False)
    rows = (height + pads.top + pads.bottom - dilation.height * (high - 1) - 1) // stride.height + 1
    columns = (width + pads.left + pads.right - dilation.width * (wide - 1) - 1) // stride.width + 1
    y = Tensor("y", (rows, columns, filters))
    if kind is Convolution:
        return Convolution(y, x, w, geometry)
    if kind is ConvolutionInputGradient:
        return ConvolutionInputGradient(x, y, w, geometry)
    return ConvolutionWeightGradient(w, x, y, geometry)


def program_of(op, variants: dict[str, str], precision: str = "float32") -> Program:
    return one_operation.program_of(op, BATCH, precision=precision, variants=variants)


def computed(op, form: str, values: dict[str, np.ndarray], threads: int, precision: str) -> np.ndarray:
    program = program_of(op, {key_of(op, BATCH, Numerics(precision=precision)): form}, precision)
    assert lay_out(program).launches[-1].note.endswith(f", {form}")
    return one_operation.computed(program, values, threads)


# --- forms ---------------------------------------------------------------------------------------


def _with_precisions() -> Iterator[object]:
    """In bfloat16, of which test_bfloat16 has other shapes, CI tries all."""
    for name in SHAPES:
        for precision in PRECISIONS:
            marks = pytest.mark.ci if precision == "bf16" and name not in ("same", "stride") else ()
            yield pytest.param(name, precision, marks=marks)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize(("name", "precision"), [*_with_precisions()])
def test_every_form_computes_the_same(name: str, kind: type, precision: str) -> None:
    if precision == "bf16" and not host().bfloat16:
        pytest.skip("this processor does not multiply bfloat16")
    op = operation(name, kind)
    values = one_operation.drawn(op, BATCH, seed=5)
    wanted = one_operation.doubled(op, values, BATCH)
    for form in variants_of(op, BATCH, host().target, Numerics(precision=precision)):
        one, *others = (computed(op, form, values, threads, precision) for threads in (1, 2, 4))
        error = 2e-2 if form.endswith("in bfloat16") else 2e-5
        np.testing.assert_allclose(one, wanted, rtol=5 * error, atol=error * abs(wanted).max(), err_msg=form)
        assert all(other.tobytes() == one.tobytes() for other in others), form


def matrix_product(kind: type, inputs: int, outputs: int):
    """A fully connected layer, or the gradient of its input."""
    x, y = Tensor("x", (1, 1, inputs)), Tensor("y", (1, 1, outputs))
    w = Tensor("w", (inputs, outputs), batched=False)
    return Matmul(y, x, w) if kind is Matmul else MatmulInputGradient(x, y, w)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", [Matmul, MatmulInputGradient], ids=lambda kind: kind.name)
def test_every_variant_of_a_matrix_product_computes_the_same(kind: type, precision: str) -> None:
    if precision == "bf16" and not host().bfloat16:
        pytest.skip("this processor does not multiply bfloat16")
    op = matrix_product(kind, 70, 90)
    values = one_operation.drawn(op, BATCH, seed=5)
    wanted = one_operation.doubled(op, values, BATCH)
    found = variants_of(op, BATCH, host().target, Numerics(precision=precision))
    assert {"packed product", "dot product" if kind is MatmulInputGradient else "product 8x3"} & found.keys()
    for name in found:
        one, *others = (computed(op, name, values, threads, precision) for threads in (1, 2))
        error = 2e-2 if name.endswith("in bfloat16") else 2e-5
        np.testing.assert_allclose(one, wanted, rtol=5 * error, atol=error * abs(wanted).max(), err_msg=name)
        assert all(other.tobytes() == one.tobytes() for other in others), name


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("batch", [1, 32, 256])
def test_the_model_chooses_one_of_the_variants(batch: int, target: Target) -> None:
    """What tuning does not see would never be measured."""
    ops = [matrix_product(kind, 300, size) for kind in (Matmul, MatmulInputGradient) for size in (10, 4000)]
    ops += [operation(name, kind) for name in SHAPES for kind in KINDS]
    for op in ops:
        for numerics in (Numerics(), Numerics(exact=True)):
            found = variants_of(op, batch, target, numerics)
            chosen = choose(op, batch, target, numerics).name.partition(" ")[0]
            assert any(name.startswith(chosen) for name in found) or chosen == "dilated", (op, chosen, found)


def test_there_is_something_to_choose_from() -> None:
    for kind in KINDS:
        found = variants_of(operation("same", kind), BATCH, host().target)
        assert len([form for form in found if form.startswith("direct")]) >= 2
        assert any(form.startswith("Winograd") for form in found)
        assert not any(
            form.startswith("Winograd")
            for form in variants_of(operation("same", kind), BATCH, host().target, Numerics(exact=True))
        )
    assert "dot product" in variants_of(operation("product", ConvolutionInputGradient), BATCH, host().target)


def kernels(op, variants: dict[str, str], *, exact: bool = False) -> list[object]:
    return [
        launch.kernel for launch in emit(op, BATCH, host().target, Numerics(exact=exact, variants=variants))
    ]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    "form", [MODEL, "", "direct 7x9", "Winograd's F(9x9, 3x3)", "__import__('os')", "direct"]
)
def test_forms_that_there_are_not_follow_the_model(kind: type, form: str) -> None:
    op = operation("same", kind)
    assert kernels(op, {key_of(op, BATCH): form}) == kernels(op, {})


def test_exact_refuses_winograds_forms() -> None:
    op = operation("same", Convolution)
    (winograds, *_) = [form for form in variants_of(op, BATCH, host().target) if form.startswith("Winograd")]
    variants = {key_of(op, BATCH, Numerics(exact)): winograds for exact in (False, True)}
    assert any("winograd" in kernel.name for kernel in kernels(op, variants))
    assert kernels(op, variants, exact=True) == kernels(op, {}, exact=True)


def test_a_choice_is_for_its_sizes_alone() -> None:
    op = operation("same", Convolution)
    variants = {key_of(op, BATCH + 1): "direct 1x1", key_of(op, BATCH, Numerics(exact=True)): "direct 1x1"}
    assert kernels(op, variants) == kernels(op, {})


# --- groups of layers on vectors of images --------------------------------------------------------

LAYERS = (
    image(10, 9, 3),
    conv(2 * host().target.width, (3, 3), pad=1),
    Relu(),
    conv(6, (3, 3)),
    Relu(),
    FullyConnected(neurons=4),
)


def trained(program: Program, threads: int = 2) -> dict[str, np.ndarray]:
    return one_operation.trained(program, threads=threads, rate=0.02)[0]


def training(batch: int = 2 * host().target.width, *, exact: bool = False) -> Program:
    loss, optimizer = losses()["cross-entropy"], Sgd(decay=1e-3)
    return training_program(
        planned(*LAYERS), batch, loss=loss, optimizer=optimizer, numerics=Numerics(exact=exact)
    )


def test_a_group_takes_the_form_that_is_asked_for() -> None:
    program = training()
    (group,) = image_vector_groups(program, host().target)
    key = key_of_group(group, program)
    images, channels = (program.in_variants({key: form}) for form in (IMAGES, CHANNELS))
    assert (
        operations_on_image_vectors(images, host().target)
        == operations_on_image_vectors(program, host().target)
        == frozenset(group)
    )
    assert operations_on_image_vectors(channels, host().target) == frozenset()
    assert operations_on_image_vectors(program.in_variants({key: "rows"}), host().target) == frozenset(group)
    wanted = trained(images)
    for name, array in trained(channels).items():
        np.testing.assert_allclose(array, wanted[name], rtol=2e-4, atol=2e-5, err_msg=name)


def test_no_group_where_images_do_not_fill_vectors() -> None:
    assert image_vector_groups(training(batch=2 * host().target.width + 1), host().target) == []


# --- tuning --------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for what tuning finds, and turns of one step."""
    monkeypatch.setattr(tuned, "cache_folder", lambda: tmp_path / "kernels")
    monkeypatch.setattr(rounds, "REST_SECONDS", 0)
    monkeypatch.setattr(tuning, "TURN_SECONDS", 0)
    return tmp_path / "kernels"


def winning(monkeypatch: pytest.MonkeyPatch, wins: Callable[[str], bool]) -> None:
    """Have the last form for which ``wins`` be measured as twice as fast as all others."""

    def shares(steps, rounds):
        winners = [name for name in steps if wins(name)][-1:]
        return {name: [0.5 if name in winners else 1.0] * rounds for name in steps}

    monkeypatch.setattr(tuning, "_shares", shares)


def fail(*_: object) -> None:
    raise AssertionError("nothing is to be measured here")


def test_what_is_found_is_kept_and_used(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = training()
    winning(monkeypatch, lambda name: name.startswith("direct") or name == CHANNELS)
    found = tune([program], 2)
    (file,) = kept.iterdir()
    written = json.loads(file.read_text())
    assert {key: form for key, form in written.items() if form != MODEL} == found.variants
    assert found.changed == len(found.variants) > 1
    assert (found.known, found.groups, found.problem) == (0, 1, "")
    assert found.products + found.groups == len(written)
    notes = [launch.note for launch in lay_out(program.in_variants(found.variants)).launches]
    direct = {note.split("; ")[0].rpartition(", ")[2] for note in notes if ", direct " in note}
    assert direct == {form for form in found.variants.values() if form.startswith("direct")}
    # Another number of threads finds the same, and measures nothing.
    monkeypatch.setattr(tuning, "_shares", fail)
    again = tune([program], 1)
    assert again.variants == found.variants
    assert again.known == again.products + again.groups
    plain, one, two = (
        trained(program.in_variants(variants), threads)
        for variants, threads in (({}, 2), (found.variants, 1), (found.variants, 2))
    )
    for name, array in plain.items():
        assert one[name].tobytes() == two[name].tobytes()
        np.testing.assert_allclose(one[name], array, rtol=2e-4, atol=2e-5, err_msg=name)


def test_measuring_for_real(kept: Path) -> None:
    found = tune([training()], 1)
    assert re.fullmatch(r"autotune: \d products and 1 group of layers, \d changed, \d+\.\d s", str(found)), (
        str(found)
    )
    assert len(list(kept.iterdir())) == 1


def test_what_was_measured_before_an_interruption_is_kept(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([MODEL])

    def impatient(*_: object) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(tuning, "_fastest", impatient)
    with pytest.raises(KeyboardInterrupt):
        tune([training()], 1)
    assert list(tuned.load_tuned().values()) == [MODEL]


@pytest.mark.parametrize(
    ("shares", "form"),
    [
        ([0.9] * tuning.LAST_ROUNDS, "other"),
        ([0.97] * tuning.LAST_ROUNDS, MODEL),
        ([0.5] * 6 + [1.5] * 3, MODEL),
        ([0.5] * 7 + [9.0] * 2, "other"),
    ],
)
def test_only_a_clear_win_counts(monkeypatch: pytest.MonkeyPatch, shares: list[float], form: str) -> None:
    def measured(steps, rounds):
        again = shares if rounds == tuning.LAST_ROUNDS else [0.5] * rounds
        return {MODEL: [1.0] * rounds, "other": again}

    monkeypatch.setattr(tuning, "_shares", measured)
    op = operation("narrow", Convolution)
    program = program_of(op, {})
    monkeypatch.setattr(tuning, "random_store", lambda _: {})
    assert tuning._fastest({MODEL: program, "other": program}, 1) == form


def test_what_has_no_room_stays_with_the_model(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(tuning, "random_store", no_room)
    found = tune([training()], 1)
    assert found.variants == {}
    assert not kept.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1, 2]", b"\xff\xfe", b'{"a": 1}', b"[" * 100_000, b"null"], ids=range(7)
)
def test_a_damaged_file_is_as_good_as_none(
    kept: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    winning(monkeypatch, lambda name: False)
    kept.mkdir()
    tuned.tuned_path().write_bytes(content)
    assert tuned.load_tuned() == {}
    assert tune([training()], 1).known == 0
    assert len(tuned.load_tuned()) > 1
    assert [path.suffix for path in kept.iterdir()] == [".json"]


def test_forms_that_are_none_are_measured_again(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    winning(monkeypatch, lambda name: False)
    program = training()
    everything = tune([program], 1)
    tuned.save_tuned(dict.fromkeys(tuned.load_tuned(), "F(1x1, 1x1)"))
    again = tune([program], 1)
    assert (again.known, again.variants) == (0, {})
    assert again.products == everything.products


def test_what_others_found_stays(kept: Path) -> None:
    tuned.save_tuned({"a": "direct 1x1"})
    tuned.save_tuned({"b": "direct 1x2"})
    assert tuned.load_tuned() == {"a": "direct 1x1", "b": "direct 1x2"}


def test_a_place_where_nothing_can_be_written(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.write_text("no folder")
    winning(monkeypatch, lambda name: False)
    found = tune([training()], 1)
    assert "not saved for the next run" in str(found)
    assert found.problem


# --- commands ------------------------------------------------------------------------------------

NETWORK = """net small
input 8x8x1
CONV1: 40 3x3 pad 1
RELU
CONV2: 20 3x3
RELU
FC1: 10
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.net").write_text(NETWORK)
    return tmp_path


def states(folder: str) -> list[bytes]:
    return [Path(folder, f"{name}.safetensors").read_bytes() for name in ("best", "last")]


def test_a_run_goes_on_in_its_own_forms(
    workspace: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    winning(monkeypatch, lambda name: name.startswith("direct") or name == CHANNELS)
    arguments = ["train", "small.net", "--batch", "64", "--autotune"]
    assert run([*arguments, "--epochs", "2", "--out", "whole"]) == 0
    assert re.search(r"^autotune: \d+ products.*, [1-9]\d* changed, ", capsys.readouterr().err, re.MULTILINE)
    assert run([*arguments, "--epochs", "1", "--out", "parts", "--threads", "1"]) == 0
    variants = load(Path("parts/last.safetensors")).variants
    assert len(variants) > 1
    # What the machine now holds for the best must not matter.
    tuned.save_tuned(dict.fromkeys(tuned.load_tuned(), MODEL))
    monkeypatch.setattr(tuning, "_shares", fail)
    assert run(["train", "--resume", "parts", "--epochs", "2"]) == 0
    assert "autotune" not in capsys.readouterr().err.split("parts")[-1]
    assert load(Path("parts/last.safetensors")).variants == variants
    whole, parts = load(Path("whole/last.safetensors")), load(Path("parts/last.safetensors"))
    assert {name: array.tobytes() for name, array in whole.arrays.items()} == {
        name: array.tobytes() for name, array in parts.arrays.items()
    }
    assert states("whole") == states("parts")
    # The run's own test, and eval on one thread, take these forms too.
    assert run(["eval", "parts", "--threads", "1"]) == 0
    one = capsys.readouterr().out
    assert run(["eval", "parts", "--threads", "2"]) == 0
    assert capsys.readouterr().out == one


def test_forms_of_another_machine_are_told_of(workspace: Path) -> None:
    plan = load_plan(NETWORK, "small.net").plan
    assert plan is not None
    made = new_run(plan, Recipe(batch=64, epochs=1), backend("numba"), 1)
    assert variants_warning(made) == ""
    convolutions = [op for op in made.programs()[0].operations if isinstance(op, Convolution)]
    keys = [key_of(op, 64) for op in convolutions]
    (known, *_) = variants_of(convolutions[0], 64, host().target)
    made = made.in_variants({keys[0]: known, keys[1]: "direct 99x99"})
    assert unknown_variants(made.programs(), made.sessions.programs.variants) == [keys[1]]
    assert "not available on this machine: 1 kernel variant of this run's --autotune" in variants_warning(
        made
    )


def test_compile_and_bench_take_tuned_forms(
    workspace: Path, kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    winning(monkeypatch, lambda name: name.startswith("direct"))
    assert run(["compile", "small.net", "--autotune", "--batch", "5"]) == 0
    assert "autotune: 7 products, " in capsys.readouterr().err
    assert run(["bench", "small.net", "--autotune", "--batch", "5", "--rounds", "1", "--json"]) == 0
    captured = capsys.readouterr()
    assert "already known" in captured.err
    variants = json.loads(captured.out)["forms"]
    assert variants
    assert all(form.startswith("direct ") for form in variants.values())
    assert run(["bench", "small.net", "--batch", "5", "--rounds", "1", "--json"]) == 0
    captured = capsys.readouterr()
    assert (captured.err, json.loads(captured.out)["forms"]) == ("", {})


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "small.net", "--autotune", "--backend", "numpy"],
        ["train", "--resume", "runs/small-1", "--autotune"],
    ],
)
def test_usage(workspace: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(arguments) == 2
    assert "--autotune" in capsys.readouterr().err
    assert not os.path.exists("runs")
