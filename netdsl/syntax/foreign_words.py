"""What PyTorch, Keras, Caffe and Darknet call the options of layers, and what netdsl says instead.

One table, by the word without case and underscores. Options are named as the layer classes declare them;
a row says something of the kinds that have one of them.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Renamed(NamedTuple):
    """The same option under another name: the first of ``options`` that the kind has."""

    options: tuple[str, ...]


class Needless(NamedTuple):
    """Left out together with its value, and why."""

    why: str


class Switched(NamedTuple):
    """What the word says with True, and with False; empty where it is left out then. Of kinds that
    have ``option``."""

    option: str
    on: str
    off: str


class Told(NamedTuple):
    """Said otherwise, or not at all; of kinds that have ``option``, of all kinds where it is empty."""

    cure: str
    option: str = ""


Answer: TypeAlias = Renamed | Needless | Switched | Told

_INCOMING = Needless("what comes in is known")
_ORDER = Needless("volumes are height, width, channels")
_NOTHING = Needless("it changes nothing here")
_FIRST_WEIGHTS = Needless("the recipe says it, `init he`")
_DECAY = Needless("the recipe says it, `decay 5e-4` after the optimizer")
_RATES = Needless("the recipe says it: `factor CONV1 2`, `freeze CONV1`")


def _rows(words: str, *answers: Answer) -> dict[str, tuple[Answer, ...]]:
    return {word.lower().replace("_", ""): answers for word in words.split()}


FOREIGN_WORDS: dict[str, tuple[Answer, ...]] = {
    **_rows("kernel_size ksize pool_size kernel_shape filter_size", Renamed(("kernel",))),
    **_rows(
        "out_channels out_features num_output num_filters n_filters nb_filter",
        Renamed(("filters", "neurons")),
    ),
    **_rows(
        "num_units hidden_units n_units out_planes num_classes n_classes", Renamed(("neurons", "filters"))
    ),
    **_rows("strides subsample", Renamed(("stride",))),
    **_rows("paddings", Renamed(("padding", "around"))),
    **_rows("dilation_rate dilations atrous_rate rate", Renamed(("dilation",))),
    **_rows("num_groups n_groups cardinality", Renamed(("groups",))),
    **_rows("depth_multiplier channel_multiplier", Renamed(("multiplier",))),
    **_rows("negative_slope leak leakiness", Renamed(("slope",))),
    **_rows("alpha", Renamed(("slope",))),
    **_rows("p prob probability drop_rate drop_prob dropout_rate dropout_ratio ratio", Renamed(("rate",))),
    **_rows(
        "keep_prob keep_probability keep survival survival_prob survival_probability",
        Told("`rate` is the share that is left out: 1 less what is kept", "rate"),
    ),
    **_rows("variance_epsilon", Renamed(("epsilon",))),
    **_rows("scale_factor scales scale", Renamed(("factor",))),
    **_rows("upscale_factor downscale_factor block_size", Renamed(("factor", "stride"))),
    **_rows("local_size depth_radius", Renamed(("size",))),
    **_rows("norm_region", Told("write `within channel` or `across channels`", "region")),
    **_rows("out_size output_shape target_size", Renamed(("extent",))),
    **_rows(
        "in_channels in_features in_planes input_channels input_shape input_dim input_size num_features "
        "num_channels normalized_shape",
        _INCOMING,
    ),
    **_rows("data_format dim_ordering channels_last channels_first", _ORDER),
    **_rows("dtype device name inplace in_place engine return_indices track_running_stats", _NOTHING),
    **_rows("padding_mode", Needless("padding is zeros")),
    **_rows(
        "kernel_initializer bias_initializer weight_filler bias_filler gamma_initializer beta_initializer "
        "weight_init",
        _FIRST_WEIGHTS,
    ),
    **_rows("kernel_regularizer bias_regularizer weight_decay decay_mult", _DECAY),
    **_rows("lr_mult trainable", _RATES),
    **_rows("use_bias bias_term", Switched("bias", "", "no bias")),
    **_rows(
        "affine elementwise_affine learnable",
        Switched("shift", "", "no scale no shift"),
        Told("BN always learns a scale and a shift: leave it out", "momentum"),
    ),
    **_rows("center", Switched("shift", "", "no shift")),
    **_rows("ceil_mode", Switched("ceil", "ceil", "floor")),
    **_rows("pool pool_type", Told("the kind says it: MAX POOL or AVG POOL", "whole")),
    **_rows("interpolation method", Renamed(("mode",))),
    **_rows("global_pooling", Switched("whole", "global", "")),
    **_rows("align_corners", Switched("align", "align corners", "align centers")),
    **_rows(
        "count_include_pad",
        Told("whether zeros count in an average is the dialect's: `dialect torch`", "whole"),
    ),
    **_rows(
        "moving_average_fraction", Told("`momentum` is the weight of the newest batch: 1 - it", "momentum")
    ),
    **_rows("output_padding", Told("DECONV says it, with a padding for each side", "")),
    **_rows("kernel_h kernel_w", Told("both extents follow one word: `kernel 3x5`", "kernel")),
    **_rows("stride_h stride_w", Told("both extents follow one word: `stride 1x2`", "stride")),
    **_rows("pad_h pad_w", Told("both extents follow one word: `pad 0x2`", "padding")),
    **_rows("return_sequences batch_size batch_input_shape", Needless("images come one by one")),
}

TRUE, FALSE = frozenset(("true", "yes", "on")), frozenset(("false", "no", "off", "none", "null"))
"""What other programs write for a switch."""


def foreign_answers(word: str) -> tuple[Answer, ...]:
    """What there is to say about an option of another program; nothing of any other word."""
    return FOREIGN_WORDS.get(word.lower().replace("_", ""), ())
