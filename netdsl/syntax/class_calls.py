"""Layers as other programs call them, ``Conv2D(64, (3, 3), activation="relu")``, in netdsl's words.

Knows what Keras and PyTorch call their layers, and in which order those take their arguments. Of
arguments that change a layer in ways not known here, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_LONGEST = 300
"""Characters of a call."""

_CALL = re.compile(r"(?<![\w.])(?:[A-Za-z_]\w{0,40}\.){0,4}([A-Za-z_]\w{0,40})\(", re.ASCII)
_COUNT = re.compile(r"[0-9]+|[A-Za-z_]\w*", re.ASCII)
_REAL = re.compile(r"[0-9]*\.?[0-9]+|[A-Za-z_]\w*", re.ASCII)
_PAIR = re.compile(r"[(\[]\s*([0-9]+)\s*,\s*([0-9]+)\s*,?\s*[)\]]|([0-9]+)[xX×]([0-9]+)")
_ARROW = re.compile(r"\s*(?P<coming>[0-9]+(?:\s*[*x×]\s*[0-9]+)*)\s*(?:-+>|=>|→|⇒)\s*(?P<out>[0-9]+)\s*")
_NAMED = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)", re.ASCII)

_ACTIVATIONS = {
    **{name: name.upper() for name in ("relu", "relu6", "elu", "selu", "gelu", "silu", "mish")},
    **{name: name.upper() for name in ("sigmoid", "tanh")},
    "softmax": "SOFTMAX",
    "swish": "SILU",
    "hardsigmoid": "HARD SIGMOID",
    "hardswish": "HARD SWISH",
    "leakyrelu": "LEAKY RELU",
    "prelu": "PRELU",
    "linear": "",
}
_IDLE = frozenset(("name", "inplace", "dim", "axis", "in_channels", "in_features", "num_features"))
"""Arguments that netdsl need not be told."""

_COMING = ("in_channels", "in_features")
"""Arguments that say how many channels or numbers come in."""


class Called(NamedTuple):
    """A call in a text, from ``start`` to ``end``, and the layer that it means; empty where unknown.

    ``coming`` is how many channels or numbers it says come in, ``program`` whose call it is: the name of a
    dialect, or empty."""

    start: int
    end: int
    name: str
    meant: str
    coming: str = ""
    program: str = ""


class _Arguments:
    """The arguments of a call: by position, and by name."""

    def __init__(self, written: list[str]) -> None:
        self.bare = [text for text in written if not _NAMED.match(text)]
        self.coming = ""
        arrows = [(index, found) for index, text in enumerate(self.bare) if (found := _ARROW.fullmatch(text))]
        if len(arrows) == 1:  # `Conv(1 -> 32, 3x3)`
            index, arrow = arrows[0]
            self.bare[index] = arrow["out"]
            self.coming = _product(arrow["coming"])
        named = ((match, text) for text in written if (match := _NAMED.match(text)))
        self.named = {match[1].lower(): text[match.end() :].strip() for match, text in named}
        self.used: set[str] = set()
        self.arrow = bool(arrows)
        self.coming = self.coming or next((self.named[name] for name in _COMING if name in self.named), "")
        follows = [text for text in self.bare if _word(text) in _ACTIVATIONS]
        if len(follows) == 1 and len(self.bare) > 1 and "activation" not in self.named:
            self.bare.remove(follows[0])
            self.named["activation"] = follows[0].strip()

    def drop_coming(self) -> None:
        """Take out the first argument, which says what comes in."""
        self.coming = _product(self.bare.pop(0).strip())

    def take(self, index: int, *names: str) -> str:
        """The argument of one of these names, or at this index; empty where there is none."""
        self.used.update(names)
        found = next((self.named[name] for name in names if name in self.named), "")
        return found or (self.bare[index].strip() if 0 <= index < len(self.bare) else "")

    def is_read(self, count: int) -> bool:
        """Whether nothing is left that may mean something."""
        return len(self.bare) <= count and self.named.keys() <= self.used | _IDLE


def _product(text: str) -> str:
    """``1024`` of ``64*4*4``; the text where it is no product of a few numbers."""
    factors = re.findall("[0-9]+", text)
    if not re.fullmatch(r"[0-9]{1,6}(?:\s*[*x×]\s*[0-9]{1,6}){1,3}", text):
        return text
    product = 1
    for factor in factors:
        product *= int(factor)
    return str(product)


class _UnknownError(ValueError):
    """An argument that is not understood."""


def calls_in(line: str) -> list[Called]:
    """The calls of a line that are closed in it, none inside another."""
    found: list[Called] = []
    for call in _CALL.finditer(line):
        if found and call.start() < found[-1].end:
            continue
        end = _closing(line, call.end())
        if end:
            found.append(_called(call.start(), end, call[1], line[call.end() : end - 1]))
    return found


def _called(start: int, end: int, name: str, arguments: str) -> Called:
    read = _Arguments(_split(arguments))
    meant = _layer(name, read, arguments)
    plain = name.lower()
    program = "torch" if name.endswith(("1d", "2d")) or plain == "linear" else ""
    program = "tensorflow" if name.endswith("2D") or plain == "dense" else program
    return Called(start, end, name, meant, read.coming if read.coming.isdecimal() else "", program)


def _closing(line: str, start: int) -> int:
    """Where the call ends whose arguments begin at ``start``; 0 where it does not."""
    depth = 1
    for offset in range(start, min(len(line), start + _LONGEST)):
        depth += (line[offset] in "([") - (line[offset] in ")]")
        if depth == 0:
            return offset + 1
    return 0


def without_unread(name: str, arguments: str) -> tuple[tuple[str, ...], str]:
    """The named arguments without which a call is a layer, and that layer; nothing where there are none such:
    ``output_padding``, ``DECONV 8 3x3 stride 2``."""
    written = _split(arguments)
    named = [part for part in written if _NAMED.match(part)][:_MOST_NAMED]
    for left_out in (*((part,) for part in named), tuple(named)):
        meant = layer_of_call(name, ",".join(part for part in written if part not in left_out))
        if left_out and meant:
            return tuple(part.partition("=")[0].strip() for part in left_out), meant
    return (), ""


_MOST_NAMED = 8


def layer_of_call(name: str, arguments: str) -> str:
    """``CONV 64 3x3 - RELU``; empty where the class or an argument is not known."""
    return _layer(name, _Arguments(_split(arguments)), arguments)


def _layer(name: str, read: _Arguments, arguments: str) -> str:
    plain = name.lower().replace("_", "")
    dimensions = _DIMENSIONS.search(plain)
    plain = _DIMENSIONS.sub("", plain)
    if dimensions is not None and (
        dimensions[0] == "3d" or (dimensions[0] == "1d" and _WINDOWS.match(plain))
    ):
        return ""  # of other shapes than pictures
    if dimensions is not None and plain == "dropout":
        return ""  # drops whole channels
    written = _split(arguments)
    try:
        if plain == "activation" and len(written) == 1:
            return _ACTIVATIONS.get(_word(written[0]), "")
        layer = _CLASSES.get(plain)
        return layer(read, name) if layer is not None else ""
    except _UnknownError:
        return ""


_DIMENSIONS = re.compile(r"[123]d(?=transpose\Z|\Z)")
_WINDOWS = re.compile(r"(?:de)?conv|(?:max|avg|average)pool|zeropad|upsampl|pixel|separable|depthwise")


def _split(arguments: str) -> list[str]:
    """The arguments, at commas outside brackets."""
    parts, depth, start = [], 0, 0
    for offset, sign in enumerate(arguments):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append(arguments[start:offset])
            start = offset + 1
    return [part for part in (*parts, arguments[start:]) if part.strip()]


def _word(text: str) -> str:
    return text.strip().strip("\"'").lower().replace("_", "")


def _number(text: str, pattern: re.Pattern[str]) -> str:
    """A number, or the name of one."""
    if not pattern.fullmatch(text):
        raise _UnknownError
    return text


def _size(text: str) -> str:
    """``3x3`` of ``3``, ``(3, 3)`` or ``3x3``."""
    pair = _PAIR.fullmatch(text)
    if pair is not None:
        return f"{pair[1] or pair[3]}x{pair[2] or pair[4]}"
    if not text.isdecimal():
        raise _UnknownError
    return f"{text}x{text}"


def _stride(text: str) -> str:
    height, _, width = _size(text).partition("x")
    return f"stride {height}" if height == width else f"stride {height}x{width}"


def _padding(text: str) -> str:
    word = _word(text)
    if word in ("valid", "0"):
        return ""
    if word == "same":
        return "same"
    height, _, width = _size(text).partition("x")
    return f"pad {height}" if height == width else f"pad {height}x{width}"


def _finished(kind: str, parts: list[str], arguments: _Arguments, count: int) -> str:
    """The layer, without bias where that is asked for, and with its activation behind it."""
    bias = _word(arguments.take(-1, "use_bias", "bias"))
    follows = _word(arguments.take(-1, "activation"))
    known = (
        arguments.is_read(count)
        and bias in ("", "true", "false")
        and (not follows or follows in _ACTIVATIONS)
    )
    if not known:
        raise _UnknownError
    layer = " ".join([kind, *filter(None, parts), *(["no bias"] if bias == "false" else [])])
    activation = _ACTIVATIONS.get(follows, "")
    return f"{layer} - {activation}" if activation else layer


def _window(kind: str) -> Callable[[_Arguments, str], str]:
    """A layer of filters; PyTorch's name the channels of their input first."""

    def read(arguments: _Arguments, name: str) -> str:
        of_torch = name.endswith("d") and len(arguments.bare) >= 3 and not arguments.arrow
        if of_torch or (len(arguments.bare) == 2 and "kernel_size" in arguments.named):
            arguments.drop_coming()
        if not name.lower().endswith("d") and len(arguments.bare) == 3:
            _order_as_sizes(arguments.bare)
        if name == "Convolution2D" and len(arguments.bare) == 3:  # Keras 1: filters, rows, columns
            arguments.bare[1:] = ["x".join(part.strip() for part in arguments.bare[1:])]
        filters = _number(arguments.take(0, "filters", "out_channels"), _COUNT)
        parts = [filters, _size(arguments.take(1, "kernel_size", "kernel"))]
        stride = arguments.take(2, "strides", "stride", "subsample")
        padding = arguments.take(3, "padding", "pad", "border_mode")
        parts += [_stride(stride) if stride not in ("", "1") else "", _padding(padding) if padding else ""]
        return _finished(kind, parts, arguments, 4)

    return read


def _order_as_sizes(bare: list[str]) -> None:
    """``conv(5, 5, 32)``, height, width and filters: a stride is not larger than its kernel."""
    height, width, filters = (part.strip() for part in bare)
    if not all(part.isdecimal() for part in (height, width, filters)):
        return
    if int(filters) > int(width):
        if height != width:
            raise _UnknownError
        bare[:] = [filters, f"{height}x{width}"]


def _pool(kind: str) -> Callable[[_Arguments, str], str]:
    """A pool, whose stride is its window where none is given."""

    def read(arguments: _Arguments, name: str) -> str:
        window = arguments.take(0, "pool_size", "kernel_size", "kernel") or "2"
        padding = arguments.take(2, "padding", "pad")
        stride = arguments.take(1, "strides", "stride") or window
        parts = [_size(window), _stride(stride), _padding(padding) if padding else ""]
        return _finished(kind, parts, arguments, 3)

    return read


def _adaptive(kind: str) -> Callable[[_Arguments, str], str]:
    def read(arguments: _Arguments, name: str) -> str:
        if _size(arguments.take(0, "output_size")) != "1x1":
            raise _UnknownError
        return _finished(kind, [], arguments, 1)

    return read


def _dense(arguments: _Arguments, name: str) -> str:
    if len(arguments.bare) == 2:
        arguments.drop_coming()  # as PyTorch wants it
    return _finished(
        "FC", [_number(arguments.take(0, "units", "out_features", "neurons"), _COUNT)], arguments, 1
    )


def _plain(kind: str, ignored: int = 0) -> Callable[[_Arguments, str], str]:
    """A layer without numbers; so many of its arguments only repeat what its input is."""
    return lambda arguments, name: _finished(kind, [], arguments, ignored)


def _one_number(kind: str, *names: str) -> Callable[[_Arguments, str], str]:
    def read(arguments: _Arguments, name: str) -> str:
        number = arguments.take(0, *names)
        return _finished(kind, [_number(number, _REAL)] if number else [], arguments, 1)

    return read


def _groups(arguments: _Arguments, name: str) -> str:
    return _finished("SHUFFLE", [_number(arguments.take(0, "groups"), _COUNT)], arguments, 1)


def _left_out(arguments: _Arguments, name: str) -> str:
    """A branch that is left out for some images; torchvision's has a mode that leaves it out for all."""
    mode = _word(arguments.take(1, "mode"))
    if mode not in ("", "row"):
        raise _UnknownError
    rate = _number(arguments.take(0, "p", "drop_prob"), _REAL)
    return _finished("STOCHASTIC DEPTH", [rate], arguments, 2 if mode else 1)


def _normalised(arguments: _Arguments, name: str) -> str:
    """PyTorch names what is learned `affine`, Keras `scale` and `center`."""
    flags = {word: _word(arguments.take(-1, word)) for word in ("affine", "scale", "center")}
    if any(value not in ("", "true", "false") for value in flags.values()):
        raise _UnknownError
    bare = flags["affine"] == "false"
    parts = ["no scale" if bare or flags["scale"] == "false" else ""]
    parts.append("no shift" if bare or flags["center"] == "false" else "")
    return _finished("BN", parts, arguments, 1)


def _zeros(arguments: _Arguments, name: str) -> str:
    return _finished("PAD", [_padding(arguments.take(0, "padding"))], arguments, 1)


def _sized(kind: str, *names: str) -> Callable[[_Arguments, str], str]:
    return lambda arguments, name: _finished(kind, [_size(arguments.take(0, *names))], arguments, 1)


def _enlarged(arguments: _Arguments, name: str) -> str:
    """Keras names a factor `size`, PyTorch a size."""
    to = arguments.take(0, "size") if name.lower() == "upsample" else ""
    size = to or arguments.take(0, "size", "scale_factor")
    mode = _word(arguments.take(-1, "interpolation", "mode")) or "nearest"
    align = _word(arguments.take(-1, "align_corners"))
    if mode not in ("nearest", "bilinear") or align not in ("", "none", "true", "false"):
        raise _UnknownError
    parts = ["to" if to else "", _size(size), "bilinear" if mode == "bilinear" else ""]
    parts.append("align corners" if align == "true" else "")
    return _finished("UPSAMPLE", parts, arguments, 1)


_CLASSES: dict[str, Callable[[_Arguments, str], str]] = {
    **{name: _plain(kind) for name, kind in _ACTIVATIONS.items() if kind},
    **dict.fromkeys(("conv", "convolution"), _window("CONV")),
    **dict.fromkeys(("deconv", "convtranspose", "convolutiontranspose"), _window("DECONV")),
    **dict.fromkeys(("dense", "linear", "fc"), _dense),
    **dict.fromkeys(("maxpool", "maxpooling"), _pool("MAX POOL")),
    **dict.fromkeys(("avgpool", "averagepooling", "averagepool"), _pool("AVG POOL")),
    **dict.fromkeys(("globalmaxpool", "globalmaxpooling"), _plain("MAX POOL global")),
    **dict.fromkeys(
        ("globalavgpool", "globalaveragepool", "globalaveragepooling"), _plain("AVG POOL global")
    ),
    "adaptiveavgpool": _adaptive("AVG POOL global"),
    "adaptivemaxpool": _adaptive("MAX POOL global"),
    "dropout": _one_number("DROPOUT", "rate", "p"),
    **dict.fromkeys(("droppath", "stochasticdepth"), _left_out),
    "leakyrelu": _one_number("LEAKY RELU", "alpha", "negative_slope"),
    **dict.fromkeys(("bn", "batchnorm", "batchnormalization"), _normalised),
    "flatten": _plain("FLATTEN"),
    "channelshuffle": _groups,
    "pixelshuffle": _sized("PIXEL SHUFFLE", "upscale_factor"),
    "pixelunshuffle": _sized("PIXEL UNSHUFFLE", "downscale_factor"),
    "zeropadding": _zeros,
    **dict.fromkeys(("upsampling", "upsample"), _enlarged),
}
