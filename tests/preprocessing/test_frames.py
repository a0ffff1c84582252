"""Frames at the border of a page: cut away where both readings agree that they are none."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.inference.engine import Engine, load_engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.preprocessing.frames.frame import find_frames
from batchdigits.preprocessing.normalise import normalise
from batchdigits.reasons import Reason
from batchdigits.records import Prediction, Source
from tests.conftest import ROOT

Draw = Callable[[GrayImage], None]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine(ROOT / "models" / "digits.tflite")


def read(page: GrayImage, engine: Engine) -> Prediction:
    content = cv2.imencode(".png", page)[1].tobytes()
    (record,) = recognise_chunk([Source("", "a.png", content=content)], RecognitionContext(engine))
    assert record.prediction is not None
    assert record.normalised_digit is not None and record.normalised_digit.alternative is None
    return record.prediction


def draw_four(side: int) -> GrayImage:
    page = np.full((side, side), 235, np.uint8)
    points = np.array([[0.55, 0.25], [0.33, 0.55], [0.7, 0.55]])
    lines = [points, np.array([[0.58, 0.38], [0.56, 0.76]])]
    whole = [np.round(line * side * 16).astype(np.int32) for line in lines]
    cv2.polylines(page, whole, False, 60, max(1, side // 16), cv2.LINE_AA, 4)
    return page


def draw_top(page: GrayImage) -> None:
    page[: max(2, len(page) // 25)] = 90


def draw_corner(page: GrayImage) -> None:
    draw_top(page)
    page[:, -max(2, len(page) // 25) :] = 90


def draw_cell(page: GrayImage) -> None:
    draw_corner(page)
    page[-max(2, len(page) // 25) :] = 90
    page[:, : max(2, len(page) // 25)] = 90


def draw_part(page: GrayImage) -> None:
    page[: len(page) // 2, : max(2, len(page) // 25)] = 60


def draw_other_paper(page: GrayImage) -> None:
    page[:, : len(page) // 8] = 150


FRAMES = (draw_top, draw_corner, draw_cell, draw_part, draw_other_paper)


@pytest.mark.parametrize("is_inverted", [False, True])
@pytest.mark.parametrize("side", [28, 60, 110])
@pytest.mark.parametrize("draw", FRAMES)
def test_a_digit_is_read_inside_its_frame(
    draw: Draw, side: int, is_inverted: bool, engine: Engine
) -> None:
    page = draw_four(side)
    draw(page)
    assert read(255 - page if is_inverted else page, engine).digit == 4


@pytest.mark.parametrize("side", [28, 60, 110])
@pytest.mark.parametrize("draw", FRAMES)
def test_an_empty_cell_is_blank(draw: Draw, side: int, engine: Engine) -> None:
    page = np.full((side, side), 235, np.uint8)
    draw(page)
    assert read(page, engine).reason is Reason.BLANK


@pytest.mark.parametrize("distance", [3, 6])
def test_a_cell_whose_lines_touch_no_edge_is_blank(distance: int, engine: Engine) -> None:
    page = np.full((90, 100), 235, np.uint8)
    cv2.rectangle(page, (distance, distance), (99 - distance, 89 - distance), 90, 2)
    assert read(page, engine).reason is Reason.BLANK


@pytest.mark.parametrize(("level", "margin"), [(170, 5), (120, 9)])
def test_grain_inside_thick_lines_is_blank(level: int, margin: int, engine: Engine) -> None:
    grain = np.random.default_rng(3).normal(0, 3, (90, 100))
    page = np.full((90, 100), level, np.float64)
    page[margin:-margin, margin:-margin] = 225
    assert read((page + grain).astype(np.uint8), engine).reason is Reason.BLANK


def test_an_empty_cell_with_two_lines_along_a_side_is_blank(engine: Engine) -> None:
    page = np.full((80, 90), 235, np.uint8)
    draw_corner(page)
    page[:, 76:79] = 90
    assert read(page, engine).reason is Reason.BLANK


@pytest.mark.parametrize("deviation", [1, 3])
def test_grain_and_blurred_ends_of_lines_are_blank(deviation: int, engine: Engine) -> None:
    page = np.full((60, 70), 225, np.uint8)
    page[:6, 20:24] = page[40:44, -6:] = 90
    grain = np.random.default_rng(3).normal(0, deviation, page.shape)
    blurred = np.asarray(cv2.GaussianBlur(page, (0, 0), 0.9))
    assert read(np.clip(blurred + grain, 0, 255).astype(np.uint8), engine).reason is Reason.BLANK


def test_the_bar_of_a_seven_that_fills_its_page_stays(engine: Engine) -> None:
    page = np.full((40, 26), 255, np.uint8)
    page[:5] = 0
    cv2.line(page, (23, 3), (9, 39), 0, 5, cv2.LINE_AA)
    assert read(page, engine).digit == 7


def test_the_box_lies_on_the_page() -> None:
    page = draw_four(60)
    draw_cell(page)
    box = normalise(page).readings()[-1].box
    assert box is not None and 14 <= box.x <= 22 and 11 <= box.y <= 17


@pytest.mark.parametrize(
    ("height", "width", "thickness", "level"),
    [(21, 19, 4, 120), (22, 17, 3, 110), (26, 24, 4, 90)],
)
def test_a_tiny_empty_cell_with_thick_blurred_lines_is_blank(
    height: int, width: int, thickness: int, level: int, engine: Engine
) -> None:
    page = np.full((height, width), level, np.uint8)
    page[thickness:-thickness, thickness:-thickness] = 230
    assert read(np.asarray(cv2.GaussianBlur(page, (0, 0), 0.7)), engine).reason is Reason.BLANK


@pytest.mark.parametrize(("height", "width", "thickness"), [(26, 24, 4), (30, 26, 3), (21, 19, 4)])
def test_half_a_thick_line_on_a_tiny_page_is_blank(
    height: int, width: int, thickness: int, engine: Engine
) -> None:
    page = np.full((height, width), 230, np.uint8)
    page[:thickness, width // 2 :] = 100
    assert read(page, engine).reason is Reason.BLANK


@pytest.mark.parametrize("side", [24, 40, 46])
def test_the_paper_inside_a_thick_frame_is_no_ink(side: int, engine: Engine) -> None:
    page = draw_four(side)
    thickness = side // 10
    inside = page[thickness:-thickness, thickness:-thickness].copy()
    page[:] = 90
    page[thickness:-thickness, thickness:-thickness] = inside
    assert all(np.mean(reading.image > 40) < 0.3 for reading in normalise(page).readings())
    assert read(page, engine).digit == 4


def test_other_paper_along_two_sides_is_cut_off() -> None:
    page = draw_four(130)
    page[:18] = page[:, :18] = 130
    boxes = [reading.box for reading in normalise(page).readings()]
    assert any(box and min(box.x, box.y) > 20 for box in boxes)
    (frame,) = find_frames(page)
    assert 18 <= frame.inside.x <= 20 and 18 <= frame.inside.y <= 20


def test_a_one_near_the_border_is_no_line(engine: Engine) -> None:
    page = np.full((48, 50), 235, np.uint8)
    page[:9] = 90
    cv2.line(page, (8, 12), (4, 36), 70, 4, cv2.LINE_AA)
    assert read(page, engine).digit == 1


def test_faint_ink_beside_a_dark_line_has_another_reading() -> None:
    page = np.full((53, 54), 225, np.uint8)
    cv2.ellipse(page, (30, 24), (9, 15), 0, 0, 360, 190, 2, cv2.LINE_AA)
    page[-6:] = 20
    assert len(normalise(page).readings()) > 1
