"""One page as a small picture: the scan with its ink framed, and below it what was read.

Status is told three ways, never by colour alone: a sign, a colour, and for ``review`` a word.
The colours are Okabe and Ito's, which people with any common colour blindness can tell apart.
"""

from dataclasses import dataclass
from functools import cache
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import ColourImage, GrayImage
from batchdigits.pictures import lettering
from batchdigits.pictures.lettering import BADGE_WIDTH, CAPTION_HEIGHT, INK, QUIET, WHITE, Colour
from batchdigits.records import MEANING, PERMANENT, Box, Digit, Page, Reading, Reason, Status

#: Pixels. The scan's field is a square on top, the caption a strip below it.
THUMB_WIDTH = 128
FIELD_HEIGHT = 128
THUMB_HEIGHT = FIELD_HEIGHT + CAPTION_HEIGHT

PAD = 216
CARD: Colour = (246, 246, 246)

#: Room around the scan, so that a frame round ink at its very edge still fits the field.
_MARGIN = 4
_SCAN_SIDE = FIELD_HEIGHT - 2 * _MARGIN
_CARD_MARGIN = 8
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
_NOTES = {Reason.TOO_FAINT: "faint", Reason.SEVERAL_MARKS: "several"}
# Most of a thumbnail is flat, so that PNG's filters cost time and gain nothing.
_PNG = [
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE),
]


@dataclass(frozen=True, slots=True)
class View:
    """What a thumbnail shows of a page, without the page itself, which may then be let go.

    ``scan`` is ``(height, width) uint8``, each side 1 to 120; ``ink`` the ink's box in pixels of
    ``scan`` (``None`` for a blank); ``cropped`` tells that it is a part of the page only.
    """

    scan: GrayImage
    ink: Box | None
    cropped: bool


def draw(page: Page, digit: Digit, reading: Reading) -> ColourImage:
    """Draw the thumbnail of a page that was read; see :func:`view` and :func:`draw_view`.

    Returns ``(THUMB_HEIGHT, THUMB_WIDTH, 3) uint8``, blue-green-red.
    """
    return draw_view(view(page, digit.box), reading)


def view(page: Page, box: Box | None) -> View:
    """Cut and scale a page to what its thumbnail shows; holds no reference to a larger page.

    The aspect is kept. Where the ink is tiny on a large page, only its surroundings are shown.
    """
    area = _shown_area(page, box)
    cropped = (area.height, area.width) != page.gray.shape
    area = _whole_blocks(area)
    part = page.gray[area.y : area.y + area.height, area.x : area.x + area.width]
    # A copy, lest a crop keep the whole page in memory.
    scan = _fitted(part.copy() if cropped else part)
    return View(scan, _scaled(box, area, scan) if box else None, cropped)


def draw_view(view: View, reading: Reading) -> ColourImage:
    """Draw the thumbnail: the scan with its ink framed from outside, over the caption.

    Nothing is drawn on the scan within the ink's box; its grays are kept to within one level of
    255 (see :func:`spared`). Same inputs, same bytes.

    Returns ``(THUMB_HEIGHT, THUMB_WIDTH, 3) uint8``, blue-green-red.
    """
    return _coloured(_compose(view, reading))


def draw_png(view: View, reading: Reading) -> bytes:
    """PNG of a thumbnail: the bytes of ``encode(draw_view(view, reading))`` in half the time."""
    return _indexed_png(_compose(view, reading))


def draw_unread(reason_code: str) -> ColourImage:
    """Draw a card for a page that could not be read, with the reason in words.

    Returns ``(THUMB_HEIGHT, THUMB_WIDTH, 3) uint8``, blue-green-red.
    """
    known = reason_code in list(Reason)
    status = Status.QUARANTINED if known and Reason(reason_code) in PERMANENT else Status.FAILED
    card = np.full((THUMB_HEIGHT, THUMB_WIDTH, 3), WHITE, np.uint8)
    card[:FIELD_HEIGHT] = CARD
    base = _write_lines(card, reason_code.replace("_", " ") or "not read", 22, 16, INK)
    if known:
        sentence = MEANING[Reason(reason_code)][0].rstrip(".").split(";")[0] + "."
        _write_lines(card, sentence, base, 13, QUIET)
    card[FIELD_HEIGHT:, :BADGE_WIDTH] = lettering.badge(status)
    word = _coloured(lettering.on_white(lettering.text_mask(str(status), 15, 0.3), INK))
    _paste_centred(card[FIELD_HEIGHT:], word, BADGE_WIDTH + 8 + word.shape[1] // 2)
    return card


def encode(picture: ColourImage) -> bytes:
    """PNG of a ``(height, width, 3) uint8`` blue-green-red picture, lossless.

    Where its colours all lie in :func:`palette`, as every thumbnail's do, it takes one byte a
    pixel: half the time and size of three.
    """
    index = np.asarray(cv2.extractChannel(picture, 1), np.uint8)
    if np.array_equal(_coloured(index), picture):
        return _indexed_png(index)
    return cv2.imencode(".png", picture, _PNG)[1].tobytes()


def _compose(view: View, reading: Reading) -> GrayImage:
    """Put the thumbnail together in entries of the palette, a third of the work in colour."""
    thumbnail = _empty().copy()
    height, width = view.scan.shape
    left, top = (THUMB_WIDTH - width) // 2, (FIELD_HEIGHT - height) // 2
    thumbnail[top : top + height, left : left + width] = cv2.LUT(view.scan, lettering.spared())
    if view.ink is not None:
        _draw_frame(thumbnail, view.ink, left, top, lettering.STATUS_COLOUR[reading.status][1])
    _draw_caption(thumbnail[FIELD_HEIGHT:], reading, view.cropped)
    return thumbnail


def _coloured(index: GrayImage) -> ColourImage:
    return np.asarray(cv2.applyColorMap(index, lettering.palette()[:, None]), np.uint8)


def _indexed_png(index: GrayImage) -> bytes:
    return _with_palette(cv2.imencode(".png", index, _PNG)[1].tobytes())


def _with_palette(png: bytes) -> bytes:
    """Turn a gray PNG into an indexed one, which OpenCV cannot write: IHDR's type and a PLTE."""
    header = png[12:25] + b"\x03" + png[26:29]
    return png[:12] + header + crc32(header).to_bytes(4, "big") + _palette_chunk() + png[33:]


@cache
def _palette_chunk() -> bytes:
    body = b"PLTE" + lettering.palette()[:, ::-1].tobytes()
    return (len(body) - 4).to_bytes(4, "big") + body + crc32(body).to_bytes(4, "big")


def _paste_centred(strip: NDArray[np.uint8], patch: NDArray[np.uint8], centre: int) -> None:
    """Put a patch into a strip, its middle at column ``centre`` and half of the strip's height."""
    height, width = patch.shape[:2]
    top, left = (strip.shape[0] - height) // 2, centre - width // 2
    strip[top : top + height, left : left + width] = patch


def _write_lines(card: ColourImage, text: str, base: int, size: int, ink: Colour) -> int:
    """Write wrapped lines from baseline ``base`` on; return the next baseline."""
    width, step = THUMB_WIDTH - 2 * _CARD_MARGIN, size + 2
    lines = lettering.wrap(text, width, size)
    room = max((FIELD_HEIGHT - _MARGIN - base) // step + 1, 1)
    if len(lines) > room:
        lines[room - 1 :] = [lines[room - 1] + lettering.ELLIPSIS]
    for index, line in enumerate(lines):
        lettering.write(
            card, lettering.fit(line, width, size), _CARD_MARGIN, base + index * step, size, ink
        )
    return base + len(lines) * step


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
    if factor == 1:
        return part
    if factor > 1:
        size = width * factor, height * factor
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    return _reduced(part)


def _block(height: int, width: int) -> int:
    """Side of the squares that a large part is first averaged by, in page pixels.

    OpenCV averages whole squares many times faster than fractions of pixels.
    """
    return max(min(max(height, width) // (2 * _SCAN_SIDE), height, width), 1)


def _whole_blocks(area: Box) -> Box:
    """Leave off the last pixels that fill no square: less than half a pixel of the thumbnail."""
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


def _draw_caption(strip: GrayImage, reading: Reading, cropped: bool) -> None:
    strip[:, :BADGE_WIDTH] = lettering.badge(reading.status)[:, :, 1]
    _paste_centred(strip, lettering.digit_patch(reading.digit), 43)
    if cropped:
        _paste_centred(strip, lettering.lens_patch(), 65)
    words = lettering.words_patch(_percent(reading), _note(reading))
    strip[:, THUMB_WIDTH - words.shape[1] :] = words


def _percent(reading: Reading) -> str:
    """Cut, not rounded, so that ``100 %`` never stands for "nearly"."""
    if reading.confidence is None:
        return "blank"
    return f"{int(reading.confidence * 100)} %"


def _note(reading: Reading) -> str:
    """Why to look at it, in a word that fits; the spreadsheet has the sentence."""
    if reading.reason is Reason.LOW_CONFIDENCE and reading.second_digit is not None:
        return f"or {reading.second_digit}"
    return _NOTES.get(reading.reason, "") if reading.reason else ""


@cache
def _empty() -> GrayImage:
    field = np.full((THUMB_HEIGHT, THUMB_WIDTH), PAD, np.uint8)
    field[FIELD_HEIGHT:] = 255
    return field
