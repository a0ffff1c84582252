"""The road itself: a chunk of files in, one row a page out. Every mode calls this."""

import errno
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from batchdigits.config import Limits
from batchdigits.engine import Engine
from batchdigits.errors import ImageError
from batchdigits.files import write_bytes
from batchdigits.judge import judge
from batchdigits.load import pages, read_bytes
from batchdigits.names import shorten
from batchdigits.normalise import normalise
from batchdigits.pictures.thumbnail import View, draw_png, view
from batchdigits.records import Digit, Page, Reading, Reason, Rejected, Row, Source


@dataclass(frozen=True, slots=True)
class Road:
    """What a worker needs besides the files: a model, limits, and where thumbnails go."""

    engine: Engine
    limits: Limits = field(default_factory=Limits)
    outbox: Path | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """One page on its way: measured and reduced, so that the page itself can be let go."""

    source: Source
    page: int
    size: int
    sha256: str
    width: int = 0
    height: int = 0
    rejected: Rejected | None = None
    digit: Digit | None = None
    view: View | None = None


def read_chunk(sources: Sequence[Source], road: Road) -> list[Row]:
    """Read files: load, normalise, predict, judge, draw.

    A file that cannot be read becomes a row like every other and never shifts a neighbour's.
    Thumbnails are written under ``road.outbox`` (none where it is ``None``).

    Args:
        sources: any number of files; a few dozen keep memory low and batches full.
        road: the engine, the limits and the outbox.

    Returns:
        One row a page, in the order of ``sources`` and pages.

    Raises:
        OSError: a thumbnail cannot be written.
    """
    seen = [page for source in sources for page in _look(source, road.limits)]
    images = [page.digit.image for page in seen if page.digit]
    scores = iter(road.engine.predict(np.stack(images)) if images else ())
    review_below = road.engine.card.review_below
    rows = []
    for page in seen:
        reading = judge(page.digit, next(scores), review_below) if page.digit else None
        rows.append(_row(page, reading, _save_thumbnail(page, reading, road.outbox)))
    return rows


def _look(source: Source, limits: Limits) -> Iterator[_Seen]:
    """Load and normalise every page of one file."""
    try:
        data = read_bytes(source)
    except ImageError as error:
        # An empty file was read to its end: its hash is that of no bytes.
        empty = error.rejected.reason is Reason.EMPTY
        sha256 = hashlib.sha256().hexdigest() if empty else ""
        yield _Seen(source, 1, 0, sha256, rejected=error.rejected)
        return
    sha256 = hashlib.sha256(data).hexdigest()
    for number, page in pages(data, source.name, limits):
        if isinstance(page, Rejected):
            yield _Seen(source, number, len(data), sha256, rejected=page)
        else:
            yield _normalised(source, page, len(data), sha256)


def _normalised(source: Source, page: Page, size: int, sha256: str) -> _Seen:
    digit = normalise(page.gray)
    return _Seen(
        source,
        page.number,
        size,
        sha256,
        page.width,
        page.height,
        digit=digit,
        view=view(page, digit.box),
    )


def _save_thumbnail(page: _Seen, reading: Reading | None, outbox: Path | None) -> str:
    if outbox is None or reading is None or page.view is None:
        return ""
    name = thumbnail_name(page.source.name, page.page)
    try:
        write_bytes(outbox / name, draw_png(page.view, reading))
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return ""  # folders nested deeper than the outbox can follow cost the picture, not the row
    return name


def thumbnail_name(name: str, page: int) -> str:
    """Where a page's thumbnail lies inside the outbox; no two pages share one.

    The page's number is always in it, so ``scan.tif`` page 2 and a file called ``scan.tif.p2``
    stay apart; folders called ``*.png`` get another ending, so that no folder is in the way.
    """
    *folders, file = name.split("/")
    # A trailing "_" is doubled up as well, or "a.png" and "a.png_" would become one folder.
    safe = [folder + "_" if folder.rstrip("_").endswith(".png") else folder for folder in folders]
    return "/".join(["thumbnails", *map(shorten, safe), shorten(file, f".p{page}.png")])


def _row(page: _Seen, reading: Reading | None, thumbnail: str) -> Row:
    return Row(
        source=page.source,
        page=page.page,
        size=page.size,
        sha256=page.sha256,
        width=page.width,
        height=page.height,
        read_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        reading=reading,
        rejected=page.rejected,
        digit=page.digit,
        thumbnail=thumbnail,
    )
