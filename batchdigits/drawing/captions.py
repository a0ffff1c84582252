"""Captions: the strip below a picture that tells what was read, or that nothing was.

Status is told three ways, never by colour alone: a sign, a colour, and a word where it is not ok.
"""

from functools import lru_cache

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import letters
from batchdigits.drawing.palette import INK, MUTED, WHITE, build_ink_ramp
from batchdigits.drawing.sizes import CAPTION_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.status_icons import draw_badge, draw_sign
from batchdigits.reasons import Reason, Status
from batchdigits.records import Prediction

#: Pixels of the status at a caption's left end.
BADGE_WIDTH = 26

#: Pixels: the middle of the digit and of the lens, and the right end of the words.
_DIGIT_X = 43
_LENS_X = 65
_TEXT_RIGHT = THUMB_WIDTH - 6
_REASON_NOTES = {
    Reason.TOO_FAINT: "faint",
    Reason.SEVERAL_MARKS: "several",
    Reason.NOT_A_DIGIT: "no digit",
    Reason.CUT_BY_EDGE: "cut",
}
_SECOND_DIGIT_REASONS = (Reason.LOW_CONFIDENCE, Reason.TWO_CANDIDATES)
_BLANK_TEXT = "blank"
#: Size and thickening of the percentage, without and with a note below it, and of the note.
_PERCENT_STYLES = (16, 0.4), (15, 0.4)
_NOTE_STYLE = (12, 0.0)

_StyledWord = tuple[str, int, float]


def draw_caption(prediction: Prediction, cropped: bool) -> GrayImage:
    """Caption of a page that was read: ``(CAPTION_HEIGHT, THUMB_WIDTH) uint8`` of the palette.

    ``cropped`` adds a lens: only a part of the page is shown. Not to be written to.
    """
    return _draw_cached_caption(
        prediction.status,
        prediction.digit,
        _format_confidence(prediction),
        _choose_note(prediction),
        cropped,
    )


def draw_unread_caption(status: Status) -> GrayImage:
    """Caption of a page that could not be read: shape and entries as :func:`draw_caption`'s."""
    strip = _make_strip(status)
    word = letters.word(*_style_status(status))
    _paste_centred(strip, word, BADGE_WIDTH + 8 + word.shape[1] // 2, INK)
    return strip


def words() -> list[_StyledWord]:
    """Every word that captions are made of, as arguments of :func:`letters.word`."""
    percents = [_format_percent(percent) for percent in range(101)]
    notes = [*_REASON_NOTES.values(), *map(_format_second_digit, range(10))]
    return [
        *map(_style_digit, [None, *range(10)]),
        *((text, *style) for text in [*percents, _BLANK_TEXT] for style in _PERCENT_STYLES),
        *((text, *_NOTE_STYLE) for text in notes),
        *map(_style_status, (Status.QUARANTINED, Status.FAILED)),
    ]


# The commonest only: digits at 99, 98 and 97 %, and what people are asked to look at.
@lru_cache(maxsize=512)
def _draw_cached_caption(
    status: Status, digit: int | None, percent: str, note: str, cropped: bool
) -> GrayImage:
    strip = _make_strip(status)
    _paste_centred(strip, letters.word(*_style_digit(digit)), _DIGIT_X, INK)
    if cropped:
        _paste_centred(strip, draw_sign("lens", 14, 1.8), _LENS_X, MUTED)
    alone, above = _PERCENT_STYLES
    if note:
        _paste_right_aligned(strip, letters.word(percent, *above), 15, INK)
        _paste_right_aligned(strip, letters.word(note, *_NOTE_STYLE), 28, MUTED)
    else:
        _paste_right_aligned(strip, letters.word(percent, *alone), 22, INK)
    return strip


def _make_strip(status: Status) -> GrayImage:
    strip = np.full((CAPTION_HEIGHT, THUMB_WIDTH), WHITE, np.uint8)
    strip[:, :BADGE_WIDTH] = draw_badge(status, CAPTION_HEIGHT, BADGE_WIDTH)
    return strip


def _paste_centred(strip: GrayImage, mask: GrayImage, centre: int, ink: int) -> None:
    """Paint a mask with its middle at column ``centre`` and at half of the strip's height."""
    height, width = mask.shape
    top, left = (CAPTION_HEIGHT - height) // 2, centre - width // 2
    strip[top : top + height, left : left + width] = build_ink_ramp(ink)[mask]


def _paste_right_aligned(strip: GrayImage, mask: GrayImage, base: int, ink: int) -> None:
    height, width = mask.shape
    strip[base - height : base, _TEXT_RIGHT - width : _TEXT_RIGHT] = build_ink_ramp(ink)[mask]


def _format_confidence(prediction: Prediction) -> str:
    """Cut, not rounded, so that ``100 %`` never stands for "nearly"."""
    if prediction.confidence is None:
        return _BLANK_TEXT
    return _format_percent(int(prediction.confidence * 100))


def _choose_note(prediction: Prediction) -> str:
    """Why to look at it, in a word that fits; the spreadsheet has the sentence."""
    if prediction.reason in _SECOND_DIGIT_REASONS and prediction.second_digit is not None:
        return _format_second_digit(prediction.second_digit)
    return _REASON_NOTES.get(prediction.reason, "") if prediction.reason else ""


def _format_percent(percent: int) -> str:
    return f"{percent} %"


def _format_second_digit(digit: int) -> str:
    return f"or {digit}"


def _style_digit(digit: int | None) -> _StyledWord:
    return "\N{EN DASH}" if digit is None else str(digit), 31, 1.2


def _style_status(status: Status) -> _StyledWord:
    return str(status), 15, 0.3
