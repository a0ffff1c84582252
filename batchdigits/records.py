"""The frozen dataclasses that flow through the road, and the words they may use.

Nothing here computes more than a name: every other room may import this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from batchdigits.reasons import Reason, Rejection, Status

if TYPE_CHECKING:
    from batchdigits.arrays import GrayImage


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

    Exactly one of ``prediction`` and ``rejection`` is set. ``width`` and ``height`` are 0 where
    the page was never decoded; ``sha256`` is empty where the file could not be read at all.
    ``thumbnail`` is the thumbnail's path inside the outbox with ``/``, or empty; ``thumbnail_png``
    is its content where it is not written yet, or kept for contact sheets alone. ``streak`` is
    where a dark line from top to bottom lies, in pixels from the left.
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
