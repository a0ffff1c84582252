"""Files to measured pages: read, decoded, normalised, and let go.

One kind of work on many small files, then the next kind, takes two thirds of the time of all kinds
on each, as the processor's cache keeps the code. Of large files and pages, one is held at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from batchdigits.config import Limits
from batchdigits.drawing.thumbnail import ThumbnailView, make_view
from batchdigits.errors import ImageError
from batchdigits.images.decode import catch_decode_errors
from batchdigits.images.load import load_pages
from batchdigits.images.reduced import ReducedPage
from batchdigits.pipeline.groups import group_by_weight
from batchdigits.preprocessing.normalise import (
    SEARCH_SIDE,
    is_unambiguous,
    normalise_all,
    rescale_digit,
)
from batchdigits.preprocessing.scanner_streak import find_streak
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import FileStat, NormalisedDigit, Page, Source
from batchdigits.system.hashing import hash_bytes

#: Where a digit on a reduced page has fewer pixels, the page is decoded again, larger.
MIN_DIGIT_PIXELS = 64
#: Pages of no more pixels wait for their thumbnail as they are: its view would be no smaller.
_SMALL_PAGE_PIXELS = 128 * 128
#: Bytes of files, and pixels of pages, up to which several are held at once.
_GROUP_WEIGHT = 1 << 20


class FileInfo(NamedTuple):
    """What is known of a file once its bytes were read; they need not be kept for it.

    Attributes:
        source: the file.
        file_stat: all 0 where it could not be read.
        sha256: hash of its content; empty where it could not be read.
    """

    source: Source
    file_stat: FileStat
    sha256: str


class MeasuredPage(NamedTuple):
    """One page that needs its pixels no more, or the reason why it could not be decoded.

    Attributes:
        file: the file that it is in.
        page_number: from 1.
        rejection: why there is nothing else.
        normalised_digit: the image for the model, and where its ink lies on the page; with an
            alternative until one of the two was chosen.
        width: of the whole page in pixels.
        height: of the whole page in pixels.
        view: what its thumbnail will show, or the page itself where that is as small; ``None``
            where there will be no thumbnail.
        other_views: the same for the digit's alternatives, where that is not the page itself.
        streak: where a dark line from top to bottom lies, in pixels from the left.
        is_incomplete: whether the end of the file is missing, though all pixels are there.
    """

    file: FileInfo
    page_number: int
    rejection: Rejection | None = None
    normalised_digit: NormalisedDigit | None = None
    width: int = 0
    height: int = 0
    view: ThumbnailView | Page | None = None
    other_views: tuple[ThumbnailView, ...] = ()
    streak: int | None = None
    is_incomplete: bool = False

    def choose(self, digit: NormalisedDigit) -> "MeasuredPage":
        """Keep one reading of the page: its digit or that one's alternative, and its view."""
        if self.normalised_digit is None or self.normalised_digit.alternative is None:
            return self
        view = self.view
        if self.other_views:
            views = zip(self.normalised_digit.readings(), (view, *self.other_views), strict=True)
            view = next(view for reading, view in views if reading.image is digit.image)
        return self._replace(normalised_digit=digit, view=view, other_views=())

    def make_thumbnail_view(self) -> ThumbnailView | None:
        """Make what the thumbnail will show of the page, where that was not done already."""
        if isinstance(self.view, Page):
            digit = self.normalised_digit
            return make_view(self.view, digit.box if digit else None)
        return self.view


_LoadedPage = tuple[FileInfo, int, Page | Rejection]


def measure_sources(
    sources: Sequence[Source], limits: Limits, with_views: bool
) -> list[MeasuredPage]:
    """Read files and measure their pages; a file or page that cannot be read is a rejection.

    Args:
        sources: any number of files.
        limits: pixels and pages beyond which nothing is decoded.
        with_views: whether to keep what thumbnails will show.

    Returns:
        One measured page a page, at least one a file, in the order of ``sources`` and pages.
    """
    measured_pages: list[MeasuredPage] = []
    loaded_pages = _load_pages(sources, limits)
    for group in group_by_weight(loaded_pages, _count_pixels, _GROUP_WEIGHT):
        measured_pages += _measure_pages(group, with_views)
    return measured_pages


def _load_pages(sources: Sequence[Source], limits: Limits) -> Iterator[_LoadedPage]:
    for group in group_by_weight(map(_read_file, sources), _count_bytes, _GROUP_WEIGHT):
        while group:
            yield from _decode_pages(*group.pop(0), limits)


def _read_file(source: Source) -> tuple[FileInfo, bytes | Rejection]:
    try:
        data, file_stat = source.read()
    except ImageError as error:
        return FileInfo(source, FileStat(), ""), error.rejection
    file = FileInfo(source, file_stat, hash_bytes(data))
    if source.hopeless and (detail := source.hopeless.details.get(file.sha256)):
        return file, Rejection(Reason.TIMED_OUT, detail)
    return file, data


def _decode_pages(file: FileInfo, data: bytes | Rejection, limits: Limits) -> Iterable[_LoadedPage]:
    if isinstance(data, Rejection):
        return [(file, 1, data)]
    # A loop here would hold each page until the next one is decoded.
    return map(lambda page: (file, *page), load_pages(data, file.source.name, limits, SEARCH_SIDE))


def _count_bytes(file_and_data: tuple[FileInfo, bytes | Rejection]) -> int:
    return 0 if isinstance(file_and_data[1], Rejection) else len(file_and_data[1])


def _count_pixels(loaded_page: _LoadedPage) -> int:
    return 0 if isinstance(loaded_page[2], Rejection) else loaded_page[2].gray.size


def _measure_pages(loaded_pages: Sequence[_LoadedPage], with_views: bool) -> list[MeasuredPage]:
    """Normalise pages, and keep of each one what its thumbnail will show."""
    digits = iter(normalise_all([page.gray for *_, page in loaded_pages if isinstance(page, Page)]))
    return [
        MeasuredPage(file, number, page)
        if isinstance(page, Rejection)
        else _measure_page(file, number, page, next(digits), with_views)
        for file, number, page in loaded_pages
    ]


def _measure_page(
    file: FileInfo, page_number: int, page: Page, digit: NormalisedDigit, with_view: bool
) -> MeasuredPage:
    width, height = page.width, page.height
    boxes = [reading.box for reading in digit.readings()]
    if isinstance(page, ReducedPage):
        factor = _compute_enlargement(page, digit)
        if factor > 1:
            enlarged = catch_decode_errors(partial(page.decode_larger, factor))
            return _measure_pages([(file, page_number, enlarged)], with_view)[0]
        width, height = page.full_width, page.full_height
        digit = rescale_digit(digit, page.scale, (height, width))
    view: ThumbnailView | Page | None = None
    other_views: tuple[ThumbnailView, ...] = ()
    if with_view and page.gray.size <= _SMALL_PAGE_PIXELS:
        view = page
    elif with_view:
        view, *others = [make_view(page, box) for box in boxes]
        other_views = tuple(others)
    streak = find_streak(page.gray)
    if streak is not None:
        streak = streak * width // page.gray.shape[1]
    return MeasuredPage(
        *(file, page_number, None, digit, width, height, view, other_views, streak),
        is_incomplete=page.is_incomplete,
    )


def _compute_enlargement(page: ReducedPage, digit: NormalisedDigit) -> float:
    """Compute how many times larger a page must be decoded for its digit to be beyond doubt."""
    boxes = [reading.box for reading in digit.readings() if reading.box]
    if not boxes:
        return 1  # every page is searched reduced even further
    side = min(max(box.width, box.height) for box in boxes)
    if side < MIN_DIGIT_PIXELS:
        return MIN_DIGIT_PIXELS / side
    return 1 if is_unambiguous(digit, page.height, page.width) else page.scale
