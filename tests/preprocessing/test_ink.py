"""Which is the ink where a digit fills its page, and leaves little of the paper to be seen."""

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.preprocessing.normalise import normalise


def draw_filling(digit: int) -> GrayImage:
    """Draw a digit with a fat pen that fills its page to all edges, enlarged from a few pixels."""
    large = np.zeros((200, 200), np.uint8)
    cv2.putText(large, str(digit), (40, 160), cv2.FONT_HERSHEY_SIMPLEX, 5, 255, 34)
    x, y, width, height = cv2.boundingRect(large)
    cut = large[y : y + height, x : x + width]
    small = cv2.resize(cut, (15, 16), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (60, 64), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize("digit", [2, 6, 9])
def test_a_fat_digit_that_fills_its_page_is_the_ink(digit: int, is_dark: bool) -> None:
    page = draw_filling(digit)
    expected = normalise(np.pad(page, 12))
    found = normalise(255 - page if is_dark else page)
    difference = np.abs(found.image.astype(int) - expected.image.astype(int))
    assert difference.mean() < 12 and found.component_count == 1
