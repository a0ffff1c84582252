"""One page as a small picture: the scan with its ink framed, and below it what was read."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import indexed_png
from batchdigits.drawing.captions import draw_caption
from batchdigits.drawing.palette import build_gray_lookup, build_status_ramp
from batchdigits.drawing.sizes import FIELD_HEIGHT, MARGIN, THUMB_HEIGHT, THUMB_WIDTH
from batchdigits.records import Box, Page, Prediction

#: The gray round a scan.
PAD_GRAY = 216

_SCAN_SIDE = FIELD_HEIGHT - 2 * MARGIN
_FRAME_GAP = 1
_FRAME_LINE = 2
#: Tiny pages are enlarged by whole factors, so that every scanned pixel stays a true square.
_MAX_ENLARGEMENT = 8
#: A digit that the whole page would show smaller than this (pixels) gets a crop around it.
_MIN_SHOWN_DIGIT_SIDE = 36
#: A crop is this many times the digit's longer side ...
_CROP_FACTOR = 2.2
#: ... and at least so many page pixels.
_MIN_CROP_SIDE = 40


@dataclass(frozen=True, slots=True)
class ThumbnailView:
    """What a thumbnail shows of a page, without the page itself, which may then be let go.

    Attributes:
        scan: ``(height, width) uint8`` entries of the palette, each side 1 to 120.
        ink_box: where the ink is, in pixels of ``scan``; ``None`` for a blank.
        cropped: whether it is a part of the page only.
    """

    scan: GrayImage
    ink_box: Box | None
    cropped: bool


def make_view(page: Page, box: Box | None) -> ThumbnailView:
    """Cut and scale a page to what its thumbnail shows; the view holds no reference to the page.

    The aspect is kept, and grays to within one level of 255 (see
    :func:`batchdigits.drawing.palette.build_palette`). Where the ink is tiny on a large page, only
    its surroundings are shown.

    Args:
        page: the page.
        box: where its ink is, in pixels of the page; ``None`` for a blank.
    """
    area = _choose_area(page, box)
    cropped = (area.height, area.width) != page.gray.shape
    area = _trim_to_blocks(area)
    part = page.gray[area.y : area.y + area.height, area.x : area.x + area.width]
    scan = _fit_scan(part)
    return ThumbnailView(scan, _scale_box(box, area, scan) if box else None, cropped)


def draw_thumbnail(view: ThumbnailView, prediction: Prediction) -> bytes:
    """Draw a thumbnail as a PNG: the scan with its ink framed from outside, over the caption.

    Nothing is drawn on the scan within the ink's box. Same inputs, same pixels; the picture is
    ``THUMB_HEIGHT`` by ``THUMB_WIDTH``.
    """
    rows = _make_blank_rows().copy()
    height, width = view.scan.shape
    left, top = (THUMB_WIDTH - width) // 2, (FIELD_HEIGHT - height) // 2
    picture = rows[:, 1:]
    picture[top : top + height, left : left + width] = view.scan
    if view.ink_box is not None:
        _draw_frame(picture, view.ink_box, left, top, int(build_status_ramp(prediction.status)[0]))
    picture[FIELD_HEIGHT:] = draw_caption(prediction, view.cropped)
    return indexed_png.encode_png(rows)


def _choose_area(page: Page, box: Box | None) -> Box:
    """Choose what to show, in page pixels: the whole page wherever its digit stays legible."""
    whole = Box(0, 0, page.width, page.height)
    longest = max(page.width, page.height)
    if box is None or longest <= _SCAN_SIDE:
        return whole
    digit_side = max(box.width, box.height)
    if digit_side * _SCAN_SIDE >= _MIN_SHOWN_DIGIT_SIDE * longest:
        return whole
    side = max(round(digit_side * _CROP_FACTOR), _MIN_CROP_SIDE)
    if side < _SCAN_SIDE:
        # Such that a whole factor fills the field.
        side = _SCAN_SIDE // (_SCAN_SIDE // side)
    x, width = _centre_span(box.x, box.width, side, page.width)
    y, height = _centre_span(box.y, box.height, side, page.height)
    return Box(x, y, width, height)


def _centre_span(start: int, length: int, side: int, end: int) -> tuple[int, int]:
    """Centre ``side`` pixels on a span, kept within ``0..end``: their start and length."""
    side = min(side, end)
    return min(max(start + length // 2 - side // 2, 0), end - side), side


def _fit_scan(part: GrayImage) -> GrayImage:
    height, width = part.shape
    factor = min(_SCAN_SIDE // max(height, width), _MAX_ENLARGEMENT)
    if factor == 0:
        return _map_to_palette(_reduce(part))
    # Before it is enlarged, while there are few pixels.
    part = _map_to_palette(part)
    size = width * factor, height * factor
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _map_to_palette(scan: GrayImage) -> GrayImage:
    return np.asarray(cv2.LUT(scan, build_gray_lookup()), np.uint8)


def _choose_block_side(height: int, width: int) -> int:
    """Choose the side of the squares that a large part is first averaged by, in page pixels.

    OpenCV averages whole squares many times faster than fractions of pixels.
    """
    longest = max(height, width)
    # Squares of half a pixel of the thumbnail, or nearly one where that would be a single pixel.
    side = longest // (_SCAN_SIDE if longest < 4 * _SCAN_SIDE else 2 * _SCAN_SIDE)
    return max(min(side, height, width), 1)


def _trim_to_blocks(area: Box) -> Box:
    """Leave off the last pixels that fill no square: less than a pixel of the thumbnail."""
    block = _choose_block_side(area.height, area.width)
    return Box(area.x, area.y, area.width // block * block, area.height // block * block)


def _reduce(part: GrayImage) -> GrayImage:
    height, width = part.shape
    block, scale = _choose_block_side(height, width), _SCAN_SIDE / max(height, width)
    if block > 1:
        part = _resize_by_area(part, width // block, height // block)
    return _resize_by_area(part, max(round(width * scale), 1), max(round(height * scale), 1))


def _resize_by_area(part: GrayImage, width: int, height: int) -> GrayImage:
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _scale_box(box: Box, area: Box, scan: GrayImage) -> Box:
    """Bring the ink's box from page pixels to pixels of the scan, rounded outwards."""
    left, right = _scale_span(box.x - area.x, box.width, area.width, scan.shape[1])
    top, bottom = _scale_span(box.y - area.y, box.height, area.height, scan.shape[0])
    return Box(left, top, right - left, bottom - top)


def _scale_span(start: int, length: int, source_length: int, target_length: int) -> tuple[int, int]:
    first = start * target_length // source_length
    last = -(-(start + length) * target_length // source_length)
    return max(first, 0), min(last, target_length)


def _draw_frame(picture: GrayImage, ink_box: Box, left: int, top: int, colour: int) -> None:
    """Frame the ink from outside; the field's margin leaves room for that at every edge."""
    x, y = left + ink_box.x - _FRAME_GAP, top + ink_box.y - _FRAME_GAP
    right, bottom = x + ink_box.width + 2 * _FRAME_GAP, y + ink_box.height + 2 * _FRAME_GAP
    line = _FRAME_LINE
    picture[y - line : y, x - line : right + line] = colour
    picture[bottom : bottom + line, x - line : right + line] = colour
    picture[y:bottom, x - line : x] = colour
    picture[y:bottom, right : right + line] = colour


@cache
def _make_blank_rows() -> GrayImage:
    return indexed_png.make_blank_rows(
        THUMB_HEIGHT, THUMB_WIDTH, int(build_gray_lookup()[PAD_GRAY])
    )
