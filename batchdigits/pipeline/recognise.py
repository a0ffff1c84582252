"""The road itself: a chunk of files in, one row a page out. Every mode calls this."""

import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from batchdigits.config import Limits, Thumbnails
from batchdigits.drawing.thumbnail import View, draw_png, view
from batchdigits.errors import ImageError
from batchdigits.images.decode import guarded
from batchdigits.images.load import pages, read_bytes
from batchdigits.images.reduced import ReducedPage
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.decide import judge
from batchdigits.preprocessing.normalise import SEARCH_SIDE, normalise_all, rescaled, stands_out
from batchdigits.preprocessing.scanner_streak import find_streak
from batchdigits.records import Digit, Page, Reading, Rejected, Row, Source, Stamp, Status
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.clock import now
from batchdigits.system.filenames import shorten

#: Where a digit on a reduced page has fewer pixels, the page is decoded again, larger.
ENOUGH_PIXELS = 64
#: Pages of no more pixels wait for their thumbnail as they are: its view would be no smaller.
_SMALL_PAGE = 128 * 128
#: Bytes of files, and pixels of pages, up to which several are held at once.
_RUN_WEIGHT = 1 << 20

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Road:
    """What a worker needs besides the files: a model, limits, and which thumbnails go where."""

    engine: Engine
    limits: Limits = field(default_factory=Limits)
    outbox: Path | None = None
    thumbnails: Thumbnails = Thumbnails.EACH

    @property
    def draws(self) -> bool:
        """Whether any thumbnail may be wanted."""
        return self.outbox is not None and self.thumbnails is not Thumbnails.OFF


class _File(NamedTuple):
    """A file whose bytes are on their way or may be let go."""

    source: Source
    stamp: Stamp
    sha256: str


class _Seen(NamedTuple):
    """One page on its way: measured, and no larger than what its thumbnail will show."""

    file: _File
    page: int
    rejected: Rejected | None = None
    digit: Digit | None = None
    width: int = 0
    height: int = 0
    shown: View | Page | None = None
    streak: int | None = None


_Loaded = tuple[_File, int, Page | Rejected]


def read_chunk(sources: Sequence[Source], road: Road) -> list[Row]:
    """Read files: load, normalise, predict, judge, draw.

    A file that cannot be read becomes a row like every other and never shifts a neighbour's.
    Thumbnails are written under ``road.outbox`` (none where it is ``None``), or come with the
    rows where contact sheets alone are wanted.

    Args:
        sources: any number of files; a few dozen keep memory low and batches full.
        road: the engine, the limits, the outbox and which thumbnails are wanted.

    Returns:
        One row a page, in the order of ``sources`` and pages.

    Raises:
        OSError: a thumbnail cannot be written.
    """
    seen: list[_Seen] = []
    for run in _runs(_load(sources, road.limits), _pixels):
        seen += _measure(run, road)
    images = [page.digit.image for page in seen if page.digit]
    scores = iter(road.engine.predict(np.stack(images)) if images else ())
    review_below = road.engine.card.review_below
    readings = [
        judge(page.digit, next(scores), review_below, (page.width, page.height))
        if page.digit
        else None
        for page in seen
    ]
    return _rows(seen, readings, road)


def _runs(items: Iterable[_T], weight: Callable[[_T], int]) -> Iterator[list[_T]]:
    """Lists of items that weigh a megabyte together, or whose last one alone does.

    One kind of work on many small files, then the next kind, takes two thirds of the time of
    all kinds on each: the processor keeps the code at hand. Of large ones, one is held at a time.
    """
    run: list[_T] = []
    total = 0
    for item in items:
        run.append(item)
        total += weight(item)
        if total >= _RUN_WEIGHT:
            yield run
            run.clear()
            del item  # before the next one takes its memory
            total = 0
    yield run


def _load(sources: Sequence[Source], limits: Limits) -> Iterator[_Loaded]:
    for run in _runs(map(_open, sources), _bytes):
        while run:
            yield from _pages(*run.pop(0), limits)


def _open(source: Source) -> tuple[_File, bytes | Rejected]:
    try:
        data, stamp = read_bytes(source)
    except ImageError as error:
        return _File(source, Stamp(), ""), error.rejected
    return _File(source, stamp, hashlib.sha256(data).hexdigest()), data


def _pages(file: _File, data: bytes | Rejected, limits: Limits) -> Iterable[_Loaded]:
    if isinstance(data, Rejected):
        return [(file, 1, data)]
    # A loop here would hold each page until the next one is decoded.
    return map(lambda page: (file, *page), pages(data, file.source.name, limits, SEARCH_SIDE))


def _bytes(opened: tuple[_File, bytes | Rejected]) -> int:
    return 0 if isinstance(opened[1], Rejected) else len(opened[1])


def _pixels(loaded: _Loaded) -> int:
    return 0 if isinstance(loaded[2], Rejected) else loaded[2].gray.size


def _measure(run: list[_Loaded], road: Road) -> list[_Seen]:
    """Normalise pages, and keep of each one what its thumbnail will show."""
    digits = iter(normalise_all([page.gray for *_, page in run if isinstance(page, Page)]))
    return [
        _Seen(file, number, page)
        if isinstance(page, Rejected)
        else _measured(file, number, page, next(digits), road)
        for file, number, page in run
    ]


def _measured(file: _File, number: int, page: Page, digit: Digit, road: Road) -> _Seen:
    width, height, box = page.width, page.height, digit.box
    if isinstance(page, ReducedPage):
        factor = _lacking(page, digit)
        if factor > 1:
            return _measure([(file, number, guarded(partial(page.enlarged, factor)))], road)[0]
        width, height = page.full_width, page.full_height
        digit = rescaled(digit, page.scale, (height, width))
    shown: View | Page | None = None
    if road.draws:
        shown = page if page.gray.size <= _SMALL_PAGE else view(page, box)
    streak = find_streak(page.gray)
    if streak is not None:
        streak = streak * width // page.gray.shape[1]
    return _Seen(file, number, None, digit, width, height, shown, streak)


def _lacking(page: ReducedPage, digit: Digit) -> float:
    """How many times larger a page must be decoded for its digit to be beyond doubt."""
    if digit.box is None:
        return 1  # every page is searched reduced even further
    side = max(digit.box.width, digit.box.height)
    if side < ENOUGH_PIXELS:
        return ENOUGH_PIXELS / side
    return 1 if stands_out(digit, page.height, page.width) else page.scale


def _rows(seen: list[_Seen], readings: list[Reading | None], road: Road) -> list[Row]:
    both = list(zip(seen, readings, strict=True))
    views = [_view(page) if _is_drawn(reading, road) else None for page, reading in both]
    pictures = [
        draw_png(shown, reading) if shown and reading else b""
        for shown, reading in zip(views, readings, strict=True)
    ]
    names = [""] * len(seen)
    if road.thumbnails is not Thumbnails.SHEETS:
        names = [
            _saved(picture, page, road) if picture else ""
            for page, picture in zip(seen, pictures, strict=True)
        ]
        pictures = [b""] * len(seen)
    read_at = now()
    return [
        Row(
            source=page.file.source,
            page=page.page,
            stamp=page.file.stamp,
            sha256=page.file.sha256,
            width=page.width,
            height=page.height,
            read_at=read_at,
            reading=reading,
            rejected=page.rejected,
            digit=page.digit,
            thumbnail=name,
            picture=picture,
            streak=page.streak,
        )
        for (page, reading), name, picture in zip(both, names, pictures, strict=True)
    ]


def _is_drawn(reading: Reading | None, road: Road) -> bool:
    if reading is None:
        return False
    return road.thumbnails is not Thumbnails.REVIEW or reading.status is Status.REVIEW


def _view(page: _Seen) -> View | None:
    if isinstance(page.shown, Page):
        return view(page.shown, page.digit.box if page.digit else None)
    return page.shown


def _saved(picture: bytes, page: _Seen, road: Road) -> str:
    """Write a thumbnail; its name, or nothing where it can have none."""
    source, _, sha256 = page.file
    is_shared = source.crowded or source.known_sha256 not in ("", sha256)
    name = thumbnail_name(source.name, page.page, sha256[:8] if is_shared else "")
    try:
        write_bytes(f"{road.outbox}/{name}", picture)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return ""  # folders nested deeper than the outbox can follow cost the picture, not the row
    return name


def thumbnail_name(name: str, page: int, content: str = "") -> str:
    """Where a page's thumbnail lies inside the outbox; no two pages share one.

    The page's number is always in it, so ``scan.tif`` page 2 and a file called ``scan.tif.p2``
    stay apart; folders called ``*.png`` get another ending, so that no folder is in the way.

    Args:
        name: the file's place inside the inbox.
        page: from 1.
        content: what tells the file from others that had the same name before.
    """
    *folders, file = name.split("/")
    # A trailing "_" is doubled up as well, or "a.png" and "a.png_" would become one folder.
    safe = [folder + "_" if folder.rstrip("_").endswith(".png") else folder for folder in folders]
    ending = f".p{page}-{content}.png" if content else f".p{page}.png"
    return "/".join(["thumbnails", *map(shorten, safe), shorten(file, ending)])
