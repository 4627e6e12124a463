"""What `check` says is kept for the backward pass is what the program of a training step keeps."""

from __future__ import annotations

import json
import random

import pytest
from building import planned
from layer_cases import LAYERS, conv, image, network_of, pad, small_network

from netdsl.backend import backend
from netdsl.commands import run
from netdsl.counting.columns import total
from netdsl.layers.add import Add
from netdsl.layers.avg_pool import AvgPool
from netdsl.layers.batch_norm import BatchNorm
from netdsl.layers.concat import Concat
from netdsl.layers.dropout import Dropout
from netdsl.layers.fc import FullyConnected
from netdsl.layers.flatten import Flatten
from netdsl.layers.gelu import Gelu
from netdsl.layers.layer import Layer
from netdsl.layers.lrn import LocalResponseNorm
from netdsl.layers.max_pool import MaxPool
from netdsl.layers.maxout import Maxout
from netdsl.layers.multiply import Multiply
from netdsl.layers.prelu import Prelu
from netdsl.layers.relu import Relu
from netdsl.layers.reshape import Reshape as ReshapeLayer
from netdsl.layers.sigmoid import Sigmoid
from netdsl.layers.softmax import Softmax
from netdsl.layers.step import Step
from netdsl.layers.tanh import Tanh
from netdsl.layers.unpool import Unpool
from netdsl.losses import losses
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.planning.plan import Plan
from netdsl.primitives.operation import Phase
from netdsl.primitives.reshape import Reshape
from netdsl.primitives.tensor import Role, Tensor
from netdsl.program import repeats
from netdsl.program.kept_tensors import kept_bytes, kept_values, least_bytes
from netdsl.program.lower import training_program
from netdsl.program.program import Program
from netdsl.quantities import FLOAT_BYTES, Size, Volume
from netdsl.resources import zoo_names, zoo_text

Network = tuple[Layer | tuple[Layer, tuple[int, ...]], ...]


def tensors_kept(program: Program) -> set[Tensor]:
    """Distinct tensors of the images that the forward pass makes, or is given, and a later phase reads."""
    owner: dict[Tensor, Tensor] = {}
    there: set[Tensor] = set(program.inputs.values())
    read: set[Tensor] = set()
    for operation in program.operations:
        if isinstance(operation, Reshape):
            owner[operation.outputs[0]] = owner.get(operation.inputs[0], operation.inputs[0])
        if operation.phase is Phase.FORWARD:
            there.update(operation.outputs)
        elif not isinstance(operation, Reshape):
            read.update(owner.get(tensor, tensor) for tensor in operation.inputs)
    return {tensor for tensor in read & there if tensor.batched and tensor.role is not Role.STORED}


def bytes_of_program(plan: Plan, batch: int, loss: str = "cross-entropy") -> int:
    program = training_program(plan, batch, loss=losses()[loss], optimizer=Sgd(momentum=0.9, decay=0.0))
    return sum(tensor.size_bytes(batch) for tensor in tensors_kept(program))


def check(plan: Plan, loss: str = "cross-entropy") -> None:
    for batch in (1, 3):
        assert batch * kept_bytes(plan, losses()[loss]) == bytes_of_program(plan, batch, loss)


def plan_of(text: str) -> Plan:
    plan, findings = load_plan(text)
    assert plan is not None, findings
    return plan


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo_names())
def test_zoo(name: str) -> None:
    plan = plan_of(zoo_text(name))
    assert kept_bytes(plan) == bytes_of_program(plan, 1)


def test_figures_of_well_known_networks() -> None:
    found = {name: kept_bytes(plan_of(zoo_text(name))) for name in ("lenet", "vgg16", "resnet50")}
    assert found == {"lenet": 17_608, "vgg16": 42_590_024, "resnet50": 59_524_936}


def test_by_hand() -> None:
    """The image, what the pool makes and which number won, the ReLU's output, scores, target and the two
    numbers of softmax: the volume of the convolution is let go, its ReLU is behind the pool."""
    plan = plan_of("input 8x8x1\nCONV 4 3x3 pad 1 - RELU\nPOOL 2x2\nFC 6 - RELU\nFC 3")
    assert kept_values(plan) == (64, 0, 0, 2 * 64, 0, 6, 3 + 3 + 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer(name: str) -> None:
    network = network_of(name)
    for loss in losses():
        check(planned(*network), loss)
    given, layer = LAYERS[name]
    if len(network) == 4:  # nothing to learn below it; a reader beside the one behind it; in front of a pool
        check(planned(given, layer, FullyConnected(neurons=3)))
        check(planned(*network[:3], Sigmoid(), (Multiply(), (2, 3)), Relu(), FullyConnected(neurons=3)))
        check(planned(*network[:3], Relu(), MaxPool(kernel=Size(1, 1)), FullyConnected(neurons=3), Softmax()))


def norm() -> BatchNorm:
    return BatchNorm()


NETWORKS: dict[str, Network] = {
    "small": small_network(),
    "fc stack": (image(3, 3, 2), *[FullyConnected(neurons=n) for n in (9, 8, 7)], Softmax()),
    "no layer learns": (image(3, 3, 2), Relu(), Flatten()),
    "input alone": (image(1, 1, 4),),
    "softmax alone": (image(1, 1, 4), Softmax()),
    "softmax inside": (image(4, 4, 2), conv(3, (3, 3)), Softmax(), FullyConnected(neurons=3), Softmax()),
    "step at the end": (image(4, 4, 2), conv(3, (3, 3)), FullyConnected(neurons=3), Step()),
    "step inside": (image(4, 4, 2), conv(3, (3, 3)), Step(), FullyConnected(neurons=3)),
    "frozen first layers": (
        image(8, 8, 2),
        Relu(),
        MaxPool(kernel=Size(2, 2)),
        Tanh(),
        LocalResponseNorm(),
        conv(3, (3, 3)),
        Relu(),
        FullyConnected(neurons=3),
    ),
    "norm, activation, pool": (
        image(8, 8, 2),
        conv(3, (3, 3), pad=1, bias=False),
        norm(),
        Relu(),
        MaxPool(kernel=Size(2, 2)),
        conv(4, (3, 3), pad=1),
        MaxPool(kernel=Size(2, 2)),
        Relu(),
        norm(),
        FullyConnected(neurons=3),
    ),
    "pool without bias before it": (
        image(8, 8, 2),
        conv(3, (3, 3), bias=False),
        Relu(),
        MaxPool(kernel=Size(2, 2)),
        FullyConnected(neurons=3),
    ),
    "pool that may see padding alone": (
        image(8, 8, 2),
        conv(3, (3, 3)),
        Relu(),
        MaxPool(kernel=Size(2, 2), stride=Size(1, 1), padding=pad(1)),
        FullyConnected(neurons=3),
    ),
    "two readers of one activation, one a pool": (
        image(6, 6, 2),
        conv(3, (3, 3), pad=1),
        Relu(),
        MaxPool(kernel=Size(3, 3), stride=Size(1, 1), padding=pad(1)),
        (conv(3, (1, 1)), (2,)),
        (Add(), (3, 4)),
        FullyConnected(neurons=3),
    ),
    "pre-activation": (
        image(6, 6, 2),
        conv(4, (3, 3), pad=1),
        norm(),
        Relu(),
        conv(4, (3, 3), pad=1),
        norm(),
        Relu(),
        conv(4, (3, 3), pad=1),
        (Add(), (7, 1)),
        norm(),
        Relu(),
        conv(4, (3, 3), pad=1),
        (Add(), (11, 8)),
        AvgPool(whole=True),
        FullyConnected(neurons=3),
    ),
    "dense": (
        image(6, 6, 2),
        conv(4, (3, 3), pad=1),
        norm(),
        Relu(),
        conv(3, (3, 3), pad=1),
        (Concat(), (1, 4)),
        norm(),
        Relu(),
        conv(3, (3, 3), pad=1),
        (Concat(), (5, 8)),
        FullyConnected(neurons=3),
    ),
    "squeeze and excite": (
        image(6, 6, 2),
        conv(4, (3, 3), pad=1),
        Relu(),
        AvgPool(whole=True),
        FullyConnected(neurons=2),
        Relu(),
        FullyConnected(neurons=4),
        Sigmoid(),
        (Multiply(), (2, 7)),
        FullyConnected(neurons=3),
    ),
    "dropout of activations": (
        image(6, 6, 2),
        conv(4, (3, 3), bias=False),
        norm(),
        Relu(),
        Dropout(rate=0.3),
        conv(4, (3, 3)),
        Dropout(rate=0.0),
        Relu(),
        Dropout(rate=0.5),
        FullyConnected(neurons=3),
    ),
    "a volume with itself": (
        image(4, 4, 2),
        conv(4, (3, 3)),
        (Multiply(), (1, 1)),
        (Add(), (2, 2)),
        (Concat(), (3, 3)),
        Maxout(pieces=4),
        FullyConnected(neurons=3),
    ),
    "views": (
        image(4, 4, 2),
        conv(4, (3, 3)),
        Relu(),
        ReshapeLayer(height=2, width=2, channels=4),
        Relu(),
        Flatten(),
        Relu(),
        FullyConnected(neurons=3),
    ),
    "unpool": (
        image(8, 8, 2),
        conv(4, (3, 3), pad=1),
        Relu(),
        MaxPool(kernel=Size(2, 2)),
        conv(4, (3, 3), pad=1),
        (Unpool(kernel=Size(2, 2)), (4, 2)),
        Relu(),
        FullyConnected(neurons=3),
    ),
    "activations in a row": (image(3, 3, 2), conv(4, (1, 1)), *[Relu(), Tanh(), Gelu()] * 5, conv(3, (3, 3))),
    "one more sum than a formula takes": (
        image(3, 3, 2),
        *[conv(2, (1, 1)) for _ in range(9)],
        *[(Add(), (number, other)) for number, other in zip(range(9, 17), range(1, 9), strict=True)],
        FullyConnected(neurons=3),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("loss", losses())
def test_networks(name: str, loss: str) -> None:
    check(planned(*NETWORKS[name]), loss)


def drawn(seed: int) -> Plan:
    """A random graph of volumes that fit together."""
    choose = random.Random(seed)
    given = image(4, 4, 3)
    layers: list[Layer | tuple[Layer, tuple[int, ...]]] = [given]
    shapes = [(4, 4, 3)]
    for _ in range(choose.randint(3, 16)):
        source = choose.choice([len(layers) - 1] * 3 + list(range(len(layers))))
        alike = [number for number, shape in enumerate(shapes) if shape == shapes[source]]
        same = [number for number, shape in enumerate(shapes) if shape[:2] == shapes[source][:2]]
        kind = choose.randrange(15)
        sources: tuple[int, ...] = (source,)
        layer: Layer
        if kind < 3:
            layer = conv(choose.choice((3, 4)), (3, 3), pad=1, bias=bool(kind % 2))
        elif kind == 3:
            layer = BatchNorm()
        elif kind < 7:
            layer = Relu()
        elif kind == 7:
            layer = choose.choice(
                (Tanh(), Sigmoid(), Prelu(), Gelu(), Step(), Softmax(), LocalResponseNorm())
            )
        elif kind < 10:
            layer = MaxPool(kernel=Size(3, 3), stride=Size(1, 1), padding=pad(1))
        elif kind == 10:
            layer = Dropout(rate=choose.choice((0.0, 0.5)))
        elif kind == 11:
            layer, sources = Concat(), tuple(choose.choices(same, k=2))
        elif kind == 12:
            layer, sources = Multiply(), tuple(choose.choices(alike, k=2))
        else:
            layer, sources = Add(), tuple(choose.choices(alike, k=choose.choice((2, 3))))
        layers.append((layer, sources))
        made = layer.volume(*(Volume(*shapes[number]) for number in sources))
        assert isinstance(made, Volume)
        shapes.append(made.shape)
    ends = ((), (FullyConnected(neurons=3),), (FullyConnected(neurons=3), Softmax()))
    return planned(*layers, *choose.choice(ends))


@pytest.mark.parametrize("part", range(10))
def test_random_graphs(part: int) -> None:
    for seed in range(20 * part, 20 * part + 20):
        plan = drawn(seed)
        assert kept_bytes(plan) == bytes_of_program(plan, 1), seed


# --- long and wide networks ----------------------------------------------------------------------

GROUPS = (
    "RELU",
    "CONV 2 1x1 - RELU",
    "CONV 2 1x1 no bias - BN - RELU",
    "RELU - TANH - RELU",
    "BN - RELU - CONV 2 3x3 pad 1",
    "ADD[ CONV 2 1x1 - RELU | SKIP ] - RELU",
    "ADD[ BN - RELU - CONV 2 3x3 pad 1 | SKIP ]",
    "ADD[ RELU | SKIP ]",
    "MULTIPLY[ SIGMOID | SKIP ]",
    "MAX POOL 3x3 stride 1 pad 1 - RELU",
    "CONV 2 1x1 - DROPOUT 0.2 - [RELU - BN]*3",
)


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("below", ["", "CONV 2 1x1\n"])
def test_long_repetitions_are_counted_as_if_written_out(
    group: str, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for times in (150, 199, 266):
        text = f"dialect torch\ninput 3x3x2\n{below}RELU\n[{group}]*{times}\nFC 3"
        plan = plan_of(text)
        monkeypatch.setattr(repeats, "SHORT", 10**6)
        written_out = kept_values(plan)
        monkeypatch.setattr(repeats, "SHORT", 0)
        assert len(repeats.shortened(plan.layers).layers) < len(plan.layers)
        assert kept_values(plan) == written_out


def test_a_repetition_that_is_read_from_elsewhere_is_not_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "SHORT", 0)
    names = "\n".join(f"c{number}: CONV 2 1x1 - RELU" for number in range(2))
    text = f"input 3x3x2\n{names}\n[CONV 2 1x1 - RELU]*100\nhere: RELU\n[CONV 2 1x1 - RELU]*100\n"
    plan = plan_of(text + "ADD[ SKIP | @here ]\nFC 3")
    assert kept_bytes(plan) == bytes_of_program(plan, 1)


@pytest.mark.slow
def test_work_does_not_grow_with_repetitions() -> None:
    lengths = []
    for times in (3_000, 6_000):
        plan = plan_of(f"input 8x8x2\n[CONV 2 3x3 pad 1 - BN - RELU]*{times}\nFC 3")
        lengths.append(len(repeats.shortened(plan.layers).layers))
    assert max(lengths) < 1000


@pytest.mark.slow
def test_wide_joins() -> None:
    for join in ("ADD", "MULTIPLY", "CONCAT"):
        branches = " | ".join(["CONV 2 1x1 - TANH"] * 40)
        plan = plan_of(f"input 3x3x2\n{join}[ {branches} ]\nFC 3")
        assert kept_bytes(plan) == bytes_of_program(plan, 1), join
        plan = plan_of(f"input 3x3x2\n{join}[ {' | '.join(['TANH'] * 4000)} ]\nFC 3")
        assert kept_bytes(plan) > 0


def test_nothing_is_worked_out_that_grows_with_the_volumes() -> None:
    plan = plan_of("input 20x20x100000\nLCN: size 5\nCONV 4000 1x1 - MAXOUT 200\nFC 3")
    assert kept_bytes(plan) > 0


# --- where it is printed -------------------------------------------------------------------------


def test_one_figure_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_of(zoo_text("lenet"))
    assert run(["check", "lenet"]) == 0
    assert "kept for backward 17.2 KiB per image" in capsys.readouterr().out
    assert run(["check", "lenet", "--format", "json", "--columns", "kept"]) == 0
    written = json.loads(capsys.readouterr().out)["networks"][0]["plan"]
    assert written["kept_bytes"] == kept_bytes(plan) == FLOAT_BYTES * total("kept", plan)
    assert [layer["kept_values"] for layer in written["layers"]] == list(kept_values(plan))
    assert [layer["columns"]["kept"] for layer in written["layers"]] == list(kept_values(plan))
    assert run(["check", "lenet", "--columns", "kept"]) == 0
    assert f"{total('kept', plan):,}" in capsys.readouterr().out


def test_the_loss_that_the_file_names() -> None:
    text = "input 4x4x2\nCONV 3 3x3 - TANH\nFC 3\nSOFTMAX\n"
    for loss in losses():
        plan = plan_of(f"{text}train {{ loss {loss} }}")
        assert kept_bytes(plan) == kept_bytes(plan, losses()[loss]) == bytes_of_program(plan, 1, loss)


@pytest.mark.parametrize("kind", ["numba", "numpy"])
def test_what_is_kept_is_allocated(kind: str) -> None:
    """What is kept of every image is there at once, so every session has at least that much memory."""
    for name in NETWORKS:
        plan = planned(*NETWORKS[name])
        program = training_program(plan, 7, loss=losses()["cross-entropy"], optimizer=Sgd(decay=0.0))
        needed = backend(kind).prepare(program, 1).needed_bytes(repeated=False)
        assert needed >= least_bytes(program) >= 7 * kept_bytes(plan), name
