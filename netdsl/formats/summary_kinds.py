"""What the layers of PyTorch and Keras are called in netdsl, by the class that a summary names."""

from __future__ import annotations

import re
from enum import Enum


class RowRole(Enum):
    """What is asked of a row to know its layer."""

    CONVOLUTION = "kernel, stride and padding follow from the volumes and the count"
    DEPTHWISE = "one filter for each channel"
    SEPARABLE = "a depthwise convolution and a 1x1 convolution in one row"
    TRANSPOSED = "a convolution that enlarges"
    NEURONS = "neurons follow from the volume"
    POOL = "window, stride and padding follow from the volumes"
    GLOBAL = "a pool of the whole image, or into a grid"
    NORMALISATION = "learns two numbers a channel, of which Keras counts the running statistics"
    PLAIN = "the kind says all"
    DROPOUT = "the share is not printed"
    ACTIVATION = "which one is not printed"
    MERGE = "joins volumes"
    PADDING = "how many zeros follows from the volumes"
    CROPPING = "how much is cut off follows from the volumes"
    UPSAMPLING = "the factor follows from the volumes"
    RESHAPING = "the volume says all"
    NOTHING = "changes nothing that a network file says"
    INPUT = "the input"


_KINDS: dict[str, tuple[RowRole, str]] = {
    "conv2d": (RowRole.CONVOLUTION, "CONV"),
    "convolution2d": (RowRole.CONVOLUTION, "CONV"),
    "depthwiseconv2d": (RowRole.DEPTHWISE, "DEPTHWISE"),
    "separableconv2d": (RowRole.SEPARABLE, "CONV"),
    "convtranspose2d": (RowRole.TRANSPOSED, "DECONV"),
    "conv2dtranspose": (RowRole.TRANSPOSED, "DECONV"),
    "linear": (RowRole.NEURONS, "FC"),
    "dense": (RowRole.NEURONS, "FC"),
    "maxpool2d": (RowRole.POOL, "MAX POOL"),
    "maxpooling2d": (RowRole.POOL, "MAX POOL"),
    "avgpool2d": (RowRole.POOL, "AVG POOL"),
    "averagepooling2d": (RowRole.POOL, "AVG POOL"),
    "adaptiveavgpool2d": (RowRole.GLOBAL, "AVG POOL"),
    "globalaveragepooling2d": (RowRole.GLOBAL, "AVG POOL"),
    "adaptivemaxpool2d": (RowRole.GLOBAL, "MAX POOL"),
    "globalmaxpooling2d": (RowRole.GLOBAL, "MAX POOL"),
    "batchnorm2d": (RowRole.NORMALISATION, "BN"),
    "batchnorm1d": (RowRole.NORMALISATION, "BN"),
    "syncbatchnorm": (RowRole.NORMALISATION, "BN"),
    "batchnormalization": (RowRole.NORMALISATION, "BN"),
    "batchnormalizationv1": (RowRole.NORMALISATION, "BN"),
    "groupnorm": (RowRole.PLAIN, "GN"),
    "localresponsenorm": (RowRole.PLAIN, "LRN"),
    "relu": (RowRole.PLAIN, "RELU"),
    "relu6": (RowRole.PLAIN, "RELU6"),
    "leakyrelu": (RowRole.PLAIN, "LEAKY RELU"),
    "prelu": (RowRole.PLAIN, "PRELU"),
    "elu": (RowRole.PLAIN, "ELU"),
    "selu": (RowRole.PLAIN, "SELU"),
    "gelu": (RowRole.PLAIN, "GELU"),
    "silu": (RowRole.PLAIN, "SILU"),
    "swish": (RowRole.PLAIN, "SILU"),
    "mish": (RowRole.PLAIN, "MISH"),
    "sigmoid": (RowRole.PLAIN, "SIGMOID"),
    "tanh": (RowRole.PLAIN, "TANH"),
    "hardswish": (RowRole.PLAIN, "HARD SWISH"),
    "hardsigmoid": (RowRole.PLAIN, "HARD SIGMOID"),
    "softmax": (RowRole.PLAIN, "SOFTMAX"),
    "softmax2d": (RowRole.PLAIN, "SOFTMAX"),
    "logsoftmax": (RowRole.PLAIN, "SOFTMAX"),
    "activation": (RowRole.ACTIVATION, ""),
    "dropout": (RowRole.DROPOUT, "DROPOUT"),
    "dropout2d": (RowRole.DROPOUT, "DROPOUT"),
    "spatialdropout2d": (RowRole.DROPOUT, "DROPOUT"),
    "alphadropout": (RowRole.DROPOUT, "DROPOUT"),
    "flatten": (RowRole.PLAIN, "FLATTEN"),
    "unflatten": (RowRole.RESHAPING, "RESHAPE"),
    "reshape": (RowRole.RESHAPING, "RESHAPE"),
    "add": (RowRole.MERGE, "ADD"),
    "multiply": (RowRole.MERGE, "MULTIPLY"),
    "concatenate": (RowRole.MERGE, "CONCAT"),
    "concat": (RowRole.MERGE, "CONCAT"),
    "zeropad2d": (RowRole.PADDING, "PAD"),
    "zeropadding2d": (RowRole.PADDING, "PAD"),
    "cropping2d": (RowRole.CROPPING, "CROP"),
    "upsample": (RowRole.UPSAMPLING, "UPSAMPLE"),
    "upsamplingnearest2d": (RowRole.UPSAMPLING, "UPSAMPLE"),
    "upsampling2d": (RowRole.UPSAMPLING, "UPSAMPLE"),
    "identity": (RowRole.NOTHING, ""),
    "rescaling": (RowRole.NOTHING, ""),
    "randomflip": (RowRole.NOTHING, ""),
    "randomrotation": (RowRole.NOTHING, ""),
    "randomzoom": (RowRole.NOTHING, ""),
    "randomcontrast": (RowRole.NOTHING, ""),
    "randomtranslation": (RowRole.NOTHING, ""),
    "gaussiannoise": (RowRole.NOTHING, ""),
    "inputlayer": (RowRole.INPUT, "INPUT"),
}
_SHORTEST = 8
"""Letters of a class that has been cut off and is still sure to be one."""


def role_of(layer: str, name: str = "") -> tuple[RowRole, str] | None:
    """What a class is, and its kind in netdsl; None for a class that is not known.

    A class may be cut off by a narrow column: then what is left, or the name that Keras gives by
    itself (``max_pooling2d_1``), says which one it is.
    """
    if layer == "TFOpLambda":  # an operation of TensorFlow: tf.nn.relu, tf.__operators__.add
        layer, name = re.sub(r"_\d+\Z", "", name.rpartition(".")[2]), ""
    plain = re.sub(r"[^a-z0-9]", "", layer.lower())
    found = _KINDS.get(plain)
    if found is None and len(plain) >= _SHORTEST:
        whole = {_KINDS[known] for known in _KINDS if known.startswith(plain)}
        found = whole.pop() if len(whole) == 1 else None
    if found is None and plain and name:
        usual = re.sub(r"[^a-z0-9]", "", re.sub(r"_\d+\Z", "", name).lower())
        found = _KINDS.get(usual) if usual.startswith(plain) else None
    return found


_ACTIVATIONS = (
    ("leaky", "LEAKY RELU"),
    ("relu6", "RELU6"),
    ("prelu", "PRELU"),
    ("relu", "RELU"),
    ("hardswish", "HARD SWISH"),
    ("hard_swish", "HARD SWISH"),
    ("swish", "SILU"),
    ("silu", "SILU"),
    ("gelu", "GELU"),
    ("softmax", "SOFTMAX"),
    ("hard_sigmoid", "HARD SIGMOID"),
    ("sigmoid", "SIGMOID"),
    ("tanh", "TANH"),
    ("selu", "SELU"),
    ("elu", "ELU"),
)


def activation_in(name: str) -> str:
    """The activation that the name of a layer says, as ``conv1_relu`` does; empty where it says none."""
    return next((kind for word, kind in _ACTIVATIONS if word in name.lower()), "")
