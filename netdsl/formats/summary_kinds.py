"""What the layers of PyTorch and Keras are called in netdsl, by the class that a summary names."""

from __future__ import annotations

import re
from enum import Enum


class Role(Enum):
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


_KINDS: dict[str, tuple[Role, str]] = {
    "conv2d": (Role.CONVOLUTION, "CONV"),
    "convolution2d": (Role.CONVOLUTION, "CONV"),
    "depthwiseconv2d": (Role.DEPTHWISE, "DEPTHWISE"),
    "separableconv2d": (Role.SEPARABLE, "CONV"),
    "convtranspose2d": (Role.TRANSPOSED, "DECONV"),
    "conv2dtranspose": (Role.TRANSPOSED, "DECONV"),
    "linear": (Role.NEURONS, "FC"),
    "dense": (Role.NEURONS, "FC"),
    "maxpool2d": (Role.POOL, "MAX POOL"),
    "maxpooling2d": (Role.POOL, "MAX POOL"),
    "avgpool2d": (Role.POOL, "AVG POOL"),
    "averagepooling2d": (Role.POOL, "AVG POOL"),
    "adaptiveavgpool2d": (Role.GLOBAL, "AVG POOL"),
    "globalaveragepooling2d": (Role.GLOBAL, "AVG POOL"),
    "adaptivemaxpool2d": (Role.GLOBAL, "MAX POOL"),
    "globalmaxpooling2d": (Role.GLOBAL, "MAX POOL"),
    "batchnorm2d": (Role.NORMALISATION, "BN"),
    "batchnorm1d": (Role.NORMALISATION, "BN"),
    "syncbatchnorm": (Role.NORMALISATION, "BN"),
    "batchnormalization": (Role.NORMALISATION, "BN"),
    "batchnormalizationv1": (Role.NORMALISATION, "BN"),
    "groupnorm": (Role.PLAIN, "GN"),
    "localresponsenorm": (Role.PLAIN, "LRN"),
    "relu": (Role.PLAIN, "RELU"),
    "relu6": (Role.PLAIN, "RELU6"),
    "leakyrelu": (Role.PLAIN, "LEAKY RELU"),
    "prelu": (Role.PLAIN, "PRELU"),
    "elu": (Role.PLAIN, "ELU"),
    "selu": (Role.PLAIN, "SELU"),
    "gelu": (Role.PLAIN, "GELU"),
    "silu": (Role.PLAIN, "SILU"),
    "swish": (Role.PLAIN, "SILU"),
    "mish": (Role.PLAIN, "MISH"),
    "sigmoid": (Role.PLAIN, "SIGMOID"),
    "tanh": (Role.PLAIN, "TANH"),
    "hardswish": (Role.PLAIN, "HARD SWISH"),
    "hardsigmoid": (Role.PLAIN, "HARD SIGMOID"),
    "softmax": (Role.PLAIN, "SOFTMAX"),
    "softmax2d": (Role.PLAIN, "SOFTMAX"),
    "logsoftmax": (Role.PLAIN, "SOFTMAX"),
    "activation": (Role.ACTIVATION, ""),
    "dropout": (Role.DROPOUT, "DROPOUT"),
    "dropout2d": (Role.DROPOUT, "DROPOUT"),
    "spatialdropout2d": (Role.DROPOUT, "DROPOUT"),
    "alphadropout": (Role.DROPOUT, "DROPOUT"),
    "flatten": (Role.PLAIN, "FLATTEN"),
    "unflatten": (Role.RESHAPING, "RESHAPE"),
    "reshape": (Role.RESHAPING, "RESHAPE"),
    "add": (Role.MERGE, "ADD"),
    "multiply": (Role.MERGE, "MULTIPLY"),
    "concatenate": (Role.MERGE, "CONCAT"),
    "concat": (Role.MERGE, "CONCAT"),
    "zeropad2d": (Role.PADDING, "PAD"),
    "zeropadding2d": (Role.PADDING, "PAD"),
    "cropping2d": (Role.CROPPING, "CROP"),
    "upsample": (Role.UPSAMPLING, "UPSAMPLE"),
    "upsamplingnearest2d": (Role.UPSAMPLING, "UPSAMPLE"),
    "upsampling2d": (Role.UPSAMPLING, "UPSAMPLE"),
    "identity": (Role.NOTHING, ""),
    "rescaling": (Role.NOTHING, ""),
    "randomflip": (Role.NOTHING, ""),
    "randomrotation": (Role.NOTHING, ""),
    "randomzoom": (Role.NOTHING, ""),
    "randomcontrast": (Role.NOTHING, ""),
    "randomtranslation": (Role.NOTHING, ""),
    "gaussiannoise": (Role.NOTHING, ""),
    "inputlayer": (Role.INPUT, "INPUT"),
}
_SHORTEST = 8
"""Letters of a class that has been cut off and is still sure to be one."""


def role_of(layer: str, name: str = "") -> tuple[Role, str] | None:
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
