"""Which other format a text that is no network seems to be."""

from __future__ import annotations

import re

_SEEMS = (
    (
        "a configuration of Darknet",
        r"^\[(?:net|network|convolutional|deconvolutional|maxpool|avgpool|connected|shortcut|route|yolo|region|"
        r"upsample|softmax|dropout|cost|crop|local|reorg)\][ \t]*$",
    ),
    ("a prototxt of Caffe", r"^[ \t]*(?:layers?|input_param|transform_param|\w{1,40}_param)[ \t]*:?[ \t]*\{"),
    ("JSON", r"\A\s*+(?:\{\s*+\"|\[\s*+[{\"])"),
    ("XML or HTML", r"\A\s*+<[!?A-Za-z]"),
    (
        "Python code",
        r"^[ \t]*(?:import \w|from [\w.]{1,80} import|def \w{1,80}\(|class \w{1,80}[(:]|self\.\w)",
    ),
    ("C code", r"^[ \t]*#include[ \t]*[<\"]"),
    ("YAML", r"\A(?:%YAML|---)"),
    ("a settings file", r"^\[[A-Za-z][\w .-]{0,80}\][ \t]*\n[\w.-]{1,80}[ \t]*="),
)


def likeness(text: str) -> str:
    """``a configuration of Darknet``; empty where the text seems to be nothing in particular."""
    for what, pattern in _SEEMS:
        if re.search(pattern, text, re.MULTILINE):
            return what
    return ""
