"""What CI servers and pre-commit run: the commands of the action and of the hooks, carried out."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from netdsl.commands import run

ROOT = Path(__file__).parent.parent


def fields(text: str, name: str) -> list[str]:
    """The values of a key in YAML as simple as ours."""
    return re.findall(rf"^[- ]*{name}: (.*)$", text, re.MULTILINE)


def test_hooks_run_commands_that_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    path = tmp_path / "a.net"
    for entry, files in zip(fields(text, "entry"), fields(text, "files"), strict=True):
        assert re.search(files, "nets/lenet.net")
        path.write_text("input 8x8x1\nfc 10\n")
        assert run([*shlex.split(entry)[1:], str(path)]) == 0
    assert path.read_text() == "input 8x8x1\nFC 10\n"
    path.write_text("input 8x8x1\nfc 10 widht 3\n")
    assert run([*shlex.split(fields(text, "entry")[0])[1:], str(path)]) == 1


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_action_checks_paths_with_blanks(tmp_path: Path) -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    script = text.rpartition("run: |\n")[2]
    folder = tmp_path / "netdsl" / "bin"
    folder.mkdir(parents=True)
    program = folder / "netdsl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "cli.py"}" "$@"\n')
    program.chmod(0o755)
    (tmp_path / "my nets").mkdir()
    (tmp_path / "my nets" / "a.net").write_text("input 8x8x1\nCONV 3 3x3\nFC 10\n")
    environment = {
        **os.environ,
        "RUNNER_TEMP": str(tmp_path),
        "PATHS": "my nets\nmy nets/a.net\n",
        "ARGUMENTS": "--strict --quiet",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::notice title=netdsl::1 warning in 1 file")
    assert "::warning file=my nets/a.net,line=" in done.stdout
    assert "ND401" in (tmp_path / "summary.md").read_text()


def blocks_of(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def skip_without_registry(said: str) -> None:
    """pip has to reach a registry, as it would on a server."""
    if "No matching distribution found" in said or "Connection" in said:
        pytest.skip("pip reaches no registry")


def programs(folder: Path) -> Path:
    """A folder with ``netdsl`` in it, as it would be installed."""
    folder.mkdir(parents=True)
    program = folder / "netdsl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "cli.py"}" "$@"\n')
    program.chmod(0o755)
    return folder


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_script_of_gitlab_leaves_both_reports(tmp_path: Path) -> None:
    """What stands in docs/ci.md, line by line, but for the installation."""
    (snippet,) = [block for block in blocks_of("ci.md", "yaml") if "gitlab-ci" in block]
    script = [
        line for line in re.findall(r"^    - (.*)$", snippet, re.MULTILINE) if "pip install" not in line
    ]
    assert script
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "a.net").write_text("input 8x8x1\nFC 10 widht 3\n")
    environment = {**os.environ, "PATH": f"{programs(tmp_path / 'bin')}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    reports = re.findall(r"^      (?:codequality|junit): (.*)$", snippet, re.MULTILINE)
    assert len(reports) == 2
    texts = [(tmp_path / report).read_text(encoding="utf-8") for report in reports]
    assert any(json.loads(text)[0]["location"]["path"] == "nets/a.net" for text in texts if text[0] == "[")
    assert any("<testsuites" in text for text in texts)


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_every_step_of_the_action_runs(tmp_path: Path) -> None:
    """The steps as a runner carries them out: default inputs, then the scripts; pip installs as it would."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    defaults = dict(re.findall(r"^  (\w+):\n    description: .*\n    default: (.*)$", text, re.MULTILINE))
    assert set(defaults) == {"paths", "arguments", "version"}
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.net").write_text("input 8x8x1\nFC 10 widht 3\n")
    environment = {
        **os.environ,
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    codes = []
    for step in re.split(r"^    - shell: bash\n", text, flags=re.MULTILINE)[1:]:
        given = re.findall(r"^        (\w+): \$\{\{ inputs\.(\w+) \}\}$", step, re.MULTILINE)
        values = {name: defaults[wanted].strip('"') for name, wanted in given}
        script = textwrap.dedent(step.partition("run: |\n")[2])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=tmp_path / "work",
            env={**environment, **values},
            capture_output=True,
            text=True,
        )
        skip_without_registry(done.stderr)
        codes.append(done.returncode)
    assert codes == [0, 1], done.stderr
    assert "::error file=a.net,line=2" in done.stdout.replace("./", "")
    assert "ND202" in (tmp_path / "summary.md").read_text()


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_pre_commit_runs_the_hooks(tmp_path: Path) -> None:
    """pre-commit itself, which installs netdsl from a repository with this checkout's files."""
    pytest.importorskip("pre_commit")
    hooks, user = tmp_path / "hooks", tmp_path / "user"
    hooks.mkdir()
    user.mkdir()
    for name in ("netdsl", "grammar", "nets", "man"):
        shutil.copytree(ROOT / name, hooks / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, hooks / name)
    people = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **people,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PRE_COMMIT_HOME": str(tmp_path / "home"),
    }

    def call(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)

    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "1"]):
        assert call("git", *command, cwd=hooks).returncode == 0
    call("git", "init", "--quiet", cwd=user)
    (snippet,) = [block for block in blocks_of("ci.md", "yaml") if "pre-commit-config" in block]
    revision = call("git", "rev-parse", "HEAD", cwd=hooks).stdout.strip()
    snippet = snippet.replace("https://github.com/OWNER/netdsl", str(hooks)).replace("main", revision)
    (user / ".pre-commit-config.yaml").write_text(snippet)
    (user / "good.net").write_text("input 8x8x1\nfc 10\n")
    (user / "bad.net").write_text("input 8x8x1\nFC 10 widht 3\n")
    (user / "other.txt").write_text("FC 10 widht 3\n")
    call("git", "add", "--all", cwd=user)
    done = call(sys.executable, "-m", "pre_commit", "run", cwd=user)
    skip_without_registry(done.stdout)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "bad.net:2:7: error ND202" in done.stdout, done.stdout + done.stderr
    assert "other.txt" not in done.stdout
    assert (user / "good.net").read_text() == "input 8x8x1\nFC 10\n"
    (user / "bad.net").unlink()
    call("git", "add", "--all", cwd=user)
    done = call(sys.executable, "-m", "pre_commit", "run", cwd=user)
    assert done.returncode == 0, done.stdout + done.stderr
