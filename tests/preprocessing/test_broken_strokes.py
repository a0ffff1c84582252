from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.preprocessing.normalise import normalise
from batchdigits.reasons import Status
from batchdigits.records import Source

#: Scans of kensanata/numbers (public domain).
SCANS = Path(__file__).parent.parent / "data" / "scans"


def draw_zero(side: int, skipped: float = 0, specks: int = 0) -> GrayImage:
    """A zero in the middle, a share of its right half skipped, and specks all over the page."""
    page = np.full((side, side), 255, np.uint8)
    random = np.random.default_rng(side)
    width = max(1, side // 40)
    cv2.ellipse(page, (side // 2, side // 2), (side // 4, side // 3), 0, 0, 360, 0, width)
    cells = random.random((side // width, side // width)) < skipped
    missing = cv2.resize(cells.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    missing[:, : side // 2] = 0
    page[missing > 0] = 255
    for x, y in random.integers(2, side - 2, (specks, 2)):
        page[y : y + 2, x : x + 2] = 0
    return page


def test_a_dry_pen_is_whole_and_never_surely_another_digit(engine: Engine) -> None:
    path = SCANS / "dry-pen-6.png"
    (record,) = recognise_chunk([Source(str(path), path.name)], RecognitionContext(engine))
    digit, prediction = record.normalised_digit, record.prediction
    assert digit and digit.component_count == 1
    # The bowl's left side is a row of dots, without which it would be a 5.
    ink = np.flatnonzero(digit.image[15:22].max(axis=0))
    assert digit.image[15:22, ink[0]].all() and ink[-1] - ink[0] >= 6
    assert prediction and {5, 6} >= {prediction.digit, prediction.second_digit}
    assert prediction.digit == 6 or prediction.status is Status.REVIEW


@pytest.mark.parametrize("side", [95, 140, 300])
def test_all_pieces_of_a_broken_stroke_are_kept(side: int) -> None:
    whole, broken = normalise(draw_zero(side)), normalise(draw_zero(side, skipped=0.4))
    assert broken.box and whole.box
    assert broken.box.width >= 0.95 * whole.box.width
    assert np.count_nonzero(broken.image) >= 0.7 * np.count_nonzero(whole.image)


def test_specks_all_over_a_page_are_no_pieces() -> None:
    clean, dirty = normalise(draw_zero(95)), normalise(draw_zero(95, specks=40))
    assert clean.box and dirty.box
    assert dirty.box.width <= clean.box.width + 4 and dirty.box.height <= clean.box.height + 4


def test_a_neighbours_faint_rim_at_the_edge_is_left_out() -> None:
    page = draw_zero(28)
    alone = normalise(page)
    page[8:20, 25:28] = 110
    beside = normalise(page)
    assert beside.box == alone.box and np.array_equal(beside.image, alone.image)
