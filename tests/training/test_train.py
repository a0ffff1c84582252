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
import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont

from batchdigits.errors import DataError
from batchdigits.inference.calibration import fit_temperature
from batchdigits.inference.engine import load_default_engine
from batchdigits.training.history import EpochMetrics, find_best_epoch, should_stop_early
from batchdigits.training.simulator import augment
from batchdigits.training.simulator.augment import NO_DIGIT, SourceDigits, make_batch
from batchdigits.training.simulator.distance_fields import OUTLINE_LEVEL
from batchdigits.training.simulator.fonts import load_fonts
from batchdigits.training.simulator.pen import Distortion, Pen, draw_ink
from tests.conftest import ROOT, Run, read_csv, sample_digits
from tests.support.labelled_samples import Digits, labelled, noisy, write_folder, write_idx

pytestmark = pytest.mark.integration

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@pytest.fixture(scope="module")
def trained(batchdigits: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, in which a small cnn was trained, and fine-tuned."""
    folder = tmp_path_factory.mktemp("trained")
    digits = sample_digits()
    write_folder(folder / "scans", digits)
    images = noisy([np.resize(image, (28, 28)) for image, _ in digits] * 20)
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


def test_a_name_that_is_taken_is_refused_before_the_work(batchdigits: Run, trained: Path) -> None:
    done = batchdigits("train", "--data", "scans", cwd=trained)
    assert done.returncode == 2 and "mine.keras is there already" in done.stderr


def weights(model: Path) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    with (
        zipfile.ZipFile(model) as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(
            lambda name, each: found.append(each[()]) if isinstance(each, h5py.Dataset) else None
        )
    return found


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
    assert "--resume goes on" in done.stderr
    cards = [json.loads((tmp_path / "models" / f"{name}.json").read_text()) for name in "ab"]
    assert cards[0]["history"] == cards[1]["history"] and cards[0]["test"] == cards[1]["test"]
    both = [weights(tmp_path / "models" / f"{name}.keras") for name in "ab"]
    assert len(both[0]) == 6 and all(map(np.array_equal, *both))
    tuned = weights(tmp_path / "models" / "c.keras")
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
    for words, code, told in (
        (["--hidden", "5"], 2, "for --arch mlp"),
        (["--arch", "mlp", "--refine", "5"], 2, "for --arch cnn"),
        (["--name", "../mine"], 2, "no name for a model"),
        (["--data", "data", "--resume"], 7, "no images in sub-folders"),
        (["--data", "nothing"], 7, "There is no nothing"),
        (["--into", "/proc/no", "--data", "data"], 6, "Cannot write"),
    ):
        done = batchdigits("train", *words, cwd=tmp_path)
        assert done.returncode == code and told in done.stderr, (words, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1


def test_early_stopping_counts_rounds_without_gain() -> None:
    history = [
        EpochMetrics(1, 0, loss, right) for loss, right in ((1, 0.8), (0.5, 0.9), (0.6, 0.9))
    ]
    assert find_best_epoch(history) == 1
    assert (
        should_stop_early(history, 1)
        and not should_stop_early(history, 2)
        and not should_stop_early(history, 0)
    )
    assert not should_stop_early([], 1)


def test_data_that_cannot_be_used_is_told(batchdigits: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk.npz").write_bytes(b"no archive")
    for name in ("empty", "junk.npz", "absent.npz"):
        done = batchdigits("train", "--data", tmp_path / name, "--into", tmp_path)
        assert done.returncode == 7 and "Traceback" not in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert "pickle" not in done.stderr, "nobody is advised to load it unsafely"


def test_training_images_repeat_with_their_seed_and_differ_without(digits: Digits) -> None:
    material = SourceDigits.from_parts([(labelled(digits), 1.0)])
    first, labels = make_batch(material, 60, [1, 2])
    again = make_batch(material, 60, [1, 2])
    assert np.array_equal(first, again[0]) and np.array_equal(labels, again[1])
    assert not np.array_equal(first[:20], make_batch(material, 60, [1, 3])[0][:20])
    assert first.shape[1:] == (28, 28) and 55 <= len(first) == len(labels)
    assert set(labels) <= set(range(NO_DIGIT + 1)) and NO_DIGIT in labels


def test_calibration_finds_the_temperature_it_was_given() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (20_000, 10))
    powers = np.exp(logits / 2.5)
    truth = np.array([random.choice(10, p=row / row.sum()) for row in powers])
    assert fit_temperature(logits, truth) == pytest.approx(2.5, rel=0.05)


def test_digits_of_typefaces_are_shapes_to_learn_from(tmp_path: Path) -> None:
    for name in ("DejaVuSans.ttf", "STIXGeneral.ttf"):
        shutil.copy(FONTS / name, tmp_path)
    (tmp_path / "LICENSE").write_text("not a font")
    shapes = load_fonts(tmp_path)
    assert shapes.labels.tolist() == [*range(10)] * 2
    drawn = shapes.fields[:, 1] > OUTLINE_LEVEL
    assert all(40 <= np.ptp(np.nonzero(each)[0]) + 3 <= 44 for each in drawn)
    assert len({each.tobytes() for each in drawn}) == 20


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (None, "has no font files"),
        ("junk.ttf", "is no font that can be drawn"),
        ("DejaVuSansDisplay.ttf", "has not all ten digits"),
        ("DejaVuSans without 7.ttf", "has not all ten digits"),
    ],
)
def test_folders_without_digits_to_draw_are_told(
    tmp_path: Path, name: str | None, message: str
) -> None:
    if name == "junk.ttf":
        (tmp_path / name).write_bytes(b"not a font")
    elif name and "without" in name:
        font = TTFont(FONTS / "DejaVuSans.ttf")
        for table in font["cmap"].tables:
            table.cmap.pop(ord("7"), None)
        font.save(tmp_path / name)
    elif name:
        shutil.copy(FONTS / name, tmp_path)
    with pytest.raises(DataError, match=message):
        load_fonts(tmp_path)


def test_typefaces_are_shown_with_their_digits(
    tmp_path: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, share in (("SHARE_NON_DIGITS", 0), ("SHARE_STROKES", 0), ("SHARE_FONTS", 1)):
        monkeypatch.setattr(augment, name, share)
    monkeypatch.setattr(augment, "_choose_kind", lambda random: "plain")
    shutil.copy(FONTS / "DejaVuSans.ttf", tmp_path)
    images, labels = make_batch(
        SourceDigits.from_parts([(labelled(digits), 1.0)], load_fonts(tmp_path)), 60, [1]
    )
    found = load_default_engine().predict(images).argmax(axis=1)
    assert set(labels) == set(range(10)) and np.mean(found == labels) > 0.9


def test_no_stroke_is_thinner_than_a_pen_draws(tmp_path: Path) -> None:
    shutil.copy(FONTS / "DejaVuSans.ttf", tmp_path)
    for fields in load_fonts(tmp_path).fields:
        pen = Pen(outline_offset=-9)
        ink = draw_ink(fields, 28, pen, Distortion(0, 0, 0, 0), np.random.default_rng(1))
        assert ink.max() > 0.6 and ink.sum() > 12
