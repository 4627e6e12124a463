"""What the words of sheets mean: kinds of layers, nouns of options, and words that say nothing."""

from __future__ import annotations

import re
from functools import cache

from netdsl.layers.registry import all_kinds, kind_named, modules_by_name

COUNT, SIZE, STRIDE, PAD, RATE, KEEP = "count", "size", "stride", "pad", "rate", "keep"
COMING, CLAIM, GROUPS, DILATION, EITHER, MAPS = "coming", "claim", "groups", "dilation", "either", "maps"
WEIGHTS = "weights"


def _rows(role: str, *nouns: str) -> dict[str, str]:
    return dict.fromkeys(nouns, role)


NOUNS = {
    **_rows(COUNT, "channel", "output channel", "out channel", "feature", "output feature", "out feature"),
    **_rows(
        COUNT, "depth", "neuron", "unit", "node", "class", "way", "category", "perceptron", "label", "dim"
    ),
    **_rows(COUNT, "hidden unit", "hidden neuron", "hidden node", "output unit", "output neuron", "d"),
    **_rows(
        COUNT, "output node", "output class", "dimension", "output dim", "number of filter", "target class"
    ),
    **_rows(COUNT, "activation unit", "kernel number", "filter number", "neural unit", "output dimension"),
    **_rows(COUNT, "action", "frame", "logit", "score", "scalar", "letter", "digit"),
    **_rows(
        WEIGHTS, "weight", "weight shape", "weight size", "weight matrix", "weight tensor", "parameter shape"
    ),
    **_rows(SIZE, "factor", "upsampling factor", "scale factor", "scaling factor"),
    **_rows(EITHER, "filter", "kernel"),
    **_rows(MAPS, "feature map", "map", "output feature map", "output map", "activation map"),
    **_rows(SIZE, "kernel size", "filter size", "window", "window size", "pool size", "pooling size", "size"),
    **_rows(SIZE, "receptive field", "kernel shape", "filter shape", "pooling window", "kernel dimension"),
    **_rows(SIZE, "pool window", "spatial extent", "patch", "patch size", "field", "area", "region", "mask"),
    **_rows(STRIDE, "stride", "step", "step size", "stride size", "stride length", "subsample"),
    **_rows(PAD, "padding", "pad", "zero padding", "zero pad", "padding size"),
    **_rows(RATE, "rate", "probability", "dropout rate", "drop rate", "drop probability", "prob", "ratio"),
    **_rows(RATE, "dropout probability", "dropout ratio", "drop prob"),
    **_rows(
        KEEP, "keep probability", "keep prob", "keep rate", "keep", "keep ratio", "retention probability"
    ),
    **_rows(COMING, "input channel", "in channel", "in feature", "input feature", "input unit", "input node"),
    **_rows(COMING, "input", "input neuron", "input size", "input dim", "input dimension"),
    **_rows(COMING, "input shape", "input volume", "input image size", "in ch", "c in", "cin", "input depth"),
    **_rows(COUNT, "out ch", "c out", "cout", "output depth", "output map"),
    **_rows(
        CLAIM, "output", "output size", "output shape", "output volume", "output tensor", "resulting volume"
    ),
    **_rows(CLAIM, "resulting in", "resulting", "feature map size", "output feature map size", "result"),
    **_rows(CLAIM, "spatial resolution", "resolution", "outputting"),
    **_rows(CLAIM, "producing", "produce", "giving", "give", "yielding", "output is", "output dimension"),
    **_rows(GROUPS, "group"),
    **_rows(DILATION, "dilation", "dilation rate"),
}
"""Nouns by their singular; `filter` and `kernel` are a number of them or their size."""

LETTERS = {
    "k": SIZE,
    "f": SIZE,
    "F": SIZE,
    "K": COUNT,
    "n": COUNT,
    "s": STRIDE,
    "S": STRIDE,
    "p": PAD,
    "P": PAD,
    "d": DILATION,
    "g": GROUPS,
    "c": COUNT,
}
"""Letters before `=` or a number; those of the notes of CS231n in capitals."""

FILLERS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "layer",
        "by",
        "at",
        "in",
        "has",
        "have",
        "each",
        "number",
        "num",
        "no.",
        "total",
        "use",
        "uses",
        "used",
        "using",
        "is",
        "are",
        "be",
        "applied",
        "apply",
        "function",
        "activation",
        "nonlinearity",
        "non",
        "linearity",
        "operation",
        "its",
        "spatial",
        "square",
        "connected",
        "to",
        "classifier",
        "type",
        "single",
        "one",
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "last",
        "final",
        "next",
        "new",
        "another",
        "via",
        "per",
        "for",
        "took",
        "nonlinear",
        "pixel",
        "px",
        "reducing",
        "reduced",
        "applie",
        "perform",
        "regularization",
        "performed",
        "our",
        "network",
        "hidden",
        "model",
        "tensor",
        "value",
        "every",
        "all",
        "finally",
        "lastly",
        "initially",
        "there",
        "it",
        "this",
        "these",
        "we",
        "consist",
        "contain",
        "takes",
        "block",
        "term",
        "shape",
        "performing",
        "produce",
        "here",
        "standard",
        "regular",
        "simple",
    ]
)
"""Words that say nothing beside the others."""

BREAKS = frozenset(("with", "and", "then", "followed", "having", "where", "plus", "before", "after", "which"))
"""Words between the parts of a line."""

_ALSO = {
    "global average pooling": "AVG POOL global",
    "global avg pool": "AVG POOL global",
    "global average pool": "AVG POOL global",
    "global avg pooling": "AVG POOL global",
    "globalaveragepooling": "AVG POOL global",
    "globalavgpool": "AVG POOL global",
    "gap": "AVG POOL global",
    "global max pooling": "MAX POOL global",
    "globalmaxpooling": "MAX POOL global",
    "rectified linear unit": "RELU",
    "rectified linear": "RELU",
    "rectifier": "RELU",
    "rectifier nonlinearity": "RELU",
    "convolve": "CONV",
    "pointwise convolution": "CONV 1x1",
    "pointwise conv": "CONV 1x1",
    "depthwise convolution": "DEPTHWISE",
    "transposed convolution": "DECONV",
    "transpose convolution": "DECONV",
    "deconvolutional": "DECONV",
    "convtranspose": "DECONV",
    "conv transpose": "DECONV",
    "flattening": "FLATTEN",
    "flattened": "FLATTEN",
    "full connected": "FC",
    "fully connect": "FC",
    "full connection": "FC",
    "full connect": "FC",
    "drop out": "DROPOUT",
    "matrix multiply": "FC",
    "matrix multiplication": "FC",
    "batchnormalization": "BN",
    "average": "AVG POOL?",
    "avg": "AVG POOL?",
    "mean": "AVG POOL?",
    "max": "MAX POOL?",
    "maximum": "MAX POOL?",
    "output": "FC?",
    "hidden": "FC?",
    "output layer": "FC?",
    "hidden layer": "FC?",
    "readout": "FC?",
    "image": "INPUT?",
    "input image": "INPUT",
    "input layer": "INPUT",
    "input shape": "INPUT",
}
"""Names beside those of the registry; with ``?`` only where the rest of the line fits."""

ACTIVATIONS = frozenset(
    [
        "RELU",
        "RELU6",
        "SIGMOID",
        "TANH",
        "ELU",
        "SELU",
        "GELU",
        "SILU",
        "MISH",
        "LEAKY RELU",
        "HARD SWISH",
        "HARD SIGMOID",
        "SOFTMAX",
        "PRELU",
    ]
)

READ = ACTIVATIONS | {
    "CONV",
    "DECONV",
    "DEPTHWISE",
    "FC",
    "MAX POOL",
    "AVG POOL",
    "DROPOUT",
    "BN",
    "INPUT",
    "FLATTEN",
    "NORM",
    "LN",
    "GN",
    "UPSAMPLE",
}
"""The kinds that lines are read as."""

SLIDING = frozenset(("CONV", "DECONV", "DEPTHWISE", "MAX POOL", "AVG POOL"))
POOLS = frozenset(("MAX POOL", "AVG POOL"))
COUNTING = frozenset(("CONV", "DECONV", "FC"))


_FLAT = ("conv", "max", "av", "global", "batchnorm", "upconv")
"""What class names begin with that are no other layer for their ``2d``."""


@cache
def _names() -> dict[str, str]:
    """Names of kinds without blanks, in lower case."""
    found = {name.replace(" ", "").lower(): name for name in modules_by_name()}
    return {**found, **{name.replace(" ", ""): name for name in _ALSO}}


def kind_of(words: list[str]) -> str:
    """The keyword that words name, perhaps with an option or ``?``; empty where they name none."""
    name = " ".join(words)
    if name in _ALSO:
        return _ALSO[name]
    found = kind_named(name)
    if found is None:
        joined = "".join(words)
        joined = joined[:-2] if joined.endswith("2d") and joined.startswith(_FLAT) else joined
        joined = joined if joined in _names() else joined.replace("pooling", "pool")
        known = _names().get(joined, "")
        if known in _ALSO:
            return _ALSO[known] if not _ALSO[known].endswith("?") else ""
        found = kind_named(known) if known else None
    return found.keyword if found is not None and found.keyword in READ else ""


def is_of_layers(word: str) -> bool:
    """Whether a word in lower case is one that speaks of layers and their options, or says nothing."""
    known = _words_of_layers()
    singular = word.removesuffix("s")
    return word in known or singular in known or singular.removesuffix("e") in known or bool(kind_of([word]))


@cache
def _words_of_layers() -> frozenset[str]:
    options = [option for kind in all_kinds() for option in kind.options().values()]
    phrases = [*NOUNS, *FILLERS, *BREAKS, *_ALSO, *modules_by_name()]
    phrases += [phrase for option in options for phrase in (*option.words, *option.choices)]
    phrases += [filler for kind in all_kinds() for filler in kind.fillers]
    return frozenset(word for phrase in phrases for word in re.findall(r"[^\W\d_]+", phrase.lower()))
