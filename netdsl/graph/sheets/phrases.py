"""Phrases of prose in the words that the lines of other sheets have: ``Maps the vector to a 120-dimensional
space`` is ``120 units``."""

from __future__ import annotations

import re
from math import prod

from netdsl.graph.sheets.prose import kinds_in, says_nothing
from netdsl.graph.sheets.spelled import spelled

_MAKES = r"\b(?:maps?|transforms?|projects?|reduces?|expands?|converts?|compress(?:es)?)\b"
_OUT = r"(?P<out>(?!1[ \t-]*d(?:im\w*)?\b|[23][ \t-]*d\b)[0-9]+)"
_D = r"[ \t-]*(?:dimensional|dim\b|d\b)"
_THING = r"(?:space|vector|output|embedding|representation|feature|layer|code|descriptor|hidden layer)s?"
_UNITS = rf"(?:{_D} {_THING}| (?:output )?(?:units|neurons|nodes|classes|outputs|features))"
_SIZE = r"[0-9]+(?:~[x×*]~[0-9]+)"

_PHRASES = (
    # how many classes there are, once more
    (r"(?:,?~(?:from )?\b0~(?:[-–]|to|through|\.\.)~9\b)(?!~[x×])", ""),
    (r"\b(?:each|one) (?=(?:corresponding|representing|for each)\b)", ""),
    (r"\((?:num|n|no|number)[_ ](?:of[_ ])?(?:classes|class|labels|outputs)\)", ""),
    (r",?~\b(?:from|in|between)?~\[?0~(?:[-–,]|to)~1\]?(?=\))", ""),
    (r"\b(?:over|for|across) (?:the )?(?=[0-9]+ (?:classes|categories|labels))", "with "),
    # what a layer maps to what
    (
        rf"{_MAKES} (?:the |an? )?(?P<coming>[0-9]+){_D}[^0-9.,;:]*?\b(?:in)?to\b"
        rf"[^0-9.,;:]*?{_OUT}{_UNITS}",
        r"input \g<coming>, \g<out> units",
    ),
    (rf"{_MAKES}[^0-9.,;:]*?\b(?:in)?to\b[^0-9.,;:]*?{_OUT}{_UNITS}", r"\g<out> units"),
    (
        r"\b(?:produc(?:es?|ing)|giv(?:es?|ing)|yield(?:s|ing)?|output(?:s|ting)?)"
        rf" (?:an? )?{_OUT}{_D} {_THING}",
        r"\g<out> units",
    ),
    (rf"\b{_OUT}{_D} {_THING}", r"\g<out> units"),
    (
        r",?~\b(?:each|all) of which (?:takes|receives|has) (?P<coming>[0-9]+) (?:feature )?inputs?\b",
        r", input \g<coming>",
    ),
    # vectors
    (
        r"\b(?:reshap|flatten|convert|unroll|stretch|turn|transform|vectori)\w*[^0-9:;,]*?\b(?:in)?to "
        r"(?:an? )?"
        r"(?:(?:1-?D|one[ -]dimensional|single|long|column|feature|flat|linear) )*(?:vector|array|list)"
        r" (?:of|with) (?:(?:size|length|dimension|shape) )?(?P<out>[0-9,]+)"
        r"(?: (?:features|elements|values|numbers|units))?",
        r"flatten, output \g<out>",
    ),
    (r"\Aflatten\w*[ \t][^0-9:;,=]*\Z|\A[^0-9:;,=]*\bis(?: then)? flattened\Z", "flatten"),
    # sizes and numbers of filters
    (rf"(?P<size>{_SIZE}{{2}})~=~[0-9][0-9,]*(?![0-9x×.])", r"\g<size>"),
    (
        rf"\((?:each )?(?:being|of size|sized|with size) (?P<size>{_SIZE}{{1,2}})\)",
        r", size \g<size>",
    ),
    (r"\((?P<size>[0-9]+(?:~[x×]~[0-9]+){2})\)~[x×]~(?P<number>[0-9]+)", r"\g<size>x\g<number>"),
    (r"\b(?P<number>[0-9]+) of (?:them|these|those)\b", r"\g<number> filters"),
    (r"\b(?:kernel|filter|window|pool)s? (?:of|with) (?:an? )?(?:shape|dimensions?)\b", "kernel size"),
    (r"\bdepth of (?=[0-9])", "depth "),
    (r"\b(?:layer|unit)s? of (?=[0-9]+ (?:filter|kernel|neuron|unit|node|channel)s?)", "with "),
    (r"\b(?:2D|2-D) (?=[0-9])", ""),
    (
        r"\Aflatten\w*(?: (?:layer|outputs?|to|features))*~:?~(?:→|-+>|=+>)~(?P<out>[0-9,]+)\Z",
        r"flatten, output \g<out>",
    ),
    (
        r"\b(?P<leaky>leaky[ -]?relu)~\(~(?:with )?(?:alpha|negative[ _]slope|slope)~[=:]?~"
        r"(?P<slope>0?\.[0-9]+)~\)",
        r"\g<leaky> \g<slope>",
    ),
    # strides, padding, bias
    (r"\bstrides? (?:shape|size|length) of\b", "stride"),
    (
        r"\b(?:in|along|over|across) (?:both|all|each|the) (?:of the )?(?:x and y |spatial |two )?"
        r"(?:dire\w*ions?|dimensions?|axes|axis)\b",
        "",
    ),
    (r"\b(?:no|without) zero[ \t-]*padding\b", "no padding"),
    (r"\b(?:no|without) bias(?:es)? terms?\b", "no bias"),
    # what follows and what was before
    (r"\bfollowed by (?:another|an?|the)\b", "followed by"),
    (r"\((?:after|following) (?:the|two|three|four|all|both|[0-9])\b[^()]*\)", ""),
    (
        r"\b(?:is|are) (?:then )?(?:applied|used) (?:on|to|over) (?:the|its) (?:outputs?|scores|logits)"
        r"(?: vector)?(?: of size [0-9]+)?(?: (?:from|of) the [0-9]+ neurons)?",
        "",
    ),
    (r"\b(?:sub-?sampling|down-?sampling|pooling)~/~(?=(?:max|avg|average|mean)\w*[ \t-]*pool)", ""),
    # labels
    (r"\A(?:(?:the )?(?:network|model)[ \t:]*)?(?:has |with )?[0-9]+ layers?~:~", ""),
    (
        r"\A(?:the )?(?:layer )?(?P<label>[A-Za-z]{1,6}[0-9]{1,2}) (?:layer )?(?:is|has) (?:an? |the )?"
        r"(?=[a-z0-9])",
        r"\g<label>: ",
    ),
    # what is no layer, or none of its options
    (
        r"\b(?:class |output )?probabilit(?:y|ies)(?: (?:distributions?|scores?|vector|outputs?))?"
        r"(?!~(?:of )?[=:0-9.])",
        "",
    ),
    (r"\bcross[ \t-]entropy(?: loss)?\b|\bwith one[ \t-]hot\b|\bone[ \t-]hot\b", ""),
    (r"\b(?:by )?(?:randomly )?(?:set(?:s|ting)?|turn(?:s|ing)?)\b[^0-9.;:]*?\bto (?:0|zero)\b", ""),
    (r"\bwith (?:the )?(?:default|usual|standard) (?:settings?|param\w*|options|values)\b", ""),
    (
        r"~[+,]?~\(?\bL[12][ \t-]*(?:regulari[sz]\w*|penalty|reg\b|weight decay|norm penalty)"
        r"(?:~(?:of~|=~|\(~)?[0-9.e-]+\)?)?\)?",
        "",
    ),
)
"""Patterns, a blank for some blanks and ``~`` for some or none, and what is written for them."""


_REWRITTEN = tuple((spelled(pattern), words) for pattern, words in _PHRASES)
_LAST = spelled(
    r"\b(?:on|for|at|in|to|after|of) the (?:final|last|output) (?:fully[ \t-]connected |dense )?layer\b"
)
_BEFORE = re.compile(
    r"\b(?:on|to|of|from|over)[ \t]+the[ \t]+(?:outputs?|results?|activations?)[ \t]+of[ \t]+(?:the[ \t]+)?"
    r"(?P<name>[A-Za-z]\w{0,30})\b"
)


_CONNECTED = spelled(r"(?:fc|fully|dense|linear)\b")
_COMES = spelled(
    rf"(?<![0-9x×*.@])(?P<coming>{_SIZE}{{2}})~(?:→|-+>|=+>)~(?P<out>[0-9]+)\b(?!~[x×*.@][0-9 ])"
)
_GOES = spelled(rf"\boutputs? size~[:=]?~(?P<out>{_SIZE}{{1,2}})(?!~[x×*.@0-9])")
_POINTED = spelled(r"~(?:<[-=]+|←)~")


def rewritten(line: str) -> str:
    """A line with phrases of prose in the words that other lines have."""
    pointed = _POINTED.search(line)
    if pointed is not None and says_nothing(line[pointed.end() :], kinds_in(line[: pointed.start()])):
        line = line[: pointed.start()]
    for pattern, words in _REWRITTEN:
        line = pattern.sub(words, line)
    if _CONNECTED.match(line):  # whose sizes are numbers of units
        line = _COMES.sub(lambda said: f"input {_product(said['coming'])}, {said['out']} units", line)
        line = _GOES.sub(lambda said: f"{_product(said['out'])} units", line)
    return line


def _product(size: str) -> int:
    return prod(int(extent) for extent in re.findall("[0-9]{1,9}", size)[:3])


def said_of_last(line: str) -> str | None:
    """A line without the words that put it on the last layer; None where there are none."""
    shorter = _LAST.sub("", line)
    return shorter if shorter != line else None


def layer_before(line: str) -> tuple[str, str]:
    """A line without the name of the layer whose output it takes, and that name."""
    found = _BEFORE.search(line)
    return (line[: found.start()] + line[found.end() :], found["name"]) if found is not None else (line, "")
