"""Digits on pages with a frame at their border: what else the page shows without it."""

from collections.abc import Iterator

import cv2
import numpy as np

from batchdigits.arrays import GrayImage, Mask
from batchdigits.preprocessing.components import Components, crop, find_digit
from batchdigits.preprocessing.frames.bare_paper import is_bare
from batchdigits.preprocessing.frames.frame import (
    BORDER_SHARE,
    Frame,
    find_frames,
    get_border_depth,
)
from batchdigits.preprocessing.ink import compute_ink_maps
from batchdigits.records import Box

#: Smaller pages have no room for a frame and a digit.
MIN_PAGE_SIDE = 16
#: Ink is near the border within this share of the page's shorter side; lines reach it with ends.
NEAR_SHARE = 0.035
#: What fills more of its box, where that is so much of the page, is no digit but the paper inside a
#: frame.
MAX_FILLED_SHARE, MIN_INSIDE_SHARE = 0.75, 0.35
#: Paper that was taken for ink has a rim of half-ink, at least so many pixels wide.
PAPER_RIM = 1
#: A corner is this part of the box's side.
CORNER_PARTS = 7
#: Ink of one piece holds no line where the border shows less of it than this share of its darkest,
#: and no level run of it near the border is as long as this share of the page's side; on paper
#: without any grain, as the second one. What is smaller than the third is the end of a line.
MAX_BORDER_INK_SHARE, RUN_SHARES, MAX_END_SHARE = 0.05, (0.3, 0.45), 0.2
#: What takes so much of the page both ways, near its border, may be all four sides of a cell.
MIN_CELL_SHARE = 0.75
#: The border that is cut off however little of a frame was made out: so deep, as a share of the
#: page's shorter side.
TRIM_SHARE = 0.12
#: What is left of smaller pages has no room for another line and a digit.
MIN_TWICE_FRAMED_SIDE = 24
#: A digit that touches so many sides of what a frame leaves of its page is likely to be cut.
MIN_TOUCHED_SIDES = 3
#: The radius in pixels round what is cut away that paper is continued from.
_INPAINT_RADIUS = 3


def add_unframed(
    digits: list[Components | None], gray: GrayImage, noise: int
) -> list[Components | None]:
    """Add what a page shows without what may be a frame at its border.

    Args:
        digits: what was found on the page as it is, the first of which matters.
        gray: the page, ``(height, width) uint8``.
        noise: the level of ink, 0-255, that nine tenths of its border stay below.

    Returns:
        ``digits`` and some more, among them what paper that was taken for a digit shows, which
        comes first or takes the digit's place; or ``None`` alone where nothing but a frame is on
        the page.
    """
    if digits[0] is None or not _may_be_framed(digits[0], gray.shape, noise):
        return digits
    others = list(_find_unframed(gray))
    if _is_paper(digits[0]):
        paper = _cut_out_paper(digits[0].box)
        if not others and is_bare(crop(gray, paper), crop(np.zeros_like(gray), paper)):
            return [None]
        if digit := _find_inside(crop(gray, paper), Frame(np.zeros_like(gray), paper)):
            # Without a frame, what was found may be a digit after all.
            digits = [digit] if others else [digit, *digits]
    if others and others[-1] is None:
        return [None]
    if others and (trimmed := _find_trimmed(gray)):
        others.append(trimmed)
    return digits + others


def _may_be_framed(digit: Components, shape: tuple[int, ...], noise: int) -> bool:
    """Return whether a closer look is worth it: a line near the border, or paper taken for ink."""
    (height, width), box = shape, digit.box
    margin = min(box.x, box.y, width - box.x - box.width, height - box.y - box.height)
    shorter = min(height, width)
    if digit.has_line and shorter >= MIN_PAGE_SIDE:
        return True
    if margin >= BORDER_SHARE * shorter or shorter < MIN_PAGE_SIDE:
        return False
    if margin < NEAR_SHARE * shorter:
        return (
            digit.part_count > 1
            or noise > MAX_BORDER_INK_SHARE * 255 * digit.contrast
            or max(box.width, box.height) < MAX_END_SHARE * shorter
            or _holds_run(digit, shape, RUN_SHARES[noise == 0])
        )
    if min(box.width / width, box.height / height) >= MIN_CELL_SHARE:
        return True
    return (
        digit.ink.size > MIN_INSIDE_SHARE * height * width
        and cv2.countNonZero(digit.ink) > MAX_FILLED_SHARE * digit.ink.size
    )


def _is_paper(digit: Components) -> bool:
    """Return whether what was taken for a digit is the paper inside a frame, without the digit.

    Digits are round, however fat: of the corners of their box, no three are full of ink.
    """
    rows, columns = (max(1, length // CORNER_PARTS) for length in digit.ink.shape)
    ends = digit.ink[:rows], digit.ink[-rows:]
    corners = [corner for end in ends for corner in (end[:, :columns], end[:, -columns:])]
    full = sum(2 * cv2.countNonZero(corner) >= corner.size for corner in corners)
    return full >= 3 and cv2.countNonZero(digit.ink) > MAX_FILLED_SHARE * digit.ink.size


def _holds_run(digit: Components, shape: tuple[int, ...], share: float) -> bool:
    """Return whether ink near the border of its page goes straight on for a share of its side."""
    depth = get_border_depth(shape)
    (height, width), x, y = shape, digit.box.x, digit.box.y
    ink = np.asarray(cv2.threshold(digit.ink, 0, 255, cv2.THRESH_BINARY)[1], np.uint8)
    for mask, start, end, side in (
        (ink, depth - y, height - depth - y, width),
        (ink.T, depth - x, width - depth - x, height),
    ):
        length = round(share * side)
        for strip in (mask[: max(start, 0)], mask[max(end, 0) :]):
            if strip.size and strip.shape[1] >= length:
                piece = np.ones((1, length), np.uint8)
                # Beyond the ink there is none.
                runs = cv2.erode(np.ascontiguousarray(strip), piece, borderValue=0)
                if cv2.countNonZero(runs):
                    return True
    return False


def _find_unframed(gray: GrayImage) -> Iterator[Components | None]:
    for frame in find_frames(gray):
        page, cut = _cut_out(gray, frame)
        yield None if _is_bare(page, cut) else _find_inside(page, frame)


def _cut_out_paper(paper: Box) -> Box:
    """Return the part of what was taken for a digit that is within its rim."""
    rim = PAPER_RIM + round(NEAR_SHARE * min(paper.width, paper.height))
    if min(paper.width, paper.height) - 2 * rim < 1:
        return paper
    return Box(paper.x + rim, paper.y + rim, paper.width - 2 * rim, paper.height - 2 * rim)


def _find_trimmed(gray: GrayImage) -> Components | None:
    """Find the digit on a page without its border, whatever lies there."""
    trim = round(TRIM_SHARE * min(gray.shape))
    inside = Box(trim, trim, gray.shape[1] - 2 * trim, gray.shape[0] - 2 * trim)
    return _find_inside(crop(gray, inside), Frame(np.zeros_like(gray), inside))


def _cut_out(gray: GrayImage, frame: Frame) -> tuple[GrayImage, Mask]:
    """Cut out what is inside a frame; paper goes on where parts of it lie, which come second."""
    page, cut = crop(gray, frame.inside), crop(frame.mask, frame.inside)
    if cv2.countNonZero(cut):
        page = np.asarray(cv2.inpaint(page, cut, _INPAINT_RADIUS, cv2.INPAINT_TELEA), np.uint8)
    return page, cut


def _is_bare(page: GrayImage, cut: Mask) -> bool:
    """Return whether nothing is on a page, but perhaps more lines across it inside of the first."""
    if is_bare(page, cut):
        return True
    if min(page.shape) < MIN_TWICE_FRAMED_SIDE:
        return False
    depth = get_border_depth(page.shape)
    middle = Box(depth, depth, page.shape[1] - 2 * depth, page.shape[0] - 2 * depth)
    if not is_bare(crop(page, middle), crop(cut, middle)):
        return False
    inner = [
        frame
        for frame in find_frames(page)[:1]
        if frame.inside.width * frame.inside.height < page.size
    ]
    return bool(inner) and is_bare(*_cut_out(page, inner[0]))


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
