"""Lines of a sheet that say how to train, ``Optimizer: Adam``, as entries of a `train` block."""

from __future__ import annotations

import re

_NAMES = r"sgd|adam|adamw|rms-?prop|adagrad|nesterov|momentum"
_OPTIMIZER = re.compile(
    rf"(?:use[ \t]+)?(?:the[ \t]+)?(?:optimi[sz]er[ \t]*(?:[:=–-]|is)?[ \t]*)?(?P<name>{_NAMES})"
    r"(?:[ \t]+(?:as[ \t]+)?(?:the[ \t]+|an[ \t]+)?optimi[sz]er)?(?P<rest>.*)\Z",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"[ \t,(]*(?:with[ \t]+|and[ \t]+|an?[ \t]+)*(?P<name>learning[ _]rate|lr|rate|momentum|weight[ _]decay)"
    r"[ \t]*(?:[:=]|of)?[ \t]*(?P<value>[0-9.]+(?:e-?[0-9]+)?)[ \t)]*",
    re.IGNORECASE,
)
_LOSS = re.compile(
    r"(?:use[ \t]+)?(?:the[ \t]+)?(?:loss(?:[ \t]+function)?[ \t]*(?:[:=–-]|is)?[ \t]*)?"
    r"(?P<name>(?:sparse[ _])?(?:categorical[ _])?cross[ _-]?entropy|softmax[ ]loss|hinge)(?:[ _]?loss)?"
    r"(?:[ \t]+(?:as[ \t]+)?(?:the[ \t]+|a[ \t]+)?loss(?:[ \t]+function)?)?\Z",
    re.IGNORECASE,
)
_SAYS = r"[ \t]*(?:[:=–-]|as|to|of|is)?[ \t]*(?:to[ \t]+)?"
_SET = r"(?:(?:set|use)[ \t]+)?(?:the[ \t]+|an?[ \t]+)?"
_ENTRIES = (
    (
        re.compile(rf"{_SET}(?:learning[ _]rate|lr){_SAYS}(?P<value>[0-9.]+(?:e-?[0-9]+)?)\Z", re.IGNORECASE),
        "rate",
    ),
    (
        re.compile(rf"{_SET}(?:mini[ -]?)?batch(?:[ _-]?size)?{_SAYS}(?P<value>[0-9]+)\Z", re.IGNORECASE),
        "batch",
    ),
    (
        re.compile(rf"{_SET}(?:number[ \t]+of[ \t]+)?epochs?{_SAYS}(?P<value>[0-9]+)\Z", re.IGNORECASE),
        "epochs",
    ),
    (re.compile(r"train(?:ed)?[ \t]+for[ \t]+(?P<value>[0-9]+)[ \t]+epochs\Z", re.IGNORECASE), "epochs"),
)
_CALLED = {
    "learning rate": "rate",
    "lr": "rate",
    "rate": "rate",
    "momentum": "momentum",
    "weight decay": "decay",
}


def read_recipe(line: str) -> str:
    """``optimizer adam rate 0.001``; empty where the line says something else."""
    line = line.rstrip(". \t")
    for pattern, word in _ENTRIES:
        found = pattern.match(line)
        if found is not None:
            return f"{word} {found['value']}"
    if _LOSS.match(line) and re.search("loss|entropy", line, re.IGNORECASE):
        return "loss hinge" if "hinge" in line.lower() else "loss cross-entropy"
    optimizer = _OPTIMIZER.match(line) if re.search("optimi[sz]er", line, re.IGNORECASE) else None
    if optimizer is None:
        return ""
    words, rest = ["optimizer", optimizer["name"].lower().replace("-", "")], optimizer["rest"]
    while rest.strip(" \t)"):
        setting = _SETTING.match(rest)
        if setting is None:
            return ""
        words += [_CALLED[setting["name"].lower().replace("_", " ")], setting["value"]]
        rest = rest[setting.end() :]
    return " ".join(words)
