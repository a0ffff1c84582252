"""The contact sheet of mistakes: each scan over its true digit and what it was read as."""

from collections.abc import Sequence

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.drawing import indexed_png
from batchdigits.drawing.caption_strip import paste_centred, paste_right_aligned
from batchdigits.drawing.error_card import draw_error_card
from batchdigits.drawing.font import GLYPH_OVERHANG
from batchdigits.drawing.glyph_store import draw_word
from batchdigits.drawing.palette import (
    INK,
    MUTED,
    WHITE,
    build_gray_lookup,
    build_ink_ramp,
    build_status_ramp,
)
from batchdigits.drawing.sizes import CAPTION_HEIGHT, FIELD_HEIGHT, THUMB_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.text import fit_to_width, paint_text
from batchdigits.evaluation.predictions import LabelledPrediction
from batchdigits.percentages import format_whole_percent
from batchdigits.reasons import Status

#: Most tiles in a row, and least columns of a sheet, for its title.
_TILES_PER_ROW, _MIN_COLUMNS = 10, 4
#: Pixels.
_GUTTER = 12
_MARGIN = 18
_TITLE_HEIGHT = 34
_TITLE_SIZE = 16
_NAME_SIZE = 13
_NAME_HEIGHT = 20
_ROW_HEIGHT = THUMB_HEIGHT + _NAME_HEIGHT + _GUTTER
_COLUMN_WIDTH = THUMB_WIDTH + _GUTTER
#: Middles of the truth, the arrow and the reading.
_TRUTH_X, _ARROW_X, _READING_X = 17, 38, 60
_EDGE_GRAY = 200
_DASH = "\N{EN DASH}"


def draw_mistake_sheet(
    mistakes: Sequence[LabelledPrediction], thumbnails: Sequence[bytes], title: str
) -> bytes:
    """Draw mistakes as tiles in the order given, ten to a row.

    Args:
        mistakes: at least one.
        thumbnails: for each mistake the PNG of
            :func:`batchdigits.drawing.thumbnail.draw_thumbnail`, or nothing, in which case a card
            states the reason instead.
        title: one line above them.

    Returns:
        A PNG.
    """
    column_count = min(_TILES_PER_ROW, max(len(mistakes), _MIN_COLUMNS))
    row_count = -(-len(mistakes) // _TILES_PER_ROW)
    width = column_count * _COLUMN_WIDTH - _GUTTER + 2 * _MARGIN
    height = row_count * _ROW_HEIGHT - _GUTTER + 2 * _MARGIN + _TITLE_HEIGHT
    rows = indexed_png.make_blank_rows(height, width, WHITE)
    sheet = rows[:, 1:]
    _write_line(sheet, title, _MARGIN, _MARGIN - 4, width - 2 * _MARGIN, _TITLE_SIZE)
    for index, (mistake, thumbnail) in enumerate(zip(mistakes, thumbnails, strict=True)):
        row, column = divmod(index, _TILES_PER_ROW)
        top = _MARGIN + _TITLE_HEIGHT + row * _ROW_HEIGHT
        left = _MARGIN + column * _COLUMN_WIDTH
        # A hairline keeps white captions from floating on the white page.
        sheet[top - 1 : top + THUMB_HEIGHT + 1, left - 1 : left + THUMB_WIDTH + 1] = (
            build_gray_lookup()[_EDGE_GRAY]
        )
        sheet[top : top + THUMB_HEIGHT, left : left + THUMB_WIDTH] = _draw_tile(mistake, thumbnail)
        _write_line(sheet, mistake.file, left, top + THUMB_HEIGHT + 2, THUMB_WIDTH, _NAME_SIZE)
    return indexed_png.encode_png(rows, indexed_png.SMALL_COMPRESSION)


def _draw_tile(mistake: LabelledPrediction, thumbnail: bytes) -> GrayImage:
    """Draw the scan of a thumbnail over a caption.

    Returns:
        ``(THUMB_HEIGHT, THUMB_WIDTH) uint8``, numbers of the palette.
    """
    picture = indexed_png.decode_png(thumbnail, THUMB_HEIGHT, THUMB_WIDTH) if thumbnail else None
    tile = (draw_error_card(mistake.reason) if picture is None else picture).copy()
    tile[FIELD_HEIGHT:] = _draw_caption(mistake)
    return tile


def _draw_caption(mistake: LabelledPrediction) -> GrayImage:
    strip = np.full((CAPTION_HEIGHT, THUMB_WIDTH), WHITE, np.uint8)
    truth = _DASH if mistake.truth == NO_DIGIT_LABEL else str(mistake.truth)
    paste_centred(strip, draw_word(truth, 31, 1.2), _TRUTH_X, build_ink_ramp(INK))
    paste_centred(
        strip, draw_word("\N{RIGHTWARDS ARROW}", 20, 0.3), _ARROW_X, build_ink_ramp(MUTED)
    )
    reading = _DASH if mistake.digit is None else str(mistake.digit)
    paste_centred(strip, draw_word(reading, 31, 1.2), _READING_X, _make_mistake_colours())
    above, below = _format_caption(mistake)
    _write_word(strip, above, 15, 15)
    _write_word(strip, below, 28, 12)
    return strip


def _format_caption(mistake: LabelledPrediction) -> tuple[str, str]:
    """Format the two words of a caption: how sure the reading was, and its status."""
    if mistake.status not in (Status.OK, Status.REVIEW):
        return "", "not read"
    if mistake.confidence is None:
        return "blank", mistake.status
    return format_whole_percent(mistake.confidence), mistake.status


def _write_word(strip: GrayImage, text: str, base: int, size: int) -> None:
    if text:
        paste_right_aligned(strip, draw_word(text, size, 0.4), base, build_ink_ramp(INK))


def _make_mistake_colours() -> GrayImage:
    """Make a lookup table from coverage to the palette's numbers, white to vermillion.

    Returns:
        ``(256,) uint8``.
    """
    ramp = build_status_ramp(Status.QUARANTINED)[::-1]
    return ramp[np.arange(256) * (len(ramp) - 1) // 255]


def _write_line(sheet: GrayImage, text: str, left: int, top: int, width: int, size: int) -> None:
    """Write a line that begins at ``left`` and is cut to ``width``, both in pixels."""
    line = paint_text(fit_to_width(text, width, size), size, build_ink_ramp(INK))
    height, line_width = line.shape
    left -= GLYPH_OVERHANG
    sheet[top : top + height, left : left + line_width] = line
