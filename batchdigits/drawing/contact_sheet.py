"""Contact sheets: up to a hundred thumbnails on one bright page, to skim."""

from collections.abc import Sequence

from batchdigits.arrays import GrayImage
from batchdigits.drawing import indexed_png
from batchdigits.drawing.error_card import draw_error_card
from batchdigits.drawing.palette import INK, WHITE, build_gray_lookup, build_ink_ramp
from batchdigits.drawing.sizes import THUMB_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.text import fit_to_width, paint_text

COLUMNS = 10
MAX_CELLS = 100

#: Pixels.
_GUTTER = 12
_NAME_HEIGHT = 20
_NAME_SIZE = 13
_PAGE_MARGIN = 18
_ROW_HEIGHT = THUMB_HEIGHT + _NAME_HEIGHT + _GUTTER
_COLUMN_WIDTH = THUMB_WIDTH + _GUTTER
#: The gray of the hairlines round pictures.
_HAIRLINE_GRAY = 200


def draw_contact_sheet(cells: Sequence[tuple[bytes | None, str, str]]) -> bytes:
    """Draw thumbnails with their names, ``COLUMNS`` to a row, as a PNG.

    The picture is always of the same width, with as many rows as are needed.

    Args:
        cells: 1 to ``MAX_CELLS`` of these: a thumbnail as
            :func:`batchdigits.drawing.thumbnail.draw_thumbnail` made it; the reason code that is
            shown where there is none, or where it cannot be read; any name at all.

    Raises:
        ValueError: there are too few or too many cells.
    """
    if not 1 <= len(cells) <= MAX_CELLS:
        raise ValueError(f"a contact sheet holds 1 to {MAX_CELLS} cells, not {len(cells)}")
    height = -(-len(cells) // COLUMNS) * _ROW_HEIGHT - _GUTTER + 2 * _PAGE_MARGIN
    width = COLUMNS * _COLUMN_WIDTH - _GUTTER + 2 * _PAGE_MARGIN
    rows = indexed_png.make_blank_rows(height, width, WHITE)
    for index, (thumbnail, reason_code, name) in enumerate(cells):
        row, column = divmod(index, COLUMNS)
        top, left = _PAGE_MARGIN + row * _ROW_HEIGHT, _PAGE_MARGIN + column * _COLUMN_WIDTH
        _draw_cell(rows[:, 1:], _decode_thumbnail(thumbnail, reason_code), name, top, left)
    return indexed_png.encode_png(rows, indexed_png.SMALL_COMPRESSION)


def _decode_thumbnail(thumbnail: bytes | None, reason_code: str) -> GrayImage:
    picture = indexed_png.decode_png(thumbnail, THUMB_HEIGHT, THUMB_WIDTH) if thumbnail else None
    return draw_error_card(reason_code) if picture is None else picture


def _draw_cell(sheet: GrayImage, picture: GrayImage, name: str, top: int, left: int) -> None:
    bottom, right = top + THUMB_HEIGHT, left + THUMB_WIDTH
    # A hairline keeps white captions from floating on the white page.
    sheet[top - 1 : bottom + 1, left - 1 : right + 1] = build_gray_lookup()[_HAIRLINE_GRAY]
    sheet[top:bottom, left:right] = picture
    label = _draw_label(name)
    start = left + (THUMB_WIDTH - label.shape[1]) // 2
    sheet[bottom + 2 : bottom + 2 + label.shape[0], start : start + label.shape[1]] = label


def _draw_label(name: str) -> GrayImage:
    """Paint a name, cut to the width of its picture but for the lean of its outer letters."""
    return paint_text(fit_to_width(name, THUMB_WIDTH, _NAME_SIZE), _NAME_SIZE, build_ink_ramp(INK))
