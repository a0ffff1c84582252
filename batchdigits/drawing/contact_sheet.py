"""Contact sheets: up to a hundred thumbnails on one bright page, to skim."""

from collections.abc import Sequence

from batchdigits.arrays import GrayImage
from batchdigits.drawing import indexed_png
from batchdigits.drawing.error_card import unread_card
from batchdigits.drawing.palette import INK, WHITE, paint, spared
from batchdigits.drawing.sizes import THUMB_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.text import fit, line

COLUMNS = 10
CELLS = 100

#: Pixels.
_GUTTER = 12
_NAME_HEIGHT = 20
_NAME_SIZE = 13
_PAGE_MARGIN = 18
_ROW_HEIGHT = THUMB_HEIGHT + _NAME_HEIGHT + _GUTTER
_COLUMN_WIDTH = THUMB_WIDTH + _GUTTER
#: The gray of the hairlines round pictures.
_EDGE = 200


def sheet_png(cells: Sequence[tuple[bytes | None, str, str]]) -> bytes:
    """PNG of 1 to ``CELLS`` thumbnails with their names, ``COLUMNS`` to a row.

    Args:
        cells: a thumbnail as :func:`batchdigits.drawing.thumbnail.draw_png` made it; the reason
            code that is shown where there is none, or where it cannot be read; any name at all.

    The picture is always of the same width, with as many rows as are needed.

    Raises:
        ValueError: there are too few or too many cells.
    """
    if not 1 <= len(cells) <= CELLS:
        raise ValueError(f"a contact sheet holds 1 to {CELLS} cells, not {len(cells)}")
    height = -(-len(cells) // COLUMNS) * _ROW_HEIGHT - _GUTTER + 2 * _PAGE_MARGIN
    width = COLUMNS * _COLUMN_WIDTH - _GUTTER + 2 * _PAGE_MARGIN
    rows = indexed_png.blank(height, width, WHITE)
    for index, (thumbnail, reason_code, name) in enumerate(cells):
        row, column = divmod(index, COLUMNS)
        top, left = _PAGE_MARGIN + row * _ROW_HEIGHT, _PAGE_MARGIN + column * _COLUMN_WIDTH
        _draw_cell(rows[:, 1:], _picture(thumbnail, reason_code), name, top, left)
    return indexed_png.write_rows(rows, indexed_png.SMALL)


def _picture(thumbnail: bytes | None, reason_code: str) -> GrayImage:
    picture = indexed_png.read_index(thumbnail, THUMB_HEIGHT, THUMB_WIDTH) if thumbnail else None
    return unread_card(reason_code) if picture is None else picture


def _draw_cell(sheet: GrayImage, picture: GrayImage, name: str, top: int, left: int) -> None:
    bottom, right = top + THUMB_HEIGHT, left + THUMB_WIDTH
    # A hairline keeps white captions from floating on the white page.
    sheet[top - 1 : bottom + 1, left - 1 : right + 1] = spared()[_EDGE]
    sheet[top:bottom, left:right] = picture
    label = _label(name)
    start = left + (THUMB_WIDTH - label.shape[1]) // 2
    sheet[bottom + 2 : bottom + 2 + label.shape[0], start : start + label.shape[1]] = label


def _label(name: str) -> GrayImage:
    """Paint a name, cut to the width of its picture but for the lean of its outer letters."""
    return line(fit(name, THUMB_WIDTH, _NAME_SIZE), _NAME_SIZE, paint(INK))
