"""Signs that tell statuses apart without their colours, and the lens of a crop."""

from functools import cache

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import font, glyph_store
from batchdigits.drawing.palette import build_status_ramp
from batchdigits.reasons import Status

#: Strokes of each sign in a unit square, x to the right, y down.
_SIGN_STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "check": [[(0.06, 0.56), (0.36, 0.86), (0.94, 0.16)]],
    "cross": [[(0.12, 0.12), (0.88, 0.88)], [(0.12, 0.88), (0.88, 0.12)]],
    "lens": [
        [(0.40 + 0.32 * np.cos(a), 0.40 + 0.32 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 25)],
        [(0.64, 0.64), (0.94, 0.94)],
    ],
}
#: Signs that are letters, as arguments of :func:`batchdigits.drawing.glyph_store.draw_word`.
STATUS_LETTERS = {Status.REVIEW: ("?", 25, 1.3), Status.FAILED: ("!", 25, 1.3)}


@cache
def draw_badge(status: Status, height: int, width: int) -> GrayImage:
    """Paint the sign of a status on its colour.

    Returns ``(height, width) uint8`` entries of the palette; not to be written to.
    """
    colours, mask = build_status_ramp(status), _draw_status_sign(status)
    patch = np.full((height, width), colours[0], np.uint8)
    top, left = (height - mask.shape[0]) // 2, (width - mask.shape[1]) // 2
    sign = colours[mask // -(-256 // len(colours))]
    patch[top : top + mask.shape[0], left : left + mask.shape[1]] = sign
    return patch


@cache
def draw_sign(name: str, side: int, stroke_width: float) -> GrayImage:
    """Draw a sign by its name: ``check``, ``cross`` or ``lens``.

    Args:
        name: one of these.
        side: width and height in pixels.
        stroke_width: width of its lines in pixels.

    Returns:
        Its coverage, ``(side, side) uint8``, 255 where there is ink; not to be written to.
    """
    fine = side * font.OVERSAMPLING
    canvas = np.zeros((fine, fine), np.uint8)
    for points in _SIGN_STROKES[name]:
        corners = np.round(np.array(points) * fine).astype(np.int32)
        cv2.polylines(canvas, [corners], False, (255,), round(stroke_width * font.OVERSAMPLING))
    return font.downsample(canvas)


def _draw_status_sign(status: Status) -> GrayImage:
    if status is Status.OK:
        return draw_sign("check", 17, 2.8)
    if status is Status.QUARANTINED:
        return draw_sign("cross", 16, 2.8)
    return glyph_store.draw_word(*STATUS_LETTERS[status])
