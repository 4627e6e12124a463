"""Texts that could make work grow faster than they do, each for any size.

A shape takes a size and returns a text whose length, layers or both grow in step with it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

Shape = Callable[[int], str]

BEGIN = "input 8x8x1\n"
LARGE = "input 100000x100000x1\n"
END = "\nFC 10\n"


def lines(count: int, line: str) -> str:
    """``line`` so many times, with ``{n}`` numbered from 0 on."""
    return "\n".join(line.replace("{n}", str(number)) for number in range(count))


def network(*parts: str) -> str:
    return BEGIN + "\n".join(parts) + END


def repeated(count: int, chain: str) -> str:
    return network(f"[{chain}]*{count}")


def expecting(line: str) -> Shape:
    """So many lines behind so many layers."""
    return lambda count: network(f"[RELU]*{4 * count}") + lines(count, line) + "\n"


def _words(count: int, letters: str = "abc", length: int = 30) -> Iterable[str]:
    chance = random.Random(count)
    return ("".join(chance.choice(letters) for _ in range(length)) for _ in range(count))


def _variants(count: int) -> str:
    """Labels that differ in blanks and underscores only, in a group that repeats them."""
    names = ["a" + "".join("_ "[number >> bit & 1] + "a" for bit in range(8)) for number in range(32)]
    return repeated(count, " - ".join(f"{name}: RELU" for name in names))


def _random_pools(count: int) -> str:
    chance = random.Random(count)
    pools = " - ".join(chance.choice(("MAX", "AVG")) + " POOL 1x1 stride 1" for _ in range(count))
    return network(pools) + f"expect pattern [POOL]*N - MAX POOL - [POOL]*{min(count, 400)} - FC\n"


def _used_block(count: int, uses: str) -> str:
    lets = lines(count, "let v{n} = {n}")
    return network(lets, "block B(x, w = 1) { CONV w 1x1 - RELU }", lines(count, uses))


def _block(inside: str, uses: str, count: int) -> str:
    return network(f"block B(w) {{\n{inside}\n}}", lines(count, uses))


NETWORKS: dict[str, Shape] = {
    # tables, lists and prose
    "rows of a table": lambda n: "\n".join(
        (
            "| Layer | Filters | Kernel |",
            "|---|---|---|",
            "| Input | 9x9x1 | - |",
            *["| Conv | 4 | 1x1 |"] * n,
        )
    ),
    "rows of a table that are not understood": lambda n: "\n".join(
        ("| Layer | Filters | Kernel |", "|---|---|---|", *[f"| Conv{k} | 4 | large |" for k in range(n)])
    ),
    "columns of a table": lambda n: "\n".join(
        (f"| Layer | {'Notes | ' * n}", "|---" * n, *[f"| Conv | {'1 | ' * n}"] * 3)
    ),
    "lists below names": lambda n: network(lines(n, "Conv layer {n}:\n- filters: 4\n- kernel size: 1x1")),
    "clauses of prose": lambda n: network("Conv layer with 4 1x1 filters" + ", to learn what is seen" * n),
    # names that are unknown
    "an unknown kind, repeated": lambda n: repeated(n, "FOO"),
    "unknown kinds": lambda n: network(lines(n, "FOO{n}")),
    "an unknown word, repeated": lambda n: repeated(n, "RELU - CONV 1 1x1 strid"),
    "unknown words": lambda n: network(lines(n, "CONV 1 1x1 strid{n}")),
    "unknown words among many values": lambda n: network(lines(n, "let v{n} = 1"), lines(n, "CONV w{n} 1x1")),
    "unknown words in one layer": lambda n: network("CONV 1 1x1 " + " ".join(f"w{k}" for k in range(n))),
    "unknown references": lambda n: network(lines(n, "a{n}: RELU"), lines(n, "ADD[ SKIP | @b{n} ]")),
    "long unknown references": lambda n: network(
        *(f"{word}: RELU" for word in _words(n)), *(f"ADD[ SKIP | @{word} ]" for word in _words(n + 1))
    ),
    "an unknown reference, repeated": lambda n: network(lines(n, "a{n}: RELU"), f"[ADD[ SKIP | @b ]]*{n}"),
    "references that look forward": lambda n: network(
        f"[ADD[ SKIP | @b ]]*{n}", lines(n, "a{n}: RELU"), "b: RELU"
    ),
    "unknown blocks": lambda n: network(lines(n, "block B{n} { RELU }"), lines(n, "C{n}(1)")),
    "an unknown block, repeated": lambda n: network(lines(n, "block B{n} { RELU }"), f"[C(1)]*{n}"),
    "unknown arguments": lambda n: _block("RELU", "B(1, v{n} = 1)", n),
    "unknown parameters of a large block": lambda n: network(
        f"block B({', '.join(f'p{k} = 1' for k in range(n))}) {{ RELU }}", lines(n, "B(q{n} = 1)")
    ),
    "missing arguments of a large block": lambda n: network(
        f"block B({', '.join(f'p{k}' for k in range(n))}) {{ RELU }}", lines(n, "B(1)")
    ),
    "mistakes of a block in many uses": lambda n: network(
        "block B(w) { CONV w 1x1 strid 2 - CONV w 1x1 groups 7 }", lines(n, "B({n})")
    ),
    "parameters that nothing reads": lambda n: network(
        lines(n, "block B{n}(v, stride) { CONV 1 1x1 stride 1 }"), lines(n, "B{n}(1, 1)")
    ),
    "branches that do not fit": lambda n: network(
        f"CONCAT[ {' | '.join(['CONV 1 3x3 stride 2 - RELU'] * n)} ]"
    ),
    "odd branches of one join": lambda n: network(
        f"CONCAT[ SKIP | {' | '.join(['CONV 1 3x3 - RELU'] * n)} ]"
    ),
    "odd branches of many joins": lambda n: network(lines(n, "CONCAT[ SKIP | CONV 1 3x3 - RELU ]")),
    "windows behind an image that is used up": lambda n: network(
        "POOL 8x8", f"[RELU]*{n}", lines(n, "POOL 2x2")
    ),
    "unknown numbers": lambda n: network(lines(n, "let v{n} = w{n}")),
    "unknown kinds in patterns": lambda n: network("RELU") + lines(n, "expect pattern FOO{n}") + "\n",
    "unknown expectations": lambda n: network("RELU") + lines(n, "expect foo{n} = 1") + "\n",
    "unknown kinds in defaults": lambda n: network(lines(n, "default FOO{n} 1")),
    "unknown kinds in where": lambda n: network(
        f"[CONV 1 1x1] where {{ {'; '.join(f'FOO{k}: 1' for k in range(n))} }}"
    ),
    # claims and expectations
    "expect volume": expecting("expect volume RELU9 = 1x1x1"),
    "expect volume of layers that are not": expecting("expect volume RELO{n} = 1x1x1"),
    "expect volume by an ending": lambda n: (
        network(f"[MAX POOL 1x1 stride 1]*{n}") + lines(n, "expect volume POOL{n} = 1x1x1") + "\n"
    ),
    "expect receptive_field": expecting("expect receptive_field RELU9 = 7"),
    "expect params": expecting("expect params = {n}"),
    "expect macs": expecting("expect macs = {n}"),
    "expect connections": expecting("expect connections = {n}"),
    "expect memory": expecting("expect memory = {n}"),
    "expect output": expecting("expect output = 1x1x{n}"),
    "expect pattern": expecting("expect pattern [RELU]*N - FC"),
    "expect patterns that differ": lambda n: (
        network(f"[RELU]*{4 * n}")
        + "\n".join(f"expect pattern [RELU]*N - {'RELU - ' * (k % 60)}FC" for k in range(n))
        + "\n"
    ),
    "long patterns": lambda n: (
        network(f"[RELU]*{4 * n}") + lines(n, "expect pattern [RELU?]*400 - FC") + "\n"
    ),
    "a pattern of many states": _random_pools,
    "a wrong claim, repeated": lambda n: repeated(n, "[8x8x3] CONV 4 3x3 pad 1"),
    "a wrong claim, repeated, of volumes that shrink": lambda n: (
        f"input 100000x100000x1\n[[8x8x3] POOL 2x2 stride 1]*{n}\n"
    ),
    "wrong claims": lambda n: "input 64x64x1\n" + lines(n, "[9x9x{n}] CONV 1{n} 3x3") + "\n",
    "claims that decide nothing": lambda n: (
        "input 64x64x1\n" + lines(n, "[{n}x9x9] CONV: 1{n} filters") + "\n"
    ),
    "a claim that decides, repeated": lambda n: "input 64x64x4\n" + f"[[64x64x4] CONV: 4 3x3 filters]*{n}\n",
    "notes": lambda n: (
        "INPUT: [8x8x3] memory: 8*8*3=192 weights: 0\n"
        + lines(n, "CONV3-4: [8x8x4] memory: 8*8*4=9 weights: 1,2{n}")
        + "\n"
    ),
    # mistakes of layers
    "missing numbers, repeated": lambda n: repeated(n, "CONV"),
    "missing numbers in groups": lambda n: network(lines(n, "[CONV]")),
    "a mistake that spares the volume, repeated": lambda n: repeated(n, "CONV 4 3x3 pad 1 groups 3"),
    "a mistake of options, repeated": lambda n: repeated(n, "CONV 4 3x3 pad 1 stride 0"),
    "joins of nothing": lambda n: repeated(n, "ADD 3"),
    "branches of no join": lambda n: repeated(n, "RELU[ RELU | RELU ]"),
    "projections by themselves": lambda n: repeated(n, "RELU - PROJECT"),
    "skips by themselves": lambda n: repeated(n, "RELU - SKIP"),
    "inputs": lambda n: repeated(n, "input 8x8x1"),
    "numbers that belong nowhere": lambda n: network("CONV 1 " + "2 " * n),
    "words of other programs": lambda n: network("CONV 1 1x1 " + "kernel_size 3 " * n),
    "options given twice": lambda n: network("CONV 1 1x1 " + "stride 1 " * n),
    "defaults given twice": lambda n: network(lines(n, "default CONV 3x3 pad {n}")),
    "words in a default": lambda n: network("default CONV " + "foo " * n, f"[CONV 1 1x1]*{n}"),
    # repetition
    "layers that shrink": lambda n: f"{LARGE}[CONV 1 2x2]*{n}\n",
    "pools that shrink, in a dialect": lambda n: (
        f"dialect caffe\ninput 100000x100000x1\n[POOL 2x2 stride 1]*{n}\n"
    ),
    "pools that round, in a dialect": lambda n: f"dialect caffe\ninput 8x8x1\n[POOL 1x1 stride 1]*{n}\n",
    "sigmoids": lambda n: repeated(n, "SIGMOID"),
    "linear layers": lambda n: repeated(n, "CONV 4 1x1"),
    "a label, repeated": lambda n: repeated(n, "a: RELU"),
    "labels that differ in blanks": _variants,
    "a long label, repeated": lambda n: repeated(n, "a" * n + ": RELU"),
    "a label of many words, repeated": lambda n: repeated(n, "a " * n + ": RELU"),
    "a long label, used": lambda n: network(f"block B {{ {'a' * n}: RELU }}", lines(n, "B")),
    "where in groups in groups": lambda n: network(
        "[" * 40 + f"[CONV 1x1]*{n}" + "".join(f"] where {{ CONV: {k + 1} filters }}" for k in range(40))
    ),
    "where for many layers": lambda n: network(
        f"[CONV]*{n} where {{ CONV: 4 3x3 filters stride 1, pad 1, dilation 1, groups 1, no bias }}"
    ),
    "where with many values": lambda n: network(
        f"[CONV 1x1]*{n} where {{ CONV: {', '.join(str(k + 1) for k in range(n))} filters }}"
    ),
    "groups with where": lambda n: network(lines(n, "[CONV] where { CONV: 1 1x1 }")),
    "a block of many labels": lambda n: _block(lines(n, "a{n}: RELU"), "B(1)", 3),
    "nested groups": lambda n: network("[" * 60 + "RELU" + "]" * 59 + f"]*{n}"),
    # joins
    "many branches": lambda n: network(f"ADD[ {' | '.join(['RELU'] * n)} ]"),
    "many skips, repeated": lambda n: network(f"[ADD[ {' | '.join(['SKIP'] * 50)} ]]*{n // 50}"),
    "many projections": lambda n: network(f"ADD[ CONV 4 1x1 | {' | '.join(['PROJECT'] * n)} ]"),
    "projections, repeated": lambda n: network(f"[ADD[ CONV 4 1x1 | PROJECT ]]*{n}"),
    "references to one label": lambda n: network("x: RELU", lines(n, "@x - RELU")),
    "concatenations that double": lambda n: repeated(n, "CONCAT[ SKIP | SKIP ]"),
    "concatenations that grow": lambda n: repeated(n, "CONCAT[ SKIP | CONV 1 1x1 ]"),
    "a concatenation of all before": lambda n: network(
        lines(n, "a{n}: RELU"), f"CONCAT[ {' | '.join(f'@a{k}' for k in range(n))} ]"
    ),
    # blocks and numbers
    "values and uses": lambda n: _used_block(n, "B(1, {n})"),
    "volumes handed over": lambda n: network(
        lines(n, "let v{n} = {n}"), "block B(x) { ADD[ RELU | @x ] }", f"[x: RELU - B(@x)]*{n}"
    ),
    "values in a block": lambda n: _block(lines(n, "let v{n} = w + {n}") + "\nRELU", "B({n})", n),
    "values in a block, used alike": lambda n: _block(lines(n, "let v{n} = w + {n}") + "\nRELU", "B(1)", n),
    "words in a block": lambda n: _block("CONV w 1x1 " + "foo " * n, "B({n})", n),
    "arguments, repeated": lambda n: network(
        f"block B({', '.join(f'p{k}' for k in range(n))}) {{ RELU }}",
        f"[B({', '.join(str(k) for k in range(n))})]*{n}",
    ),
    "volumes and arguments, repeated": lambda n: network(
        f"block B(x, {', '.join(f'p{k}' for k in range(n))}) {{ RELU }}",
        f"[x: RELU - B(@x, {', '.join(str(k) for k in range(n))})]*{n}",
    ),
    "arguments in a block": lambda n: network(
        f"block A({', '.join(f'p{k}' for k in range(n))}) {{ RELU }}",
        f"block B(w) {{ A({', '.join('w' for k in range(n))}) }}",
        lines(n, "B({n})"),
    ),
    "blocks in blocks": lambda n: network(
        "block B0 { RELU }",
        *(f"block B{k} {{ B{k - 1} - B{k - 1} }}" for k in range(1, min(n, 60))),
        f"B{min(n, 60) - 1}",
    ),
    "a circle of blocks": lambda n: network(*(f"block B{k} {{ B{(k + 1) % n}() }}" for k in range(n)), "B0"),
    "blocks that are empty": lambda n: network(lines(n, "block B{n} { }"), lines(n, "B{n}()")),
    "squares": lambda n: network("let v0 = 3/7", *(f"let v{k + 1} = v{k}*v{k}" for k in range(n))),
    "a long formula": lambda n: network("let v = " + "+".join(["1"] * n)),
    "parentheses": lambda n: network("let v = " + "(" * 60 + "1" + ")" * 60 + "+(1)" * n),
    "formulas in options": lambda n: network("CONV 2*" + "*".join(["1"] * n) + " 1x1"),
    "a failed value, read": lambda n: network("let v = 1/0", lines(n, "CONV v 1x1")),
    "a table of long rows": lambda n: (
        "input 1x1x65536\nCONV 16 1x1 table { " + "; ".join(["0-65535"] * 16) + " }\n" * 1
    ),
    "tables of long rows": lambda n: (
        "input 1x1x4096\n" + lines(n, "CONV 4 1x1 table { 0-4000; 0-4000; 0-4000; 0-4000 }")
    ),
    "a table, repeated": lambda n: (
        "input 1x1x65536\n" + f"[CONV 65536 1x1 table {{ {' '.join(str(2 * k) for k in range(n))} }}]*{n}\n"
    ),
    "a table for volumes that shrink": lambda n: (
        "input 100000x100000x64\n" + f"[CONV 64 2x2 table {{ {'; '.join(['0-63'] * 64)} }}]*{n}\n"
    ),
    "a table in where": lambda n: (
        "input 1x1x64\n" + f"[CONV]*{n} where {{ CONV: 64 1x1 table {{ {'; '.join(['0-63'] * 64)} }} }}\n"
    ),
    "a table by default": lambda n: (
        "input 1x1x64\n" + f"default CONV table {{ {'; '.join(['0-63'] * 64)} }}\n[CONV 64 1x1]*{n}\n"
    ),
    # text
    "line breaks": lambda n: BEGIN + "\n" * (4 * n) + "FC 10\n",
    "semicolons": lambda n: BEGIN + ";" * (4 * n) + "FC 10\n",
    "blanks": lambda n: BEGIN + " " * (4 * n) + "FC" + "\t" * (4 * n) + "10\n",
    "blank lines with blanks": lambda n: BEGIN + " \t\n" * n + "FC 10\n",
    "comments": lambda n: BEGIN + "#a\n" * n + "FC 10\n",
    "comments behind layers": lambda n: BEGIN + "RELU # a\n" * n + "FC 10\n",
    "one line": lambda n: BEGIN + " - ".join(["RELU"] * n) + END,
    "one line of groups": lambda n: BEGIN + "  " + " - ".join(["[RELU]"] * n) + END,
    "one line of semicolons": lambda n: f"{BEGIN}block B {{ {'; '.join(['RELU'] * n)} }}\nB{END}",
    "a long word": lambda n: network("a" * (4 * n)),
    "a long word as a label": lambda n: network("a" * (4 * n) + ": RELU"),
    "a long number": lambda n: network("FC " + "1" * (4 * n)),
    "a long size": lambda n: network("POOL " + "1x" * (2 * n) + "1"),
    "a long number with commas": lambda n: network("FC 1" + ",111" * n),
    "blanks in a size": lambda n: network("CONV 1 1x" + " " * (4 * n) + "1"),
    "blanks in a claim": lambda n: network("[1x" + " " * (4 * n) + "1x1] RELU"),
    "blanks in a note": lambda n: "INPUT: [8x8x3] memory: 1" + " " * (4 * n) + "1\nFC 10\n",
    "a long note": lambda n: "INPUT: [8x8x3] memory: " + "1*" * (2 * n) + "1=192\nFC 10\n",
    "parentheses in a note": lambda n: "INPUT: [8x8x3] memory: " + "(1" * (n + 100) + ")" * n + "\nFC 10\n",
    "a long title": lambda n: "net " + "a " * (2 * n) + "\n" + network("RELU"),
    "a remark never closed": lambda n: network("RELU (" + "a" * (4 * n)),
    "remarks never closed": lambda n: network(lines(n, "RELU (a (b) (c")),
    "remarks in remarks": lambda n: network("RELU (" + "(a)" * n + ")"),
    "sums like remarks": lambda n: network(lines(n, "FC 1 (1+a+a+a+a+a+a+a+a+a+a+a+a+a")),
    "opening parentheses": lambda n: network("RELU " + " (" * n),
    "brackets never closed": lambda n: network(lines(n, "[RELU")),
    "brackets never opened": lambda n: network(lines(n, "RELU]")),
    "wrong signs": lambda n: network(lines(n, "?")),
    "wrong signs on one line": lambda n: network("?" * n),
    "wrong characters": lambda n: network(lines(n, "RELU $ä")),
    "hyphens": lambda n: network(lines(n, "conv3-64")),
    "unknown characters and names": lambda n: network(lines(n, "x = @ y")),
    "a link before a link": lambda n: network(lines(n, "RELU - - RELU")),
    "lines of two remarks": lambda n: network(lines(n, "RELU (a) (b)")),
    "names of a network": lambda n: network(lines(n, "net a{n}")),
    "dialects": lambda n: network(lines(n, "dialect foo{n}")),
    "files that are not there": lambda n: network(lines(n, 'use "a{n}.net"')),
    "line separators": lambda n: network(lines(n, "RELU \u2028\u0085\x0b")),
    "carriage returns": lambda n: network("RELU\r" * n),
    "recipes": lambda n: network(lines(n, "train { batch 4 }")),
    "a recipe of many lines": lambda n: network("train {\n" + lines(n, "batch 4") + "\n}"),
    "a recipe of one line": lambda n: network("train { " + "batch 4 " * n + "}"),
    "a recipe of words": lambda n: network("train {\n" + lines(n, "foo{n} 4") + "\n}"),
    "a recipe of braces": lambda n: network("train {\n" + "a{" * n + "\n}"),
}
"""Texts of ``.net`` files."""

RECIPES: dict[str, Shape] = {
    "entries": lambda n: lines(n, "batch 4"),
    "unknown entries": lambda n: lines(n, "foo{n} 4"),
    "braces": lambda n: "{" * n,
    "entries with braces": lambda n: "a{" * n,
    "a long line": lambda n: "batch 4 " * n,
    "rates": lambda n: "epochs 10\nschedule " + " : ".join(["0.1*1"] * min(n, 500)),
    "values to try": lambda n: lines(n, "search batch in {" + ", ".join(["1"] * 50) + "}"),
    "line breaks": lambda n: "\n" * (4 * n) + "batch 4",
    "semicolons": lambda n: ";" * (4 * n) + "batch 4",
    "a long word": lambda n: "a" * (4 * n),
    "comments": lambda n: "#a\n" * n + "batch 4",
    "commas": lambda n: "," * n + "batch 4",
}
"""Texts of ``.train`` files."""

LISTINGS: dict[str, Shape] = {
    "wrong options": lambda n: "[8x8x1] INPUT\n" + lines(n, "[8x8x1] CONV{n}: 1 1x1 strid 1"),
    "wrong options without a colon": lambda n: "[8x8x1] INPUT\n" + lines(n, "[8x8x1] CONV 1 1x1 strid 1"),
    "wrong options without a volume": lambda n: "[8x8x1] INPUT\n" + lines(n, "CONV: strid 1") + "\n[10] FC",
    "volumes alone": lambda n: lines(n, "[8x8x1]"),
    "lines that cannot be read": lambda n: lines(n, "[8x8x1] a b c d e f g h"),
    "layers": lambda n: "[8x8x1] INPUT\n" + lines(n, "[8x8x1] RELU"),
    "layers on one line": lambda n: "[8x8x1] INPUT " + "[8x8x1] RELU " * n,
    "arrows": lambda n: "[8x8x1] INPUT -> " + "CONV [8x8x1] -> " * n,
    "wrong claims": lambda n: "[64x64x1] INPUT\n" + lines(n, "[9x9x{n}] CONV: 1{n} 3x3 filters"),
    "notes": lambda n: (
        "INPUT: [8x8x3] memory: 8*8*3=192 weights: 0\n"
        + lines(n, "CONV3-4: [8x8x4] memory: 8*8*4=256 weights: 1")
    ),
    "notes below": lambda n: "INPUT: [8x8x3]\n" + lines(n, "memory: 8*8*3=192"),
    "a note of one word": lambda n: "CONV3-64: [8x8x64] memory: " + "a" * (4 * n),
    "a note that opens": lambda n: "CONV3-64: [8x8x64] memory: (" + "ab" * (2 * n),
    "a note of brackets": lambda n: "CONV3-64: [8x8x64] memory: " + "(ab" * n,
    "a claim of blanks": lambda n: "[" + "1 x" * min(n, 4000) + "!",
    "claims of blanks": lambda n: lines(n, "[1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 x1 !"),
    "a claim of digits": lambda n: "[" + "1" * (4 * n) + "]",
    "brackets": lambda n: "[" * n,
    "opened brackets": lambda n: "[1" * n,
    "tags": lambda n: "<a" * n,
    "prefixes": lambda n: "> - * 1. " * n,
    "backslashes": lambda n: "\\[" * n,
    "entities": lambda n: "&amp;" * n,
    "prose": lambda n: lines(n, "The layer number {n} is a layer (of [12]) and more."),
    "totals": lambda n: "[8x8x1] INPUT\n[10] FC: 10 neurons\n" + lines(n, "TOTAL params: {n}M"),
    "a long total": lambda n: "[8x8x1] INPUT\n[10] FC: 10 neurons\nTOTAL memory: " + "1" * (4 * n) + "MB",
    "totals of blanks": lambda n: "TOTAL" + " " * n + "memory " + ":" * n,
    "colons": lambda n: "[8x8x1] " + "a:" * n,
    "remarks": lambda n: "[8x8x1] RELU " + "(a" * n,
    "activations": lambda n: "[8x8x1] RELU " + "(+relu) " * n,
    "arguments": lambda n: "CONV(" + "a=1," * n + ")[8x8x1]",
    "words": lambda n: "[8x8x1] " + "word " * n,
    "a word": lambda n: "[8x8x1] " + "a" * (4 * n),
    "line breaks": lambda n: "[8x8x1] INPUT\n" + "\n" * (4 * n),
    "numbers": lambda n: "[8x8x1] CONV1_" + "1_" * n + "1",
    "dashes": lambda n: "[8x8x1] " + "-" * n + "CONV",
}
"""Texts for ``import --from listing``."""

BLOCK_FILES: dict[str, Shape] = {
    "values": lambda n: lines(n, "let v{n} = {n}"),
    "blocks": lambda n: lines(n, "block B{n} { RELU }"),
    "layers": lambda n: lines(n, "RELU"),
    "mistakes": lambda n: lines(n, "block B{n} { ? }"),
    "line breaks": lambda n: "\n" * (4 * n) + "let a = 1",
    "comments": lambda n: "#a\n" * n + "let a = 1",
}
"""Texts of files that another one uses."""
