"""Reads listings as they are found in public: slides' text between headings, in bullets, in comments.

    - [27x27x256] CONV2: 256 5x5 filters at stride 1(+Relu)
    > \\[4096\\] 4096 neurons \\
    INPUT: [224x224x3]        memory:  224*224*3=150K   weights: 0
    CONV(stride = 1, spatialExtent = 5, filter = 8, padding = 0)[28x28x10]

Lines without a volume in brackets are prose and left out. The rest becomes one line of canonical
text each; what the volumes contradict is for the planner to find, at the line it came from.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from netdsl.layers.registry import kind_named


class Entry(NamedTuple):
    """A layer of a listing: the number of its line, and what it says in netdsl's words.

    ``guess`` says what of it is guessed, because the line is garbled; else it is empty.
    """

    number: int
    text: str
    guess: str = ""


_PREFIX = re.compile(r"\s*(?:(?:[>#%|•·]|//|[-*+](?=\s)|\d{1,3}[.)](?=\s))\s*)*")
_ENDING = re.compile(r"(?:\s|\\|\||<br\s*/?>)*\Z", re.IGNORECASE)
_MARKUP = re.compile(r"\*\*|__|`|\$")
_EXTENT = r"\d[\d ]*"
_CLAIM = re.compile(rf"\[\s*({_EXTENT}(?:\s*[x*,]\s*{_EXTENT})*)\]", re.IGNORECASE)
_NOTED = re.compile(r"(conv\d+-\d+|pool\d*|fc\d*|input)\s*:?\s*(?=\[)", re.IGNORECASE)
_NOTES = re.compile(r"\s*(?:memory|weights|params|parameters)\s*:", re.IGNORECASE)
_TRAILING_CLAIM = re.compile(
    rf"([A-Za-z][\w ]*?)\s*(?:\(([^()]*)\))?\s*({_CLAIM.pattern})\s*\Z", re.IGNORECASE
)
_ACTIVATION = re.compile(r"\(?\+\s*(relu|tanh|sigmoid|softmax|dropout|elu|leaky relu)\b\)?", re.IGNORECASE)
_REMARK = re.compile(r"\(([^()]*)\)\s*\Z")
_LABEL = re.compile(r"([A-Za-z][A-Za-z_ ]*?)[ _]?(\d*)(?:\s+layer)?\s*(?::|\Z)\s*", re.IGNORECASE)
_ARGUMENTS = {"spatialextent": "kernel", "filter": "filters", "padding": "pad", "size": "kernel"}
_KINDS = {"FULLY CONNECT": "FC", "CONVOLUTIONAL": "CONV", "FCL": "FC"}
_NORM_WORDS = frozenset(("normalization", "normalisation", "layer", "local", "response"))
_SUMMARIES = frozenset(("OUTPUT", "TOTAL"))


def read_listing(text: str) -> list[Entry]:
    """The layers that a text lists, in order."""
    entries: list[Entry] = []
    for number, written in enumerate(text.split("\n"), 1):
        line = _cleaned(written)
        if _NOTES.match(line) and entries and "memory:" not in entries[-1].text.lower():
            entries[-1] = entries[-1]._replace(text=f"{entries[-1].text} {_notes(line)}")
            continue
        entry = _noted(number, line) or _claimed(number, line) or _arguments(number, line)
        if entry is not None:
            entries.append(entry)
    return entries


def _cleaned(line: str) -> str:
    """Without markup, bullets, comment signs and line continuations; with plain signs."""
    line = html.unescape(line).replace("\u00a0", " ").replace("\\[", "[").replace("\\]", "]")
    line = re.sub("[×✕✖]", "x", line).translate({0xFF1A: ":", 0xFF0C: ",", 0xFF08: "(", 0xFF09: ")"})
    line = _ENDING.sub("", _MARKUP.sub("", line))
    prefix = _PREFIX.match(line)
    return line[prefix.end() :] if prefix else line


def _claim(written: str) -> str:
    """``[55x55x96]``; a volume of which two extents are 1 is a plain count."""
    extents = [part.replace(" ", "") for part in re.split("[xX*,]", written)]
    if len(extents) == 3 and sorted(extents, key=int)[:2] == ["1", "1"]:
        return f"[{max(extents, key=int)}]"
    return f"[{'x'.join(extents)}]"


# --- CONV3-64: [224x224x64]  memory: ...  weights: ... --------------------------------------------


def _noted(number: int, line: str) -> Entry | None:
    head = _NOTED.match(line)
    claim = _CLAIM.match(line, head.end()) if head else None
    if head is None or claim is None:
        return None
    alone = ":" in line[: claim.start()] and claim.end() == len(line)  # the notes stand on the next line
    if not alone and not _NOTES.match(line, claim.end()):
        return None
    extents = "x".join(part.replace(" ", "") for part in re.split("[xX*,]", claim[1]))
    return Entry(number, f"{head[1].upper()}: [{extents}] {_notes(line[claim.end() :])}".rstrip())


def _notes(text: str) -> str:
    """Arithmetic without blanks: the language ends a sum where a word begins."""
    return re.sub(r"\s*([*=+()])\s*", r"\1", " ".join(text.split()))


# --- [55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0 ----------------------------------------


def _claimed(number: int, line: str) -> Entry | None:
    claim = _CLAIM.match(line)
    if claim is None:
        return None
    body = line[claim.end() :].strip().rstrip(".").rstrip()
    activations = [found[1].upper() for found in _ACTIVATION.finditer(body)]
    body = _ACTIVATION.sub("", body).strip()
    remark = _REMARK.search(body)
    if remark:
        body = body[: remark.start()].rstrip()
    label, options, guess = _parts(body)
    if not label or label in _SUMMARIES:
        return None
    words = [_claim(claim[1]), f"{label}: {options}" if options else label]
    words += [f"({remark[1]})"] if remark else []
    return Entry(number, " ".join(words) + "".join(f" - {name}" for name in activations), guess)


def _parts(body: str) -> tuple[str, str, str]:
    """The label, the options and what is guessed of the text behind a volume."""
    found = _LABEL.match(body)
    if found is None:
        return _unlabelled(body)
    name = " ".join(found[1].replace("_", " ").split()).upper()
    label = _KINDS.get(name, name) + found[2]
    options = _plain(body[found.end() :])
    garbled = name.startswith("NORM") and any(
        word.lower() not in _NORM_WORDS for word in re.findall(r"\w+", options)
    )
    if garbled:
        return label, "normalization layer", f"`{options}` is no normalization: its defaults are taken"
    return label, options, ""


def _unlabelled(body: str) -> tuple[str, str, str]:
    """``4096 neurons OUTPUT``, ``96 11x11 filters``: what is counted says which kind it is."""
    options = _plain(body)
    neurons = re.match(r"\d+ (?:neurons?|units?|nodes?)\b", options, re.IGNORECASE)
    if neurons:
        rest = options[neurons.end() :].strip(" ,")
        count = neurons[0].split()[0]
        return "FC", f"{count} neurons{f' ({rest})' if rest else ''}", ""
    if re.match(r"\d+ \d+x\d+", options):
        return "CONV", options, ""
    return ("MAX POOL", options, "") if re.match(r"\d+x\d+", options) else ("", "", "")


def _plain(options: str) -> str:
    """Sizes with ``x``, without blanks; words that only fill are left out."""
    options = re.sub(r"(?<=\d)\s*[*x]\s*(?=\d)", "x", options, flags=re.IGNORECASE)
    return " ".join(re.sub(r"\b(?:applied|using)\b", "", options, flags=re.IGNORECASE).split())


# --- CONV(stride = 1, spatialExtent = 5, filter = 8, padding = 0)[28x28x10] -----------------------


def _arguments(number: int, line: str) -> Entry | None:
    found = _TRAILING_CLAIM.match(line)
    if found is None:
        return None
    name = found[1].strip().upper()
    if name in _SUMMARIES or kind_named(re.sub(r"\d+\Z", "", name)) is None:
        return None
    claim = _claim(found[4])
    options = " ".join(_argument(part) for part in (found[2] or "").split(",") if part.strip())
    if not options and name.startswith("FC"):
        options = f"{claim[1:-1]} neurons"
    return Entry(number, f"{claim} {name}: {options}" if options else f"{claim} {name}")


def _argument(written: str) -> str:
    """``spatialExtent = 5`` is ``kernel 5x5``."""
    name, _, value = (part.strip() for part in written.partition("="))
    word = _ARGUMENTS.get(name.lower(), name.lower())
    square = word == "kernel" and value.isdigit()
    return f"{word} {f'{value}x{value}' if square else value}".strip()
