"""Digits on pages with a frame at their border: what else the page shows without it."""

from collections.abc import Iterator

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.preprocessing.bare_paper import is_bare
from batchdigits.preprocessing.components import Components, crop, find_digit
from batchdigits.preprocessing.frames import BORDER_SHARE, Frame, find_frames
from batchdigits.preprocessing.ink import compute_ink_maps
from batchdigits.records import Box

#: Smaller pages have no room for a frame and a digit.
MIN_PAGE_SIDE = 12
#: Ink is near the border within this share of the page's shorter side; lines reach it with ends.
NEAR_SHARE = 0.035
#: What fills more of its box, where that is so much of the page, is no digit but the paper inside a
#: frame.
MAX_FILLED_SHARE, MIN_INSIDE_SHARE = 0.75, 0.35
#: A digit that touches so many sides of what a frame leaves of its page is likely to be cut.
MIN_TOUCHED_SIDES = 3
#: The radius in pixels round what is cut away that paper is continued from.
_INPAINT_RADIUS = 3


def add_unframed(digits: list[Components | None], gray: GrayImage) -> list[Components | None]:
    """Add what a page shows without what may be a frame at its border.

    Args:
        digits: what was found on the page as it is, the first of which matters.
        gray: the page, ``(height, width) uint8``.

    Returns:
        ``digits`` and up to two more; or ``None`` alone where nothing but a frame is on the page.
    """
    if digits[0] is None or not _may_be_framed(digits[0], gray.shape):
        return digits
    others = list(_find_unframed(gray))
    if others and others[-1] is None:
        return [None]
    return digits + others


def _may_be_framed(digit: Components, shape: tuple[int, ...]) -> bool:
    """Return whether a closer look is worth it: ink near the border, or paper taken for ink."""
    (height, width), box = shape, digit.box
    if min(shape) < MIN_PAGE_SIDE:
        return False
    margin = min(box.x, box.y, width - box.x - box.width, height - box.y - box.height)
    if margin < NEAR_SHARE * min(shape):
        return True
    return (
        margin < BORDER_SHARE * min(shape)
        and digit.ink.size > MIN_INSIDE_SHARE * height * width
        and cv2.countNonZero(digit.ink) > MAX_FILLED_SHARE * digit.ink.size
    )


def _find_unframed(gray: GrayImage) -> Iterator[Components | None]:
    for frame in find_frames(gray):
        page, cut = crop(gray, frame.inside), crop(frame.mask, frame.inside)
        if cv2.countNonZero(cut):
            page = np.asarray(cv2.inpaint(page, cut, _INPAINT_RADIUS, cv2.INPAINT_TELEA), np.uint8)
        yield None if is_bare(page) else _find_inside(page, frame)


def _find_inside(page: GrayImage, frame: Frame) -> Components | None:
    ((ink, noise),) = compute_ink_maps([page])
    digit = find_digit(np.where(crop(frame.mask, frame.inside), 0, ink).astype(np.uint8), noise)
    if digit is None:
        return None
    x, y, width, height = digit.box.x, digit.box.y, digit.box.width, digit.box.height
    box = Box(x + frame.inside.x, y + frame.inside.y, width, height)
    # A digit that fills what is left of its page filled the page before.
    ends = x, y, page.shape[1] - x - width, page.shape[0] - y - height
    is_cut = sum(end <= 1 for end in ends) >= MIN_TOUCHED_SIDES
    return digit._replace(box=box, is_cut=is_cut)
