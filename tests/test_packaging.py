"""The wheel carries what netdsl needs and works from another folder, without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout, in an environment of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_wheel_carries_grammar_networks_pages_and_digits(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, ending, inside in (
        ("nets", "*.net", "netdsl/nets"),
        ("netdsl/explanations", "*.md", "netdsl/explanations"),
        ("netdsl/schemas", "*.json", "netdsl/schemas"),
    ):
        files = list((ROOT / folder).glob(ending))
        assert files
        assert {f"{inside}/{file.name}" for file in files} <= names
    manual = {path.name for path in (ROOT / "man").glob("*.1")}
    assert {name.rpartition("/")[2] for name in names if name.endswith(".1")} == manual
    assert any(name.endswith(".data/data/share/man/man1/netdsl.1") for name in names)
    assert {"netdsl/grammar/netdsl.lark", "netdsl/nets/published.toml", "netdsl/data/digits.npz"} <= names


def test_wheel_works_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(site),
        str(wheel),
    ]
    done = subprocess.run(install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    program = (
        "import netdsl, sys; assert netdsl.__file__.startswith(sys.argv.pop(1)), netdsl.__file__;"
        "from netdsl.commands import main; main()"
    )
    # The folder given comes before the checkout, wherever that is installed.
    environment = dict(os.environ, PYTHONPATH=str(site))
    for arguments, expected in (
        (["zoo"], "lenet"),
        (["check", "lenet"], "61,706"),
        (["explain", "ND301"], "ND301"),
        (["train", "lenet", "--epochs", "1", "--backend", "numpy"], "test accuracy"),
    ):
        command = [sys.executable, "-c", program, str(site), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        assert expected in done.stdout
