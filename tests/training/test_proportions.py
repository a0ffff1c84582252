"""Digits that were stretched to fill their images are narrowed again."""

import cv2
import numpy as np

from batchdigits.datasets.labelled import LabelledImages
from batchdigits.preprocessing.normalise import normalise
from batchdigits.training.simulator.proportions import is_stretched, restore_proportions
from tests.support.labelled_samples import Digits, make_labelled


def stretch(data: LabelledImages) -> LabelledImages:
    """Stretch every digit into 15 x 16 pixels."""
    pages = []
    for page in data.pages:
        image = normalise(page).image
        x, y, width, height = cv2.boundingRect((image > 80).astype(np.uint8))
        ink = image[y : y + height, x : x + width]
        pages.append(np.asarray(cv2.resize(ink, (15, 16), interpolation=cv2.INTER_AREA), np.uint8))
    return LabelledImages(pages, data.digits)


def test_only_stretched_sets_are_narrowed(digits: Digits) -> None:
    data = make_labelled(digits)
    plain = LabelledImages([normalise(page).image for page in data.pages], data.digits)
    assert not is_stretched(data) and not is_stretched(plain)
    assert restore_proportions(plain) is plain.pages
    stretched = stretch(data)
    assert is_stretched(stretched)
    pages = restore_proportions(stretched)
    assert all(page.dtype == np.uint8 and page.max() > 127 for page in pages)
    boxes = [cv2.boundingRect((page > 80).astype(np.uint8)) for page in pages]
    ones = [width / height for (_, _, width, height), digit in zip(boxes, data.digits, strict=True)
            if digit == 1]  # fmt: skip
    assert ones and max(ones) < 0.75
