"""Fuzz a command for as long as you like, guided by coverage: python tests/fuzz.py check --seconds 600

Needs atheris (pip install atheris). Ends with a failing input on the first exception; inputs that
reached new code are kept in --corpus and taken up again by the next run.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import atheris

ROOMS = (
    *("syntax", "layers", "graph", "planning", "rules", "counting"),
    *("gate", "formats", "reports", "server", "commands"),
)

with atheris.instrument_imports(include=["netdsl"]):
    import fuzz_targets
    from fuzz_targets import TARGETS, seeds, tokens

    import netdsl

    # Commands load their parts when they are called; what is loaded then would not be traced.
    for path in sorted(Path(netdsl.__file__).parent.rglob("*.py")):
        module = path.relative_to(Path(netdsl.__file__).parent.parent).with_suffix("").parts
        if len(module) > 2 and module[1] in ROOMS and module[-1] != "__main__":
            importlib.import_module(".".join(module).removesuffix(".__init__"))


def _quoted(token: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02X}" for byte in token) + '"'


fuzz_targets.SECONDS *= 10  # traced code is that much slower


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=Path, default=Path(".fuzzing"))
    options = parser.parse_args()
    corpus = options.corpus / options.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(options.target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = options.corpus / "words.dict"
    words.write_text("".join(f"{_quoted(token)}\n" for token in tokens()))
    flags = [
        f"-max_total_time={options.seconds}",
        f"-dict={words}",
        "-max_len=4096",
        "-len_control=0",
        "-timeout=30",
    ]
    flags += ["-print_final_stats=1", f"-artifact_prefix={options.corpus}/{options.target}-"]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], TARGETS[options.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
