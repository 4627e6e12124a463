"""Layers of PyTorch, Keras, Caffe and ONNX whose names are no kinds of netdsl, and what is said instead.

One table, by the name without case, dimensions, blanks and underscores. What is named like a kind, such
as ``MaxPooling2D``, needs no row: graph/names/kind_suggestions.py takes it apart.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.graph.names.absent_kinds import DIMENSIONS
from netdsl.syntax import tree

_CUBE = re.compile(r"3[dD](?=[A-Z]|\Z)")
_ROW = re.compile(r"\A(?!global).*(?:conv|pool).*1d(?:transpose)?\Z", re.IGNORECASE)


class ForeignKind(NamedTuple):
    """What is said; ``meant`` is the kind that replaces the name, where that is all it takes."""

    cure: str
    meant: str = ""


def _rows(names: str, cure: str, meant: str = "") -> dict[str, ForeignKind]:
    return dict.fromkeys(names.lower().split(), ForeignKind(cure, meant))


def _is(names: str, meant: str) -> dict[str, ForeignKind]:
    return _rows(names, f"write `{meant}`", meant)


_LOSS = "the loss goes in the recipe: `train {{ loss {} }}`"
_JOIN = "the branches go in brackets: `{}[ CONV 64 3x3 pad 1 | SKIP ]`"
_PICTURES = "augmentation goes in the recipe: `train { augment flip }`"
_READING = "the data go in the recipe: `train { data FOLDER }`"

FOREIGN_KINDS: dict[str, ForeignKind] = {
    **_is("InnerProduct Gemm MatMul", "FC"),
    **_is("LocalResponseNorm LocalResponseNormalization", "NORM"),
    **_is("GlobalAveragePool ReduceMean Mean", "AVG POOL global"),
    **_is("GlobalMaxPool", "MAX POOL global"),
    **_is("FrozenBatchNorm SyncBatchNorm SyncBN", "BN"),
    **_is("ConvTranspose", "DECONV"),
    **_is("Resize Interp Interpolate UpsamplingNearest", "UPSAMPLE"),
    **_rows("LayerScale", "write `SCALE initial 1e-6`, with the number that the scales start at"),
    **_rows("Subtract Sub Minus", _JOIN.format("ADD factors 1, -1")),
    **_rows(
        "Average",
        "the mean of two branches is `ADD factors 1/2, 1/2[ CONV 64 3x3 pad 1 | SKIP ]`, that of positions "
        "AVG POOL",
    ),
    **_rows("Eltwise", _JOIN.format("ADD") + ", or MULTIPLY"),
    **_rows("Identity Noop Passthrough", "leave it out; as a branch it is SKIP"),
    **_rows("Sequential ModuleList Model Functional", "layers follow one another: `[CONV 64 3x3 - RELU]*2`"),
    **_rows(
        "SoftmaxWithLoss CrossEntropyLoss NLLLoss SparseCategoricalCrossentropy",
        _LOSS.format("cross-entropy"),
    ),
    **_rows("EuclideanLoss MSELoss MeanSquaredError", _LOSS.format("l2")),
    **_rows("HingeLoss MultiMarginLoss", _LOSS.format("hinge")),
    **_rows(
        "SigmoidCrossEntropyLoss BCELoss BCEWithLogitsLoss",
        "the losses are cross-entropy, hinge, l2 and perceptron",
    ),
    **_rows("Accuracy", "leave it out: training measures it"),
    **_rows("Data ImageData HDF5Data MemoryData Rescaling", _READING),
    **_rows("RandomFlip RandomCrop RandomRotation RandomZoom", _PICTURES),
    **_rows(
        "InstanceNorm InstanceNormalization",
        "`GN` with as many groups as channels is the same: `GN 64` of 64 channels",
    ),
    **_rows("ReflectionPad ReplicationPad ConstantPad", "PAD puts zeros around a volume: `PAD 1`"),
    **_rows("Cropping CenterCrop", "CROP says what stays: `CROP 28x28` cuts 2 from each side of 32x32", ""),
    **_rows("Dropout SpatialDropout", "DROPOUT leaves out single numbers, not whole channels: `DROPOUT 0.5`"),
    **_rows("AlphaDropout GaussianDropout GaussianNoise", "the nearest is `DROPOUT 0.5`"),
    **_rows(
        "Permute Transpose Squeeze Unsqueeze View Shape Cast",
        "volumes are height, width, channels: leave it out, or write RESHAPE",
    ),
    **_rows("Split", "branches go in brackets: `CONCAT[ ... | ... ]`, and a label keeps a volume: `@label`"),
    **_rows(
        "Lambda Silence Power AbsVal BNLL Tile Im2col Unfold Gather Clip Bias Constant Parameter Bilinear",
        "netdsl has no such layer",
    ),
    **_rows("TimeDistributed Masking Bidirectional", "netdsl has no such layer: its networks read one image"),
    **_is("Softmax", "SOFTMAX"),
    **_is("Max", "MAX POOL"),
    **_is("Avg Average", "AVG POOL"),
    **_is("DW", "DEPTHWISE"),
    **_rows("Pointwise PW", "a pointwise convolution has filters of 1x1: `CONV 64 1x1`"),
    **_rows("Dilated Atrous", "the dilation is an option: `CONV 64 3x3 dilation 2`"),
    **_rows("Grouped Group", "the groups are an option: `CONV 64 3x3 groups 2`"),
    **_rows("Strided", "the stride is an option: `CONV 64 3x3 stride 2`"),
    **_rows("Hidden HiddenLayer", "a hidden layer of neurons is `FC 100`"),
    **_rows("Output OutputLayer", "the output is an ordinary layer: `FC 10`, `FC 10 - SOFTMAX`"),
    **_rows("Padded", "the padding is an option: `CONV 64 3x3 pad 1`"),
    **_rows("Adaptive", "write `AVG POOL global`; other pools name their window: `AVG POOL 7x7`"),
}


def foreign_kind(written: str, layer: tree.Layer | None) -> ForeignKind | None:
    """What there is to say of a name of another program; None where it is none that is known here."""
    plain = re.sub(r"[-_\s]+", "", DIMENSIONS.sub("", written)).lower()
    if plain in ("adaptiveavgpool", "adaptiveaveragepool", "adaptivemaxpool"):
        return _adaptive("MAX POOL" if "max" in plain else "AVG POOL", layer)
    if _CUBE.search(written):
        return ForeignKind("volumes have a height, a width and channels, and no depth")
    if _ROW.match(written):
        return ForeignKind("windows have a height and a width: over a row, `CONV 64 1x3` and `MAX POOL 1x2`")
    return FOREIGN_KINDS.get(plain)


def _adaptive(kind: str, layer: tree.Layer | None) -> ForeignKind:
    """PyTorch's pool to a size, whose window depends on what comes in."""
    item = (
        next((item for item in layer.items if isinstance(item, tree.Number | tree.Extents)), None)
        if layer
        else None
    )
    extents = [part.strip() for part in re.split("[xX×]", item.text)] if item is not None else ["1"]
    if not all(part.isdecimal() and 0 < len(part) < 5 for part in extents) or set(extents) == {"1"}:
        return ForeignKind(f"write `{kind} global`")
    size = "x".join((extents * 2)[:2])
    twice = "x".join(str(2 * int(part)) for part in (extents * 2)[:2])
    return ForeignKind(
        f"{kind} names its window, not its output: `{kind} 2x2` turns {twice} into {size}; where {size} "
        "comes in, leave it out"
    )
