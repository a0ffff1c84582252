import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.preprocessing.normalise import normalise
from batchdigits.reasons import Status
from batchdigits.records import Source
from tests.preprocessing.test_sheet import choose_uncut
from tests.support.image_samples import encode_opencv

Digits = list[tuple[GrayImage, str]]


def light_at_a_slant(
    digit: GrayImage, height: int, falloff: tuple[float, float], place: tuple[float, float]
) -> GrayImage:
    """A digit of 8 % of a page's height, on which light falls off across and down by so much."""
    box = normalise(digit).box
    assert box
    ink = digit[box.y : box.y + box.height, box.x : box.x + box.width]
    factor = 0.08 * height / box.height
    small = cv2.resize(ink, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    rows, columns = small.shape
    page = np.full((height, round(0.8 * height)), 235.0)
    top, left = int(place[0] * (page.shape[0] - rows)), int(place[1] * (page.shape[1] - columns))
    page[top : top + rows, left : left + columns] = small * (235 / max(1, int(digit.max())))
    across, down = (
        1 - share * np.linspace(0, 1, length)
        for share, length in zip(falloff, page.shape[::-1], strict=True)
    )
    noise = np.random.default_rng(7).normal(0, 1, page.shape)
    return np.clip(page * across[None] * down[:, None] + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("ending", [".png", ".jpg"])
@pytest.mark.parametrize("place", [(0.2, 0.2), (0.7, 0.8), (0.9, 0.4)])
@pytest.mark.parametrize("falloff", [(0.6, 0.0), (0.0, 0.65), (0.45, 0.4)])
def test_a_small_digit_in_slanting_light_is_read(
    falloff: tuple[float, float],
    place: tuple[float, float],
    ending: str,
    digits: Digits,
    engine: Engine,
) -> None:
    digits = choose_uncut(digits)[:4]
    pages = [light_at_a_slant(digit, 480, falloff, place) for digit, _ in digits]
    sources = [Source("", "", content=encode_opencv(ending, page)) for page in pages]
    records = recognise_chunk(sources, RecognitionContext(engine))
    read = [record.prediction for record in records]
    assert [str(prediction.digit) for prediction in read if prediction] == [
        truth for _, truth in digits
    ]
    assert all(prediction and prediction.status == Status.OK for prediction in read)


def test_a_fat_stroke_in_uneven_light_keeps_its_middle() -> None:
    page = np.full((240, 240), 230.0)
    cv2.ellipse(page, (120, 120), (60, 80), 0, 0, 360, 20, 45)
    shaded = normalise((page * np.linspace(1, 0.6, 240)[None]).astype(np.uint8)).image
    even = normalise(page.astype(np.uint8)).image
    assert np.count_nonzero(shaded) >= 0.9 * np.count_nonzero(even)
    assert np.mean(shaded[even > 200] > 100) > 0.8
