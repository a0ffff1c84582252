"""What workers of a session answer: entries for the journal, believed once they are checked."""

import re
from collections.abc import Sequence
from operator import contains
from typing import Any, get_args, get_type_hints

import orjson

from batchdigits.config import Thumbnails
from batchdigits.execution.answer_rules import (
    MAX_SIDE,
    READ_OUTCOMES,
    REJECTED_OUTCOMES,
    check_file_stat,
    check_sha256,
    is_detail,
    is_time,
    require,
)
from batchdigits.journal.entries import FileEntry, PageEntry, decompress_image
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.pipeline.thumbnail_files import (
    MAX_THUMBNAIL_BYTES,
    make_plain_thumbnail_name,
    make_source_thumbnail_name,
)
from batchdigits.reasons import Status
from batchdigits.records import Source
from batchdigits.system.sandbox.plain_messages import BadMessageError, unpack_bytes

_MAX_IMAGE_BYTES, _MAX_SCORES_LENGTH = 1024, 512
_MAX_MARKS = 2**31
_BOX = re.compile(r"\[\d{1,10},\d{1,10},\d{1,10},\d{1,10}\]", re.ASCII)
_OK = str(Status.OK)
#: The types of a page's values, one of which each has exactly; images are packed as text.
_PAGE_TYPES = tuple(
    frozenset(str if kind is bytes else kind for kind in get_args(hint) or (hint,))
    for hint in get_type_hints(PageEntry).values()
)
#: What a page has that was not read, besides number, status, reason, detail and time.
_NOTHING = [None] * 13


def to_plain(entries: Sequence[FileEntry | None]) -> list[tuple[Any, ...] | None]:
    """Make what a worker answers of entries; ``None`` stands for a job without one."""
    return [entry and entry[:4] for entry in entries]


def check_entry(
    values: object, source: Source, context: RecognitionContext, known_sha256: str = ""
) -> FileEntry:
    """Make an entry of what a worker answered for a file.

    Args:
        values: one item of what :func:`to_plain` made, from a worker that is not trusted.
        source: the file.
        context: what the worker was to read it with.
        known_sha256: with which hash the file's pages need not be sent, as they are known; or
            empty.

    Raises:
        BadMessageError: that can be the answer for no file.
    """
    require(type(values) is list and len(values) == 4, "an entry that is none")
    assert isinstance(values, list)
    stat_values, sha256, page_list, png_list = values
    file_stat, sha256 = check_file_stat(stat_values), check_sha256(sha256)
    require(type(page_list) is list and type(png_list) is list, "pages that are none")
    require(len(page_list) <= context.limits.max_pages + 1, "more pages than are read")
    require(page_list or sha256 == known_sha256 != "", "a file without pages")
    pages = [_check_page(page, number) for number, page in enumerate(page_list, 1)]
    for page in pages:
        if page.thumbnail is not None:
            _check_thumbnail_name(page.thumbnail, page.page, source, sha256, context)
    entry = FileEntry.from_pages(file_stat, sha256, pages, _check_pngs(png_list, pages, context))
    require(sha256 or not (entry.readable or entry.needs_quarantine), "the pages of an unread file")
    return entry


def _check_page(values: Any, number: int) -> PageEntry:
    if (
        type(values) is not list
        or len(values) != len(_PAGE_TYPES)
        or not all(map(contains, _PAGE_TYPES, map(type, values)))
    ):
        raise BadMessageError("a page with values of other types")
    page, status, reason, detail, *numbers, read_at, _, scores, box = values[:14]
    contrast, marks, image, streak = values[14:]
    if page != number or not is_time(read_at):
        raise BadMessageError("a page out of order or time")
    if (status, reason) in REJECTED_OUTCOMES:
        is_sound = is_detail(detail) and [*numbers, *values[11:]] == _NOTHING
        require(is_sound, "an unread page with other values than such have")
        return PageEntry._make(values)
    if (status, reason) not in READ_OUTCOMES or detail is not None:
        raise BadMessageError("a page that is neither read nor not")
    *readings, width, height = numbers
    if not (
        width is not None
        and height is not None
        and contrast is not None
        and marks is not None
        and image is not None
        and 0 < width < MAX_SIDE
        and 0 < height < MAX_SIDE
        and 0 <= contrast <= 1
        and 0 <= marks < _MAX_MARKS
        and (streak is None or 0 <= streak < width)
    ):
        raise BadMessageError("a page with numbers out of range")
    if box is None:
        is_sound = status != _OK and scores is None and readings == [None] * 4
    else:
        is_box = _BOX.fullmatch(box) is not None
        is_sound = is_box and _are_readings(*readings) and _are_scores(scores)
    require(is_sound, "a reading out of range")
    return PageEntry._make([*values[:16], _check_image(image), streak])


def _check_image(text: str) -> bytes:
    try:
        blob = unpack_bytes(text)
        decompress_image(blob)
    except ValueError as error:
        raise BadMessageError("an image that is none") from error
    require(len(blob) <= _MAX_IMAGE_BYTES, "an image that is none")
    return blob


def _are_readings(
    digit: int | None,
    confidence: float | None,
    second_digit: int | None,
    second_confidence: float | None,
) -> bool:
    return (
        digit is not None
        and confidence is not None
        and second_digit is not None
        and second_confidence is not None
        and 0 <= digit <= 9
        and 0 <= second_digit <= 9
        and 0 <= confidence <= 1
        and 0 <= second_confidence <= 1
    )


def _are_scores(text: str | None) -> bool:
    if text is None or len(text) > _MAX_SCORES_LENGTH:
        return False
    try:
        scores = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return (
        type(scores) is list
        and len(scores) == 10
        and {*map(type, scores)} == {float}
        and min(scores) >= 0
        and max(scores) <= 1
    )


def _check_thumbnail_name(
    name: str, page: int, source: Source, sha256: str, context: RecognitionContext
) -> None:
    """Refuse any other name than a worker gives: the file of that name will be removed once."""
    require(context.thumbnails in (Thumbnails.EACH, Thumbnails.REVIEW), "a thumbnail unasked for")
    expected = make_source_thumbnail_name(source, page, sha256, context.name_rules)
    if name != expected:
        # What is written here gets its other name here.
        is_other = context.writes_thumbnails and name == make_plain_thumbnail_name(expected)
        require(is_other, "a wrong name for a thumbnail")


def _check_pngs(
    values: list[Any], pages: Sequence[PageEntry], context: RecognitionContext
) -> list[tuple[int, bytes]]:
    if not values:
        return []
    come_back = context.thumbnails is Thumbnails.SHEETS or not context.writes_thumbnails
    require(come_back and context.has_thumbnails, "thumbnails unasked for")
    read_pages = {page.page for page in pages if page.image}
    pngs = []
    for value in values:
        require(type(value) is list and [*map(type, value)] == [int, str], "no thumbnail")
        number, text = value
        require(number in read_pages, "a thumbnail of no page")
        read_pages.remove(number)
        try:
            png = unpack_bytes(text)
        except ValueError as error:
            raise BadMessageError("a thumbnail that is none") from error
        require(0 < len(png) <= MAX_THUMBNAIL_BYTES, "a thumbnail that is none")
        pngs.append((number, png))
    return pngs
