"""One page as a small picture: the scan with its ink framed, and below it what was read."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import indexed_png
from batchdigits.drawing.captions import caption
from batchdigits.drawing.palette import spared, steps
from batchdigits.drawing.sizes import FIELD_HEIGHT, MARGIN, THUMB_HEIGHT, THUMB_WIDTH
from batchdigits.records import Box, Page, Reading

#: The gray round a scan.
PAD = 216

_SCAN_SIDE = FIELD_HEIGHT - 2 * MARGIN
_FRAME_GAP = 1
_FRAME_LINE = 2
#: Tiny pages are enlarged by whole factors, so that every scanned pixel stays a true square.
_LARGEST_FACTOR = 8
#: A digit that the whole page would show smaller than this (pixels) gets a crop around it.
_SMALLEST_DIGIT = 36
#: A crop is this many times the digit's longer side ...
_CROP_ROOM = 2.2
#: ... and at least so many page pixels.
_SMALLEST_CROP = 40


@dataclass(frozen=True, slots=True)
class View:
    """What a thumbnail shows of a page, without the page itself, which may then be let go.

    ``scan`` is ``(height, width) uint8`` of the palette, each side 1 to 120; ``ink`` the ink's box
    in pixels of ``scan`` (``None`` for a blank); ``cropped`` tells that it is a part of the page
    only.
    """

    scan: GrayImage
    ink: Box | None
    cropped: bool


def view(page: Page, box: Box | None) -> View:
    """Cut and scale a page to what its thumbnail shows; holds no reference to the page.

    The aspect is kept, and grays to within one level of 255 (see :func:`colours.spared`). Where the
    ink is tiny on a large page, only its surroundings are shown.
    """
    area = _shown_area(page, box)
    cropped = (area.height, area.width) != page.gray.shape
    area = _whole_blocks(area)
    part = page.gray[area.y : area.y + area.height, area.x : area.x + area.width]
    scan = _fitted(part)
    return View(scan, _scaled(box, area, scan) if box else None, cropped)


def draw_png(view: View, reading: Reading) -> bytes:
    """PNG of a thumbnail: the scan with its ink framed from outside, over the caption.

    Nothing is drawn on the scan within the ink's box. Same inputs, same pixels; the picture is
    ``THUMB_HEIGHT`` by ``THUMB_WIDTH``.
    """
    rows = _empty().copy()
    height, width = view.scan.shape
    left, top = (THUMB_WIDTH - width) // 2, (FIELD_HEIGHT - height) // 2
    picture = rows[:, 1:]
    picture[top : top + height, left : left + width] = view.scan
    if view.ink is not None:
        _draw_frame(picture, view.ink, left, top, int(steps(reading.status)[0]))
    picture[FIELD_HEIGHT:] = caption(reading, view.cropped)
    return indexed_png.write_rows(rows)


def _shown_area(page: Page, box: Box | None) -> Box:
    """Choose what to show, in page pixels: the whole page wherever its digit can be told."""
    whole = Box(0, 0, page.width, page.height)
    longest = max(page.width, page.height)
    if box is None or longest <= _SCAN_SIDE:
        return whole
    digit_side = max(box.width, box.height)
    if digit_side * _SCAN_SIDE >= _SMALLEST_DIGIT * longest:
        return whole
    side = max(round(digit_side * _CROP_ROOM), _SMALLEST_CROP)
    if side < _SCAN_SIDE:
        # Such that a whole factor fills the field.
        side = _SCAN_SIDE // (_SCAN_SIDE // side)
    x, width = _around(box.x, box.width, side, page.width)
    y, height = _around(box.y, box.height, side, page.height)
    return Box(x, y, width, height)


def _around(start: int, length: int, side: int, end: int) -> tuple[int, int]:
    """``side`` pixels with the stretch in their middle, kept within ``0..end``: start, length."""
    side = min(side, end)
    return min(max(start + length // 2 - side // 2, 0), end - side), side


def _fitted(part: GrayImage) -> GrayImage:
    height, width = part.shape
    factor = min(_SCAN_SIDE // max(height, width), _LARGEST_FACTOR)
    if factor == 0:
        return _in_palette(_reduced(part))
    # Before it is enlarged, while there are few pixels.
    part = _in_palette(part)
    size = width * factor, height * factor
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _in_palette(scan: GrayImage) -> GrayImage:
    return np.asarray(cv2.LUT(scan, spared()), np.uint8)


def _block(height: int, width: int) -> int:
    """Side of the squares that a large part is first averaged by, in page pixels.

    OpenCV averages whole squares many times faster than fractions of pixels.
    """
    longest = max(height, width)
    # Squares of half a pixel of the thumbnail, or nearly one where that would be a single pixel.
    side = longest // (_SCAN_SIDE if longest < 4 * _SCAN_SIDE else 2 * _SCAN_SIDE)
    return max(min(side, height, width), 1)


def _whole_blocks(area: Box) -> Box:
    """Leave off the last pixels that fill no square: less than a pixel of the thumbnail."""
    block = _block(area.height, area.width)
    return Box(area.x, area.y, area.width // block * block, area.height // block * block)


def _reduced(part: GrayImage) -> GrayImage:
    height, width = part.shape
    block, scale = _block(height, width), _SCAN_SIDE / max(height, width)
    if block > 1:
        part = _averaged(part, width // block, height // block)
    return _averaged(part, max(round(width * scale), 1), max(round(height * scale), 1))


def _averaged(part: GrayImage, width: int, height: int) -> GrayImage:
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _scaled(box: Box, area: Box, scan: GrayImage) -> Box:
    """Bring the ink's box from page pixels to pixels of the scan, rounded outwards."""
    left, right = _span(box.x - area.x, box.width, area.width, scan.shape[1])
    top, bottom = _span(box.y - area.y, box.height, area.height, scan.shape[0])
    return Box(left, top, right - left, bottom - top)


def _span(start: int, length: int, total: int, shown: int) -> tuple[int, int]:
    first = start * shown // total
    last = -(-(start + length) * shown // total)
    return max(first, 0), min(last, shown)


def _draw_frame(picture: GrayImage, ink: Box, left: int, top: int, colour: int) -> None:
    """Frame the ink from outside; the field's margin leaves room for that at every edge."""
    x, y = left + ink.x - _FRAME_GAP, top + ink.y - _FRAME_GAP
    right, bottom = x + ink.width + 2 * _FRAME_GAP, y + ink.height + 2 * _FRAME_GAP
    line = _FRAME_LINE
    picture[y - line : y, x - line : right + line] = colour
    picture[bottom : bottom + line, x - line : right + line] = colour
    picture[y:bottom, x - line : x] = colour
    picture[y:bottom, right : right + line] = colour


@cache
def _empty() -> GrayImage:
    return indexed_png.blank(THUMB_HEIGHT, THUMB_WIDTH, int(spared()[PAD]))
