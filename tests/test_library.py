"""netdsl from Python: what `import netdsl` offers, and the page that shows it."""

from __future__ import annotations

import doctest
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import netdsl
from netdsl.commands import run

PAGE = Path(__file__).parent.parent / "docs" / "library.md"
SMALL = "input 4x4x1\nCONV 2 3x3 pad 1 - RELU\nFC 3\n"


def images(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((count, *shape)).astype(np.float32)


@pytest.mark.slow
def test_page() -> None:
    done = doctest.testfile(str(PAGE), module_relative=False)
    assert done.attempted > 20
    assert done.failed == 0


def test_import_is_light_and_plan_needs_no_numpy() -> None:
    script = (
        "import sys, netdsl\n"
        "assert {name for name in sys.modules if name.startswith('netdsl')} == {'netdsl'}\n"
        "assert netdsl.plan('lenet').parameters == 61706\n"
        "assert 'numpy' not in sys.modules\n"
        "assert set(netdsl.__all__) <= set(dir(netdsl))\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("name", netdsl.__all__)
def test_every_public_name_is_there_and_described(name: str) -> None:
    assert getattr(netdsl, name).__doc__


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'foo'"):
        netdsl.foo  # noqa: B018


def test_plan_agrees_with_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "resnet18", "--format", "json"]) == 0
    (written,) = json.loads(capsys.readouterr().out)["networks"]
    planned = netdsl.plan("resnet18")
    assert planned.as_dict() == written["plan"]
    assert planned.parameters == sum(layer.parameters for layer in planned)
    assert planned.macs == sum(layer.macs for layer in planned)
    assert planned["conv1"] is planned.layers[1]
    assert planned["CONV2"].inputs == (planned.layers[planned.layers.index(planned["CONV2"]) - 1].name,)
    with pytest.raises(KeyError):
        planned["nothing"]


def test_print_is_the_table_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "lenet"]) == 0
    assert capsys.readouterr().out.strip() == str(netdsl.plan("lenet")).strip()


def test_networks_by_file_text_and_what_functions_return(tmp_path: Path) -> None:
    file = tmp_path / "small.net"
    file.write_text(SMALL)
    counts = [
        netdsl.plan(given).parameters
        for given in (file, str(file), SMALL, netdsl.parse(file), netdsl.plan(SMALL))
    ]
    assert counts == [119] * 5
    with pytest.raises(TypeError, match="a network is a file"):
        netdsl.plan(5)
    missing = netdsl.check(tmp_path / "none.net")
    assert [finding.code for finding in missing.diagnostics] == ["ND001"]
    assert missing.network is None


def test_check_of_a_recipe_and_of_bad_bytes(tmp_path: Path) -> None:
    recipe = tmp_path / "fast.train"
    recipe.write_text("epochs 0\n")
    assert not netdsl.check(recipe).ok
    bad = tmp_path / "bad.net"
    bad.write_bytes(b"input 8x8x1\n\xff")
    assert [finding.code for finding in netdsl.check(bad).diagnostics] == ["ND005"]


def test_settings_of_the_project_and_comments_hold(tmp_path: Path) -> None:
    text = "input 8x8x1\nFC 20\nFC 10{}\n"
    (tmp_path / "net.net").write_text(text.format(""))
    assert [one.code for one in netdsl.check(tmp_path / "net.net").diagnostics] == ["ND401"]
    assert not netdsl.check(text.format("  # netdsl: ignore ND401")).diagnostics
    (tmp_path / "netdsl.toml").write_text('ignore = ["ND401"]\nmax-parameters = 1000\n')
    assert [one.code for one in netdsl.check(tmp_path / "net.net").diagnostics] == ["ND680"]


def test_compiled_network_agrees_with_the_specification() -> None:
    text = "input 6x5x2\nCONV 3 3x3 pad 1 - BN - RELU\nMAX POOL 2x1\nFC 4 - SOFTMAX\n"
    x = images(5, 6, 5, 2)
    fast, slow = netdsl.compile(text, batch=2), netdsl.compile(text, batch=5, backend="numpy")
    np.testing.assert_allclose(fast(x), slow(x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fast.probabilities(x).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(fast.predict(x), slow.predict(x))
    np.testing.assert_array_equal(fast(x[0]), fast(x)[:1])
    np.testing.assert_array_equal(fast(x.reshape(5, -1)), fast(x))
    assert fast(x[:0]).shape[0] == 0
    with pytest.raises(ValueError, match="channels first"):
        fast(x.transpose(0, 3, 1, 2))
    with pytest.raises(ValueError, match="images of 6x5x2"):
        fast(images(1, 5, 6, 2))


def test_weights_may_be_written() -> None:
    network = netdsl.compile(SMALL)
    for name, array in network.arrays.items():
        array[...] = 0 if name.endswith("weights") else 1
    np.testing.assert_array_equal(network(images(2, 4, 4, 1)), np.ones((2, 3)))


def labelled(count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(count) % 3
    x = np.random.default_rng(1).integers(0, 40, (count, 4, 4)).astype(np.uint8)
    return x + (60 * labels[:, None, None]).astype(np.uint8), labels


def test_training_is_that_of_the_command(tmp_path: Path) -> None:
    x, y = labelled()
    np.savez(tmp_path / "data.npz", x=x, y=y)
    (tmp_path / "small.net").write_text(SMALL)
    out = tmp_path / "run"
    arguments = ["train", str(tmp_path / "small.net"), "--data", str(tmp_path / "data.npz"), "--epochs", "2"]
    assert run([*arguments, "--rate", "0.1", "--out", str(out)]) == 0
    seen = []
    trained = netdsl.train(SMALL, (x, y), epochs=2, rate=0.1, on_epoch=seen.append)
    loaded = netdsl.load(out)
    for name, array in loaded.arrays.items():
        np.testing.assert_array_equal(trained.arrays[name], array)
    assert list(trained.history) == seen
    assert [record.epoch for record in loaded.history] == [1, 2]
    assert loaded.history == trained.history
    assert trained.test is not None
    again = loaded.evaluate(tmp_path / "data.npz")
    assert (again.accuracy, again.loss) == (trained.test.accuracy, trained.test.loss)
    assert trained.evaluate((x, y)).accuracy == again.accuracy
    assert trained.test.confusion.sum() == trained.test.images
    with pytest.raises(TypeError, match="trained on arrays"):
        trained.evaluate()
    kept = netdsl.load(trained.save(tmp_path / "kept"))
    assert [answer.label for answer in kept.predict(x[:3])] == [a.label for a in trained.predict(x[:3])]


def test_parts_and_names_of_classes() -> None:
    x, y = labelled()
    data = {"train": (x[:60], y[:60]), "validation": (x[60:90], y[60:90]), "test": (x[90:], y[90:])}
    trained = netdsl.train(SMALL, data, epochs=1, classes=("a", "b", "c"))
    assert trained.test is not None
    assert trained.test.images == 30
    assert trained.classes == ("a", "b", "c")
    assert set(trained.predict(x[0])[0].probabilities) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"epochs": 0}, ValueError, "epochs: "),
        ({"rate": "fast"}, ValueError, "rate: "),
        ({"colour": 3}, TypeError, "neither an entry of a recipe"),
        ({"augment": "flop"}, ValueError, "did you mean `flip`"),
        ({"threads": 0}, ValueError, "threads are 1 or more"),
    ],
)
def test_wrong_settings(settings: dict[str, object], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        netdsl.train(SMALL, labelled(), **settings)


@pytest.mark.parametrize(
    "data", [5, (1, 2, 3), {"test": (1, 2)}, {"train": (1, 2), "extra": (1, 2)}, {"train": 5}]
)
def test_wrong_data(data: object) -> None:
    with pytest.raises(TypeError, match="data"):
        netdsl.train(SMALL, data)


def test_data_that_does_not_fit_is_diagnosed() -> None:
    x, y = labelled()
    with pytest.raises(netdsl.Diagnosed) as caught:
        netdsl.train(SMALL, (x, y[:-1]))
    assert [finding.code for finding in caught.value.diagnostics] == ["ND509"]
    with pytest.raises(netdsl.Diagnosed, match="ND517"):
        netdsl.load("no-such-run")


def test_notebooks_show_text_of_others_as_text() -> None:
    text = "net <script>alert(1)</script>\ninput 4x4x1\nFC 3\n"
    shown = netdsl.check(text)._repr_html_()
    assert "<script" not in shown
    assert "&lt;script" in shown
    assert "<td" in netdsl.plan(SMALL)._repr_html_()
    trained = netdsl.train(SMALL, labelled(), epochs=2)
    assert trained._repr_html_().count("<polyline") == 4


@pytest.mark.parametrize(
    ("batch", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_batches_are_numbers_of_images(batch: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="batch is"):
        netdsl.compile(SMALL, batch=batch)


def test_layers_are_called_by_name() -> None:
    with pytest.raises(TypeError, match="by name"):
        netdsl.plan(SMALL)[0]


def test_what_was_wrong_can_be_sent_to_another_process() -> None:
    with pytest.raises(netdsl.Diagnosed) as caught:
        netdsl.plan("input 4x4x1\nFOO\n")
    copied = pickle.loads(pickle.dumps(caught.value))
    assert str(copied) == str(caught.value)


def test_a_compiled_network_serves_several_threads() -> None:
    network = netdsl.compile(SMALL, batch=2)
    x = images(8, 4, 4, 1)
    expected = network(x)
    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(lambda _: network(x), range(60)):
            np.testing.assert_array_equal(found, expected)
