"""Which other format a text that is no network seems to be."""

from __future__ import annotations

import re

_NETWORK = re.compile(
    r"^[ \t]*(?:input\w{0,40}[ \t:]+\[?\d|\[\d[^\]\n]{1,60}\][ \t]*input\b|block[ \t]+\w{1,80}[ \t]*[({])",
    re.MULTILINE | re.IGNORECASE,
)
"""What of sections in brackets sets a network apart, whose groups stand in brackets as well."""

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
_OTHERS = (
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
    for what, pattern in _OTHERS if _NETWORK.search(text) else (*_SECTIONS, *_OTHERS):
        if re.search(pattern, text, re.MULTILINE):
            return what
    return ""
