"""Rings, underlines and strikes on real scans: found, taken away, and not seen where none are."""

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.preprocessing.normalise import normalise, normalise_all
from batchdigits.records import Box, Mark, NormalisedDigit
from tests.preprocessing.test_normalise import similar

Digits = list[tuple[GrayImage, str]]
#: How dark the marks are drawn.
INK = 110


def give_room(page: GrayImage) -> tuple[GrayImage, Box]:
    """Put a scan on a larger sheet of its paper; where the ink then lies."""
    box = normalise(page).box
    assert box is not None
    side = max(page.shape)
    paper = int(np.median(page))
    sheet = np.pad(page, side, constant_values=paper)
    return sheet, Box(box.x + side, box.y + side, box.width, box.height)


def draw_ring(sheet: GrayImage, box: Box, factor: float = 1.5, **options: int) -> GrayImage:
    middle = (box.x + box.width // 2, box.y + box.height // 2)
    radius = round(factor * np.hypot(box.width, box.height) / 2)
    end = options.get("end", 360)
    thickness = options.get("thickness", 2)
    ringed = sheet.copy()
    cv2.ellipse(ringed, middle, (radius, radius), 20, 0, end, INK, thickness, cv2.LINE_AA)
    return ringed


def draw_line(sheet: GrayImage, box: Box, y: float, fall: float = 0.0) -> GrayImage:
    """Draw a line beyond a digit on both sides, at a share of its height."""
    reach = round(0.3 * max(box.width, box.height))
    row = box.y + y * box.height
    struck = sheet.copy()
    left, right = box.x - reach, box.x + box.width + reach
    step = fall * (right - left) / 2
    cv2.line(struck, (left, round(row - step)), (right, round(row + step)), INK, 4, cv2.LINE_AA)
    return struck


def list_all(digit: NormalisedDigit) -> list[NormalisedDigit]:
    return [digit] if digit.alternative is None else [digit, *list_all(digit.alternative)]


@pytest.mark.parametrize("options", [{}, {"end": 352}, {"thickness": 5}])
def test_a_ring_is_taken_away(digits: Digits, options: dict[str, int]) -> None:
    found = 0
    for page, _ in digits[::2]:
        sheet, box = give_room(page)
        ringed = normalise(draw_ring(sheet, box, **options))
        best = max(list_all(ringed), key=lambda digit: similar(digit.image, normalise(page).image))
        found += best.removed_mark is Mark.RING
        assert similar(best.image, normalise(page).image) > 0.8
        assert best.box is not None and abs(best.box.height - box.height) <= 6
    assert found == len(digits[::2])


def test_a_clear_ring_leaves_no_doubt(digits: Digits) -> None:
    sheet, box = give_room(next(page for page, true in digits if true == "2"))
    ringed = normalise(draw_ring(sheet, box, 1.6))
    assert ringed.removed_mark is Mark.RING and ringed.alternative is None


def test_a_large_scan_gives_the_same_digit_without_its_ring(digits: Digits) -> None:
    sheet, box = give_room(next(page for page, true in digits if true == "2"))
    large = np.asarray(cv2.resize(draw_ring(sheet, box, 1.6), None, fx=6, fy=6), np.uint8)
    first, second = normalise(large), normalise(draw_ring(sheet, box, 1.6))
    assert first.removed_mark is second.removed_mark is Mark.RING
    assert similar(first.image, second.image) > 0.9


def test_two_digits_in_a_ring_are_counted() -> None:
    page = np.full((160, 160), 250, np.uint8)
    cv2.circle(page, (80, 80), 64, 20, 3, cv2.LINE_AA)
    cv2.putText(page, "4", (42, 97), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 20, 3, cv2.LINE_AA)
    cv2.putText(page, "2", (84, 97), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 20, 3, cv2.LINE_AA)
    digit = normalise(page)
    assert digit.removed_mark is Mark.RING and digit.component_count == 2


@pytest.mark.parametrize(("y", "fall"), [(1.25, 0.0), (1.3, 0.08)])
def test_an_underline_is_taken_away(digits: Digits, y: float, fall: float) -> None:
    for page, _ in digits[::2]:
        sheet, box = give_room(page)
        digit = normalise(draw_line(sheet, box, y, fall))
        assert Mark.UNDERLINE in [reading.removed_mark for reading in list_all(digit)]
        best = max(list_all(digit), key=lambda other: similar(other.image, normalise(page).image))
        assert similar(best.image, normalise(page).image) > 0.8


@pytest.mark.parametrize("fall", [0.0, 0.12, -0.3])
def test_a_strike_is_seen_and_what_it_strikes(digits: Digits, fall: float) -> None:
    struck = [(page, true) for page, true in digits if true in "235689"]
    seen = 0
    for page, _ in struck:
        sheet, box = give_room(page)
        digit = normalise(draw_line(sheet, box, 0.5, fall))
        marks = [reading.removed_mark for reading in list_all(digit)]
        seen += Mark.STRIKE in marks
        if Mark.STRIKE in marks:
            rest = list_all(digit)[marks.index(Mark.STRIKE)]
            assert similar(rest.image, normalise(page).image) > 0.6
    assert seen >= 0.8 * len(struck)


def test_strikes_are_seen_on_pages_hardly_larger_than_those_of_mnist() -> None:
    page = np.full((30, 32), 250, np.uint8)
    cv2.putText(page, "3", (9, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 20, 2, cv2.LINE_AA)
    assert normalise(page).alternative is None
    cv2.line(page, (3, 16), (28, 14), 20, 2, cv2.LINE_AA)
    digit = normalise(page).alternative
    assert digit is not None and digit.removed_mark is Mark.STRIKE


def test_digits_as_people_write_them_have_no_marks(digits: Digits) -> None:
    for digit, (_, true) in zip(normalise_all([page for page, _ in digits]), digits, strict=True):
        marks = {reading.removed_mark for reading in list_all(digit)} - {None}
        assert not marks or true in "17"


def test_what_is_in_a_zero_is_no_digit() -> None:
    for inner in ("nothing", "dot", "slash", "curl"):
        page = np.full((100, 100), 250, np.uint8)
        cv2.ellipse(page, (50, 50), (26, 36), 0, 0, 360, 20, 5, cv2.LINE_AA)
        if inner == "dot":
            cv2.circle(page, (50, 50), 4, 20, -1, cv2.LINE_AA)
        elif inner == "slash":
            cv2.line(page, (66, 22), (34, 78), 20, 5, cv2.LINE_AA)
        elif inner == "curl":
            cv2.ellipse(page, (60, 30), (10, 14), 0, 90, 250, 20, 5, cv2.LINE_AA)
        digit = normalise(page)
        assert digit.removed_mark is None and digit.box is not None and digit.box.height > 70
