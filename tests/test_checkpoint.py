"""Checkpoints and run folders: exact, atomic, checked."""

from __future__ import annotations

import errno
import json
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from netdsl.data.preparation import Preparation
from netdsl.diagnostics import Diagnosed
from netdsl.optimizers.sgd import Sgd
from netdsl.planning.pipeline import load_plan
from netdsl.program.program import Stored
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.stored import recipe_as_json
from netdsl.training import tensor_file
from netdsl.training.checkpoint import Checkpoint, check_network, layer_lines, load, save, take_arrays
from netdsl.training.pace import Timing
from netdsl.training.records import EpochRecord, Progress
from netdsl.training.run_folder import RunFolder, new_run_folder, old_run_folder, run_checkpoint
from netdsl.training.trained_model import open_checkpoint
from netdsl.writing import replace_file

TEXT = "net tiny\ninput 8x8x1\nCONV1: 2 3x3\nRELU1\nFC1: 3\n"


def checkpoint(text: str = TEXT, epoch: int = 1) -> Checkpoint:
    plan = load_plan(text).plan
    assert plan is not None
    generator = np.random.default_rng(1)
    arrays = {
        f"{layer.node.name}.{parameter.name}": generator.random(parameter.shape, dtype=np.float32)
        for layer in plan.layers
        for parameter in layer.parameters
    }
    return Checkpoint(
        plan.network.name,
        text,
        layer_lines(plan),
        Recipe(),
        {"convolution: 4x4x1": "direct 1x2"},
        ("cat", "dog", "ñandú"),
        Preparation(0.0, 255.0, (77.5,), (82.25,)),
        "0" * 64,
        Progress(epoch, 3, 0.1 + 0.2, 17, [EpochRecord(n + 1, 0.3, 0.5, 1 / 3, 0.6) for n in range(epoch)]),
        arrays,
    )


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(Diagnosed) as caught:
        action()
    return caught.value.diagnostics[0].code


# --- content -------------------------------------------------------------------------------------


def test_everything_comes_back_exactly(tmp_path: Path) -> None:
    saved = checkpoint()
    save(saved, tmp_path / "a")
    loaded = load(tmp_path / "a")
    assert loaded._replace(arrays={}) == saved._replace(arrays={})
    assert sorted(loaded.arrays) == sorted(saved.arrays)
    for name, array in saved.arrays.items():
        assert loaded.arrays[name].tobytes() == array.tobytes()
        assert loaded.arrays[name].shape == array.shape


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = checkpoint(), checkpoint()
    shuffled = dict(reversed(list(second.arrays.items())))
    save(first, tmp_path / "a")
    save(second._replace(arrays=shuffled), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_safetensors_library_reads_it(tmp_path: Path) -> None:
    saved = checkpoint()
    save(saved, tmp_path / "a")
    read = load_file(tmp_path / "a")
    assert {name: array.tobytes() for name, array in read.items()} == {
        name: array.tobytes() for name, array in saved.arrays.items()
    }


def test_loading_needs_no_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(checkpoint(), tmp_path / "a")
    monkeypatch.setattr(pickle, "loads", None)
    monkeypatch.setattr(pickle, "load", None)
    load(tmp_path / "a")


# --- damage --------------------------------------------------------------------------------------


def test_every_flipped_byte_and_every_cut_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    saved = checkpoint()
    saved.progress.loss_sum = 0.5  # 0.30000000000000004 and ...05 are the same number
    save(saved, path)
    content = path.read_bytes()
    for position in range(0, len(content), 7):
        path.write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert code_of(lambda: load(path)) == "ND650", position
    for length in range(0, len(content), 53):
        path.write_bytes(content[:length])
        assert code_of(lambda: load(path)) == "ND650", length
    path.write_bytes(content + b"\0")
    assert code_of(lambda: load(path)) == "ND650"


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=300), header=st.booleans())
def test_no_bytes_are_a_checkpoint(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, header: bool
) -> None:
    path = tmp_path_factory.mktemp("junk") / "a"
    path.write_bytes(struct.pack("<Q", len(content)) + content if header else content)
    assert code_of(lambda: load(path)) == "ND650"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 100,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 100_000) + b"[" * 100_000,
        pickle.dumps({"weights": [1, 2, 3]}),
        b'{"epoch": 1}',
    ],
)
def test_files_that_are_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    assert code_of(lambda: load(path)) == "ND650"


def test_places_without_a_checkpoint(tmp_path: Path) -> None:
    assert code_of(lambda: load(tmp_path)) == "ND517"
    assert code_of(lambda: load(tmp_path / "none")) == "ND517"
    assert code_of(lambda: run_checkpoint(tmp_path)) == "ND517"
    assert code_of(lambda: old_run_folder(tmp_path)) == "ND517"
    assert code_of(lambda: old_run_folder(tmp_path / "none")) == "ND517"


def test_a_foreign_safetensors_file(tmp_path: Path) -> None:
    save_file({"weights": np.ones(3, np.float32)}, tmp_path / "a")
    assert code_of(lambda: load(tmp_path / "a")) == "ND650"
    save_file({"weights": np.ones(3, np.float32)}, tmp_path / "a", metadata={"netdsl": "[" * 100_000})
    assert code_of(lambda: load(tmp_path / "a")) == "ND650"
    save_file({"weights": np.ones(3, np.float16)}, tmp_path / "a", metadata={"netdsl": "{}"})
    assert code_of(lambda: load(tmp_path / "a")) == "ND650"


def forged(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """A checkpoint with a changed description and the digest that belongs to it."""
    saved = checkpoint()
    save(saved, path)
    content, arrays = tensor_file.read(path)
    change(content)
    tensor_file.write(path, content, arrays)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": None},
        {"network": 5},
        {"network": "\ud800"},
        {"layers": [["a"]]},
        {"layers": 7},
        {"recipe": {}},
        {"recipe": {**recipe_as_json(Recipe()), "optimizer": "sgd rate -1.0"}},
        {"recipe": {**recipe_as_json(Recipe()), "batch": 10**30}},
        {"forms": 7},
        {"forms": {"convolution": 1}},
        {"classes": [1]},
        {"classes": None},
        {"preparation": {}},
        {"preparation": {"black": 0, "white": 1, "mean": [0.0], "deviation": [0.0]}},
        {"preparation": {"black": 0, "white": 1, "mean": [], "deviation": []}},
        {"preparation": {"black": "0", "white": 1, "mean": [0.0], "deviation": [1.0]}},
        {"preparation": {"black": 0, "white": 10**400, "mean": [0.0], "deviation": [1.0]}},
        {"progress": {}},
        {"progress": {"epoch": 2, "step": 0, "loss_sum": 0.0, "correct": 0, "history": []}},
        {"progress": {"epoch": -1, "step": 0, "loss_sum": 0.0, "correct": 0, "history": []}},
        {"progress": {"epoch": 1, "step": 0, "loss_sum": 0.0, "correct": 0, "history": [[1, 2]]}},
        {"progress": []},
    ],
)
def test_forged_descriptions(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "a"
    try:
        forged(path, lambda content: content.update(change))
    except UnicodeEncodeError:
        return  # a lone surrogate cannot even be written
    assert code_of(lambda: load(path)) == "ND650"


@pytest.mark.parametrize(
    "key", ["format", "network", "layers", "recipe", "classes", "preparation", "progress"]
)
def test_missing_descriptions(tmp_path: Path, key: str) -> None:
    forged(tmp_path / "a", lambda content: content.pop(key))
    assert code_of(lambda: load(tmp_path / "a")) == "ND650"


def test_runs_from_before_there_were_forms(tmp_path: Path) -> None:
    forged(tmp_path / "a", lambda content: content.pop("forms"))
    assert load(tmp_path / "a").variants == {}


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    saved = checkpoint()
    saved.arrays["FC1.bias"][1] = np.nan
    save(saved, tmp_path / "a")
    assert code_of(lambda: load(tmp_path / "a")) == "ND650"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"network": "input 8x8x1\nnonsense"}, "ND"),
        ({"network": "x" * (2**20 + 1)}, "ND650"),
        ({"network": "input 8x8x1\nFC1: 3\n"}, "ND651"),
        ({"classes": ["cat"]}, "ND650"),
        ({"classes": ["cat", "cat"]}, "ND650"),
        ({"classes": ["a", "b", "c", "d"]}, "ND650"),
        (
            {"preparation": {"black": 0, "white": 1, "mean": [0.0, 1.0], "deviation": [1.0, 1.0]}},
            "ND650",
        ),
    ],
)
def test_descriptions_that_contradict_themselves(tmp_path: Path, change: dict[str, Any], code: str) -> None:
    forged(tmp_path / "a", lambda content: content.update(change))
    assert code_of(lambda: open_checkpoint(tmp_path / "a")).startswith(code)


# --- other networks ------------------------------------------------------------------------------


def test_another_network_is_refused_with_the_layers_that_differ() -> None:
    other = load_plan("net tiny\ninput 8x8x1\nCONV1: 2 5x5\nRELU1\nFC1: 3\nFC2: 3\n").plan
    assert other is not None
    with pytest.raises(Diagnosed) as caught:
        check_network(checkpoint(), other, Path("run"))
    finding = caught.value.diagnostics[0]
    assert finding.code == "ND651"
    text = "\n".join(finding.notes)
    assert "CONV1 is [6x6x2]" in text
    assert "FC2 exists only in the network" in text
    assert "RELU1 is [6x6x2]" in text


def test_comments_and_layout_do_not_make_another_network() -> None:
    same = load_plan(
        "# a remark\nnet   other\ninput 8x8x1   \n\nCONV1: 2 3x3 filters\nRELU1\nFC1: 3 neurons\n"
    ).plan
    assert same is not None
    check_network(checkpoint(), same, Path("run"))


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (Stored("FC1.more", (3,), "parameter"), "FC1.more is missing"),
        (Stored("FC1.bias", (4,), "parameter"), "FC1.bias has shape (3,)"),
    ],
)
def test_arrays_are_checked_one_by_one(stored: Stored, expected: str) -> None:
    with pytest.raises(Diagnosed) as caught:
        take_arrays(checkpoint(), (stored,), Path("run"))
    assert expected in caught.value.diagnostics[0].notes[0]


def test_arrays_of_no_layer_are_refused() -> None:
    saved = checkpoint()
    saved.arrays["FC7.bias"] = np.zeros(3, np.float32)
    with pytest.raises(Diagnosed) as caught:
        take_arrays(saved, (), Path("run"))
    assert "the network has no such layer" in caught.value.diagnostics[0].notes[0]


# --- writing -------------------------------------------------------------------------------------


def test_the_content_before_is_kept(tmp_path: Path) -> None:
    replace_file(tmp_path / "a", [b"one"])
    replace_file(tmp_path / "a", [b"two"], keep=tmp_path / "before")
    assert (tmp_path / "a").read_bytes() == b"two"
    assert (tmp_path / "before").read_bytes() == b"one"
    replace_file(tmp_path / "a", [b"three"], keep=tmp_path / "before")
    assert (tmp_path / "before").read_bytes() == b"two"
    assert sorted(os.listdir(tmp_path)) == ["a", "before"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "a"
    save(checkpoint(), path)
    before = path.read_bytes()

    def full(*ignored: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(Diagnosed, match="cannot write: No space left") as caught:
        save(checkpoint(epoch=2), path)
    assert caught.value.diagnostics[0].code == "ND515"
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a POSIX matter")
def test_a_write_that_is_cut_short_by_the_system(tmp_path: Path) -> None:
    """A real write fails half way: the size of files is limited for one process."""
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from netdsl.writing import replace_file; from netdsl.diagnostics import Diagnosed\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: replace_file(Path(sys.argv[1]), [b'x' * 60_000] * 3)\n"
        "except Diagnosed as error: print(error.diagnostics[0].code)\n"
    )
    (tmp_path / "a").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "ND515\n"
    assert (tmp_path / "a").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert code_of(lambda: new_run_folder(tmp_path / "file" / "run", "x")) == "ND515"
    assert code_of(lambda: new_run_folder(tmp_path / "file", "x")) == "ND515"
    assert code_of(lambda: replace_file(tmp_path / "no" / "where", [b""])) == "ND515"


# --- run folders ---------------------------------------------------------------------------------


def test_run_folders_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [new_run_folder(None, "lenet"), new_run_folder(None, "lenet"), new_run_folder(None, "other")]
    assert [str(folder.path) for folder in folders] == [
        os.path.join("runs", name) for name in ("lenet-1", "lenet-2", "other-1")
    ]
    for folder in folders:
        folder.close()


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path / "run", "x")
    folder.save(checkpoint())
    folder.close()
    assert code_of(lambda: new_run_folder(tmp_path / "run", "x")) == "ND513"
    old_run_folder(tmp_path / "run").close()


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path / "run", "x")
    assert code_of(lambda: RunFolder(tmp_path / "run")) == "ND514"
    assert code_of(lambda: new_run_folder(tmp_path / "run", "x")) == "ND514"
    folder.close()
    RunFolder(tmp_path / "run").close()


def test_the_state_before_serves_where_the_last_is_damaged(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path / "run", "x")
    folder.save(checkpoint(epoch=1))
    folder.save(checkpoint(epoch=2))
    assert folder.load_last()[0].progress.epoch == 2
    folder.last.write_bytes(folder.last.read_bytes()[:-1])
    assert folder.load_last()[0].progress.epoch == 1
    (folder.path / "previous.safetensors").write_bytes(b"")
    with pytest.raises(Diagnosed, match="cannot read this checkpoint"):
        folder.load_last()
    folder.close()


def test_metrics_are_a_table(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path / "run", "x")
    first, second = checkpoint(epoch=2).progress.history
    folder.save_metrics([first, second._replace(rate=0.1)], {2: Timing(1.5, 1234.56)})
    lines = (folder.path / "metrics.csv").read_text().splitlines()
    names = "epoch,train_loss,train_accuracy,validation_loss,validation_accuracy"
    assert lines[0] == f"{names},rate,seconds,images_per_second"
    assert lines[1] == "1,0.300000,0.500000,0.333333,0.600000,,,"
    assert lines[2] == "2,0.300000,0.500000,0.333333,0.600000,0.1,1.500,1234.6"
    assert folder.load_timings(2) == {1: Timing(None, None), 2: Timing(1.5, 1234.6)}
    assert folder.load_timings(1) == {1: Timing(None, None)}
    folder.save_metrics([first._replace(validation_top5=0.75)], {})
    lines = (folder.path / "metrics.csv").read_text().splitlines()
    assert lines[0] == f"{names},validation_top5,rate,seconds,images_per_second"
    assert lines[1] == "1,0.300000,0.500000,0.333333,0.600000,0.750000,,,"
    folder.close()


def test_a_history_without_rates_and_labels(tmp_path: Path) -> None:
    """As earlier versions wrote it."""
    path = tmp_path / "x.safetensors"
    save(checkpoint(epoch=2), path)
    content, arrays = tensor_file.read(path)
    content["progress"]["history"] = [row[:5] for row in content["progress"]["history"]]
    assert "labels" not in content
    tensor_file.write(path, content, arrays)
    assert load(path).progress.history[1] == EpochRecord(2, 0.3, 0.5, 1 / 3, 0.6, None, None)
    assert load(path).labels == ()


@pytest.mark.parametrize("labels", [["0"], ["0", "0", "1"], ["0", "1", 2]])
def test_labels_that_are_not_those_of_the_classes(tmp_path: Path, labels: list[object]) -> None:
    path = tmp_path / "x.safetensors"
    save(checkpoint(), path)
    content, arrays = tensor_file.read(path)
    tensor_file.write(path, {**content, "labels": labels}, arrays)
    with pytest.raises(Diagnosed) as raised:
        open_checkpoint(path)
    assert raised.value.diagnostics[0].code == "ND650"


def test_the_recipe_is_for_people(tmp_path: Path) -> None:
    folder = new_run_folder(tmp_path / "run", "x")
    folder.describe(Recipe(optimizer=Sgd(rate=0.125)), "net tiny\n")
    assert json.loads((folder.path / "recipe.json").read_text())["optimizer"].startswith("sgd rate 0.125 ")
    assert (folder.path / "network.net").read_text() == "net tiny\n"
    folder.close()
