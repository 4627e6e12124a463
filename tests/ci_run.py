"""A repository of 30 sound and 10 faulty files, and what a CI run over it prints in every format.

    python tests/ci_run.py [--lines N] [FOLDER]

The sound ones are shipped networks, the faulty ones cases of tests/cases and files as other systems write
them. Every report is read as the service reads it that it is for.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from report_readers import annotations, faults_of_code_quality, faults_of_junit, faults_of_sarif, shown
from schemas import validate

from netdsl.reports.formats import FORMATS

ROOT = Path(__file__).parent.parent
CASES = (
    "volumes/branches",
    "volumes/channels_first",
    "volumes/windows",
    "syntax/mistakes",
    "names/unknown",
    "names/labels",
)
WRITTEN = {
    "windows/layers.net": "\ufeffinput 8x8x1\r\n\r\n\tCONV 3 3x3 (層😀)\t- FC 9 bia\r\n".encode(),
    "windows/latin.net": b"input 8x8x1\nFC 10 # gr\xfc\xdfe\n",
    "empty.net": b"",
    "deep/é ü, 50%: x.net": b"input 8x8x1\nCONV 3 3x3 - BN - BN\nFC wid%\nCONV 4 3x3 -",
}


def make(folder: Path) -> None:
    """Write the repository into an empty folder."""
    texts = {path.name: path.read_bytes() for path in sorted((ROOT / "nets").glob("*.net"))}
    sound = [name for name, text in texts.items() if b"\nuse " not in text][:30]
    assert len(sound) == 30
    files = {f"nets/{name}": texts[name] for name in sound} | WRITTEN
    for case in CASES:
        page = (ROOT / "tests" / "cases" / f"{case}.md").read_text(encoding="utf-8")
        found = re.search(r"```net\n((?:(?!```).)*)```\n\n```expect\nexit 1", page, re.DOTALL)
        assert found is not None, case
        files[f"faulty/{case.replace('/', '-')}.net"] = found[1].encode()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--lines", type=int, default=12, help="of each output that are printed")
    options = parser.parse_args()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="netdsl-ci-"))
    folder.mkdir(exist_ok=True)
    make(folder)
    outputs = {form: _run(folder, options.lines, "--format", form) for form in FORMATS}
    several = [f"--format={form}=reports/{form}.txt" for form in FORMATS if form != "github"]
    (folder / "reports").mkdir()
    _run(folder, options.lines, "--quiet", "--format", "github", *several)
    for form in several:
        path = folder / form.rpartition("=")[2]
        print(f"{path.relative_to(folder)}: {path.stat().st_size:,} bytes")
    _run(folder, options.lines, "--format", "concise", "--strict", paths=["nets"])
    _judge(outputs)


def _run(folder: Path, lines: int, *arguments: str, paths: list[str] | None = None) -> str:
    """Standard output; both outputs are printed, and the exit code."""
    command = ["check", *(paths or ["."]), *arguments]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    summary = folder / "step-summary.md"
    if "github" in arguments:
        environment["GITHUB_STEP_SUMMARY"] = str(summary)
    done = subprocess.run(
        [sys.executable, "-m", "netdsl.commands", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    print(f"\n$ netdsl {' '.join(command)}")
    _print(done.stdout, lines)
    _print(done.stderr, lines, "standard error: ")
    print(f"exit code {done.returncode}")
    if summary.exists():
        _print(summary.read_text(encoding="utf-8"), lines, "step summary: ")
        summary.unlink()
    return done.stdout


def _print(text: str, most: int, before: str = "") -> None:
    lines = text.splitlines()
    for line in lines[:most]:
        print(before + (line if len(line) <= 200 else f"{line[:200]} ... ({len(line):,} characters)"))
    if len(lines) > most:
        print(f"{before}... {len(lines) - most:,} more lines, the last one:\n{before}{lines[-1][:200]}")


def _judge(outputs: dict[str, str]) -> None:
    print("\nread as the services read them:")
    validate("check", outputs["json"])
    for line in outputs["jsonl"].splitlines():
        validate("finding", line)
    print("json, jsonl: as `netdsl schema check` and `netdsl schema finding` say")
    print("sarif: faults against the schema of OASIS:", faults_of_sarif(outputs["sarif"]))
    if "NETDSL_JUNIT_XSD" in os.environ:
        print("junit: faults against the schema of Jenkins:", faults_of_junit(outputs["junit"]))
    print("gitlab: faults against its documentation:", faults_of_code_quality(outputs["gitlab"]))
    found = annotations(outputs["github"])
    findings = [one for network in json.loads(outputs["json"])["networks"] for one in network["diagnostics"]]
    print(f"github: {len(found)} annotations for {len(findings)} findings, {len(shown(found))} are shown:")
    for one in shown(found):
        print(f"  {one.level} {one.file}:{one.line}:{one.column} {one.title}: {one.message!r}"[:150])


if __name__ == "__main__":
    main()
