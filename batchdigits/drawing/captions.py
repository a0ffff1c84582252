"""Captions: the strip below a picture that tells what was read, or that nothing was.

Status is told three ways, never by colour alone: a sign, a colour, and a word where it is not ok.
"""

from functools import lru_cache

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import letters
from batchdigits.drawing.palette import INK, QUIET, WHITE, paint
from batchdigits.drawing.sizes import CAPTION_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.status_icons import badge, sign_mask
from batchdigits.records import Reading, Reason, Status

#: Pixels of the status at a caption's left end.
BADGE_WIDTH = 26

#: Pixels: the middle of the digit and of the lens, and the right end of the words.
_DIGIT_AT = 43
_LENS_AT = 65
_WORDS_END = THUMB_WIDTH - 6
_NOTES = {
    Reason.TOO_FAINT: "faint",
    Reason.SEVERAL_MARKS: "several",
    Reason.NOT_A_DIGIT: "no digit",
    Reason.CUT_BY_EDGE: "cut",
}
_IN_DOUBT = (Reason.LOW_CONFIDENCE, Reason.TWO_CANDIDATES)
_BLANK = "blank"
#: Size and thickening of the percentage, without and with a note below it, and of the note.
_PERCENT_STYLES = (16, 0.4), (15, 0.4)
_NOTE_STYLE = (12, 0.0)

_Word = tuple[str, int, float]


def caption(reading: Reading, cropped: bool) -> GrayImage:
    """Caption of a page that was read: ``(CAPTION_HEIGHT, THUMB_WIDTH) uint8`` of the palette.

    ``cropped`` adds a lens: only a part of the page is shown. Not to be written to.
    """
    return _caption(reading.status, reading.digit, _percent(reading), _note(reading), cropped)


def unread_caption(status: Status) -> GrayImage:
    """Caption of a page that could not be read: shape and entries as :func:`caption`'s."""
    strip = _strip(status)
    word = letters.word(*_status_word(status))
    _paste_centred(strip, word, BADGE_WIDTH + 8 + word.shape[1] // 2, INK)
    return strip


def words() -> list[_Word]:
    """Every word that captions are made of, as arguments of :func:`letters.word`."""
    percents = [_percent_text(percent) for percent in range(101)]
    notes = [*_NOTES.values(), *map(_second_text, range(10))]
    return [
        *map(_digit_word, [None, *range(10)]),
        *((text, *style) for text in [*percents, _BLANK] for style in _PERCENT_STYLES),
        *((text, *_NOTE_STYLE) for text in notes),
        *map(_status_word, (Status.QUARANTINED, Status.FAILED)),
    ]


# The commonest only: digits at 99, 98 and 97 %, and what people are asked to look at.
@lru_cache(maxsize=512)
def _caption(
    status: Status, digit: int | None, percent: str, note: str, cropped: bool
) -> GrayImage:
    strip = _strip(status)
    _paste_centred(strip, letters.word(*_digit_word(digit)), _DIGIT_AT, INK)
    if cropped:
        _paste_centred(strip, sign_mask("lens", 14, 1.8), _LENS_AT, QUIET)
    alone, above = _PERCENT_STYLES
    if note:
        _paste_words(strip, letters.word(percent, *above), 15, INK)
        _paste_words(strip, letters.word(note, *_NOTE_STYLE), 28, QUIET)
    else:
        _paste_words(strip, letters.word(percent, *alone), 22, INK)
    return strip


def _strip(status: Status) -> GrayImage:
    strip = np.full((CAPTION_HEIGHT, THUMB_WIDTH), WHITE, np.uint8)
    strip[:, :BADGE_WIDTH] = badge(status, CAPTION_HEIGHT, BADGE_WIDTH)
    return strip


def _paste_centred(strip: GrayImage, mask: GrayImage, centre: int, ink: int) -> None:
    """Paint a mask with its middle at column ``centre`` and at half of the strip's height."""
    height, width = mask.shape
    top, left = (CAPTION_HEIGHT - height) // 2, centre - width // 2
    strip[top : top + height, left : left + width] = paint(ink)[mask]


def _paste_words(strip: GrayImage, mask: GrayImage, base: int, ink: int) -> None:
    height, width = mask.shape
    strip[base - height : base, _WORDS_END - width : _WORDS_END] = paint(ink)[mask]


def _percent(reading: Reading) -> str:
    """Cut, not rounded, so that ``100 %`` never stands for "nearly"."""
    if reading.confidence is None:
        return _BLANK
    return _percent_text(int(reading.confidence * 100))


def _note(reading: Reading) -> str:
    """Why to look at it, in a word that fits; the spreadsheet has the sentence."""
    if reading.reason in _IN_DOUBT and reading.second_digit is not None:
        return _second_text(reading.second_digit)
    return _NOTES.get(reading.reason, "") if reading.reason else ""


def _percent_text(percent: int) -> str:
    return f"{percent} %"


def _second_text(digit: int) -> str:
    return f"or {digit}"


def _digit_word(digit: int | None) -> _Word:
    return "\N{EN DASH}" if digit is None else str(digit), 31, 1.2


def _status_word(status: Status) -> _Word:
    return str(status), 15, 0.3
