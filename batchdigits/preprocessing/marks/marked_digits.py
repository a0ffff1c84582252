"""Marks round, below and across a digit, taken out of the ink that was found."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from batchdigits.arrays import Mask
from batchdigits.preprocessing.component import Component
from batchdigits.preprocessing.components import Components, count_digit_sized, crop
from batchdigits.preprocessing.marks.crossing_strokes import find_crossing_stroke
from batchdigits.preprocessing.marks.rings import find_ringed, may_be_ringed
from batchdigits.preprocessing.marks.underlines import find_underlined
from batchdigits.records import Box, Mark

#: Where less than this share of the longer side is left, something else was taken for a mark.
MIN_REST_SHARE = 0.2
#: Smaller ink is as coarse as MNIST's, and marks of one piece with it are left to the model.
MIN_MARKED_SIDE = 22


class _Unmarked(NamedTuple):
    mark: Mark
    rest: Mask
    is_sure: bool


def add_unmarked(digits: Sequence[Components | None]) -> list[Components | None]:
    """Add to what was found on a page the same without the marks that people make.

    What only some of those without a frame have may be a piece of it, and stays.

    Args:
        digits: one or more ways of finding the digit.

    Returns:
        The same, but without marks that are beyond doubt; and last, where there are others, what
        the first one that has any is without.
    """
    found = [_take_mark(digit) if digit else None for digit in digits]
    if not all(found[1:]):
        found[1:] = [None] * (len(found) - 1)
    if not any(found):
        return list(digits)
    kept: list[Components | None] = []
    doubtful: list[Components | None] = []
    for digit, taken in zip(digits, found, strict=True):
        if taken is not None and not taken.is_sure:
            doubtful.append(taken.digit)
        kept.append(taken.digit if taken is not None and taken.is_sure else digit)
    return kept + doubtful[:1]


class _Taken(NamedTuple):
    digit: Components
    is_sure: bool


def _take_mark(digit: Components) -> _Taken | None:
    """Take a ring, lines below or a stroke across away from a digit, if there is any."""
    unmarked = _find_mark(digit)
    if unmarked is None:
        return None
    box = Box(*cv2.boundingRect(unmarked.rest))
    if max(box.width, box.height) < MIN_REST_SHARE * max(digit.ink.shape):
        return None
    rest = crop(unmarked.rest, box)
    ink = np.asarray(cv2.bitwise_and(crop(digit.ink, box), rest), np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(rest, connectivity=8)
    parts = [Component(*part) for part in stats[1:].tolist()]
    remaining = Components(
        ink,
        Box(digit.box.x + box.x, digit.box.y + box.y, box.width, box.height),
        cv2.minMaxLoc(ink)[1] / 255,
        count_digit_sized(parts),
        len(parts),
        unmarked.mark,
    )
    return _Taken(remaining, unmarked.is_sure)


def _find_mark(digit: Components) -> _Unmarked | None:
    ink = digit.ink
    if max(ink.shape) < MIN_MARKED_SIDE and digit.part_count == 1:
        return None
    if may_be_ringed(ink) and (ringed := find_ringed(ink)):
        return _Unmarked(Mark.RING, ringed.inner, ringed.is_sure)
    if digit.part_count > 1 and (underlined := find_underlined(ink)):
        return _Unmarked(Mark.UNDERLINE, underlined.digit, underlined.is_sure)
    if stroke := find_crossing_stroke(ink):
        return _Unmarked(stroke.mark, stroke.rest, is_sure=False)
    return None
