"""Which other format a text that is no network seems to be."""

from __future__ import annotations

import re

_NETWORK = re.compile(
    r"^[ \t]*(?:input\w{0,40}[ \t:]+\[?\d|\[\d[^\]\n]{1,60}\][ \t]*input\b|block[ \t]+\w{1,80}[ \t]*[({])",
    re.MULTILINE | re.IGNORECASE,
)
"""What of sections in brackets sets a network apart, whose groups are in brackets as well."""

_SECTIONS = (
    (
        "a configuration of Darknet",
        r"^[ \t]*\[[ \t]*(?:net|network|convolutional|conv|deconvolutional|deconv|maxpool|avgpool|"
        r"local_avgpool|connected|shortcut|route|yolo|gaussian_yolo|region|detection|upsample|softmax|dropout|cost|crop|local|reorg|"
        r"reorg_old|reorg3d|batchnorm|normalization|activation|scale_channels|sam|rnn|gru|lstm|crnn)[ \t]*\]"
        r"[ \t]*(?:[#;].*)?$",
    ),
    (
        "a settings file",
        r"^\[[A-Za-z][\w .-]{0,80}\][ \t]*\n(?:[ \t]*(?:[#;].*)?\n)*+[ \t]*[\w.-]{1,80}[ \t]*=",
    ),
)
_KEYED = (
    "a configuration of Darknet",
    r"^[ \t]*\[(?:net|convolutional|deconvolutional|maxpool|avgpool|connected|shortcut|route|yolo|upsample)\]"
    r"[ \t]*\n[ \t]*[a-z_]{1,40}[ \t]*=",
)
"""A section with its keys, which no group of layers has, wherever an input is."""

_SUMMARY = (
    (
        "a summary that torchinfo printed",
        r"Layer \(type(?: \([^)\n]{1,40}\))?:depth-idx\)",
    ),
    ("a summary that torchsummary printed", r"Layer \(type\)(?s:.{20,600}?)\[-1, \d"),
    ("a summary that Keras printed", r"Layer \(type\)[ │┃|\t]{1,80}Output Shape[ │┃|\t]{1,80}Param"),
    ("modules as PyTorch prints them", r"^[ \t]*\(\w{1,40}\): [A-Z]\w{1,60}\("),
)
_STATEMENTS = (
    "Python code",
    r"^[ \t]*(?:\w{1,40}\.(?:add|compile|fit|summary)\("
    r"|\w{1,40}[ \t]*=[ \t]*(?:\w{1,20}\.){0,4}[A-Z]\w{0,40}\("
    r"|(?:nn|layers|keras|tf|torch|F)\.\w{1,40}(?:\.\w{1,40})?\()",
)
"""Python without imports, whose calls may be in a network as well."""

_OTHERS = (
    *_SUMMARY,
    (
        "a prototxt of Caffe",
        r"^[ \t]*(?:(?:layers?|input_shape|\w{1,40}_param)[ \t]*:?[ \t]*\{"
        r"|(?:base_lr|lr_policy|max_iter|solver_mode|snapshot_prefix|input_dim)[ \t]*:"
        r"|(?:net|input)[ \t]*:[ \t]*\")",
    ),
    ("JSON", r"\A\s*+(?:\{\s*+\"|\[\s*+[{\"])"),
    ("XML or HTML", r"\A\s*+<[!?A-Za-z]"),
    (
        "Python code",
        r"^[ \t]*(?:import \w|from [\w.]{1,80} import|def \w{1,80}\(|class \w{1,80}[(:]|self\.\w)",
    ),
    ("C code", r"^[ \t]*#include[ \t]*[<\"]"),
    ("YAML", r"\A(?:%YAML|---[ \t]*$)"),
)


def likeness(text: str) -> str:
    """``a configuration of Darknet``; empty where the text seems to be nothing in particular."""
    for what, pattern in (_KEYED, *_OTHERS) if _NETWORK.search(text) else (*_SECTIONS, *_OTHERS, _STATEMENTS):
        if re.search(pattern, text, re.MULTILINE):
            return what
    return ""


_LISTED = "`netdsl import --from listing {file}` reads it"
_PRINTED = "`netdsl import --from listing` reads the summary that torchinfo or Keras prints"
_READERS = {
    "a configuration of Darknet": "netdsl cannot import it: write its layers under `dialect darknet`",
    "a prototxt of Caffe": "netdsl cannot import it: write its layers under `dialect caffe`, as "
    "`netdsl zoo caffenet` has them",
    "Python code": f"netdsl cannot import it; {_PRINTED}",
    "modules as PyTorch prints them": f"netdsl cannot import them; {_PRINTED}",
    **{what: _LISTED for what, _ in _SUMMARY[:3]},
}


def reader(what: str, file: str) -> str:
    """Which command reads a text that seems to be ``what``; empty where there is nothing to say."""
    return _READERS.get(what, "").format(file=file)
