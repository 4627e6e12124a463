"""The package with the files of ``tests/additions`` in it, as links to both: nothing else is changed.

Run in such a house, this file prints what everything says that follows from them, as JSON.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
ADDITIONS = TESTS / "additions"

NETWORK = """input 8x8x1
CONV 4 3x3
VALVE offset 0.5
SOFTPLUS
FC 10
SOFTMAX
train {
  optimizer lion rate 0.001
  loss focal gamma 1
  schedule exponential 0.9
  init lecun
  augment slide 0.1
  epochs 2
}
"""


def build(root: Path) -> None:
    """Lay out ``root/netdsl``: folders anew, files as links."""
    for source in (TESTS.parent / "netdsl", ADDITIONS):
        for path in source.rglob("*"):
            place = root / "netdsl" / path.relative_to(source)
            if "__pycache__" in path.parts or path.is_dir():
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path)
    for name in ("grammar", "nets"):
        (root / name).symlink_to(TESTS.parent / name)


def said(*arguments: str) -> str:
    """What a command prints; its exit code behind it where that is not 0."""
    from netdsl.commands import run

    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = run(arguments)
    return out.getvalue() + (f"exit code {code}" if code else "")


def offered(text: str) -> list[str]:
    """What an editor offers at the end of a text."""
    from netdsl.server.completion import completion
    from netdsl.source import Source

    return [item.text for item in completion(Source("a.net", text), len(text)).items]


def failed() -> list[str]:
    """Which tests over registries fail for what was added, and how."""
    import test_backends
    import test_functions
    import test_gradients
    import test_kept_tensors
    import test_layers_contract
    import test_layers_keep
    import test_linearity
    import test_rules

    from netdsl.layers.registry import kind_named
    from netdsl.rules import rules

    kinds = [kind_named(name) for name in LAYERS]
    contract = [test for name, test in vars(test_layers_contract).items() if name.startswith("test_")]
    calls = [(test, kind) for test in contract for kind in kinds]
    for name in LAYERS:
        calls.append((test_gradients.test_layer, name))
        calls.append((test_kept_tensors.test_every_layer, name))
        calls.append((test_layers_keep.test_what_a_layer_says_that_it_keeps_is_what_its_gradient_reads, name))
        calls.append((test_linearity.test_kind_is_as_linear_as_it_says, name))
        calls.append((lambda name: test_backends.test_training(name, test_backends.BATCHES[0]), name))
        calls += [(test, name) for test in _of_torch()]
    calls.append((test_gradients.test_loss, "focal"))
    tests = (test_functions.test_slope, test_functions.test_numpy_keeps_the_type)
    tests += (test_functions.test_formula_of_compiled_code, test_functions.test_compiled_code)
    calls += [(test, "softplus") for test in tests]
    (rule,) = (rule for rule in rules() if rule.name == "unlucky-number")
    calls.append((test_rules.test_page_of_a_rule_has_its_fault_and_the_cure, rule))
    return [told for test, of in calls if (told := _failure(test, of))]


def _of_torch() -> list[Callable[[str], None]]:
    try:
        import torch  # noqa: F401
    except ImportError:
        return []
    import test_torch
    import test_torch_translation

    def forward(name: str) -> None:
        test_torch_translation.test_forward_agrees_with_numpy(name, "nchw")

    return [test_torch.test_layer, forward, test_torch_translation.test_arrays_come_back_as_they_went]


def _failure(test: Callable[[Any], None], of: object) -> str:
    try:
        test(of)
    except Exception as error:
        return f"{test.__module__}.{test.__name__}({of}): {type(error).__name__}: {error}"
    return ""


def found() -> dict[str, object]:
    """Everything that follows from the files."""
    import kinds_page
    import recipe_page

    from netdsl.commands import group
    from netdsl.commands.manual.as_markdown import page
    from netdsl.commands.manual.description import described
    from netdsl.highlighting.generate import generated
    from netdsl.layers.registry import kinds

    Path("n.net").write_text(NETWORK)
    Path("unlucky.net").write_text("input 8x8x1\nFC 13\n")
    Path("sizes.txt").write_text("784-100-10\n")
    return {
        "kinds": sorted(kinds()),
        "failed": failed(),
        "check": said("check", "n.net", "--recipe", "--ignore", "ND4"),
        "fmt": said("fmt", "--diff", "n.net"),
        "explain": {word: said("explain", word) for word in WORDS},
        "train on numpy": said("train", "n.net", "--epochs", "1", "--backend", "numpy", "--out", "a"),
        "train on numba": said("train", "n.net", "--epochs", "1", "--backend", "numba", "--out", "b"),
        "resume": said("train", "--resume", "a", "--epochs", "2", "--backend", "numpy"),
        "recipe": Path("b/recipe.json").read_text(),
        "compile": said("compile", "n.net", "--emit", "kernels", "--target", "neon"),
        "offered": {
            "kinds": offered("input 8x8x1\nSOFT"),
            "options": offered("input 8x8x1\nVALVE "),
            **{entry: offered(f"{NETWORK.partition('train')[0]}train {{ {entry} ") for entry in ENTRIES},
        },
        "editors": generated(),
        "kinds page": kinds_page.table(),
        "recipe page": recipe_page.tables(),
        "help": said("train", "--help"),
        "commands": said("--help"),
        "manual": page(next(one for one in described(group) if one.name == "netdsl depth"), ""),
        "depth": said("depth", "lenet"),
        "report": said("check", "unlucky.net", "--format", "codes"),
        "report help": said("check", "--help"),
        "imported": said("import", "sizes.txt", "--from", "dashes"),
        "import help": said("import", "--help"),
        "rule": said("check", "unlucky.net"),
        "rule explained": said("explain", "ND499"),
    }


LAYERS = ("valve", "softplus")
WORDS = ("valve", "softplus", "lion", "focal", "exponential", "lecun", "slide")
ENTRIES = ("optimizer", "loss", "schedule", "init", "augment")

if __name__ == "__main__":
    json.dump(found(), sys.stdout)
