"""Form lines are taken out; digits that look like lines are not."""

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.preprocessing.form_lines import remove_lines
from batchdigits.preprocessing.normalise import normalise
from tests.conftest import ROOT
from tests.preprocessing.test_normalise import seven, similar

Digits = list[tuple[GrayImage, str]]


def ruled(image: GrayImage, *lines: tuple[int, int, int, int], width: int = 2) -> GrayImage:
    """The page with lines from x, y to x, y in shares of a hundred."""
    page = image.copy()
    height, across = page.shape
    for x1, y1, x2, y2 in lines:
        start, end = (
            (x1 * across // 100, y1 * height // 100),
            (x2 * across // 100, y2 * height // 100),
        )
        cv2.line(page, start, end, 60, width, cv2.LINE_AA)
    return page


EDGES = {
    "ruled through": [(0, 60, 100, 60)],
    "ruled twice": [(0, 20, 100, 20), (0, 80, 100, 80)],
    "askew": [(0, 70, 100, 72)],
    "grid": [(0, 55, 100, 55), (15, 0, 15, 100)],
    "fine grid": [
        *[(0, 25, 100, 25), (0, 50, 100, 50), (0, 75, 100, 75)],
        *[(25, 0, 25, 100), (50, 0, 50, 100), (75, 0, 75, 100)],
    ],
    "cropped": [(0, 1, 100, 1), (1, 0, 1, 100)],
    "cropped at the far edges": [(0, 99, 100, 99), (99, 0, 99, 100)],
    "boxed": [(10, 10, 90, 10), (90, 10, 90, 95), (90, 95, 10, 95), (10, 95, 10, 10)],
}


@pytest.mark.parametrize("name", EDGES)
def test_lines_are_taken_out(name: str) -> None:
    clean = np.full((100, 100), 230, np.uint8)
    clean[18:88, 20:90] = np.minimum(seven(70, 3), 230)
    normalised = normalise(ruled(clean, *EDGES[name]))
    assert normalised.component_count == 1
    assert similar(normalised.image, normalise(clean).image) > 0.9


@pytest.mark.parametrize("shape", [(100, 300), (64, 300), (90, 300)])
def test_a_box_on_a_strip_is_taken_out(shape: tuple[int, int]) -> None:
    clean = np.full(shape, 230, np.uint8)
    top, left = shape[0] // 2 - 20, shape[1] // 2 - 20
    clean[top : top + 40, left : left + 40] = np.minimum(seven(40, 3), 230)
    boxed = ruled(clean, (10, 8, 90, 8), (90, 8, 90, 92), (90, 92, 10, 92), (10, 92, 10, 8))
    assert similar(normalise(boxed).image, normalise(clean).image) > 0.85


@pytest.mark.parametrize("row", [17, 19, 21])
def test_a_bar_along_a_printed_line_stays(row: int) -> None:
    clean = np.full((100, 100), 230, np.uint8)
    clean[18:78, 25:85] = np.minimum(seven(60, 5), 230)
    normalised = normalise(ruled(clean, (0, row, 100, row), (0, 95, 100, 95), width=3))
    assert similar(normalised.image, normalise(clean).image) > 0.9


def strokes(*lines: tuple[int, int, int, int], side: int = 56) -> GrayImage:
    return ruled(np.full((side, side), 255, np.uint8), *lines, width=3)


@pytest.mark.parametrize(
    "image",
    [
        strokes((50, 0, 50, 100)),  # a 1 that fills its page
        strokes((20, 40, 50, 0), (50, 0, 50, 100)),
        strokes((0, 3, 100, 3), (100, 3, 40, 100)),  # a 7
        strokes((60, 0, 0, 60), (0, 60, 100, 60), (75, 30, 75, 100)),  # a 4
        strokes((50, 0, 50, 97), (0, 99, 100, 99), (30, 30, 50, 0)),  # a 1 on its foot
        strokes((10, 10, 90, 10), (90, 10, 90, 90), (90, 90, 10, 90), (10, 90, 10, 10)),  # a 0
    ],
)
def test_digits_made_of_straight_lines_stay_whole(image: GrayImage) -> None:
    mask = (255 - image > 60).astype(np.uint8) * 255
    rest = remove_lines(mask, 255 - image)
    assert cv2.countNonZero(rest) >= 0.6 * cv2.countNonZero(mask)
    rows, columns = np.nonzero(rest)
    everything = np.nonzero(mask)
    assert np.ptp(rows) >= 0.9 * np.ptp(everything[0])
    assert np.ptp(columns) >= 0.3 * np.ptp(everything[1])


TIGHT = {
    "7": [(0, 3, 100, 3), (97, 3, 45, 97)],
    "7 whose bar sticks out": [(0, 3, 100, 3), (84, 3, 45, 97)],
    "2": [(10, 20, 50, 4), (50, 4, 80, 25), (80, 25, 20, 96), (0, 96, 100, 96)],
    "4": [(55, 3, 14, 60), (0, 60, 100, 60), (72, 35, 72, 97)],
    "5": [(100, 3, 0, 3), (14, 3, 14, 45), (14, 45, 80, 50), (80, 50, 70, 95), (70, 95, 8, 95)],
}


@pytest.mark.parametrize("name", TIGHT)
@pytest.mark.parametrize(("side", "width"), [(60, 2), (100, 3), (200, 6), (300, 10)])
def test_bars_of_a_tightly_cropped_digit_stay(name: str, side: int, width: int) -> None:
    page = ruled(np.full((side, side), 250, np.uint8), *TIGHT[name], width=width)
    whole = normalise(np.pad(page, side // 2, constant_values=250)).image
    assert similar(normalise(page).image, whole) > 0.9


BOXY = {
    "slashed 0": [(20, 90, 80, 10)],
    "straight 8": [(10, 50, 90, 50)],
    "dotted 0": [(48, 50, 52, 50)],
    "plain 0": [],
}


@pytest.mark.parametrize("name", BOXY)
@pytest.mark.parametrize("width", [2, 3])
def test_digits_with_corners_are_no_boxes(name: str, width: int) -> None:
    sides = [(10, 10, 90, 10), (90, 10, 90, 90), (90, 90, 10, 90), (10, 90, 10, 10)]
    blank = np.full((100, 70), 250, np.uint8)
    normalised = normalise(ruled(blank, *sides, *BOXY[name], width=width))
    box = normalised.box
    assert box and box.width > 50 and box.height > 70


def test_real_digits_survive_a_printed_box(digits: Digits) -> None:
    for image, _ in digits:
        paper = int(np.percentile(image, 90))
        page = cv2.copyMakeBorder(image, 14, 14, 14, 14, cv2.BORDER_CONSTANT, value=paper)
        boxed = np.asarray(page, np.uint8).copy()
        cv2.rectangle(boxed, (4, 4), (page.shape[1] - 5, page.shape[0] - 5), 80, 2)
        normalised = normalise(boxed)
        assert normalised.component_count == 1
        assert similar(normalised.image, normalise(np.asarray(page, np.uint8)).image) > 0.9


@pytest.mark.parametrize("name", ["leaning-4", "leaning-9"])
def test_strokes_across_the_page_that_lean_stay(name: str) -> None:
    page = cv2.imread(str(ROOT / "tests" / "data" / "scans" / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
    box = normalise(np.asarray(page, np.uint8)).box
    assert box and box.height > 85


@pytest.mark.parametrize("shift", [-3, 3])
def test_a_bar_and_a_stem_that_bend_stay(shift: int) -> None:
    page = np.full((94, 94), 240, np.uint8)
    bar = np.array([[2, 50], [48, 50 + shift], [91, 50]])
    stem = np.array([[50, 2], [50 + shift, 45], [50, 91]])
    cv2.polylines(page, [bar, stem, np.array([[50, 6], [12, 50]])], False, 70, 4, cv2.LINE_AA)
    box = normalise(page).box
    assert box and box.height > 85 and box.width > 85
