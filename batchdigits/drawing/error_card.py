"""Error cards: what stands on a contact sheet for a page that could not be read."""

from functools import lru_cache

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import font
from batchdigits.drawing.captions import draw_unread_caption
from batchdigits.drawing.fitting import ELLIPSIS
from batchdigits.drawing.palette import INK, MUTED, build_ink_ramp
from batchdigits.drawing.sizes import FIELD_HEIGHT, MARGIN, THUMB_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.text import fit_to_width, paint_text, wrap_to_width
from batchdigits.reasons import PERMANENT_REASONS, REASON_TEXTS, Reason, Status

#: The gray that cards are written on.
PAPER_GRAY = 246

#: Pixels.
_LEFT_MARGIN = 8
_TITLE_BASE = 22
_TITLE_SIZE = 16
_SENTENCE_SIZE = 13


# There are fewer reasons; a sheet of a broken folder shows one of them a hundred times.
@lru_cache(maxsize=32)
def draw_error_card(reason_code: str) -> GrayImage:
    """Draw the card of a reason, with what it means in words.

    Args:
        reason_code: a :class:`batchdigits.reasons.Reason`, or any other code, which then stands
            there without an explanation; empty where nothing is known.

    Returns:
        ``(THUMB_HEIGHT, THUMB_WIDTH) uint8`` entries of the palette; not to be written to.
    """
    known = reason_code in list(Reason)
    status = (
        Status.QUARANTINED if known and Reason(reason_code) in PERMANENT_REASONS else Status.FAILED
    )
    card = np.full((THUMB_HEIGHT, THUMB_WIDTH), build_ink_ramp(INK, PAPER_GRAY)[0], np.uint8)
    card[FIELD_HEIGHT:] = draw_unread_caption(status)
    title = reason_code.replace("_", " ") or "not read"
    base = _write_lines(card, title, _TITLE_BASE, _TITLE_SIZE, INK)
    if known:
        sentence = REASON_TEXTS[Reason(reason_code)][0].rstrip(".").split(";")[0] + "."
        _write_lines(card, sentence, base, _SENTENCE_SIZE, MUTED)
    return card


def _write_lines(card: GrayImage, text: str, base: int, size: int, gray: int) -> int:
    """Write wrapped lines from baseline ``base`` on; return the next baseline."""
    width, step = THUMB_WIDTH - 2 * _LEFT_MARGIN, size + 2
    lines = wrap_to_width(text, width, size)
    max_lines = max((FIELD_HEIGHT - MARGIN - base) // step + 1, 1)
    if len(lines) > max_lines:
        lines[max_lines - 1 :] = [lines[max_lines - 1] + ELLIPSIS]
    colours = build_ink_ramp(gray, PAPER_GRAY)
    for index, line in enumerate(lines):
        painted = paint_text(fit_to_width(line, width, size), size, colours)
        top, left = base + index * step - size - 1, _LEFT_MARGIN - font.GLYPH_OVERHANG
        area = card[top : top + painted.shape[0], left : left + painted.shape[1]]
        # The darker of both, as a line's pixels reach into those of the line above.
        np.minimum(area, painted[: area.shape[0]], out=area)
    return base + len(lines) * step
