"""Contact sheets: a hundred thumbnails a picture, to skim a run at a glance."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from batchdigits.arrays import ColourImage
from batchdigits.files import write_bytes
from batchdigits.pictures.sheet import CELLS, contact_sheet
from batchdigits.pictures.thumbnail import draw_unread, encode
from batchdigits.records import Row


def write(outbox: Path, rows: Sequence[Row]) -> int:
    """Draw ``sheets/sheet-0001.png`` and so on from the thumbnails on disk; returns how many.

    Sheets of an earlier, longer run are removed, since their rows are shown no more.
    """
    folder = outbox / "sheets"
    starts = range(0, len(rows), CELLS)
    for number, start in enumerate(starts, 1):
        picture = contact_sheet(list(_cells(outbox, rows[start : start + CELLS])))
        write_bytes(folder / f"sheet-{number:04d}.png", encode(picture))
    for old in folder.glob("sheet-*.png"):
        if old.stem.removeprefix("sheet-").isdecimal() and int(old.stem[6:]) > len(starts):
            old.unlink()
    return len(starts)


def _cells(outbox: Path, rows: Sequence[Row]) -> Iterator[tuple[ColourImage, str]]:
    for row in rows:
        name = row.source.name if row.page == 1 else f"{row.source.name} p{row.page}"
        yield _picture(outbox, row), name


def _picture(outbox: Path, row: Row) -> ColourImage:
    if row.thumbnail:
        data = np.fromfile(outbox / row.thumbnail, np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
        if picture is not None:
            return np.asarray(picture, np.uint8)
    return draw_unread(row.reason.value if row.reason else "")
