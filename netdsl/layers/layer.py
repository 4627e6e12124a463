"""The contract of a layer kind.

One class in one file answers every question that netdsl asks of a kind of layer. The planner
asks ``problems`` first; only where that is empty does it ask ``volume``, and only with a volume
the rest. Options are already read and typed; input volumes are already known. A question that a
class leaves out is an error when its file is imported, never a silent zero.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from netdsl.diagnostics import Mistake
from netdsl.layers.dialect import LECTURE, Dialect
from netdsl.layers.option import Optioned
from netdsl.layers.taps import Channels, Reading, Reads, reading_here, sliding_taps
from netdsl.quantities import Padding, Size, Volume

if TYPE_CHECKING:
    from netdsl.primitives.builder import Builder
    from netdsl.primitives.tensor import Tensor


class Parameter(NamedTuple):
    """An array of learnable numbers.

    ``shape``: weights of a convolution are (kernel height, kernel width, input channels per
    group, filters), of a fully connected layer (inputs, neurons); all others are (channels,).
    ``fan_in`` and ``fan_out`` are the connections into and out of one neuron, for initialisation;
    both 0 where the array is not a weight: then it starts filled with ``initial``.
    ``absent`` numbers have a place in the array but
    no part in the layer (connections that a table leaves out); they are not counted.
    """

    name: str
    shape: tuple[int, ...]
    fan_in: int = 0
    fan_out: int = 0
    initial: float = 0.0
    absent: int = 0

    @property
    def values(self) -> int:
        """How many numbers are learned."""
        return prod(self.shape) - self.absent

    @property
    def decays(self) -> bool:
        """Whether weight decay applies: to the weights of sums, not to biases, normalisations and slopes
        (He, T., et al., 2019, "Bag of Tricks for Image Classification", section 3.1)."""
        return self.fan_in > 0


class Statistic(NamedTuple):
    """An array that a layer keeps between steps but that no gradient changes."""

    name: str
    shape: tuple[int, ...]
    initial: float

    @property
    def values(self) -> int:
        """How many numbers are kept."""
        return prod(self.shape)


class Window(NamedTuple):
    """What slides over the input, or all of it: ``kernel`` is what it covers, dilation included."""

    kernel: Size
    stride: Size
    padding: Padding
    dilation: Size = Size(1, 1)


POINT = Window(Size(1, 1), Size(1, 1), Padding(0, 0, 0, 0))
"""The window of a layer that looks at one position at a time."""


def window_reading(window: Window) -> Reading:
    """What a window covers, as taps of the first input."""
    kernel, stride, padding, dilation = window
    rows = sliding_taps(kernel.height, stride.height, padding.top, dilation.height)
    columns = sliding_taps(kernel.width, stride.width, padding.left, dilation.width)
    return Reading(((rows, columns),))


_QUESTIONS = ("problems", "volume", "arithmetic", "parameters", "macs", "window", "lower")


class Layer(Optioned):
    """Base of all layer kinds. See the module docstring for who asks what when."""

    __slots__ = ("answers",)

    answers: dict[tuple[Volume, ...], Any]
    """What has been answered for some inputs, kept by who asked (``planning/answers.py``)."""

    keyword: ClassVar[str]
    """Canonical name in a network file, in capitals: ``MAX POOL``."""

    spellings: ClassVar[tuple[str, ...]] = ()
    """Other names that mean this kind: ``POOL``."""

    short_for: ClassVar[tuple[str, ...]] = ()
    """A name that means this kind with an option, and that option: ``GAP`` is AVG POOL with ``global``."""

    implied_by: ClassVar[tuple[str, ...]] = ()
    """Nouns that mean this kind where no kind is written: ``64 filters of 3x3``."""

    alone: ClassVar[tuple[str, ...]] = ()
    """What tables of papers mean by the kind without any option, ``maxpool``: each way to read it."""

    unsized: ClassVar[tuple[str, ...]] = ()
    """A spelling of tables that leave the size to another column, and the size and padding that it means."""

    steps_by_kernel: ClassVar[tuple[str, ...]] = ()
    """Spellings that mean a stride of the kernel where none is written: ``up-conv 64 2x2``."""

    fillers: ClassVar[tuple[str, ...]] = ()
    """Words that may stand or not beside this kind: ``filters``, ``neurons``."""

    foreign: ClassVar[tuple[str, ...]] = ()
    """Options that other programs have for this kind and it says otherwise, without underscores."""

    inputs: ClassVar[int | None] = 1
    """How many volumes the layer takes; None for two or more."""

    joining: ClassVar[str] = ""
    """The kind of several volumes that the name means before brackets with branches, if any."""

    linear: ClassVar[bool]
    """Whether the output in evaluation is a weighted sum of all inputs and a constant: two such layers
    one after another are one. Every kind says so or not; a test computes it."""

    is_activation: ClassVar[bool] = False
    """Whether the layer is an activation, which `default activation` can put in."""

    has_weights: ClassVar[bool] = False
    """Whether the layer multiplies by weights: ``default activation`` follows these."""

    normalises: ClassVar[bool] = False
    """Whether ``default activation`` waits until after this layer."""

    rescales: ClassVar[bool] = False
    """Whether ``default activation`` waits until after this layer too, after a normalisation or weights."""

    normalises_batch: ClassVar[bool] = False
    """Whether training normalises over all images of a batch."""

    yields_probabilities: ClassVar[bool] = False
    """Whether the output is positive and adds up to 1 over the channels."""

    saturates: ClassVar[bool] = False
    """Whether the layer is an activation that flattens out at both ends, where gradients vanish."""

    never_negative: ClassVar[bool] = False
    """Whether the layer is an activation whose output is 0 or more; a test computes it."""

    keeps_positive: ClassVar[bool] = False
    """Whether the layer is an activation that leaves numbers from 0 on as they are; a test computes it."""

    is_dropout: ClassVar[bool] = False
    """Whether training leaves values out at random."""

    keeps_order: ClassVar[bool] = False
    """Whether the output is the input's numbers in the same order, as another volume."""

    is_hard_decision: ClassVar[bool] = False
    """Whether the layer takes a hard decision on the scores before it: no gradient flows back."""

    def __init_subclass__(cls, *, abstract: bool = False, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if abstract:
            return
        missing = [name for name in _QUESTIONS if getattr(cls, name) is getattr(Layer, name)]
        if "keyword" not in cls.__dict__:
            missing.append("keyword")
        if not hasattr(cls, "linear"):
            missing.append("linear")
        if missing:
            raise TypeError(f"layer {cls.__name__} does not answer: {', '.join(missing)}")

    dialect: Dialect = LECTURE
    """The conventions that hold for this layer."""

    def __init__(self, *, dialect: Dialect = LECTURE, **options: Any) -> None:
        """Takes one keyword per option; those left out get their defaults."""
        self.answers = {}
        self.dialect = dialect
        self.take(type(self).__name__, options)

    @classmethod
    def reworded(cls, name: str, value: Padding, padding: Padding) -> tuple[str, bool] | None:
        """What the kind says for a ``foreign`` option of some value: options instead of its ``padding``,
        or, with False, a chained layer of the same volume; None where it says nothing."""
        return None

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        """What is wrong with the options for these inputs; empty where nothing is."""
        raise NotImplementedError

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        """The output volume, or why there is none."""
        raise NotImplementedError

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        """How the output volume follows, one line per step: ``(227 - 11 + 2*0)/4 + 1 = 55``."""
        raise NotImplementedError

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        """The learnable arrays."""
        raise NotImplementedError

    def statistics(self, *inputs: Volume) -> tuple[Statistic, ...]:
        """The arrays that training keeps without learning them by gradient; most kinds have none."""
        return ()

    def macs(self, *inputs: Volume) -> int:
        """Multiply-accumulate operations of one image: those of weights, without biases."""
        raise NotImplementedError

    def connections(self, *inputs: Volume) -> int:
        """Connections of one image, as LeCun counts them (1989, 1998): a bias is one of each output."""
        outputs = self.volume(*inputs)
        assert isinstance(outputs, Volume)
        biased = any(parameter.name == "bias" for parameter in self.parameters(*inputs))
        return self.macs(*inputs) + (outputs.values if biased else 0)

    def window(self, *inputs: Volume) -> Window:
        """The window that slides over the input; a layer of neurons has all of it in one."""
        raise NotImplementedError

    def reads(self, *inputs: Volume) -> Reads:
        """What one output position reads of the inputs; here, what the window covers of each.

        A layer that reads otherwise, or whose channels are less or more mixed than SOME, says so.
        """
        covers = window_reading(self.window(*inputs))
        return Reads(tuple(covers._replace(source=source) for source in range(len(inputs))))

    def normalised_values(self, *inputs: Volume) -> int:
        """How many numbers of one image lose their common mean, or are divided by their sum; 0 for none.

        A single number is its own mean and its own sum: nothing of it is left.
        """
        return 0

    def without_chance(self) -> Self:
        """The layer without what it does at random in training."""
        return self

    def lower(self, build: Builder, *inputs: Tensor) -> Tensor:
        """Write the layer as primitives; gradients follow from the primitives'."""
        raise NotImplementedError


class SameVolume(Layer, abstract=True):
    """Base of layers whose output has the volume of their input; without parameters unless they say so."""

    def problems(self, *inputs: Volume) -> tuple[Mistake, ...]:
        return ()

    def volume(self, *inputs: Volume) -> Volume | Mistake:
        return inputs[0]

    def arithmetic(self, *inputs: Volume) -> tuple[str, ...]:
        return (f"the volume stays {inputs[0]}",)

    def parameters(self, *inputs: Volume) -> tuple[Parameter, ...]:
        return ()

    def macs(self, *inputs: Volume) -> int:
        return 0

    def window(self, *inputs: Volume) -> Window:
        return POINT

    def reads(self, *inputs: Volume) -> Reads:
        return Reads((reading_here(),), Channels.OWN)
