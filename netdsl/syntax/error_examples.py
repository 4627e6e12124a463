"""Mistakes of syntax, taught by example: texts that fail for one reason, and what to say about it.

A new error is a new entry here; the parser finds out by itself where in the grammar its examples
fail.
"""

from __future__ import annotations

from typing import NamedTuple


class KnownError(NamedTuple):
    """One reason for which texts fail: what is said, the cure, and texts that fail so."""

    message: str
    cure: str
    examples: tuple[str, ...]


ERROR_EXAMPLES = (
    KnownError(
        "a number cannot begin with `-` here: `-` chains layers",
        "sizes are not negative; leave the `-` out",
        (
            "CONV 6 5x5 pad- 1",
            "CONV1: 6 5x5 stride- 1",
            "[CONV 6 5x5 pad- 1]",
            "CONV pad- 1",
            "CONV 6 5x5 pad- 1 - RELU",
        ),
    ),
    KnownError(
        "a layer begins with its kind, not with a number",
        "write the kind first: `FC 4096 neurons`, `CONV 64 3x3`",
        ("3x3", "[4096] 4096", "[4096] 3x3", "- 3x3"),
    ),
    KnownError(
        "a volume in brackets states the output of the next layer, but no layer follows",
        "write both on one line: `[55x55x96] CONV1: 96 11x11 filters`",
        ("[55x55x96]\n", "[4096]\n", "[[4096] - RELU]", "[4096] [RELU]", "[[4096]]"),
    ),
    KnownError(
        "the brackets are empty",
        "put layers between them, `[CONV 64 3x3 - RELU]*2`, or a volume, `[55x55x96]`",
        ("[]", "[\n]", "RELU - []"),
    ),
    KnownError(
        "a link needs a layer on both sides",
        "leave the extra link out, or name the missing layer",
        (
            "RELU - - RELU",
            "[RELU - ]",
            "[ - RELU]",
            "RELU - ;\n- RELU",
            "[RELU - - RELU]",
            "[RELU\n- - RELU]",
        ),
    ),
    KnownError(
        "`*` needs a number or a name: how many times the group is repeated",
        "write it after the bracket: `[CONV 64 3x3 - RELU]*3`, or `*(2*n)`",
        ("[RELU]*", "[RELU]*[RELU]", "BASIC(64)*", "ADD[ RELU | RELU ]*"),
    ),
    KnownError(
        "one link or line break is missing after the group",
        "chain with ` - ` or begin a new line",
        ("[RELU] RELU", "[RELU]*2 RELU", "[RELU] [RELU]", "[RELU] 3", "[RELU]: 3", "[RELU]*2 3"),
    ),
    KnownError(
        "one link or line break is missing before the bracket",
        "chain with ` - ` or begin a new line; a claimed volume goes before its layer",
        ("CONV 3 [55x55x96]", "CONV: 3 [55x55x96]", "RELU (a) [RELU]"),
    ),
    KnownError(
        "a layer has one colon, after its label",
        "write `label: KIND options`",
        ("a: 3 : c", "a 3 : c", "a 3x3: c", "a: b: [3]", "a: b: - 3"),
    ),
    KnownError(
        "`expect` needs a quantity, a relation and a value",
        "write `expect params = 61,706`, `expect macs <= 1.2G` or `expect output = 10`",
        (
            "expect params",
            "expect params 61",
            "expect params: 61",
            "expect params = ",
            "expect params = lots",
            "expect params <= = 5",
            "expect params <= -5",
            "expect output = [10]",
            "expect params = 5 5",
            "expect params = 5 more words",
        ),
    ),
    KnownError(
        "`where` needs braces with one line for each kind of layer",
        "write `where { CONV: 6, 16 filters 5x5; POOL: 2x2 }` right after the bracket",
        (
            "[CONV] where { [CONV] }",
            "[CONV] where { - }",
            "[CONV] where { 5x5 }",
            "[CONV] where { CONV: 5 - RELU }",
        ),
    ),
    KnownError(
        "remarks in parentheses end a layer",
        "put the remark last, after a blank: `FC8: 1000 neurons (class scores)`",
        ("FC: 10 (scores) neurons", "RELU (a) (b)", "FC: 10 (a) 5"),
    ),
    KnownError(
        "a branch is empty",
        "put layers between the bars, or SKIP for a branch that changes nothing: `ADD[ RELU | SKIP ]`",
        ("ADD[ RELU | ]", "ADD[ | RELU ]", "ADD[ RELU | | RELU ]"),
    ),
    KnownError(
        "`|` separates the branches of a join",
        "write `ADD[ CONV 64 3x3 pad 1 | SKIP ]`",
        ("RELU | RELU", "[RELU | RELU]", "| RELU"),
    ),
    KnownError(
        "a block needs a name, its parameters and braces",
        "write `block BASIC(width, stride = 1) { CONV width 3x3 - RELU }`",
        (
            "block BASIC(3) { RELU }",
            "block BASIC(a b) { RELU }",
            "block BASIC(a = ) { RELU }",
            "block BASIC(a) RELU",
            "block BASIC(a): RELU",
        ),
    ),
    KnownError(
        "arguments are values with commas between them",
        "write `BASIC(128, stride = 2)`",
        ("BASIC(, 2)", "BASIC(stride = )", "BASIC(= 2)", "BASIC([3])"),
    ),
    KnownError(
        "a pattern has kinds of layers, links, brackets, `*` and `?`",
        "write `expect pattern [[CONV - RELU]*N - POOL?]*M - FC`",
        (
            "expect pattern [CONV 3]",
            "expect pattern CONV 3x3",
            "expect pattern CONV | FC",
            "expect pattern CONV -",
        ),
    ),
    KnownError(
        "relations like `<=` belong to `expect` lines",
        "options are written `stride 2` or `stride = 2`",
        ("CONV 64 stride <= 2", "CONV: 64 stride > 2", "RELU < 3"),
    ),
    KnownError(
        "braces belong to `where`, after a group in brackets",
        "write `[CONV - POOL] where { CONV: 6 filters 5x5; POOL: 2x2 }`",
        ("CONV {", "CONV 3 {", "CONV: {", "{", "[CONV] {", "CONV where { 3 }", "CONV: where { 3 }"),
    ),
)
