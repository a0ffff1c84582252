"""The road itself: a chunk of files in, one row a page out. Every mode calls this."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

from batchdigits.config import Limits, Thumbnails
from batchdigits.drawing.thumbnail import ThumbnailView, draw_thumbnail, make_view
from batchdigits.errors import ImageError
from batchdigits.images.decode import catch_decode_errors
from batchdigits.images.load import load_pages, read_bytes
from batchdigits.images.reduced import ReducedPage
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.decide import decide
from batchdigits.pipeline.thumbnail_files import make_thumbnail_name, save_thumbnail
from batchdigits.preprocessing.normalise import (
    SEARCH_SIDE,
    is_unambiguous,
    normalise_all,
    rescale_digit,
)
from batchdigits.preprocessing.scanner_streak import find_streak
from batchdigits.reasons import Rejection, Status
from batchdigits.records import FileStat, NormalisedDigit, Page, PageRecord, Prediction, Source
from batchdigits.system.clock import utc_now

#: Where a digit on a reduced page has fewer pixels, the page is decoded again, larger.
MIN_DIGIT_PIXELS = 64
#: Pages of no more pixels wait for their thumbnail as they are: its view would be no smaller.
_SMALL_PAGE_PIXELS = 128 * 128
#: Bytes of files, and pixels of pages, up to which several are held at once.
_GROUP_WEIGHT = 1 << 20

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RecognitionContext:
    """What a worker needs besides the files: a model, limits, and which thumbnails go where.

    Attributes:
        outbox: the folder that thumbnails belong to; ``None`` where none are wanted.
        thumbnails: which pages get one, and whether as a file or for contact sheets alone.
        writes_thumbnails: whether thumbnails that are files are written here; where they are not,
            they come back with the records, for whoever may write to the outbox.
    """

    engine: Engine
    limits: Limits = field(default_factory=Limits)
    outbox: Path | None = None
    thumbnails: Thumbnails = Thumbnails.EACH
    writes_thumbnails: bool = True

    @property
    def has_thumbnails(self) -> bool:
        """Whether any thumbnail may be wanted."""
        return self.outbox is not None and self.thumbnails is not Thumbnails.OFF


class _FileInfo(NamedTuple):
    """A file whose bytes are on their way or may be let go."""

    source: Source
    file_stat: FileStat
    sha256: str


class _MeasuredPage(NamedTuple):
    """One page on its way: measured, and no larger than what its thumbnail will show."""

    file: _FileInfo
    page_number: int
    rejection: Rejection | None = None
    normalised_digit: NormalisedDigit | None = None
    width: int = 0
    height: int = 0
    view: ThumbnailView | Page | None = None
    streak: int | None = None


_LoadedPage = tuple[_FileInfo, int, Page | Rejection]


def recognise_chunk(sources: Sequence[Source], context: RecognitionContext) -> list[PageRecord]:
    """Read files: load, normalise, predict, judge, draw.

    A file that cannot be read becomes a row like every other and never shifts a neighbour's.
    Thumbnails are written under ``context.outbox`` (none where it is ``None``), or come with the
    records: where contact sheets alone are wanted, and where ``context.writes_thumbnails`` says
    that somebody else writes them.

    Args:
        sources: any number of files; a few dozen keep memory low and batches full.
        context: the engine, the limits, the outbox and which thumbnails are wanted.

    Returns:
        One row a page, in the order of ``sources`` and pages.

    Raises:
        OSError: a thumbnail cannot be written.
    """
    seen: list[_MeasuredPage] = []
    for run in _group_by_weight(_load_pages(sources, context.limits), _count_pixels):
        seen += _measure_pages(run, context)
    images = [page.normalised_digit.image for page in seen if page.normalised_digit]
    scores = iter(context.engine.predict(np.stack(images)) if images else ())
    review_below = context.engine.card.review_below
    readings = [
        decide(page.normalised_digit, next(scores), review_below, (page.width, page.height))
        if page.normalised_digit
        else None
        for page in seen
    ]
    return _make_records(seen, readings, context)


def _group_by_weight(items: Iterable[_T], weight: Callable[[_T], int]) -> Iterator[list[_T]]:
    """Lists of items that weigh a megabyte together, or whose last one alone does.

    One kind of work on many small files, then the next kind, takes two thirds of the time of
    all kinds on each: the processor keeps the code at hand. Of large ones, one is held at a time.
    """
    run: list[_T] = []
    total = 0
    for item in items:
        run.append(item)
        total += weight(item)
        if total >= _GROUP_WEIGHT:
            yield run
            run.clear()
            del item  # before the next one takes its memory
            total = 0
    yield run


def _load_pages(sources: Sequence[Source], limits: Limits) -> Iterator[_LoadedPage]:
    for run in _group_by_weight(map(_read_file, sources), _count_bytes):
        while run:
            yield from _decode_pages(*run.pop(0), limits)


def _read_file(source: Source) -> tuple[_FileInfo, bytes | Rejection]:
    try:
        data, stamp = read_bytes(source)
    except ImageError as error:
        return _FileInfo(source, FileStat(), ""), error.rejection
    return _FileInfo(source, stamp, hashlib.sha256(data).hexdigest()), data


def _decode_pages(
    file: _FileInfo, data: bytes | Rejection, limits: Limits
) -> Iterable[_LoadedPage]:
    if isinstance(data, Rejection):
        return [(file, 1, data)]
    # A loop here would hold each page until the next one is decoded.
    return map(lambda page: (file, *page), load_pages(data, file.source.name, limits, SEARCH_SIDE))


def _count_bytes(file_and_data: tuple[_FileInfo, bytes | Rejection]) -> int:
    return 0 if isinstance(file_and_data[1], Rejection) else len(file_and_data[1])


def _count_pixels(loaded_page: _LoadedPage) -> int:
    return 0 if isinstance(loaded_page[2], Rejection) else loaded_page[2].gray.size


def _measure_pages(
    loaded_pages: list[_LoadedPage], context: RecognitionContext
) -> list[_MeasuredPage]:
    """Normalise pages, and keep of each one what its thumbnail will show."""
    digits = iter(normalise_all([page.gray for *_, page in loaded_pages if isinstance(page, Page)]))
    return [
        _MeasuredPage(file, number, page)
        if isinstance(page, Rejection)
        else _measure_page(file, number, page, next(digits), context)
        for file, number, page in loaded_pages
    ]


def _measure_page(
    file: _FileInfo,
    page_number: int,
    page: Page,
    digit: NormalisedDigit,
    context: RecognitionContext,
) -> _MeasuredPage:
    width, height, box = page.width, page.height, digit.box
    if isinstance(page, ReducedPage):
        factor = _compute_enlargement(page, digit)
        if factor > 1:
            return _measure_pages(
                [(file, page_number, catch_decode_errors(partial(page.decode_larger, factor)))],
                context,
            )[0]
        width, height = page.full_width, page.full_height
        digit = rescale_digit(digit, page.scale, (height, width))
    shown: ThumbnailView | Page | None = None
    if context.has_thumbnails:
        shown = page if page.gray.size <= _SMALL_PAGE_PIXELS else make_view(page, box)
    streak = find_streak(page.gray)
    if streak is not None:
        streak = streak * width // page.gray.shape[1]
    return _MeasuredPage(file, page_number, None, digit, width, height, shown, streak)


def _compute_enlargement(page: ReducedPage, digit: NormalisedDigit) -> float:
    """How many times larger a page must be decoded for its digit to be beyond doubt."""
    if digit.box is None:
        return 1  # every page is searched reduced even further
    side = max(digit.box.width, digit.box.height)
    if side < MIN_DIGIT_PIXELS:
        return MIN_DIGIT_PIXELS / side
    return 1 if is_unambiguous(digit, page.height, page.width) else page.scale


def _make_records(
    measured_pages: list[_MeasuredPage],
    predictions: list[Prediction | None],
    context: RecognitionContext,
) -> list[PageRecord]:
    both = list(zip(measured_pages, predictions, strict=True))
    views = [
        _make_page_view(page) if _has_thumbnail(reading, context) else None
        for page, reading in both
    ]
    pictures = [
        draw_thumbnail(shown, reading) if shown and reading else b""
        for shown, reading in zip(views, predictions, strict=True)
    ]
    names = [""] * len(measured_pages)
    if context.thumbnails is not Thumbnails.SHEETS:
        names = [
            _make_thumbnail_name(page) if picture else ""
            for page, picture in zip(measured_pages, pictures, strict=True)
        ]
        if context.writes_thumbnails and context.outbox is not None:
            names = [
                save_thumbnail(context.outbox, name, picture) if picture else ""
                for name, picture in zip(names, pictures, strict=True)
            ]
            pictures = [b""] * len(measured_pages)
    read_at = utc_now()
    return [
        PageRecord(
            source=page.file.source,
            page=page.page_number,
            file_stat=page.file.file_stat,
            sha256=page.file.sha256,
            width=page.width,
            height=page.height,
            read_at=read_at,
            prediction=reading,
            rejection=page.rejection,
            normalised_digit=page.normalised_digit,
            thumbnail=name,
            thumbnail_png=picture,
            streak=page.streak,
        )
        for (page, reading), name, picture in zip(both, names, pictures, strict=True)
    ]


def _has_thumbnail(prediction: Prediction | None, context: RecognitionContext) -> bool:
    if prediction is None:
        return False
    return context.thumbnails is not Thumbnails.REVIEW or prediction.status is Status.REVIEW


def _make_page_view(page: _MeasuredPage) -> ThumbnailView | None:
    if isinstance(page.view, Page):
        return make_view(page.view, page.normalised_digit.box if page.normalised_digit else None)
    return page.view


def _make_thumbnail_name(page: _MeasuredPage) -> str:
    source, _, sha256 = page.file
    is_shared = source.has_other_contents or source.known_sha256 not in ("", sha256)
    return make_thumbnail_name(source.name, page.page_number, sha256[:8] if is_shared else "")
