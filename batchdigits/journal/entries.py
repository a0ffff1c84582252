"""What the journal holds of files and pages, on its way from a worker into the tables.

A :class:`FileEntry` is what the tables hold and no more. Between processes it is a plain tuple:
packing and unpacking those takes two thirds of the time that the objects take, and what comes from
a worker that a file has taken over is a tuple of wrong values at worst.
"""

import pickle
from collections.abc import Iterable, Sequence
from operator import contains
from typing import Any, NamedTuple, get_args, get_type_hints

import numpy as np
import orjson
from isal import isal_zlib

from batchdigits.arrays import GrayImage
from batchdigits.reasons import Reason, Status
from batchdigits.records import FileStat, PageRecord, group_by_file
from batchdigits.system.sandbox.plain_messages import BadMessageError, unpack_plain

_SIDE = 28
#: Of zlib: a fifth of level 1's time, for a hundred bytes more an image.
_COMPRESSION_LEVEL = 0
_READ_STATUSES = frozenset({str(Status.OK), str(Status.REVIEW)})
_QUARANTINED = str(Status.QUARANTINED)
_STATUSES, _REASONS = frozenset(map(str, Status)), frozenset(map(str, Reason))


class PageEntry(NamedTuple):
    """One page as the journal's table ``pages`` has it, under the names of its columns."""

    page: int
    status: str
    reason: str | None
    detail: str | None
    digit: int | None
    confidence: float | None
    second_digit: int | None
    second_confidence: float | None
    width: int | None
    height: int | None
    read_at: str
    thumbnail: str | None
    scores: str | None
    box: str | None
    contrast: float | None
    marks: int | None
    image: bytes | None
    streak: int | None = None


#: The types of each column, one of which its values are exactly.
_PAGE_TYPES = tuple(
    frozenset(get_args(hint) or (hint,)) for hint in get_type_hints(PageEntry).values()
)


class FileEntry(NamedTuple):
    """One file with all its pages; no pages mean that its content is the one known already.

    Attributes:
        file_stat: what the file system said of it.
        sha256: of its content, hexadecimal; empty where it could not be read at all.
        pages: in order.
        thumbnail_pngs: page and PNG of the thumbnails that are no files, or no files yet.
        readable: whether any page was read.
        needs_quarantine: whether any page belongs in quarantine.
    """

    file_stat: FileStat
    sha256: str
    pages: list[PageEntry]
    thumbnail_pngs: list[tuple[int, bytes]]
    readable: bool
    needs_quarantine: bool

    @classmethod
    def from_pages(
        cls,
        file_stat: FileStat,
        sha256: str,
        pages: list[PageEntry],
        thumbnail_pngs: list[tuple[int, bytes]] | None = None,
    ) -> "FileEntry":
        """Make an entry that knows what its pages come to."""
        statuses = {page.status for page in pages}
        readable = not statuses.isdisjoint(_READ_STATUSES)
        return cls(
            file_stat, sha256, pages, thumbnail_pngs or [], readable, _QUARANTINED in statuses
        )


def entries_from_records(records: Iterable[PageRecord]) -> list[FileEntry]:
    """Make one entry a file of the pages of whole files, in order."""
    return [_entry_from_records(file_records) for file_records in group_by_file(records)]


def _entry_from_records(records: list[PageRecord]) -> FileEntry:
    thumbnail_pngs = [
        (record.page, record.thumbnail_png) for record in records if record.thumbnail_png
    ]
    pages = [_page_entry_from_record(record) for record in records]
    return FileEntry.from_pages(records[0].file_stat, records[0].sha256, pages, thumbnail_pngs)


def to_wire(entries: Sequence[FileEntry | None]) -> bytes:
    """Pack entries as a worker sends them; ``None`` stands for a job without one."""
    plain = [entry and _to_tuple(entry) for entry in entries]
    return pickle.dumps(plain, pickle.HIGHEST_PROTOCOL)


def _to_tuple(entry: FileEntry) -> tuple[object, ...]:
    file_stat, sha256, pages, *rest = entry
    return tuple(file_stat), sha256, [tuple(page) for page in pages], *rest


def from_wire(data: bytes, count: int) -> list[FileEntry | None]:
    """Unpack what :func:`to_wire` packed.

    Args:
        data: from a worker, which a file may have taken over.
        count: how many entries there must be.

    Raises:
        BadMessageError: it did not pack that: something is damaged, or of another type.
    """
    try:
        entries = [entry and _entry_from_tuple(*entry) for entry in unpack_plain(data)]
    except BadMessageError:
        raise
    except (TypeError, ValueError) as error:  # too many values, or not iterable
        raise BadMessageError(str(error)) from error
    if len(entries) != count:
        raise BadMessageError(f"{len(entries)} entries, not {count}")
    return entries


def _entry_from_tuple(
    file_stat: tuple[int, ...],
    sha256: str,
    pages: list[tuple[Any, ...]],
    thumbnail_pngs: list[tuple[int, bytes]],
    readable: bool,
    needs_quarantine: bool,
) -> FileEntry:
    entry = FileEntry(
        FileStat._make(file_stat),
        sha256,
        [PageEntry._make(page) for page in pages],
        thumbnail_pngs,
        readable,
        needs_quarantine,
    )
    if not (
        {*map(type, file_stat)} == {int}
        and type(sha256) is str
        and {*map(type, (readable, needs_quarantine))} == {bool}
        and all(map(_is_sound, entry.pages))
        and all(type(page) is int and type(png) is bytes for page, png in thumbnail_pngs)
    ):
        raise BadMessageError("an entry holds values of other types")
    return entry


def _is_sound(page: PageEntry) -> bool:
    """Tell whether a page's values are of the types, and its words of those, that there are."""
    return (
        all(map(contains, _PAGE_TYPES, map(type, page)))
        and page.status in _STATUSES
        and (page.reason is None or page.reason in _REASONS)
    )


def _page_entry_from_record(record: PageRecord) -> PageEntry:
    prediction, rejection = record.prediction, record.rejection
    digit = record.normalised_digit
    box = digit.box if digit else None
    reason = record.reason
    return PageEntry(
        record.page,
        str(record.status),
        str(reason) if reason else None,
        rejection.detail if rejection else None,
        prediction.digit if prediction else None,
        prediction.confidence if prediction else None,
        prediction.second_digit if prediction else None,
        prediction.second_confidence if prediction else None,
        record.width or None,
        record.height or None,
        record.read_at,
        record.thumbnail or None,
        _scores_to_json(prediction.scores) if prediction and prediction.scores else None,
        f"[{box.x},{box.y},{box.width},{box.height}]" if box else None,
        round(digit.contrast, 4) if digit else None,
        digit.component_count if digit else None,
        isal_zlib.compress(digit.image.tobytes(), _COMPRESSION_LEVEL) if digit else None,
        record.streak,
    )


def _scores_to_json(scores: tuple[float, ...]) -> str:
    """Write scores as JSON, each as the shortest text that single precision tells apart."""
    values = np.array(scores, np.float32)
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def decode_image(blob: bytes) -> GrayImage:
    """Unpack an image of the table ``pages``: ``(28, 28) uint8``, white ink on black."""
    return np.frombuffer(decompress_image(blob), np.uint8).reshape(_SIDE, _SIDE)


def decompress_image(blob: bytes) -> bytes:
    """Unpack an image of the table ``pages``: its 784 gray levels, row by row.

    Raises:
        ValueError: it is no such image; no more than one is ever unpacked.
    """
    stream = isal_zlib.decompressobj()
    try:
        levels = bytes(stream.decompress(blob, _SIDE * _SIDE + 1))
    except isal_zlib.error as error:  # type: ignore[misc]  # its stubs say instance for class
        raise ValueError(str(error)) from error
    if len(levels) != _SIDE * _SIDE:
        raise ValueError(f"an image of {len(levels)} gray levels")
    return levels
