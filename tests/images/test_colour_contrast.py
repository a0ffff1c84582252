import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.images.pixels import to_gray
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.reasons import Status
from batchdigits.records import Source
from tests.support.image_samples import encode_opencv

Digits = list[tuple[GrayImage, str]]
#: Paper and ink, blue first; the gray of both differs by a tenth at most.
COLOURS = {
    "red on green": ((70, 140, 60), (60, 75, 200)),
    "green on red": ((60, 75, 200), (70, 140, 60)),
    "highlighter": ((255, 255, 255), (60, 250, 255)),
    "cyan on pink": ((200, 150, 230), (220, 185, 120)),
}


def paint(digit: GrayImage, paper: tuple[int, ...], ink: tuple[int, ...]) -> NDArray[np.uint8]:
    """Give a real digit, black on white, other colours."""
    level = digit.astype(np.float32)
    share = np.clip((level.max() - level) / np.ptp(level), 0, 1)[..., None] > 0.4
    return np.where(share, np.array(ink), np.array(paper)).astype(np.uint8)


@pytest.mark.parametrize(
    ("ending", "side"), [(".png", 0), (".jpg", 0), (".bmp", 0), (".tif", 0), (".jpg", 1400)]
)
@pytest.mark.parametrize("name", COLOURS)
def test_ink_as_light_as_its_paper_is_read(
    name: str, ending: str, side: int, digits: Digits, engine: Engine
) -> None:
    sources, expected = [], []
    for number, (digit, truth) in enumerate(digits[: 2 if side else 6]):
        page = paint(digit, *COLOURS[name])
        if side:
            page = np.asarray(cv2.resize(page, (side, side)), np.uint8)
        sources.append(Source("", f"{number}{ending}", content=encode_opencv(ending, page)))
        expected.append(int(truth))
    records = recognise_chunk(sources, RecognitionContext(engine))
    read = [record.prediction for record in records]
    assert [prediction.digit for prediction in read if prediction] == expected
    assert all(prediction and prediction.status == Status.OK for prediction in read)


def test_luma_stays_where_it_shows_the_ink(digits: Digits) -> None:
    for paper, ink in (((255, 255, 255), (200, 60, 30)), ((180, 220, 220), (40, 40, 40))):
        page = paint(digits[0][0], paper, ink)
        assert np.array_equal(to_gray(page), cv2.cvtColor(page, cv2.COLOR_BGR2GRAY))


def test_a_tinted_blank_page_stays_blank() -> None:
    levels: NDArray[np.float64] = np.random.default_rng(4).normal((180, 215, 235), 3, (200, 150, 3))
    page = np.clip(levels, 0, 255).astype(np.uint8)
    assert np.array_equal(to_gray(page), cv2.cvtColor(page, cv2.COLOR_BGR2GRAY))
