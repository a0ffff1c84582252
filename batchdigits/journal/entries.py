"""What the journal holds of files and pages, on its way from a worker into the tables.

A :class:`FileEntry` is what the tables hold and no more.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import orjson
from isal import isal_zlib

from batchdigits.arrays import GrayImage
from batchdigits.reasons import Status
from batchdigits.records import FileStat, PageRecord, group_by_file

_SIDE = 28
#: Of zlib: a fifth of level 1's time, for a hundred bytes more an image.
_COMPRESSION_LEVEL = 0
#: More than any image takes; from each byte come a thousand at most.
_MAX_BLOB_BYTES = 1024
_READ_STATUSES = frozenset({str(Status.OK), str(Status.REVIEW)})
_QUARANTINED = str(Status.QUARANTINED)


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
        ValueError: it is no such image; no more than a megabyte is ever unpacked.
    """
    if len(blob) > _MAX_BLOB_BYTES:
        raise ValueError(f"an image of {len(blob)} bytes")
    try:
        levels = isal_zlib.decompress(blob, bufsize=_SIDE * _SIDE)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stubs say instance for class
        raise ValueError(str(error)) from error
    if len(levels) != _SIDE * _SIDE:
        raise ValueError(f"an image of {len(levels)} gray levels")
    return levels
