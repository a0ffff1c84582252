import cv2
import numpy as np
import pytest

from batchdigits.preprocessing.stroke_width import measure_stroke_width


@pytest.mark.parametrize("width", [2, 4, 8])
def test_a_bar_is_about_as_wide_as_it_was_drawn(width: int) -> None:
    ink = np.zeros((100, 100), np.uint8)
    ink[20:80, 50 : 50 + width] = 90
    assert measure_stroke_width(ink) == pytest.approx(width, abs=1.5)
    assert measure_stroke_width(ink) == measure_stroke_width(np.asarray(ink > 0, np.uint8))


def test_edges_are_outline_unless_they_are_those_of_the_ink() -> None:
    full = np.full((40, 40), 255, np.uint8)
    outline = 4 * 39
    assert measure_stroke_width(full) == 2 * 40 * 40 / outline
    assert measure_stroke_width(full, is_cut_to_ink=True) == 2 * 40 * 40
    ring = np.zeros((60, 60), np.uint8)
    cv2.circle(ring, (30, 30), 20, (255,), 5)
    assert measure_stroke_width(ring) == measure_stroke_width(ring, is_cut_to_ink=True)


def test_no_ink_has_no_width() -> None:
    assert measure_stroke_width(np.zeros((9, 9), np.uint8)) == 0
