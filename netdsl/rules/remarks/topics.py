"""What remarks speak of beside kinds: for each topic its words, whether the layer has it, and the cure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from netdsl.quantities import SAME, Padding, Size
from netdsl.rules.remarks.around import Around


class Topic(NamedTuple):
    """``option`` is what a number beside the words is compared with; ``missing`` is the cure where the layer
    lacks what the words say, ``present`` where it has what they say that it has not."""

    words: re.Pattern[str]
    has: Callable[[Around], bool]
    missing: str
    present: str = ""
    option: str = ""


def _topic(
    words: str, has: Callable[[Around], bool], missing: str, present: str = "", option: str = ""
) -> Topic:
    return Topic(re.compile(rf"\b(?:{words})\b", re.IGNORECASE), has, missing, present, option)


def _is_padded(around: Around) -> bool:
    padding = getattr(around.layer, "padding", None)
    if around.has_option("padding") and padding not in (None, Padding(0, 0, 0, 0)):
        return True
    return getattr(around.layer, "kernel", None) == Size(1, 1) or around.has_kind("PAD")


def _keeps_size(around: Around) -> bool:
    return all(volume.size == around.planned.output.size for volume in around.planned.inputs)


def _keeps_positions(around: Around) -> bool:
    """``same``: as many positions as the stride leaves."""
    if getattr(around.layer, "padding", None) is SAME:
        return True
    stride = getattr(around.layer, "stride", None) or Size(1, 1)
    return all(
        -(-volume.height // stride.height) == around.planned.output.height for volume in around.planned.inputs
    )


def _pixels(around: Around) -> tuple[int, int]:
    inputs = [volume.height * volume.width for volume in around.planned.inputs]
    return max(inputs, default=0), around.planned.output.height * around.planned.output.width


def _shrinks(around: Around) -> bool:
    before, behind = _pixels(around)
    fewer = all(around.planned.output.channels < volume.channels for volume in around.planned.inputs)
    return behind < before or fewer


def _halves(around: Around) -> bool:
    before, behind = _pixels(around)
    fewer = all(2 * around.planned.output.channels <= volume.channels for volume in around.planned.inputs)
    return 3 * behind <= before or fewer


def _enlarges(around: Around) -> bool:
    before, behind = _pixels(around)
    return behind > before


def _doubles(around: Around) -> bool:
    more = all(around.planned.output.channels >= 2 * volume.channels for volume in around.planned.inputs)
    return more or _enlarges(around)


def _above_one(name: str) -> Callable[[Around], bool]:
    return lambda around: getattr(around.layer, name, None) not in (None, 1, Size(1, 1))


def _is_depthwise(around: Around) -> bool:
    groups = getattr(around.layer, "groups", 1)
    return around.has_kind("DEPTHWISE") or groups == around.planned.inputs[0].channels > 1


def _overlaps(around: Around) -> bool:
    window = around.layer.window(*around.planned.inputs)
    return window is not None and window.stride < window.kernel


def _is_shared(around: Around) -> bool:
    node = around.planned.node
    return node.shares is not None or node.name in around.whole.owners


def _is_joined(around: Around) -> bool:
    return any(around.has_kind(kind) for kind in ("ADD", "CONCAT", "MULTIPLY"))


def _entry(*names: str) -> Callable[[Around], bool]:
    def has(around: Around) -> bool:
        recipe = around.whole.recipe
        return recipe is not None and any(name in recipe.values for name in names)

    return has


def _decays(around: Around) -> bool:
    recipe = around.whole.recipe
    return recipe is not None and bool(getattr(recipe.recipe.optimizer, "decay", 0))


def _never(around: Around) -> bool:
    return False


TOPICS = (
    _topic(r"(?:kernel|filter|window|pool)[ -]size", lambda around: True, "", option="kernel"),
    _topic(
        r"twice|thrice|repeat\w*|[0-9]+ times|times [0-9]+|again"
        r"|(?<!\w)(?<![0-9] )[x×] ?[0-9]+(?! ?[x×])|[0-9]+ ?[x×](?! ?[0-9])",
        lambda around: around.whole.times(around.planned.node) > 1,
        "write `[ ... ]*2` around layers that are repeated",
    ),
    _topic(
        r"(?:circular|reflect\w*|replicat\w*|mirror\w*|symmetric|edge|wrap\w*)[ -]+pad\w*",
        _never,
        "padding is of zeros here",
    ),
    _topic(
        r"(?:padding )?valid(?: padding)?|un-?padded", lambda around: not _is_padded(around), "write `valid`"
    ),
    _topic(
        r"same[ -]pad\w*|pad\w*[ :=]*(?:is |as )?same(?: as before)?|same",
        lambda around: _keeps_positions(around),
        "write `same` without parentheses",
    ),
    _topic(
        r"(?:zero[ -]+)?pad(?:ding|ded|s)?|with borders?",
        _is_padded,
        "write `pad 1`, or how much it is, without parentheses",
        "write `valid`, or leave the padding out",
        "padding",
    ),
    _topic(
        r"(?:keep|preserv|maintain|retain)\w*(?: (?:the|its|same|spatial|input|image))*"
        r"(?: (?:size|resolution|dimension|shape|extent)s?)?",
        _keeps_size,
        "write `same`, which keeps the size",
    ),
    _topic(
        r"strid(?:e|ed|es)|step(?:s| size)?",
        _above_one("stride"),
        "write `stride 2`, or how much it is, without parentheses",
        "leave `stride` out",
        "stride",
    ),
    _topic(
        r"(?:halv|down-?sampl|sub-?sampl)\w*|half",
        _halves,
        "write `stride 2`, which halves the size",
    ),
    _topic(
        r"(?:reduc|shrink)\w*",
        _shrinks,
        "write `stride 2`, which makes the size smaller",
    ),
    _topic(r"doubl\w*", _doubles, "write `UPSAMPLE 2`, or twice as many filters"),
    _topic(r"(?:up-?sampl|enlarg|up-?scal)\w*", _enlarges, "write `UPSAMPLE 2`, or `DECONV`, which enlarge"),
    _topic(
        r"dilat\w+(?: rate)?|(?:à trous|atrous)(?: rate)?",
        _above_one("dilation"),
        "write `dilation 2`, or how much it is, without parentheses",
        option="dilation",
    ),
    _topic(
        r"depth-?wise[ -]separable|separable|sepconv",
        lambda around: around.has_kind("DEPTHWISE"),
        "write `separable conv` before its filters",
    ),
    _topic(r"depth-?wise", _is_depthwise, "write `DEPTHWISE`"),
    _topic(
        r"transposed?|fractionally[ -]strided|deconv\w*",
        lambda around: around.has_kind("DECONV"),
        "write `DECONV`",
    ),
    _topic(
        r"group(?:ed|s)",
        _above_one("groups"),
        "write `groups 2`, or how many, without parentheses",
        option="groups",
    ),
    _topic(
        r"bias(?:es|ed)?",
        lambda around: bool(getattr(around.layer, "bias", False)),
        "leave `no bias` out",
        "write `no bias` without parentheses",
    ),
    _topic(
        r"point-?wise",
        lambda around: getattr(around.layer, "kernel", None) == Size(1, 1),
        "write its size `1x1`",
    ),
    _topic(
        r"global(?:ly)?|adaptive",
        lambda around: around.planned.output.size == (1, 1),
        "write `global` without parentheses",
    ),
    _topic(
        r"non-?overlapping|disjoint",
        lambda around: not _overlaps(around),
        "write a stride as large as the window",
    ),
    _topic(r"overlap\w*", _overlaps, "write a stride below the window's size, such as `stride 1`"),
    _topic(
        r"(?:weight[ -]+)?(?:shar(?:ed?|ing)|tied|tying)(?: weights?| parameters?)?|siamese",
        _is_shared,
        "write `same weights as LABEL`, the label of the other layer",
    ),
    _topic(
        r"skip\w*|residual\w*|short-?cut\w*|identity|add(?:ed|ition)|concat\w*|merged?",
        _is_joined,
        "write `ADD[ ... | SKIP ]` around the layers, or `CONCAT[ ... ]`",
    ),
    _topic(
        r"frozen|freez\w*|not trained|non-?trainable",
        _entry("freeze"),
        "write `freeze LABEL` in a `train` block",
    ),
    _topic(
        r"(?:l[12][ -])?(?:regulari[sz]\w*|penalty)|weight[ -]+decay",
        _decays,
        "write `optimizer sgd decay 5e-4` in a `train` block",
    ),
    _topic(r"init\w*|xavier|glorot|kaiming", _entry("init"), "write `init he` in a `train` block"),
    _topic(
        r"learning[ -]+rate|lr|batch[ -]*size|epochs?|momentum|adam|sgd|optimi[sz]er",
        lambda around: around.keyword == "BN" or _entry("optimizer", "batch", "epochs", "schedule")(around),
        "write it in a `train` block",
    ),
    _topic(
        r"not (?:used|applied|needed|present|meant)|optional(?:ly)?|unused|removed|omitted|disabled"
        r"|(?:left|commented) out",
        _never,
        "leave the layer out if that is not what you mean",
    ),
    _topic(r"rate|probability", lambda around: True, "", option="rate"),
)
"""In the order in which they are looked for: what is more special comes first."""
