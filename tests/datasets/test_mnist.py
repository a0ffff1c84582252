"""MNIST without the network: Keras replaced by a module that has three digits."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from batchdigits.datasets import mnist
from batchdigits.datasets.readers import load_source
from batchdigits.errors import DataError, MissingExtraError

pytestmark = pytest.mark.integration

DIGITS = (
    "import numpy as np\n"
    "def load_data():\n"
    "    images = np.zeros((3, 28, 28), np.uint8)\n"
    "    return (images, np.zeros(3, np.uint8)), (images[:1], np.ones(1, np.uint8))\n"
)


def replace_keras(folder: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have child processes import this as ``keras.datasets.mnist``."""
    package = folder / "keras" / "datasets"
    package.mkdir(parents=True)
    for init in (package, package.parent):
        (init / "__init__.py").touch()
    (package / "mnist.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_part_is_fetched_by_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_keras(tmp_path, DIGITS, monkeypatch)
    mnist.fetch_mnist("test", tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as archive:
        assert archive["x"].shape == (1, 28, 28) and archive["y"].tolist() == [1]


def test_why_it_cannot_be_fetched_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_keras(tmp_path, "def load_data(): raise OSError('no\\nnetwork')", monkeypatch)
    with pytest.raises(DataError) as caught:
        mnist.fetch_mnist("test", tmp_path / "x.npz")
    message = str(caught.value)
    assert message.startswith("MNIST cannot be fetched with Keras; with mnist.npz at hand")
    assert message.endswith(": no network") and "DataError" not in message


def test_a_process_that_fails_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_keras(tmp_path, DIGITS, monkeypatch)
    with pytest.raises(DataError, match=r"cannot be fetched with Keras: .*No such file"):
        mnist.fetch_mnist("test", tmp_path / "no folder" / "x.npz")


def test_without_tensorflow_no_process_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.setattr(mnist, "run_module", None)
    line = r"Fetching MNIST needs TensorFlow: pip install 'batchdigits\[train\]'\."
    with pytest.raises(MissingExtraError, match=line):
        mnist.fetch_mnist("test", tmp_path / "x.npz")
    with pytest.raises(MissingExtraError, match=line):
        load_source("mnist", "train")


@pytest.mark.parametrize("words", [["explore", "mnist"], ["evaluate", "mnist", "out"]])
def test_commands_say_what_is_missing_before_any_work(words: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        f"sys.argv = ['batchdigits', *{words}]\n"
        "from batchdigits.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 9, done.stderr
    assert "batchdigits[train]" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not os.listdir(tmp_path)
