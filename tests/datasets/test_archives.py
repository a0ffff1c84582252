"""Archives of digits: bitmaps, pen strokes, writers and what is no digit."""

from pathlib import Path

import numpy as np
import pytest

from batchdigits.datasets.archives import load_npz
from batchdigits.datasets.non_digit_images import load_non_digits
from batchdigits.datasets.split import DataSelection, load_data_split
from batchdigits.errors import DataError
from batchdigits.inference.engine import load_default_engine
from batchdigits.preprocessing.normalise import normalise_all

#: A 7 of two strokes, a 4 of two and a 1 of one, as a pen went: x to the right, y down.
STROKES = {
    7: [[(0, 0), (600, 0), (250, 1000)], [(120, 520), (560, 500)]],
    4: [[(350, 0), (0, 600), (700, 600)], [(520, 300), (500, 1000)]],
    1: [[(0, 300), (250, 0), (240, 1000)]],
}


def write_strokes(path: Path, copies: int, **changes: np.ndarray) -> None:
    strokes = [stroke for digit in STROKES.values() for stroke in digit] * copies
    counts = [len(digit) for digit in STROKES.values()] * copies
    arrays = {
        "points": np.concatenate(strokes).astype(np.int16),
        "stroke_start": np.cumsum([0, *map(len, strokes)]),
        "sample_start": np.cumsum([0, *counts]),
        "y": np.array(list(STROKES) * copies, np.uint8),
        "order": np.repeat(np.arange(copies), len(STROKES)),
    }
    np.savez(path, **(arrays | changes))  # type: ignore[arg-type]


def test_pen_strokes_are_drawn_as_their_digits(tmp_path: Path) -> None:
    write_strokes(tmp_path / "pen.npz", copies=4)
    data = load_npz(tmp_path / "pen.npz")
    assert data.digits.tolist() == [7, 4, 1] * 4 and data.pages[0].shape == (56, 56)
    images = np.stack([digit.image for digit in normalise_all(data.pages)])
    assert load_default_engine().predict(images).argmax(1).tolist() == data.digits.tolist()
    assert data.writers is not None and data.writers.tolist() == [0] * 6 + [1] * 6


@pytest.mark.parametrize(
    "changes",
    [
        {"points": np.zeros((16, 3))},
        {"points": np.full((16, 2), np.nan)},
        {"stroke_start": np.array([0, 3, 5, 8, 10, 99])},
        {"stroke_start": np.array([0, 3, 3, 8, 10, 13])},
        {"sample_start": np.array([1, 4, 5])},
        {"sample_start": np.zeros(4)},
        {"y": np.array([7, 4, 10])},
        {"y": np.array([7, 4])},
    ],
)
def test_damaged_strokes_are_told(tmp_path: Path, changes: dict[str, np.ndarray]) -> None:
    write_strokes(tmp_path / "pen.npz", 1, **changes)
    with pytest.raises(DataError, match=r"pen\.npz: "):
        load_npz(tmp_path / "pen.npz")


def write_bitmaps(path: Path, count: int, seed: int = 1, **more: np.ndarray) -> np.ndarray:
    pages = np.random.default_rng(seed).integers(0, 255, (count, 28, 28), np.uint8)
    np.savez(path, x=pages, y=np.arange(count) % 10, **more)  # type: ignore[arg-type]
    return pages


def test_whole_writers_are_held_back(tmp_path: Path) -> None:
    writers = np.repeat(np.arange(20), 12)
    pages = write_bitmaps(tmp_path / "known.npz", 240, writer=writers)
    split = load_data_split(DataSelection((str(tmp_path / "known.npz"),)), seed=1)
    of_page = {page.tobytes(): writer for page, writer in zip(pages, writers, strict=True)}
    held_back = {of_page[page.tobytes()] for part in split.validation for page in part.pages}
    learned = {of_page[page.tobytes()] for part, _ in split.train for page in part.pages}
    assert len(held_back) == 2 and learned and not learned & held_back


def test_a_file_of_writers_belongs_to_the_set_with_its_digits(tmp_path: Path) -> None:
    pages = write_bitmaps(tmp_path / "x.npz", 240)
    write_bitmaps(tmp_path / "other.npz", 120, seed=2)
    writers = np.repeat(np.arange(10), 24)
    hsf = np.tile([0, 4], 120)  # two writers of each number
    np.savez(
        tmp_path / "who.npz", train_writer=writers, train_hsf=hsf, train_label=np.arange(240) % 10
    )
    sources = tuple(str(tmp_path / name) for name in ("x.npz", "other.npz"))
    split = load_data_split(DataSelection(sources, writers=tmp_path / "who.npz"), seed=1)
    pairs = list(zip(writers.tolist(), hsf.tolist(), strict=True))
    of_page = {page.tobytes(): pair for page, pair in zip(pages, pairs, strict=True)}
    held_back = {of_page[page.tobytes()] for page in split.validation[0].pages}
    learned = {of_page[page.tobytes()] for page in split.train[0][0].pages}
    assert len(held_back) == 2 and not learned & held_back
    with pytest.raises(DataError, match="other digits"):
        load_data_split(DataSelection(sources[1:], writers=tmp_path / "who.npz"), seed=1)
    np.savez(tmp_path / "who.npz", train_writer=writers)
    with pytest.raises(DataError, match="no train_label"):
        load_data_split(DataSelection(sources, writers=tmp_path / "who.npz"), seed=1)


def test_small_sets_add_to_the_largest(tmp_path: Path) -> None:
    for name, count in (("large", 1600), ("small", 100)):
        write_bitmaps(tmp_path / f"{name}.npz", count, seed=count)
    split = load_data_split(
        DataSelection(tuple(str(tmp_path / f"{name}.npz") for name in ("large", "small"))), seed=1
    )
    shares = [share for _, share in split.train]
    assert shares[0] == pytest.approx(0.8) and sum(shares) == pytest.approx(1)


def test_characters_that_pass_for_digits_are_no_non_digits(tmp_path: Path) -> None:
    names = ["character07", "character08", "character15"]
    np.savez(
        tmp_path / "letters.npz",
        x=np.random.default_rng(1).integers(0, 255, (120, 20, 20), np.uint8),
        alphabet=np.repeat(["Latin", "Greek"], 60),
        character=np.tile(names, 40),
        writer=np.repeat(np.arange(10), 12),
    )
    # Of Latin, 7 (q) and 15 (o) pass for digits; of Greek, 15 (o).
    images = load_non_digits(tmp_path / "letters.npz")
    assert len(images) == 20 + 40
    rest, held_back = images.hold_back(1 / 12, seed=1)
    assert len(held_back) in (8, 12) and len(rest) == 60 - len(held_back)
    write_bitmaps(tmp_path / "x.npz", 240)
    split = load_data_split(
        DataSelection((str(tmp_path / "x.npz"),), no_digit=(tmp_path / "letters.npz",)), seed=1
    )
    assert len(split.non_digits) + len(split.validation_non_digits) == 60
    with pytest.raises(DataError, match="no images without a digit"):
        np.savez(tmp_path / "bad.npz", x=np.zeros(3))
        load_non_digits(tmp_path / "bad.npz")
