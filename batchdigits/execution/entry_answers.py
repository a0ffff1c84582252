"""What workers of a session answer: entries for the journal, believed once they are checked."""

import re
from collections.abc import Sequence
from itertools import chain, islice
from typing import Any

import orjson

from batchdigits.config import Thumbnails
from batchdigits.execution.answer_rules import (
    JSON_NUMBER,
    MAX_NUMBER,
    MAX_SIDE,
    READ_OUTCOMES,
    REJECTED_OUTCOMES,
    check_file_stats,
    check_hashes,
    is_detail,
    is_time,
    require,
)
from batchdigits.execution.page_signatures import (
    DIGIT_SIGNATURES,
    GUESS_SIGNATURES,
    SIGNATURES,
    UNREAD_SIGNATURES,
)
from batchdigits.journal.entries import FileEntry, PageEntry, decompress_image
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.pipeline.thumbnail_files import (
    MAX_THUMBNAIL_BYTES,
    make_plain_thumbnail_name,
    make_source_thumbnail_name,
)
from batchdigits.reasons import Reason, Status
from batchdigits.records import FileStat, Source
from batchdigits.system.sandbox.plain_messages import BadMessageError, unpack_bytes

_MAX_SCORES_LENGTH = 512
#: Written out, as a group that is repeated takes three times as long.
_BOX = re.compile(rf"\[{','.join([JSON_NUMBER] * 4)}\]", re.ASCII)
_OK = str(Status.OK)
_NUMBER, _STATUS, _REASON, _READ_AT, _IMAGE = map(
    PageEntry._fields.index, ("page", "status", "reason", "read_at", "image")
)
#: The types of what is answered for a file.
_ANSWER = frozenset([(list, str, list, list)])


def to_plain(entries: Sequence[FileEntry | None]) -> tuple[list[tuple[Any, ...]], bytes]:
    """Make what a worker answers of entries; ``None``, which stands for no file, is left out.

    Returns:
        Of each entry what :func:`check_entries` has to know, with the length of an image in its
        place; and all images, one after the other, which saves the one who checks half the time.
    """
    images = []
    answers = []
    for entry in entries:
        if entry is not None:
            images += [page.image or b"" for page in entry.pages]
            pages = [_measure_image(page) for page in entry.pages]
            answers.append((*entry[:2], pages, entry.thumbnail_pngs))
    return answers, b"".join(images)


def _measure_image(page: PageEntry) -> tuple[Any, ...]:
    return (*page[:_IMAGE], page.image and len(page.image), page.streak)


def check_entries(
    answer: Any, sources: Sequence[Source], known: Sequence[str], context: RecognitionContext
) -> list[FileEntry]:
    """Make entries of what a worker answered for files.

    Most rules are held against a column of values at once, not against each value: this is done by
    the one process that all workers wait for.

    Args:
        answer: what :func:`to_plain` made, from a worker that is not trusted.
        sources: the files.
        known: for each file, with which hash its pages need not be sent, as they are known; or
            empty.
        context: what the worker was to read them with.

    Raises:
        BadMessageError: that can be the answer for no such files.
    """
    require(type(answer) is list and [*map(type, answer)] == [list, str], "no answer")
    values, images = answer
    require(len(values) == len(sources), "entries of more or fewer files")
    require({*map(type, values)} <= {list}, "an entry that is none")
    require({tuple(map(type, answer)) for answer in values} <= _ANSWER, "an entry that is none")
    stats = check_file_stats([stat for stat, *_ in values])
    check_hashes([sha256 for _, sha256, *_ in values])
    for (_, sha256, pages, _), known_sha256 in zip(values, known, strict=True):
        require(len(pages) <= context.limits.max_pages + 1, "more pages than are read")
        require(pages or sha256 == known_sha256 != "", "a file without pages")
    pages = iter(
        _check_pages(
            [page for _, _, pages, _ in values for page in pages],
            [number for _, _, pages, _ in values for number in range(1, len(pages) + 1)],
            _unpack(images),
        )
    )
    return [
        _make_entry(file_stat, answer, list(islice(pages, len(answer[2]))), source, context)
        for file_stat, answer, source in zip(stats, values, sources, strict=True)
    ]


def _make_entry(
    file_stat: FileStat,
    answer: list[Any],
    pages: list[PageEntry],
    source: Source,
    context: RecognitionContext,
) -> FileEntry:
    _, sha256, _, png_list = answer
    for page in pages:
        if page.thumbnail is not None:
            _check_thumbnail_name(page.thumbnail, page.page, source, sha256, context)
    pngs = _check_pngs(png_list, pages, context) if png_list else []
    entry = FileEntry.from_pages(file_stat, sha256, pages, pngs)
    if not sha256 and (entry.readable or entry.needs_quarantine):
        raise BadMessageError("the pages of an unread file")
    return entry


def _check_pages(pages: list[Any], numbers: list[int], images: bytes) -> list[PageEntry]:
    require({*map(type, pages)} <= {list}, "a page that is none")
    signatures = [tuple(map(type, page)) for page in pages]
    require(SIGNATURES.issuperset(signatures), "a page with values of other types")
    read, unread, with_digit, guessed = [], [], [], []
    for page, signature in zip(pages, signatures, strict=True):
        if signature in UNREAD_SIGNATURES:
            unread.append(page)
        else:
            read.append(page)
            is_guess = page[_REASON] == Reason.NOT_A_DIGIT
            require(is_guess == (signature in GUESS_SIGNATURES), "the digit of what is none")
            if is_guess:
                guessed.append(page)
            elif signature in DIGIT_SIGNATURES:
                with_digit.append(page)
            else:
                require(page[_STATUS] != _OK, "a reading of nothing")
    for some, check in (
        (unread, _check_unread_pages),
        (read, _check_read_pages),
        (with_digit, _check_readings),
        (guessed, _check_guesses),
    ):
        if some:
            check(*zip(*some, strict=True))
    columns: list[Any] = [*zip(*pages, strict=True)] or [()] * len(PageEntry._fields)
    require([*columns[_NUMBER]] == numbers, "a page out of order")
    require(all(map(is_time, {*columns[_READ_AT]})), "a page out of time")
    columns[_IMAGE] = _check_images(columns[_IMAGE], images)
    return [*map(PageEntry._make, zip(*columns, strict=True))]


def _check_unread_pages(*columns: Any) -> None:
    _, statuses, reasons, details, *_ = columns
    is_sound = REJECTED_OUTCOMES.issuperset(zip(statuses, reasons, strict=True))
    require(is_sound and all(map(is_detail, details)), "an unread page as there is none")


def _check_read_pages(*columns: Any) -> None:
    _, statuses, reasons, _, _, _, _, _, widths, heights, *others = columns
    *_, contrasts, marks, _, streaks = others
    is_sound = READ_OUTCOMES.issuperset(zip(statuses, reasons, strict=True))
    require(is_sound, "a page that is neither read nor not")
    require(
        _are_from_to(1, widths, MAX_SIDE)
        and _are_from_to(1, heights, MAX_SIDE)
        and _are_from_to(0, contrasts, 1)
        and _are_from_to(0, marks, MAX_NUMBER)
        and all(
            streak is None or 0 <= streak < width
            for streak, width in zip(streaks, widths, strict=True)
        ),
        "a page with numbers out of range",
    )


def _check_readings(*columns: Any) -> None:
    digits, confidences = columns[4:6]
    require(
        _are_from_to(0, digits, 9) and _are_from_to(0, confidences, 1), "a reading out of range"
    )
    _check_guesses(*columns)


def _check_guesses(*columns: Any) -> None:
    digits, confidences = columns[6:8]
    scores, boxes = columns[12:14]
    require(
        _are_from_to(0, digits, 9)
        and _are_from_to(0, confidences, 1)
        and all(map(_BOX.fullmatch, boxes))
        and _are_scores(scores),
        "a reading out of range",
    )


def _are_from_to(low: int, values: Any, high: int) -> bool:
    return bool(low <= min(values) and max(values) <= high)


def _are_scores(texts: Sequence[str]) -> bool:
    """Tell whether each text is a list of ten numbers from 0 to 1, in JSON."""
    for text in texts:
        # So that each text, joined with the others, is one list: none but its first bracket opens,
        # and brackets need not match in strings alone, which are refused below for their type.
        if len(text) > _MAX_SCORES_LENGTH or text[:1] + text[-1:] != "[]" or text.count("[") != 1:
            return False
    try:
        lists = orjson.loads(f"[{','.join(texts)}]")
    except orjson.JSONDecodeError:
        return False
    numbers = [*chain.from_iterable(lists)]
    return (
        {*map(len, lists)} == {10}
        and len(lists) == len(texts)
        and {*map(type, numbers)} == {float}
        and _are_from_to(0, numbers, 1)
    )


def _check_images(lengths: Sequence[int | None], images: bytes) -> list[bytes | None]:
    blobs = []
    start = 0
    for length in lengths:
        blob = None
        if length is not None:
            if not 0 < length <= len(images) - start:
                raise BadMessageError("an image that is none")
            blob = images[start : start + length]
            start += length
            try:
                decompress_image(blob)
            except ValueError as error:
                raise BadMessageError("an image that is none") from error
        blobs.append(blob)
    require(start == len(images), "images of no page")
    return blobs


def _unpack(text: str) -> bytes:
    try:
        return unpack_bytes(text)
    except ValueError as error:
        raise BadMessageError("bytes that are none") from error


def _check_thumbnail_name(
    name: str, page: int, source: Source, sha256: str, context: RecognitionContext
) -> None:
    """Refuse any other name than a worker gives: the file of that name will be removed once."""
    if context.thumbnails not in (Thumbnails.EACH, Thumbnails.REVIEW):
        raise BadMessageError("a thumbnail unasked for")
    expected = make_source_thumbnail_name(source, page, sha256, context.name_rules)
    if name != expected:
        # What is written here gets its other name here.
        is_other = context.writes_thumbnails and name == make_plain_thumbnail_name(expected)
        require(is_other, "a wrong name for a thumbnail")


def _check_pngs(
    values: list[Any], pages: Sequence[PageEntry], context: RecognitionContext
) -> list[tuple[int, bytes]]:
    come_back = context.thumbnails is Thumbnails.SHEETS or not context.writes_thumbnails
    require(come_back and context.has_thumbnails, "thumbnails unasked for")
    read_pages = {page.page for page in pages if page.image}
    pngs = []
    for value in values:
        require(type(value) is list and [*map(type, value)] == [int, str], "no thumbnail")
        number, text = value
        require(number in read_pages, "a thumbnail of no page")
        read_pages.remove(number)
        png = _unpack(text)
        require(0 < len(png) <= MAX_THUMBNAIL_BYTES, "a thumbnail that is none")
        pngs.append((number, png))
    return pngs
