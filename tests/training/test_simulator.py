"""The scan simulator: every style gives real images that still show the digit."""

import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.images.pixels import to_gray
from batchdigits.preprocessing.normalise import normalise
from batchdigits.training.simulator.distance_fields import (
    DigitShapes,
    shapes_from_pages,
    thin_masks,
)
from batchdigits.training.simulator.non_digits import NON_DIGITS
from batchdigits.training.simulator.pen import Distortion, Pen, draw_ink
from batchdigits.training.simulator.scan_styles import SCAN_STYLES, sample_look
from batchdigits.training.simulator.simulate import simulate
from tests.conftest import ROOT
from tests.preprocessing.test_normalise import similar

Digits = list[tuple[GrayImage, str]]


@pytest.fixture(scope="module")
def shapes(digits: Digits) -> DigitShapes:
    labels = np.array([int(true) for _, true in digits])
    return shapes_from_pages([image for image, _ in digits], labels)[0]


def test_shapes_come_from_real_scans(shapes: DigitShapes, digits: Digits) -> None:
    assert shapes.fields.shape == (len(digits), 2, 56, 56) and shapes.fields.dtype == np.uint8
    still = Distortion(0, 0, 0, 0)
    for fields, (image, _) in zip(shapes.fields, digits, strict=True):
        ink = draw_ink(fields, 20, Pen(), still, np.random.default_rng(1))
        drawn = normalise((ink * 255).astype(np.uint8)).image
        assert similar(drawn, normalise(image).image) > 0.85


def test_middle_lines_are_thin_and_whole() -> None:
    bar = np.zeros((1, 30, 30), bool)
    bar[0, 5:25, 10:17] = True
    line = thin_masks(bar)[0]
    assert line.sum(axis=1).max() <= 2 and np.ptp(np.nonzero(line)[0]) >= 12
    assert not (line & ~bar[0]).any()


@pytest.mark.parametrize("style_name", SCAN_STYLES)
def test_every_style_repeats_and_shows_ink(style_name: str, shapes: DigitShapes) -> None:
    images = []
    for _ in range(2):
        random = np.random.default_rng(5)
        images.append(
            [
                simulate(fields, sample_look(style_name, random), random)
                for fields in shapes.fields[:8]
            ]
        )
    for first, again in zip(*images, strict=True):
        assert first.dtype == np.uint8 and np.array_equal(first, again)
        assert first.ndim == 2 or first.shape[2] in (3, 4)
        assert np.ptp(to_gray(first)) > 12
    found = [normalise(to_gray(image)).box is not None for image in images[0]]
    assert sum(found) >= 7


def test_wider_pens_draw_wider_strokes(shapes: DigitShapes) -> None:
    still, random = Distortion(0, 0, 0, 0), np.random.default_rng(1)
    inks = [
        float(draw_ink(shapes.fields[0], 80, Pen(width), still, random).sum())
        for width in (2.0, 6.0, 12.0)
    ]
    assert 2 < inks[1] / inks[0] < 4 and 1.5 < inks[2] / inks[1] < 2.2


@pytest.mark.parametrize("name", NON_DIGITS)
def test_every_sort_of_no_digit_gives_images(name: str, shapes: DigitShapes) -> None:
    random = np.random.default_rng(3)
    for _ in range(4):
        image = NON_DIGITS[name].simulate(sample_look("scan", random), shapes.fields, random)
        assert image.dtype == np.uint8 and image.ndim in (2, 3) and image.size


def test_the_page_about_reading_shows_every_style() -> None:
    text = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    for name, entry in (SCAN_STYLES | NON_DIGITS).items():
        assert f"**{name}**: {entry.description}" in text, "run python -m benchmarks.reading"
        assert (ROOT / "docs" / "reading" / f"{name.replace(' ', '-')}.png").is_file()
