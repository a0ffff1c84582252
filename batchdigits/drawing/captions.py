"""Captions: the strip below a picture that says what was read, or that nothing was.

The status shows in three ways, never by colour alone: a sign, a colour, and a word where it is
not ok.
"""

from functools import lru_cache

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing.caption_strip import paste_centred, paste_right_aligned
from batchdigits.drawing.glyph_store import draw_word
from batchdigits.drawing.palette import INK, MUTED, WHITE, build_ink_ramp
from batchdigits.drawing.sizes import CAPTION_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.status_icons import draw_badge, draw_sign
from batchdigits.percentages import format_whole_percent
from batchdigits.reasons import Reason, Status
from batchdigits.records import Prediction

#: Pixels of the status at a caption's left end.
BADGE_WIDTH = 26

#: Pixels: the middle of the digit and of the lens.
_DIGIT_X = 43
_LENS_X = 65
_REASON_NOTES = {
    Reason.INCOMPLETE: "no end",
    Reason.TOO_FAINT: "faint",
    Reason.SEVERAL_MARKS: "several",
    Reason.NOT_A_DIGIT: "no digit",
    Reason.CUT_BY_EDGE: "cut",
}
_SECOND_DIGIT_REASONS = (Reason.LOW_CONFIDENCE, Reason.TWO_CANDIDATES)
_NO_DIGIT_TEXT = "\N{EN DASH}"
_BLANK_TEXT = "blank"
#: Font sizes in pixels, and pixels by which strokes are thickened.
_DIGIT_STYLE = (31, 1.2)
_PERCENT_STYLE = (16, 0.4)
_PERCENT_ABOVE_NOTE_STYLE = (15, 0.4)
_NOTE_STYLE = (12, 0.0)
_STATUS_STYLE = (15, 0.3)


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
    word = draw_word(str(status), *_STATUS_STYLE)
    paste_centred(strip, word, BADGE_WIDTH + 8 + word.shape[1] // 2, build_ink_ramp(INK))
    return strip


def list_words() -> list[tuple[str, int, float]]:
    """List all words that captions are made of, as arguments of ``draw_word``."""
    # A thousandth apart, since 0.29 as a float is slightly less than 29 %.
    percents = dict.fromkeys(format_whole_percent(share / 1000) for share in range(1001))
    percent_styles = (_PERCENT_STYLE, _PERCENT_ABOVE_NOTE_STYLE)
    notes = [*_REASON_NOTES.values(), *map(_format_second_digit, range(10))]
    return [
        *((text, *_DIGIT_STYLE) for text in [_NO_DIGIT_TEXT, *map(str, range(10))]),
        *((text, *style) for text in [*percents, _BLANK_TEXT] for style in percent_styles),
        *((text, *_NOTE_STYLE) for text in notes),
        *((str(status), *_STATUS_STYLE) for status in (Status.QUARANTINED, Status.FAILED)),
    ]


# The commonest only: digits at 99, 98 and 97 %, and what people are asked to look at.
@lru_cache(maxsize=512)
def _draw_cached_caption(
    status: Status, digit: int | None, percent: str, note: str, cropped: bool
) -> GrayImage:
    strip = _make_strip(status)
    digit_text = _NO_DIGIT_TEXT if digit is None else str(digit)
    paste_centred(strip, draw_word(digit_text, *_DIGIT_STYLE), _DIGIT_X, build_ink_ramp(INK))
    if cropped:
        paste_centred(strip, draw_sign("lens", 14, 1.8), _LENS_X, build_ink_ramp(MUTED))
    if note:
        if percent:
            word = draw_word(percent, *_PERCENT_ABOVE_NOTE_STYLE)
            paste_right_aligned(strip, word, 15, build_ink_ramp(INK))
        note_y = 28 if percent else 22
        paste_right_aligned(strip, draw_word(note, *_NOTE_STYLE), note_y, build_ink_ramp(MUTED))
    elif percent:
        paste_right_aligned(strip, draw_word(percent, *_PERCENT_STYLE), 22, build_ink_ramp(INK))
    return strip


def _make_strip(status: Status) -> GrayImage:
    strip = np.full((CAPTION_HEIGHT, THUMB_WIDTH), WHITE, np.uint8)
    strip[:, :BADGE_WIDTH] = draw_badge(status, CAPTION_HEIGHT, BADGE_WIDTH)
    return strip


def _format_confidence(prediction: Prediction) -> str:
    if prediction.second_confidence is None:
        return _BLANK_TEXT
    if prediction.confidence is None:
        return ""
    return format_whole_percent(prediction.confidence)


def _choose_note(prediction: Prediction) -> str:
    """Choose a word for why to look at it, as short as fits; reports have the sentence."""
    if prediction.reason in _SECOND_DIGIT_REASONS and prediction.second_digit is not None:
        return _format_second_digit(prediction.second_digit)
    return _REASON_NOTES.get(prediction.reason, "") if prediction.reason else ""


def _format_second_digit(digit: int) -> str:
    return f"or {digit}"
