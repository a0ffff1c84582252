"""Training end to end on very little data: a real model comes out and is read with."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from tests.conftest import ROOT, Run, load_sample_digits, read_csv
from tests.support.labelled_samples import Digits, add_noise, write_folder, write_idx
from tests.training.test_fonts import FONTS

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def trained(batchdigits: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, in which a small cnn was trained, and fine-tuned."""
    folder = tmp_path_factory.mktemp("trained")
    digits = load_sample_digits()
    write_folder(folder / "scans", digits)
    images = add_noise([np.resize(image, (28, 28)) for image, _ in digits] * 20)
    y = np.array([int(true) for _, true in digits] * 20)
    np.savez(folder / "mine.npz", x_train=images, y_train=y)
    (folder / "my fonts").mkdir()
    shutil.copy(FONTS / "DejaVuSans.ttf", folder / "my fonts")
    done = batchdigits(
        "train", "--data", "scans", "--data", "mine.npz", "--hold-out", "w3/*",
        "--fonts", "my fonts", "--epochs", "1", "--refine", "1", "--seed", "7", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "epoch 2/2" in done.stderr and "Traceback" not in done.stderr
    return folder


@pytest.mark.long
def test_a_model_is_trained_saved_and_read_with(batchdigits: Run, trained: Path) -> None:
    card = json.loads((trained / "models" / "mine.json").read_text())
    assert card["command"] == (
        "batchdigits train --data scans --data mine.npz --hold-out 'w3/*' --fonts 'my fonts'"
        " --epochs 1 --refine 1 --seed 7 --name mine"
    )
    assert card["typefaces_learned"] == 1 and card["trained_on"][-1] == "my fonts"
    assert card["digits_calibrated"] == 4 + round(320 / 12)
    assert len(card["history"]) == 2 and card["test"]["digits"] > 0
    files = ["mine.json", "mine.keras", "mine.png", "mine.tflite"]
    assert sorted(os.listdir(trained / "models")) == files
    inbox = ROOT / "inbox" / "drawings"
    assert (
        batchdigits("run", inbox, trained / "out", "--model", "mine", cwd=trained).returncode == 0
    )
    assert {row["model"] for row in read_csv(trained / "out")} == {f"mine@{card['sha256'][:8]}"}


@pytest.mark.long
def test_a_name_that_is_taken_is_refused_before_the_work(batchdigits: Run, trained: Path) -> None:
    done = batchdigits("train", "--data", "scans", cwd=trained)
    assert done.returncode == 2 and "mine.keras already exists" in done.stderr


def load_weights(model: Path) -> list[np.ndarray]:
    weights: list[np.ndarray] = []
    with (
        zipfile.ZipFile(model) as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(
            lambda name, item: weights.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    return weights


@pytest.mark.long
def test_training_that_was_stopped_ends_with_the_same_weights(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    write_idx(tmp_path / "idx", digits)
    write_folder(tmp_path / "scans", digits)
    command = ["--arch", "mlp", "--data", "idx", "--data", "scans", "--batch-size", "8"]
    command += ["--seed", "3"]
    program = (
        "import sys; from batchdigits.cli.main import main\n"
        "from batchdigits.cli.ui.training_progress import TrainingProgressBar\n"
        "ended = TrainingProgressBar.on_epoch_end\n"
        "def stopped(bar, number, epoch):\n"
        "    ended(bar, number, epoch)\n"
        "    if number == 2 and '--resume' not in sys.argv and 'a' in sys.argv:\n"
        "        raise KeyboardInterrupt\n"
        "TrainingProgressBar.on_epoch_end = stopped\n"
        "base = sys.argv[1:]\n"
        "new, tuned = ['--hidden', '20', '10', *base], ['--from', 'b', *base]\n"
        "for more in ([*new, '--name', 'a'], [*new, '--name', 'a', '--resume'],\n"
        "             [*new, '--name', 'b'], [*tuned, '--name', 'c']):\n"
        "    sys.argv = ['batchdigits', 'train', *more, '--epochs', '4']\n"
        "    try: main()\n"
        "    except SystemExit as end: print(repr(end), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command], cwd=tmp_path, env=os.environ
        | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["SystemExit(130)", *["SystemExit(0)"] * 3], done
    assert "give the same command with --resume" in done.stderr
    cards = [json.loads((tmp_path / "models" / f"{name}.json").read_text()) for name in "ab"]
    assert cards[0]["history"] == cards[1]["history"] and cards[0]["test"] == cards[1]["test"]
    both = [load_weights(tmp_path / "models" / f"{name}.keras") for name in "ab"]
    assert len(both[0]) == 6 and all(map(np.array_equal, *both))
    tuned = load_weights(tmp_path / "models" / "c.keras")
    assert len(tuned) == 6 and not np.array_equal(tuned[0], both[0][0])
    fine = json.loads((tmp_path / "models" / "c.json").read_text())
    assert fine["recipe"]["hidden"] == [20, 10] and "--from b" in fine["command"]
    assert not list((tmp_path / "models").glob("*.checkpoint"))
    card = cards[0]
    assert card["command"].startswith(
        "batchdigits train --data idx --data scans --arch mlp --hidden 20 10 --epochs 4"
    )
    # The sixteen digits of the scans are in all sets: they stay where they test.
    assert card["test"]["digits"] == 40
    assert card["convention"] == {"input_range": "0-255", "ink": "white", "outputs": "logits"}
    assert len(card["history"]) <= 4
    # And it reads, the seconds after.
    run = batchdigits("run", tmp_path / "scans", "out", "--model", "a", "--no-html", cwd=tmp_path)
    assert run.returncode == 0 and len(read_csv(tmp_path / "out")) == len(digits)
    explored = batchdigits("explore", "idx", "--save", "look.png", cwd=tmp_path)
    assert explored.returncode == 0 and "200" in explored.stdout and "28 x 28" in explored.stdout
    assert cv2.imread(str(tmp_path / "look.png")) is not None


def test_what_makes_no_sense_is_told_before_the_work(batchdigits: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for words, code, message in (
        (["--hidden", "5"], 2, "for --arch mlp"),
        (["--arch", "mlp", "--refine", "5"], 2, "for --arch cnn"),
        (["--name", "../mine"], 2, "cannot be the name of a model"),
        (["--data", "data", "--resume"], 7, "no images in sub-folders"),
        (["--data", "nothing"], 7, "There is no nothing"),
        (["--into", "/proc/no", "--data", "data"], 6, "Cannot write"),
    ):
        done = batchdigits("train", *words, cwd=tmp_path)
        assert done.returncode == code and message in done.stderr, (words, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1


def test_data_that_cannot_be_used_is_told(batchdigits: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk.npz").write_bytes(b"no archive")
    for name in ("empty", "junk.npz", "absent.npz"):
        done = batchdigits("train", "--data", tmp_path / name, "--into", tmp_path)
        assert done.returncode == 7 and "Traceback" not in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert "pickle" not in done.stderr, "nobody is advised to load it unsafely"


def train_without(module: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Train in a folder as if a module were not installed."""
    hide = "import sys, importlib.util as u; find = u.find_spec\n"
    hide += f"u.find_spec = lambda name, *rest: None if name == {module!r} else find(name, *rest)\n"
    hide += f"sys.modules[{module!r}] = None\n"
    hide += "from batchdigits.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", hide, "train", "--data", "scans", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_missing_tensorflow_is_told_before_the_work(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits)
    (tmp_path / "fonts").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for options in ([], ["--fonts", "fonts"], ["--arch", "mlp"], ["--from", "digits"]):
        done = train_without("tensorflow", tmp_path, *options)
        assert (done.returncode, done.stdout) == (9, ""), done.stderr
        assert done.stderr.endswith("pip install 'batchdigits[train]'.\n")
        assert len(done.stderr.splitlines()) == 1
        assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.long
def test_without_matplotlib_there_are_no_curves(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.png").write_bytes(b"those of the model that is replaced")
    options = ("--arch", "mlp", "--hidden", "8", "--epochs", "1", "--into", "models", "--overwrite")
    done = train_without("matplotlib", tmp_path, *options)
    assert done.returncode == 0, done.stderr
    assert "mine.json" in done.stdout + done.stderr
    assert "mine.png" not in done.stdout + done.stderr
    assert "pip install 'batchdigits[charts]'" in done.stderr
    written = {path.name for path in (tmp_path / "models").iterdir()}
    assert written == {"mine.keras", "mine.tflite", "mine.json"}
