from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.preprocessing.normalise import normalise
from batchdigits.preprocessing.sheet import find_sheet
from batchdigits.reasons import Status
from batchdigits.records import Source
from tests.support.image_samples import encode_opencv

Digits = list[tuple[GrayImage, str]]


def lay_on_table(
    sheet: GrayImage, table: int, margins: tuple[int, int, int, int], angle: float = 0
) -> GrayImage:
    """Lay a sheet on a grainy table that shows left, above, right and below."""
    left, above, right, below = margins
    height, width = sheet.shape[0] + above + below, sheet.shape[1] + left + right
    page = np.random.default_rng(3).normal(table, 3, (height, width))
    middle = left + sheet.shape[1] / 2, above + sheet.shape[0] / 2
    turn = np.asarray(cv2.getRotationMatrix2D(middle, angle, 1), np.float64)
    turn[:, 2] += turn[:, :2] @ np.array([left, above], np.float64)
    level, mask = (
        cv2.warpAffine(image.astype(np.float32), turn, (width, height))
        for image in (sheet, np.ones_like(sheet))
    )
    seen = np.where(np.asarray(mask) > 0.5, level, page)
    return np.clip(seen, 0, 255).astype(np.uint8)


def enlarge(digit: GrayImage, factor: int) -> GrayImage:
    return np.asarray(cv2.resize(digit, None, fx=factor, fy=factor), np.uint8)


def choose_uncut(digits: Digits) -> Digits:
    """Choose the digits that keep away from the edges of their page."""
    chosen = []
    for page, truth in digits:
        box = normalise(page).box
        assert box
        ends = box.x + box.width, box.y + box.height
        if min(box.x, box.y, page.shape[1] - ends[0], page.shape[0] - ends[1]) >= 5:
            chosen.append((page, truth))
    assert len(chosen) >= 6
    return chosen[:8]


ALL_ROUND, ONE_SIDE, TWO_SIDES = (40, 30, 45, 35), (0, 0, 60, 0), (50, 0, 0, 40)


@pytest.mark.parametrize("ending", [".png", ".jpg"])
@pytest.mark.parametrize("table", [15, 90, 150])
@pytest.mark.parametrize(
    ("margins", "angle"), [(ALL_ROUND, 0), (ALL_ROUND, 4), (ONE_SIDE, 0), (TWO_SIDES, 0)]
)
def test_a_digit_on_a_desk_is_read(
    margins: tuple[int, int, int, int],
    angle: float,
    table: int,
    ending: str,
    digits: Digits,
    engine: Engine,
) -> None:
    digits = choose_uncut(digits)
    pages = [lay_on_table(enlarge(digit, 2), table, margins, angle) for digit, _ in digits]
    sources = [Source("", "", content=encode_opencv(ending, page)) for page in pages]
    records = recognise_chunk(sources, RecognitionContext(engine))
    read = [record.prediction for record in records]
    assert [str(prediction.digit) for prediction in read if prediction] == [
        truth for _, truth in digits
    ]
    assert all(prediction and prediction.status == Status.OK for prediction in read)


def read(pages: list[GrayImage], engine: Engine) -> list[str]:
    sources = [Source("", "", content=encode_opencv(".png", page)) for page in pages]
    records = recognise_chunk(sources, RecognitionContext(engine))
    return [str(record.prediction.digit) for record in records if record.prediction]


def test_a_sheet_is_found_where_the_table_is_as_light_elsewhere(
    digits: Digits, engine: Engine
) -> None:
    digits = choose_uncut(digits)
    pages = []
    for digit, _ in digits:
        page = lay_on_table(enlarge(digit, 2), 170, ALL_ROUND, 3)
        light = np.linspace(1, 0.55, page.shape[1], dtype=np.float32)
        assert light[-1] * np.median(digit) < 170
        pages.append((page * light).astype(np.uint8))
    assert all(find_sheet(page) is not None for page in pages)
    assert read(pages, engine) == [truth for _, truth in digits]


def test_nothing_of_the_table_is_kept_along_an_edge_that_is_bent(
    digits: Digits, engine: Engine
) -> None:
    digits = choose_uncut(digits)
    pages = []
    for digit, _ in digits:
        sheet = enlarge(digit, 2)
        height, width = sheet.shape
        page = lay_on_table(sheet, 60, ALL_ROUND)
        left, below = ALL_ROUND[0], ALL_ROUND[1] + height
        # The lower edge bends in by a sixteenth of the page.
        middle, axes = (left + width // 2, below), (width // 2, max(page.shape) // 16)
        cv2.ellipse(page, middle, axes, 0, 180, 360, 60, -1)
        pages.append(page)
    assert read(pages, engine) == [truth for _, truth in digits]


@pytest.mark.parametrize("factor", [1, 2, 8])
def test_the_box_lies_on_the_ink_in_pixels_of_the_page(factor: int, digits: Digits) -> None:
    sheet = enlarge(digits[0][0], factor)
    margins = (30 * factor, 20 * factor, 25 * factor, 40 * factor)
    alone, seen = normalise(sheet).box, normalise(lay_on_table(sheet, 60, margins)).box
    assert alone and seen
    slack = 3 * factor
    assert abs(seen.x - alone.x - margins[0]) <= slack
    assert abs(seen.y - alone.y - margins[1]) <= slack
    assert abs(seen.width - alone.width) <= slack and abs(seen.height - alone.height) <= slack


def test_light_ink_on_dark_is_no_sheet(digits: Digits) -> None:
    for digit, _ in digits:
        page = enlarge(255 - digit, 2)
        assert find_sheet(page) is None
        fat = cv2.dilate(page, np.ones((9, 9), np.uint8))
        assert find_sheet(np.asarray(fat, np.uint8)) is None


@pytest.mark.parametrize("side", [60, 95, 150])
def test_shapes_and_shadows_are_no_sheets(side: int) -> None:
    block = np.zeros((side, side), np.uint8)
    block[10:-10, 15:-15] = 255
    disc = np.zeros((side, side), np.uint8)
    cv2.circle(disc, (side // 2, side // 2), side // 2, 255, -1)
    cv2.circle(disc, (side // 2, side // 2), side // 8, 0, -1)
    frame = np.full((side, side), 235, np.uint8)
    cv2.rectangle(frame, (8, 8), (side - 9, side - 9), 20, 2)
    cv2.circle(frame, (side // 2, side // 2), side // 5, 20, 2)
    shadow = np.full((side, side), 230, np.float32)
    shadow -= 120 / (1 + np.exp((side / 2 - np.arange(side, dtype=np.float32)) / (side / 15)))
    cv2.circle(shadow, (side // 2, side // 2), side // 5, 20, 2)
    for page in (block, disc, frame, shadow.astype(np.uint8)):
        assert find_sheet(page) is None


def test_a_scan_without_a_table_is_read_as_it_is() -> None:
    for path in sorted((Path(__file__).parents[2] / "inbox").rglob("digit*.png")):
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert gray is not None and find_sheet(np.asarray(gray, np.uint8)) is None
