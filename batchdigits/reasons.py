"""What became of a page and why: stable words, what they mean, and what to try.

Nothing here imports another module, so that every room may import this one.
"""

from dataclasses import dataclass
from enum import StrEnum


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
    INCOMPLETE = "incomplete"
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


#: What each reason means, and what to try; shown in quarantine notes, summaries and documents.
REASON_TEXTS: dict[Reason, tuple[str, str]] = {
    Reason.BLANK: (
        "No ink was found on this page.",
        "Scan it again if something should be there; otherwise nothing is needed.",
    ),
    Reason.INCOMPLETE: (
        "The end of the file is missing, but every row of the image could be read.",
        "Look at the thumbnail; copy or scan it again if anything is missing.",
    ),
    Reason.TOO_FAINT: (
        "The ink is so faint that the digit could not be read with confidence.",
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
        "The ink runs off the edge of the image, and the rest of it is ambiguous.",
        "Look at the thumbnail; scan again with some paper around the digit.",
    ),
    Reason.TWO_CANDIDATES: (
        "Two digits are both likely.",
        "Look at the thumbnail and compare digit and second_digit.",
    ),
    Reason.LOW_CONFIDENCE: (
        "The digit could not be read with confidence.",
        "Look at the thumbnail; it may be any of several digits, or none.",
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
        "The file crashed the process that was reading it, twice.",
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

#: What each reason means, in a few words: before or behind a number of pages, in a table.
REASON_PHRASES: dict[Reason, str] = {
    Reason.BLANK: "blank",
    Reason.INCOMPLETE: "end of the file missing",
    Reason.TOO_FAINT: "ink too faint",
    Reason.SEVERAL_MARKS: "several marks",
    Reason.NOT_A_DIGIT: "perhaps no digit",
    Reason.CUT_BY_EDGE: "cut off by the edge",
    Reason.TWO_CANDIDATES: "one of two digits",
    Reason.LOW_CONFIDENCE: "unsure which digit",
    Reason.EMPTY: "empty file",
    Reason.NOT_AN_IMAGE: "not an image",
    Reason.TRUNCATED: "file cut off",
    Reason.CORRUPT: "damaged file",
    Reason.TOO_LARGE: "too many pixels",
    Reason.TOO_MANY_PAGES: "too many pages",
    Reason.TIMED_OUT: "took too long",
    Reason.CRASHED_READER: "crashed its reader",
    Reason.UNSUPPORTED: "unsupported kind of file",
    Reason.PERMISSION: "no permission to read it",
    Reason.VANISHED: "disappeared",
    Reason.BUSY: "in use by another program",
    Reason.DISK_FULL: "disk full",
    Reason.IO_ERROR: "fault of disk or network",
}


class PermanentReason(StrEnum):
    """The reasons that lie with the file for good, so that it goes to quarantine."""

    EMPTY = Reason.EMPTY.value
    NOT_AN_IMAGE = Reason.NOT_AN_IMAGE.value
    TRUNCATED = Reason.TRUNCATED.value
    CORRUPT = Reason.CORRUPT.value
    TOO_LARGE = Reason.TOO_LARGE.value
    TOO_MANY_PAGES = Reason.TOO_MANY_PAGES.value
    TIMED_OUT = Reason.TIMED_OUT.value
    CRASHED_READER = Reason.CRASHED_READER.value


#: The same as members of :class:`Reason`.
PERMANENT_REASONS = frozenset(map(Reason, PermanentReason))


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a file or page could not be read.

    Attributes:
        reason: the stable code.
        detail: one sentence for a person.
    """

    reason: Reason
    detail: str

    @property
    def status(self) -> Status:
        """``quarantined`` where the file itself is bad, ``failed`` where it stays in place."""
        return Status.QUARANTINED if self.reason in PERMANENT_REASONS else Status.FAILED
