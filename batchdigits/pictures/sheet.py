"""Contact sheets: up to a hundred thumbnails on one bright page, to skim."""

from collections.abc import Sequence

import numpy as np

from batchdigits.arrays import ColourImage
from batchdigits.pictures.lettering import INK, fit, spared, text_width, write
from batchdigits.pictures.thumbnail import THUMB_HEIGHT, THUMB_WIDTH

COLUMNS = 10
CELLS = 100

#: Pixels.
_GUTTER = 12
_NAME_HEIGHT = 20
_NAME_SIZE = 13
_NAME_BASE = 14
_PAGE_MARGIN = 18
_ROW_HEIGHT = THUMB_HEIGHT + _NAME_HEIGHT + _GUTTER
_COLUMN_WIDTH = THUMB_WIDTH + _GUTTER
_EDGE = 200  # a gray level: NumPy paints one number many times faster than three


def contact_sheet(cells: Sequence[tuple[ColourImage, str]]) -> ColourImage:
    """Lay out 1 to ``CELLS`` thumbnails with their names, ``COLUMNS`` to a row.

    Args:
        cells: thumbnails, ``(THUMB_HEIGHT, THUMB_WIDTH, 3) uint8``, each with any name at all.

    Returns ``(height, width, 3) uint8``, blue-green-red: always of the same width, with as many
    rows as are needed.
    """
    if not 1 <= len(cells) <= CELLS:
        raise ValueError(f"a contact sheet holds 1 to {CELLS} cells, not {len(cells)}")
    rows = -(-len(cells) // COLUMNS)
    height = rows * _ROW_HEIGHT - _GUTTER + 2 * _PAGE_MARGIN
    width = COLUMNS * _COLUMN_WIDTH - _GUTTER + 2 * _PAGE_MARGIN
    sheet = np.full((height, width, 3), 255, np.uint8)
    for index, (thumbnail, name) in enumerate(cells):
        row, column = divmod(index, COLUMNS)
        top, left = _PAGE_MARGIN + row * _ROW_HEIGHT, _PAGE_MARGIN + column * _COLUMN_WIDTH
        _draw_cell(sheet, thumbnail, name, top, left)
    return sheet


def _draw_cell(sheet: ColourImage, thumbnail: ColourImage, name: str, top: int, left: int) -> None:
    bottom, right = top + THUMB_HEIGHT, left + THUMB_WIDTH
    # A hairline keeps white captions from floating on the white page.
    sheet[top - 1 : bottom + 1, left - 1 : right + 1] = _EDGE
    sheet[top:bottom, left:right] = thumbnail
    sheet[bottom + 2 : bottom + _NAME_HEIGHT, left:right] = _label(name)


def _label(name: str) -> ColourImage:
    """Write a name apart and cut it out, so that none can reach its neighbour."""
    label = np.full((_NAME_HEIGHT - 2, 2 * THUMB_WIDTH, 3), 255, np.uint8)
    shown = fit(name, THUMB_WIDTH, _NAME_SIZE)
    left = (THUMB_WIDTH - text_width(shown, _NAME_SIZE)) // 2
    write(label, shown, left, _NAME_BASE, _NAME_SIZE, INK)
    return spared()[label[:, :THUMB_WIDTH]]
