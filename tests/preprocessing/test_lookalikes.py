"""Shadows that look like sheets, marks darker than the pen, and other looks that mislead."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.preprocessing.normalise import normalise
from batchdigits.reasons import Status
from batchdigits.records import Prediction, Source

Digits = list[tuple[GrayImage, str]]


def read(engine: Engine, page: NDArray[np.uint8]) -> Prediction | None:
    content = cv2.imencode(".png", page)[1].tobytes()
    (record,) = recognise_chunk(
        [Source("", "page.png", content=content)], RecognitionContext(engine)
    )
    return record.prediction


def cast_shadow(page: GrayImage, offset: float, slope: float, softness: float) -> GrayImage:
    """Darken all that lies beyond a straight line; ``offset`` as a share of the page's side."""
    rows, columns = np.mgrid[: page.shape[0], : page.shape[1]] / page.shape[0]
    light = np.where(columns + slope * rows > offset, 0.45, 1.0)
    if softness:
        light = cv2.GaussianBlur(light, (0, 0), softness)
    noise = np.random.default_rng(5).normal(0, 2, page.shape)
    return np.clip(page * light * 0.92 + noise, 0, 255).astype(np.uint8)


def put_on_page(digit: GrayImage, side: int) -> GrayImage:
    page = np.full((side, side), 255, np.uint8)
    enlarged = cv2.resize(digit, (side // 2, side // 2), interpolation=cv2.INTER_AREA)
    page[side // 4 :][: side // 2, side // 4 :][:, : side // 2] = enlarged
    return page


@pytest.mark.parametrize(
    ("offset", "slope", "softness"), [(0.46, 0.1, 6), (0.86, 0.6, 6), (0.54, 0, 5), (0.92, 0.6, 0)]
)
def test_a_shadow_across_a_digit_makes_no_sure_other_one(
    engine: Engine, digits: Digits, offset: float, slope: float, softness: float
) -> None:
    for digit, truth in digits:
        page = cast_shadow(put_on_page(digit, 500), offset, slope, softness)
        prediction = read(engine, page)
        assert (
            prediction is None
            or prediction.status is Status.REVIEW
            or (str(prediction.digit) == truth)
        )


@pytest.mark.parametrize("side", [300, 500, 1500])
@pytest.mark.parametrize("offset", [0.25, 0.4, 0.62])
def test_a_shadow_on_bare_paper_is_no_sure_digit(engine: Engine, side: int, offset: float) -> None:
    page = cast_shadow(np.full((side, side), 255, np.uint8), offset, 0.1, side / 80)
    prediction = read(engine, page)
    assert prediction is None or prediction.status is Status.REVIEW


@pytest.mark.parametrize("thickness", [2, 5])
def test_a_ring_darker_than_the_pen_leaves_the_digit(
    engine: Engine, digits: Digits, thickness: int
) -> None:
    wrong = []
    for digit, truth in digits:
        page = np.full((240, 240), 255, np.uint8)
        pencil = 255 - (255 - cv2.resize(digit, (110, 110)).astype(int)) * 45 // 100
        page[65:175, 65:175] = pencil
        cv2.circle(page, (120, 120), 95, 30, thickness, cv2.LINE_AA)
        prediction = read(engine, page)
        if prediction and prediction.status is Status.OK and str(prediction.digit) != truth:
            wrong.append(truth)
    assert not wrong


def test_tiny_pages_are_not_all_frame(engine: Engine, digits: Digits) -> None:
    for digit, _ in digits:
        for side in (12, 14):
            box = normalise(digit).box
            assert box
            ink = digit[box.y : box.y + box.height, box.x : box.x + box.width]
            height = side - 4
            width = max(2, round(height * box.width / box.height))
            small = cv2.resize(ink, (min(width, side - 2), height), interpolation=cv2.INTER_AREA)
            page = np.full((side, side), 255, np.uint8)
            left = (side - small.shape[1]) // 2
            page[2 : 2 + height, left : left + small.shape[1]] = small
            assert normalise(page).box


@pytest.mark.parametrize("share", [0.12, 0.2])
def test_small_ink_as_light_as_its_paper_is_not_blank(
    engine: Engine, digits: Digits, share: float
) -> None:
    paper, ink = np.array([60, 140, 60], np.float32), np.array([60, 75, 200], np.float32)
    for digit, truth in digits[:6]:
        side = round(share * 600)
        levels = np.zeros((600, 600), np.float32)
        at = 300 - side // 2
        box = normalise(digit).box
        assert box
        cut = digit[box.y : box.y + box.height, box.x : box.x + box.width]
        size = max(1, round(side * box.width / box.height)), side
        levels[at : at + side, at : at + size[0]] = cv2.resize(cut, size) < 160
        page = (paper + levels[..., None] * (ink - paper)).astype(np.uint8)
        prediction = read(engine, page)
        assert prediction and str(prediction.digit) == truth
