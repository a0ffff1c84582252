"""The frozen dataclasses that flow through the road, and the words they may use.

Nothing here computes more than a name: every other room may import this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # the words must be had without loading numpy
    from batchdigits.arrays import GrayImage


class Status(StrEnum):
    """What became of one page. Stable: people filter spreadsheets by these words."""

    OK = "ok"
    REVIEW = "review"
    QUARANTINED = "quarantined"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a row is not simply ``ok``. Stable codes; :data:`REASON_TEXTS` holds the plain words."""

    # review: read, but a person should look
    BLANK = "blank"
    TOO_FAINT = "too_faint"
    SEVERAL_MARKS = "several_marks"
    NOT_A_DIGIT = "not_a_digit"
    CUT_BY_EDGE = "cut_by_edge"
    TWO_CANDIDATES = "two_candidates"
    LOW_CONFIDENCE = "low_confidence"
    # quarantined: the file itself is bad and will not get better by waiting
    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    TIMED_OUT = "timed_out"
    CRASHED_READER = "crashed_reader"
    # failed: stays in place, is tried again next time
    UNSUPPORTED = "unsupported"
    PERMISSION = "permission"
    VANISHED = "vanished"
    BUSY = "busy"
    DISK_FULL = "disk_full"
    IO_ERROR = "io_error"


#: reason -> (what it means, what to try); shown in quarantine notes, summaries and documents.
REASON_TEXTS: dict[Reason, tuple[str, str]] = {
    Reason.BLANK: (
        "No ink was found on this page.",
        "Scan it again if something should be there; otherwise nothing is needed.",
    ),
    Reason.TOO_FAINT: (
        "The ink is so faint that the digit could not be told with confidence.",
        "Look at the thumbnail, or scan again with more contrast.",
    ),
    Reason.SEVERAL_MARKS: (
        "There seem to be several separate marks, perhaps more than one digit.",
        "Look at the thumbnail; cut the image so that it holds one digit.",
    ),
    Reason.NOT_A_DIGIT: (
        "This may be no digit, or more than one.",
        "Look at the thumbnail; it may be a letter, a tick, a drawing, or digits that touch.",
    ),
    Reason.CUT_BY_EDGE: (
        "The mark runs into the edge of the image, and what is left of it is in doubt.",
        "Look at the thumbnail; scan again with some paper around the digit.",
    ),
    Reason.TWO_CANDIDATES: (
        "Two digits are both likely.",
        "Look at the thumbnail and compare digit and second_digit.",
    ),
    Reason.LOW_CONFIDENCE: (
        "The digit could not be told with confidence.",
        "Look at the thumbnail; more than two digits come into question, or none.",
    ),
    Reason.EMPTY: ("The file holds no bytes.", "Scan or copy it again."),
    Reason.NOT_AN_IMAGE: (
        "The file is named like an image, but its content is something else.",
        "Open it with a text editor to see what it is, and scan again if it should be a picture.",
    ),
    Reason.TRUNCATED: (
        "The file ends in the middle: part of the image is missing.",
        "The copy or transfer broke off. Copy or scan it again.",
    ),
    Reason.CORRUPT: (
        "The file is damaged and cannot be decoded.",
        "Copy or scan it again; an image editor may be able to repair it.",
    ),
    Reason.TOO_LARGE: (
        "The image has more pixels than --max-megapixels allows.",
        "Raise --max-megapixels if the size is right, or scan at a lower resolution.",
    ),
    Reason.TOO_MANY_PAGES: (
        "The file has more pages than --max-pages allows; the pages beyond were not read.",
        "Raise --max-pages, or split the file.",
    ),
    Reason.TIMED_OUT: (
        "Reading the file took longer than --file-timeout allows.",
        "Raise --file-timeout and run again with --retry-failed, or save the file anew.",
    ),
    Reason.CRASHED_READER: (
        "The process that read the file was ended by it, twice.",
        "Open the file in an image editor and save it anew as PNG.",
    ),
    Reason.UNSUPPORTED: (
        "This kind of file is not read by batchdigits; it was left where it is.",
        "Save or export it as PNG, JPEG or TIFF.",
    ),
    Reason.PERMISSION: (
        "The file may not be read by this user.",
        "Give read permission and run again; the file was left where it is.",
    ),
    Reason.VANISHED: (
        "The file disappeared before it could be read.",
        "Put it back and run again.",
    ),
    Reason.BUSY: (
        "The file was held by another program or still growing.",
        "Run again when the other program has finished.",
    ),
    Reason.DISK_FULL: ("The disk is full.", "Free some space and run again."),
    Reason.IO_ERROR: (
        "The file could not be read from its disk or network share.",
        "Check the disk or the network, and run again.",
    ),
}

#: Reasons that lie with the file for good, so that it goes to quarantine.
PERMANENT_REASONS = frozenset(
    {
        Reason.EMPTY,
        Reason.NOT_AN_IMAGE,
        Reason.TRUNCATED,
        Reason.CORRUPT,
        Reason.TOO_LARGE,
        Reason.TOO_MANY_PAGES,
        Reason.TIMED_OUT,
        Reason.CRASHED_READER,
    }
)


class Source(NamedTuple):
    """One file of the inbox.

    ``path`` opens it (undecodable bytes kept as surrogates, as :func:`os.fsdecode` does);
    ``name`` is its place inside the inbox with ``/``, always valid UTF-8
    (see :func:`batchdigits.system.filenames.to_display_name`). ``known_sha256`` is the hash of what
    was read under that name before, or empty; ``crowded`` tells that several contents were.
    ``content`` are its bytes where they are at hand and not in a file, as those from standard
    input.
    """

    path: str
    name: str
    known_sha256: str = ""
    has_other_contents: bool = False
    content: bytes | None = None


class FileStat(NamedTuple):
    """What the file system said of a file when it was opened for reading.

    ``size`` in bytes, ``mtime_ns`` and ``born_ns`` in nanoseconds since 1970; ``inode`` and
    ``born_ns`` together tell a file overwritten in place from a new one under an old name
    (0 where the file system does not say).
    """

    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    born_ns: int = 0


def to_sqlite_integer(number: int) -> int:
    """A number as SQLite can hold it, with 64 bits and a sign: what goes beyond becomes 0.

    Clocks of file systems reach further than the year 2262, and some give all inodes a high bit.
    """
    return number if -(2**63) <= number < 2**63 else 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a file or page could not be read: a stable code and one sentence of detail."""

    reason: Reason
    detail: str

    @property
    def status(self) -> Status:
        """``quarantined`` where the file itself is bad, ``failed`` where it stays in place."""
        return Status.QUARANTINED if self.reason in PERMANENT_REASONS else Status.FAILED


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page: ``gray`` is ``(height, width) uint8``, upright, alpha blended on white."""

    number: int
    gray: GrayImage

    @property
    def width(self) -> int:
        """Pixels across, after EXIF rotation."""
        return int(self.gray.shape[1])

    @property
    def height(self) -> int:
        """Pixels down, after EXIF rotation."""
        return int(self.gray.shape[0])


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in page pixels: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class NormalisedDigit:
    """What the normaliser makes of a page.

    ``image`` is ``(28, 28) uint8``, white ink on black as in MNIST, all zero for a blank;
    ``box`` the ink in page pixels (``None`` for a blank); ``contrast`` the ink's strength
    against its paper, 0-1; ``marks`` the number of separate digit-sized marks.
    """

    image: GrayImage
    box: Box | None
    contrast: float
    component_count: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """A page read: ``digit`` is ``None`` for a blank; confidences are calibrated, 0-1.

    ``scores`` are the ten calibrated probabilities (empty for a blank); what they lack of 1 is
    the probability that this is no digit.
    """

    status: Status
    reason: Reason | None
    digit: int | None
    confidence: float | None
    second_digit: int | None
    second_confidence: float | None
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PageRecord:
    """One line of every report: one page of one file, read or not.

    Exactly one of ``reading`` and ``rejected`` is set. ``width`` and ``height`` are 0 where the
    page was never decoded; ``sha256`` is empty where the file could not be read at all.
    ``thumbnail`` is the picture's path inside the outbox with ``/``, or empty; ``picture`` is
    its PNG where it is kept for contact sheets alone. ``streak`` is where a dark line from top to
    bottom lies, in pixels from the left.
    """

    source: Source
    page: int
    file_stat: FileStat
    sha256: str
    width: int
    height: int
    read_at: str
    prediction: Prediction | None = None
    rejection: Rejection | None = None
    normalised_digit: NormalisedDigit | None = None
    thumbnail: str = ""
    thumbnail_png: bytes = b""
    streak: int | None = None

    @property
    def status(self) -> Status:
        """What became of this page."""
        outcome = self.prediction or self.rejection
        assert outcome is not None, "a Row has a reading or a rejection"
        return outcome.status

    @property
    def reason(self) -> Reason | None:
        """Why it is not simply ``ok``; ``None`` when it is."""
        outcome = self.prediction or self.rejection
        return outcome.reason if outcome else None
