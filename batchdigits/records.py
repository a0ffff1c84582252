"""The frozen dataclasses that flow from the inbox to the reports.

One file is a :class:`Source`; each of its pages becomes a :class:`Page`, a
:class:`NormalisedDigit`, a :class:`Prediction` and at last a :class:`PageRecord`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from batchdigits.reasons import Reason, Rejection, Status
from batchdigits.system.access.modes import limit_mode_by_folders, make_shared_mode
from batchdigits.system.file_content import read_file, to_sqlite_integer

if TYPE_CHECKING:  # needed without numpy by commands that read no image
    from batchdigits.arrays import GrayImage


class FileStat(NamedTuple):
    """What the file system said of a file when it was opened for reading.

    Attributes:
        size: in bytes.
        mtime_ns: when the content last changed, in nanoseconds since 1970.
        inode: the file's number in its file system. Together with ``born_ns`` it tells a file
            that was overwritten in place from a new one under an old name.
        born_ns: when the file was made, in nanoseconds since 1970; 0 where the file system does
            not say.
        ctime_ns: when content, name or rights last changed, in nanoseconds since 1970. Nobody can
            set it, so that content exchanged under an old size and mtime shows here.
        mode: which of owner, group and others may read and write it, as :func:`os.chmod` takes it,
            without what folders of the inbox above it forbid; not put on record.
        gid: the number of its group; -1 where it has none. Not put on record.
    """

    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    born_ns: int = 0
    ctime_ns: int = 0
    mode: int = 0o666
    gid: int = -1

    def limit_mode(self, gid: int) -> int:
        """Return the most open mode that a file made of it may have, with the group ``gid``."""
        return make_shared_mode(self.mode, self.gid, gid)


class ListedFile(NamedTuple):
    """A file as a walk through the inbox meets it; all numbers are 0 where it may not be looked at.

    Attributes:
        name: its path inside the inbox, see :class:`Source`.
        size: in bytes.
        mtime_ns: see :class:`FileStat`, as the next two.
        inode: see there.
        ctime_ns: see there.
    """

    name: str
    size: int
    mtime_ns: int
    inode: int = 0
    ctime_ns: int = 0


@dataclass(eq=False, slots=True)
class HopelessContents:
    """Contents that take too long to read, and are not tried again under any name.

    All sources of a session share one of these, so that each is sent to its worker with what is
    known by then.

    Attributes:
        details: by the content's hash, a sentence that says so.
    """

    details: dict[str, str] = field(default_factory=dict)


class Source(NamedTuple):
    """One file to be read, or bytes that stand for one.

    Attributes:
        path: opens the file (undecodable bytes kept as surrogates, as :func:`os.fsdecode` does).
        name: the file's path inside the inbox with ``/``, always valid UTF-8
            (see :func:`batchdigits.system.filenames.to_display_name`).
        known_sha256: hash of what was read under that name before, or empty.
        has_other_contents: whether several contents were read under that name before.
        content: the bytes themselves where they are not in a file: an array, standard input.
        root: real path of the folder, with which ``path`` begins, that the file must lie in
            whatever links there are, as strangers may write to it; empty for a path that
            somebody named.
        hopeless: contents that are not to be decoded; ``None`` where none are known.
    """

    path: str
    name: str
    known_sha256: str = ""
    has_other_contents: bool = False
    content: bytes | None = None
    root: str = ""
    hopeless: HopelessContents | None = None

    def read(self) -> tuple[bytes, FileStat]:
        """Read all bytes; whoever reads a source need not know where they come from.

        Returns:
            The bytes, and what the file system said of the file at that moment.

        Raises:
            ImageError: ``PERMISSION``, ``VANISHED``, ``BUSY``, ``DISK_FULL`` or ``IO_ERROR`` as
                the system says; ``IO_ERROR`` for anything but a regular file, which is not
                waited for.
        """
        if self.content is not None:
            return self.content, FileStat(len(self.content))
        data, status, born_ns = read_file(self.path, self.root)
        numbers = status.st_mtime_ns, status.st_ino, born_ns, status.st_ctime_ns
        mode = limit_mode_by_folders(self.path, status, self.name.count("/"))
        return data, FileStat._make(
            (status.st_size, *map(to_sqlite_integer, numbers), mode, status.st_gid)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page.

    Attributes:
        number: from 1.
        gray: ``(height, width) uint8``, 0 black, 255 white, upright, transparency blended on
            white.
        is_incomplete: whether the end of its file is missing, though all of its pixels are there.
    """

    number: int
    gray: GrayImage
    is_incomplete: bool = field(default=False, kw_only=True)

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


class Mark(StrEnum):
    """What people draw round, below or across a digit, and is no part of it."""

    RING = "ring"
    UNDERLINE = "underline"
    STRIKE = "strike"


@dataclass(frozen=True, slots=True)
class NormalisedDigit:
    """What the normaliser makes of a page.

    Attributes:
        image: ``(28, 28) uint8``, white ink on black as in MNIST, all 0 for a blank page.
        box: the ink in page pixels; ``None`` for a blank page.
        contrast: the ink's strength against its paper, 0-1.
        component_count: how many separate digit-sized pieces of ink there are.
        alternative: the same page normalised another way, with what may be no ink of the digit cut
            away: both are read, and the surer reading is kept. ``None`` where there is no doubt,
            and in every digit that was read.
        removed_mark: what was taken away for this image; ``None`` where nothing was, or a line of a
            form.
        is_cut: whether a part of the digit may have been cut away.
    """

    image: GrayImage
    box: Box | None
    contrast: float
    component_count: int
    alternative: NormalisedDigit | None = None
    removed_mark: Mark | None = None
    is_cut: bool = False

    def alone(self) -> NormalisedDigit:
        """Return the digit without its alternative."""
        return self if self.alternative is None else replace(self, alternative=None)

    def readings(self) -> list[NormalisedDigit]:
        """Return the digit, its alternative, that one's, and so on, each without the next."""
        first = self.alone()
        return [first] if self.alternative is None else [first, *self.alternative.readings()]

    @classmethod
    def from_readings(cls, readings: list[NormalisedDigit]) -> NormalisedDigit:
        """Make each but the first of one or more digits the alternative of the one before."""
        if len(readings) == 1:
            return readings[0]
        return replace(readings[0], alternative=cls.from_readings(readings[1:]))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A page that was read.

    Attributes:
        status: ``ok`` or ``review``.
        reason: why it is ``review``; ``None`` where it is ``ok``.
        digit: 0-9; ``None`` for a blank page and where the reason is ``not_a_digit``.
        confidence: calibrated probability of ``digit``, 0-1; ``None`` where that is.
        second_digit: the next likely digit, or the likeliest where ``digit`` is ``None``; ``None``
            for a blank page.
        second_confidence: calibrated probability of that one, 0-1.
        scores: the ten calibrated probabilities, empty for a blank page; what they lack of 1 is
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
    """One row of every report: one page of one file, read or not.

    Attributes:
        source: the file.
        page: number of the page, from 1.
        file_stat: what the file system said of the file; all 0 where it could not be opened.
        sha256: hash of the file's content; empty where it could not be read at all.
        width: of the page in pixels; 0 where the page was never decoded.
        height: of the page in pixels; 0 where the page was never decoded.
        read_at: when, in UTC, as ISO 8601.
        prediction: what was read. Exactly one of ``prediction`` and ``rejection`` is set.
        rejection: why nothing was.
        normalised_digit: the image that the model saw, and what was measured of the ink.
        thumbnail: the thumbnail's path inside the outbox with ``/``, or empty.
        thumbnail_png: the thumbnail itself where it is not in a file.
        streak: where a dark line from top to bottom lies, in pixels from the left.
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
        assert outcome is not None, "a PageRecord has a prediction or a rejection"
        return outcome.status

    @property
    def reason(self) -> Reason | None:
        """Why it is not simply ``ok``; ``None`` where it is."""
        outcome = self.prediction or self.rejection
        return outcome.reason if outcome else None


def group_by_file(records: Iterable[PageRecord]) -> list[list[PageRecord]]:
    """Group the pages of whole files, in order, by their files."""
    files: list[list[PageRecord]] = []
    for record in records:
        if record.page == 1:
            files.append([])
        files[-1].append(record)
    return files
