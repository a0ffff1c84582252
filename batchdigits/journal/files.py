"""What the journal says of a file: to be read, put on record, and where it is."""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from batchdigits.journal.entries import FileEntry


class FileState(StrEnum):
    """Where a file on record is; the column ``source_state`` has these words."""

    #: In the inbox.
    PRESENT = "present"
    #: No longer there, moved or deleted by somebody else.
    GONE = "gone"
    #: Taken to quarantine by the program, since it cannot be read.
    QUARANTINED = "quarantined"
    #: Taken away by the program once it was read.
    PROCESSED = "processed"


class ReaderVersion(NamedTuple):
    """What made a reading.

    Attributes:
        model: the model's name.
        model_sha256: hash that tells it from others: that of its file, or of all its files.
        settings: the settings that change readings, as JSON.
    """

    model: str
    model_sha256: str
    settings: str


class QuarantinedFile(NamedTuple):
    """A file that was taken to quarantine.

    Attributes:
        file_id: its number in the journal.
        name: its path inside the inbox.
        path: where it lies now.
        size: in bytes, as it was read.
        mtime_ns: in nanoseconds since 1970, as it was read.
        sha256: hash of what was read.
    """

    file_id: int
    name: str
    path: Path
    size: int
    mtime_ns: int
    sha256: str


class PendingFile(NamedTuple):
    """One file to read.

    Attributes:
        name: its path inside the inbox.
        order_key: by which names sort in scan order.
        earlier_id: of the file last recorded under this name; ``None`` for a new name.
        earlier_sha256: hash of that file, or empty.
        has_valid_reading: whether that file's reading still holds if the content is the same.
        has_other_contents: whether several contents are on record under this name.
    """

    name: str
    order_key: str
    earlier_id: int | None
    earlier_sha256: str
    has_valid_reading: bool
    has_other_contents: bool


class RecordedFile(NamedTuple):
    """A file that was put on record anew.

    Attributes:
        file_id: its number in the journal.
        pending: the file as it was to be read.
        entry: what was put on record.
        replaces_earlier: whether an earlier record under its name was forgotten for it.
    """

    file_id: int
    pending: PendingFile
    entry: FileEntry
    replaces_earlier: bool
