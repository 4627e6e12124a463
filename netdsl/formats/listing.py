"""Reads listings as they are found in public: slides' text between headings, in bullets, in comments.

    - [27x27x256] CONV2: 256 5x5 filters at stride 1(+Relu)
    > \\[4096\\] 4096 neurons \\
    CONV1 [55x55x96]: 96 11x11 filters at stride 4
    INPUT: [224x224x3]        memory:  224*224*3=150K   weights: 0
    CONV(stride = 1, spatialExtent = 5, filter = 8, padding = 0)[28x28x10]
    MAX-POOL1: 2x2 filters at stride 2

Every line with a volume becomes one line of canonical text, or is one that could not be read. Lines
without a volume are prose, unless they are among the layers and read as one. What the volumes
contradict is for the planner to find, at the line it came from.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from netdsl.diagnostics import Findings
from netdsl.formats.listing_entries import Entry, LineRole, Listing, networks
from netdsl.formats.listing_lines import (
    CLAIM,
    behind,
    claim_text,
    cleaned,
    extents,
    is_count,
    is_running_text,
    pieces,
    states_volume,
)
from netdsl.formats.listing_totals import Total, read_total
from netdsl.graph.expressions.environment import Environment
from netdsl.graph.names.kinds_and_labels import read_head
from netdsl.graph.options.reader import read_options
from netdsl.layers.layer import Layer, SameVolume
from netdsl.layers.registry import kind_named
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parser import automaton

_NOTED = re.compile(r"(conv\d+-\d+|pool\d+|fc|input)\d*\s*:?\s*(?=\[)", re.IGNORECASE)
_NOTES = re.compile(r"\s*(memory|weights|params|parameters)\s*:", re.IGNORECASE)
_IS_NOTED = re.compile(r"[A-Z0-9-]+: \[")
_CLOSING = re.compile(r"\s?(\([^()]*+\))\Z")
_WORDY = re.compile("[A-Za-z]{2}")
_TRAILING_CLAIM = re.compile(
    rf"([A-Za-z][\w ]{{0,60}}?)\s*(?:\(([^()]*)\))?\s*({CLAIM.pattern})\s*\Z", re.IGNORECASE
)
_NAMES = "relu|tanh|sigmoid|softmax|dropout|elu|leaky relu"
_ACTIVATION = re.compile(rf"\(?\+\s*({_NAMES})\b\)?|\(({_NAMES})\)\Z", re.IGNORECASE)
_REMARK = re.compile(r"\(([^()]*)\)\s*\Z")
_LABEL = re.compile(
    r"([A-Za-z][A-Za-z_ -]{0,40}?)(?: layer)?[ _-]?(\d+(?:[._-]\d+)*[a-z]?)?(?: layer)?\s*(?::|\Z)\s*",
    re.IGNORECASE,
)
_HEAD = re.compile(r"(.*?[A-Za-z])[_-]?(\d{0,4})\Z")
_TWO_NUMBERS = re.compile(r"(\d+)-(\d+)\Z")
_ARGUMENTS = {"spatialextent": "kernel", "filter": "filters", "padding": "pad", "size": "kernel"}
_KINDS = {
    "FULLY CONNECT": "FC",
    "FULLY CONNECTED": "FC",
    "CONVOLUTIONAL": "CONV",
    "FCL": "FC",
}
_NORM_WORDS = frozenset(("normalization", "normalisation", "layer", "local", "response"))
_SUMMARIES = frozenset(("OUTPUT", "TOTAL"))
_LONGEST_NAME = 4
"""Words of a label: more is a sentence."""

_COUNTED = re.compile(r"(\d[\d,]*) (?:neurons?|units?|nodes?)\b", re.IGNORECASE)


LINE_LIMIT = 5_000
"""Lines of a listing that are not blank: each is tried in several ways."""


def is_too_long(text: str) -> bool:
    """Whether a text has more lines than a listing may have."""
    return sum(not line.isspace() for line in text.split("\n") if line) > LINE_LIMIT


def read_listings(text: str) -> list[Listing]:
    """The networks that a text lists, in order, each with the lines that could not be read.

    Every input after layers begins another network.
    """
    found: list[Entry] = []
    totals: list[Total] = []
    for number, written in enumerate(text.split("\n"), 1):
        if not written or written.isspace():
            continue
        line = cleaned(written)
        total = read_total(number, line)
        if total is not None:
            totals.append(total)
        elif found and _continues(found[-1], line):
            found[-1] = found[-1]._replace(text=f"{found[-1].text} {_notes(line)}")
        else:
            found += _entries(number, line)
    return networks(found, totals)


def _entries(number: int, line: str) -> list[Entry]:
    """What a line lists; all of it counts as unread where a part of it does."""
    read = [_entry(number, piece) for piece in pieces(line)]
    entries = [entry for entry in read if entry is not None]
    if len(entries) == len(read):
        return entries
    if not states_volume(line) or is_running_text(line):
        return []
    return [Entry(number, f"# could not be read: {line}", role=LineRole.UNREAD)]


def _entry(number: int, line: str) -> Entry | None:
    if not line:
        return None
    if CLAIM.search(line) is None:
        return _bare(number, line)
    return (
        _noted(number, line)
        or _claimed(number, line)
        or _arguments(number, line)
        or _claimed_behind(number, line)
    )


# --- CONV3-64: [224x224x64]  memory: ...  weights: ... --------------------------------------------


def _noted(number: int, line: str) -> Entry | None:
    head = _NOTED.match(line)
    claim = CLAIM.match(line, head.end()) if head else None
    if head is None or claim is None:
        return None
    rest = line[claim.end() :].strip()
    alone = ":" in line[: claim.start()] and not rest  # the notes are on the next line
    if not alone and not _NOTES.match(rest):
        return None
    return Entry(number, f"{head[1].upper()}: [{'x'.join(extents(claim[1]))}] {_notes(rest)}".rstrip())


def _continues(entry: Entry, line: str) -> bool:
    """Whether a line continues with the notes of the layer above."""
    found = _NOTES.match(line)
    return (
        found is not None and bool(_IS_NOTED.match(entry.text)) and f"{found[1].lower()}:" not in entry.text
    )


def _notes(text: str) -> str:
    """Arithmetic without blanks: the language ends a sum where a word begins."""
    remark = _CLOSING.search(text)
    if remark and not _WORDY.search(remark[1]):
        remark = None
    sums = text[: remark.start()] if remark else text
    sums = re.sub(r"\s*([*=+()])\s*", r"\1", " ".join(sums.split()))
    sums = re.sub(r"\b(\w++)\s*:", lambda found: f"{found[1].lower()}:", sums)
    return f"{sums} {remark[1]}" if remark else sums


# --- [55x55x96] CONV1: 96 11x11 filters at stride 4, pad 0 ----------------------------------------


def _claimed(number: int, line: str) -> Entry | None:
    claim = CLAIM.match(line)
    return _layer(number, claim[1], behind(claim, line)) if claim else None


def _claimed_behind(number: int, line: str) -> Entry | None:
    """``CONV1 [55x55x96]: 96 11x11 filters`` and ``CONV1: 96 11x11 filters -> [55x55x96]``."""
    claim = CLAIM.search(line)
    assert claim is not None
    before, rest = line[: claim.start()].rstrip(" :,=>→⇒–—-"), behind(claim, line)
    label = _label(before)
    if label is not None and kind_named(label.name) is not None:
        colon = ":" in line[claim.end() : len(line) - len(rest)]
        if colon or not rest or re.match(r"[\d(+]", rest) or reads(f"{label.text()}: {rest}"):
            return _layer(number, claim[1], f"{before}: {rest}" if rest else before)
        return None
    entry = _layer(number, claim[1], before) if not rest else None
    if entry is None or not reads(entry.text):
        return None
    return entry


def _layer(number: int, claim: str, body: str) -> Entry | None:
    """The layer that is beside a volume; None where it is none, or garbled."""
    activations = [(found[1] or found[2]).upper() for found in _ACTIVATION.finditer(body)]
    body = _ACTIVATION.sub("", body).strip(" ,")
    remark = _REMARK.search(body)
    if remark:
        body = body[: remark.start()].rstrip()
    parts = _parts(body, extents(claim)[-1])
    if parts is None:
        return None
    label, options, guess = parts
    if label in _SUMMARIES:
        return Entry(number, f"{claim_text(claim)} {label}", role=LineRole.SUMMARY)
    known = kind_named(re.sub(r"\d[\d_]*[a-z]?\Z", "", label)) is not None
    cites = is_count(claim) and not _COUNTED.search(options)
    if not known and (cites or len(label.split()) > _LONGEST_NAME):
        return None  # a citation of a paper, or a sentence
    words = [claim_text(claim), f"{label}: {options}" if options else label]
    words += [f"({remark[1]})"] if remark else []
    return Entry(number, " ".join(words) + "".join(f" - {name}" for name in activations), guess)


class _Label(NamedTuple):
    """``MAX POOL`` and ``1``; ``length`` is how much of the line they take, the colon included."""

    name: str
    number: str
    length: int

    def text(self) -> str:
        return self.name + re.sub("[.-]", "_", self.number)


def _label(body: str) -> _Label | None:
    """The label before a colon, or of all that is there: ``MAX-POOL-1:``, ``Conv layer 1``."""
    found = _LABEL.match(body)
    if found is None:
        return None
    return _Label(_kind_name(found[1]), found[2] or "", found.end())


def _kind_name(written: str) -> str:
    name = " ".join(re.sub("[_-]", " ", written).split()).upper()
    return _KINDS.get(name, name)


def _parts(body: str, channels: str) -> tuple[str, str, str] | None:
    """The label, the options and what is guessed of the text beside a volume."""
    label = _label(body)
    if label is None:
        return _without_colon(body) or _unlabelled(body)
    options = _plain(body[label.length :])
    garbled = label.name.startswith("NORM") and any(
        word.lower() not in _NORM_WORDS for word in re.findall(r"\w+", options)
    )
    if garbled and not reads(f"{label.text()}: {options}"):
        guess = f"`{options}` is not a normalization: the defaults are used"
        return label.text(), "normalization layer", guess
    two = _TWO_NUMBERS.match(label.number)
    if two and not options and two[2] == channels:  # conv3-64 as papers tabulate VGG
        return label.name, f"{two[2]} {two[1]}x{two[1]} filters", ""
    return label.text(), options, ""


def label_and_options(body: str) -> tuple[str, str] | None:
    """``CONV1`` and ``96 11x11 filters`` of a text that begins with a kind of layer."""
    parts = _parts(body, "")
    return (parts[0], parts[1]) if parts is not None and not parts[2] else None


def _without_colon(body: str) -> tuple[str, str, str] | None:
    """``CONV1 96 11x11 filters``: the kind, perhaps a number, and options that begin with a number."""
    words = body.split()
    options: list[tuple[str, str]] = []
    for length in range(min(len(words), _LONGEST_NAME), 0, -1):
        head = _HEAD.match(" ".join(words[:length]))
        name = _kind_name(re.sub(r"\blayer\b", "", head[1], flags=re.IGNORECASE)) if head else ""
        if head is None or kind_named(name) is None or length == len(words) or not words[length][0].isdigit():
            continue
        options.append((name + head[2], " ".join(words[length:])))
        if not head[2] and words[length].isdigit():
            options.append((name + words[length], " ".join(words[length + 1 :])))
    for label, rest in options:
        if reads(f"{label}: {_plain(rest)}"):
            return label, _plain(rest), ""
    return (options[0][0], _plain(options[0][1]), "") if options else None


def _unlabelled(body: str) -> tuple[str, str, str] | None:
    """``4096 neurons OUTPUT``, ``96 11x11 filters``: what is counted says which kind it is."""
    options = _plain(body)
    neurons = _COUNTED.match(options)
    if neurons:
        rest = options[neurons.end() :].strip(" ,")
        return "FC", f"{neurons[1]} neurons{f' ({rest})' if rest else ''}", ""
    if (size_first := _size_first(options)) is not None:
        return size_first
    if re.match(r"\d+ \d+x\d+", options):
        return "CONV", options, ""
    return ("MAX POOL", options, "") if re.match(r"\d+x\d+", options) else None


def _size_first(options: str) -> tuple[str, str, str] | None:
    """``7x7 conv, 64, /2``, ``64 7x7 conv``: the kind after its size."""
    found = re.match(r"((?:\d+ )?\d+x\d+) (?=[A-Za-z])", options)
    if found is None:
        return None
    words = options[found.end() :].split(" ")
    for length in range(min(len(words), _LONGEST_NAME), 0, -1):
        name = " ".join(words[:length])
        plain = name.rstrip(",")
        if kind_named(plain) is not None:
            rest = f"{name[len(plain) :]} {' '.join(words[length:])}".rstrip()
            return _kind_name(plain), f"{found[1]}{rest}", ""
    return None


def _plain(options: str) -> str:
    """Sizes with ``x``, without blanks; words that only fill are left out."""
    options = re.sub(r"(?<=\d)\s*[*x]\s*(?=\d)", "x", options, flags=re.IGNORECASE)
    options = re.sub(r"\b([sp])\s*=\s*(?=\d)", _short_word, options, flags=re.IGNORECASE)
    return " ".join(re.sub(r"\b(?:applied|using)\b", "", options, flags=re.IGNORECASE).split())


def _short_word(found: re.Match[str]) -> str:
    return {"s": "stride ", "p": "pad "}[found[1].lower()]


# --- MAX-POOL1: 2x2 filters at stride 2 -----------------------------------------------------------


def _bare(number: int, line: str) -> Entry | None:
    """A line without a volume that reads as a layer: a label with a colon and options, a kind with
    options that begin with a number, or an activation or the like by itself."""
    activations = [(found[1] or found[2]).upper() for found in _ACTIVATION.finditer(line)]
    body = _ACTIVATION.sub("", line).strip(" ,.")
    parts = _parts(body, "")
    label = _label(body)
    if parts is None or (label is None and not body[0].isalpha()):
        return None
    text, options, guess = parts
    kind = kind_named(label.name if label else re.sub(r"\d+\Z", "", text))
    if kind is None or guess or kind.inputs is None:
        return None
    written = f"{text}: {options}" if options else text
    if not options and (label is None or body.endswith(":") or not _stands_alone(kind)):
        return None
    if not options[:1].isdigit() and not reads(written):
        return None
    written += "".join(f" - {name}" for name in activations)
    return Entry(number, written, role=LineRole.BARE)


def _stands_alone(kind: type[Layer]) -> bool:
    """Whether its name alone says that a line is a layer, as that of an activation or a normalisation
    does."""
    plain = issubclass(kind, SameVolume) or kind.is_activation or kind.normalises
    return plain and not kind.is_hard_decision


class _Unsearched(Findings):
    """Findings that nobody sees: near misses are not searched for."""

    @property
    def crowded(self) -> bool:
        return True


def reads(text: str) -> bool:
    """Whether netdsl reads a text as one layer, all words of it."""
    source = Source("", f"{text}\n")
    parsed = automaton().parse(source.text)
    if parsed.failures or parsed.node is None or len(parsed.node.statements) != 1:
        return False
    (layer,) = parsed.node.statements
    head = read_head(layer) if isinstance(layer, tree.Layer) else None
    if head is None or head.kind is None:
        return False
    findings = _Unsearched(source)
    read_options(head.kind, head.options, findings, Environment({}))
    return not findings.found


# --- CONV(stride = 1, spatialExtent = 5, filter = 8, padding = 0)[28x28x10] -----------------------


def _arguments(number: int, line: str) -> Entry | None:
    found = _TRAILING_CLAIM.match(line)
    if found is None:
        return None
    name = found[1].strip().upper()
    claim = claim_text(found[4])
    if name in _SUMMARIES:
        return Entry(number, f"{claim} {name}", role=LineRole.SUMMARY)
    if kind_named(re.sub(r"\d+\Z", "", name)) is None:
        return None
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
