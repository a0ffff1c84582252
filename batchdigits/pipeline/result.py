"""What Python programs get: ``batchdigits.Reading`` of one page, ``Readings`` of several."""

import base64
import html
from dataclasses import dataclass, field
from typing import SupportsIndex, overload

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.percentages import format_truncated_percent
from batchdigits.reasons import REASON_TEXTS, Reason, Status
from batchdigits.records import Box, PageRecord

_HTML_TEMPLATE = (
    '<div style="display:inline-block;margin:4px;text-align:center;vertical-align:top">{picture}'
    '<div><b style="font-size:150%">{digit}</b> {percent}</div>'
    '<div style="font-size:85%">{name}</div><div style="font-size:85%">{doubt}</div></div>'
)
_IMG_TEMPLATE = (
    '<img alt="what the model saw" width="84" height="84" style="image-rendering:pixelated" '
    'src="data:image/png;base64,{}">'
)
#: Readings that a gallery shows; some hundred kilobytes of a notebook.
_GALLERY_SIZE = 200


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    r"""What was read of one page, or why nothing was. Two are equal where all but ``image`` is.

    Attributes:
        file: the path as it was passed; for a file in a folder, the folder's path and then its own
            (bytes that are not UTF-8 as ``\xHH``); for all else its place: ``images``,
            ``images[3]``, or ``images[3][0]`` for the first of several in one array.
        page: from 1; more than 1 only in TIFF.
        status: ``ok``, ``review`` (read, but look at it), ``quarantined`` (cannot be read) or
            ``failed`` (could not be opened). Nothing is moved, whatever it says.
        reason: why it is not ``ok``, as in the table of reasons; ``None`` where it is.
        detail: the reason in a sentence, or empty.
        digit: 0-9; ``None`` for pages that are blank, unread or ``not_a_digit``.
        confidence: calibrated probability of ``digit``, 0-1; ``None`` where that is.
        second_digit: what it might be instead, 0-9; ``None`` for blank pages and unread ones.
        second_confidence: calibrated probability of ``second_digit``, 0-1.
        scores: the ten calibrated probabilities, empty for blank pages and unread ones; what they
            lack of 1 is the probability that this is no digit.
        box: the ink in pixels of the upright page; ``None`` for blank pages and unread ones.
        width: of the upright page in pixels; ``None`` where it was never decoded.
        height: of the upright page in pixels; ``None`` where it was never decoded.
        image: ``(28, 28) uint8``, what the model saw, white ink on black, all 0 for a blank page,
            not to be written to; ``None`` for unread ones.

    Example:
        >>> import batchdigits
        >>> reading, unread = batchdigits.read(
        ...     ["inbox/forms/digit1.png", "inbox/troubled/half.png"]
        ... )
        >>> reading.digit, reading.width, reading.height
        (7, 84, 95)
        >>> reading.image.shape
        (28, 28)
        >>> unread.is_read, str(unread.reason)
        (False, 'truncated')
        >>> unread.detail
        'The PNG data ends before the image does.'
    """

    file: str
    page: int
    status: Status
    reason: Reason | None = None
    detail: str = ""
    digit: int | None = None
    confidence: float | None = None
    second_digit: int | None = None
    second_confidence: float | None = None
    scores: tuple[float, ...] = ()
    box: Box | None = None
    width: int | None = None
    height: int | None = None
    image: GrayImage | None = field(default=None, compare=False)

    @property
    def is_read(self) -> bool:
        """Whether the page could be read at all, be it blank."""
        return self.image is not None

    @property
    def no_digit(self) -> float | None:
        """The probability that this is no digit, 0-1; ``None`` where there are no scores."""
        return max(0.0, 1 - sum(self.scores)) if self.scores else None

    def __repr__(self) -> str:
        page = f" page {self.page}" if self.page > 1 else ""
        doubt = f"; {self.status}: {self.reason}" if self.reason else ""
        percent = (
            f" ({format_truncated_percent(self.confidence)})" if self.confidence is not None else ""
        )
        digit = self.digit if self.digit is not None else "blank" if self.is_read else "not read"
        return f"<Reading {self.file!r}{page}: {digit}{percent}{doubt}>"

    def _repr_html_(self) -> str:
        """Return a small picture with the digit below it, for notebooks."""
        picture = "" if self.image is None else _IMG_TEMPLATE.format(_encode_png_base64(self.image))
        return _HTML_TEMPLATE.format(
            picture=picture,
            digit="\N{EN DASH}" if self.digit is None else self.digit,
            percent="" if self.confidence is None else format_truncated_percent(self.confidence),
            name=html.escape(self.file + (f", page {self.page}" if self.page > 1 else "")),
            doubt=html.escape(f"{self.status}: {self.reason}" if self.reason else ""),
        )


class Readings(list[Reading]):
    """The list of readings that :func:`batchdigits.read` returns; notebooks show it as a gallery.

    It is a list in everything else. A slice of it is a gallery, too, and so is
    ``Readings(reading for reading in readings if reading.reason)``.

    Example:
        >>> import batchdigits
        >>> readings = batchdigits.read("inbox/forms")
        >>> [reading.digit for reading in readings[:3]]
        [7, 9, 2]
        >>> readings[:1]
        [<Reading 'inbox/forms/digit1.png': 7 (99... %)>]
    """

    @overload
    def __getitem__(self, index: SupportsIndex) -> Reading: ...

    @overload
    def __getitem__(self, index: slice) -> "Readings": ...

    def __getitem__(self, index: SupportsIndex | slice) -> "Reading | Readings":
        if isinstance(index, slice):
            return Readings(super().__getitem__(index))
        return super().__getitem__(index)

    def _repr_html_(self) -> str:
        """Return the pictures of the first readings side by side, for notebooks."""
        pictures = "".join(reading._repr_html_() for reading in self[:_GALLERY_SIZE])
        rest = len(self) - _GALLERY_SIZE
        note = f"<div>and {rest:,} more</div>" if rest > 0 else ""
        return f"<div>{pictures or 'no readings'}{note}</div>"


def reading_from_record(record: PageRecord) -> Reading:
    """Make the reading of a page from its record."""
    prediction, digit, reason = record.prediction, record.normalised_digit, record.reason
    detail = (
        record.rejection.detail if record.rejection else REASON_TEXTS[reason][0] if reason else ""
    )
    return Reading(
        file=record.source.name,
        page=record.page,
        status=record.status,
        reason=reason,
        detail=detail,
        digit=prediction.digit if prediction else None,
        confidence=prediction.confidence if prediction else None,
        second_digit=prediction.second_digit if prediction else None,
        second_confidence=prediction.second_confidence if prediction else None,
        scores=prediction.scores if prediction else (),
        box=digit.box if digit else None,
        width=record.width or None,
        height=record.height or None,
        image=_copy_read_only(digit.image) if digit else None,
    )


def _copy_read_only(image: GrayImage) -> GrayImage:
    """Copy an image, as the original would keep those of its whole batch in memory."""
    copy = np.array(image, np.uint8)
    copy.flags.writeable = False
    return copy


def _encode_png_base64(image: GrayImage) -> str:
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()
