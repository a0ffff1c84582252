"""Captions: the strip below a picture that says what was read, or that nothing was.

The status shows in three ways, never by colour alone: a sign, a colour, and a word where it is
not ok.
"""

from functools import lru_cache

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing.font import draw_word
from batchdigits.drawing.palette import INK, MUTED, WHITE, build_ink_ramp
from batchdigits.drawing.sizes import CAPTION_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.status_icons import draw_badge, draw_sign
from batchdigits.percentages import format_whole_percent
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


def draw_caption(prediction: Prediction, cropped: bool) -> GrayImage:
    """Draw the caption of a page that was read.

    Args:
        prediction: what was read.
        cropped: whether only a part of the page is shown, which a lens tells.

    Returns:
        ``(CAPTION_HEIGHT, THUMB_WIDTH) uint8`` entries of the palette; not to be written to.
    """
    return _draw_cached_caption(
        prediction.status,
        prediction.digit,
        _format_confidence(prediction),
        _choose_note(prediction),
        cropped,
    )


def draw_unread_caption(status: Status) -> GrayImage:
    """Draw the caption of a page that could not be read.

    Returns ``(CAPTION_HEIGHT, THUMB_WIDTH) uint8`` entries of the palette.
    """
    strip = _make_strip(status)
    word = draw_word(str(status), 15, 0.3)
    _paste_centred(strip, word, BADGE_WIDTH + 8 + word.shape[1] // 2, INK)
    return strip


# The commonest only: digits at 99, 98 and 97 %, and what people are asked to look at.
@lru_cache(maxsize=512)
def _draw_cached_caption(
    status: Status, digit: int | None, percent: str, note: str, cropped: bool
) -> GrayImage:
    strip = _make_strip(status)
    digit_text = "\N{EN DASH}" if digit is None else str(digit)
    _paste_centred(strip, draw_word(digit_text, 31, 1.2), _DIGIT_X, INK)
    if cropped:
        _paste_centred(strip, draw_sign("lens", 14, 1.8), _LENS_X, MUTED)
    if note:
        _paste_right_aligned(strip, draw_word(percent, 15, 0.4), 15, INK)
        _paste_right_aligned(strip, draw_word(note, 12, 0.0), 28, MUTED)
    else:
        _paste_right_aligned(strip, draw_word(percent, 16, 0.4), 22, INK)
    return strip


def _make_strip(status: Status) -> GrayImage:
    strip = np.full((CAPTION_HEIGHT, THUMB_WIDTH), WHITE, np.uint8)
    strip[:, :BADGE_WIDTH] = draw_badge(status, CAPTION_HEIGHT, BADGE_WIDTH)
    return strip


def _paste_centred(strip: GrayImage, mask: GrayImage, centre: int, gray: int) -> None:
    """Paint a mask with its middle at column ``centre`` and at half of the strip's height."""
    height, width = mask.shape
    top, left = (CAPTION_HEIGHT - height) // 2, centre - width // 2
    strip[top : top + height, left : left + width] = build_ink_ramp(gray)[mask]


def _paste_right_aligned(strip: GrayImage, mask: GrayImage, base: int, gray: int) -> None:
    """Paint a mask with its lower edge at row ``base`` and its right edge where words end."""
    height, width = mask.shape
    strip[base - height : base, _TEXT_RIGHT - width : _TEXT_RIGHT] = build_ink_ramp(gray)[mask]


def _format_confidence(prediction: Prediction) -> str:
    if prediction.confidence is None:
        return "blank"
    return format_whole_percent(prediction.confidence)


def _choose_note(prediction: Prediction) -> str:
    """Choose a word for why to look at it, as short as fits; reports have the sentence."""
    if prediction.reason in _SECOND_DIGIT_REASONS and prediction.second_digit is not None:
        return f"or {prediction.second_digit}"
    return _REASON_NOTES.get(prediction.reason, "") if prediction.reason else ""
