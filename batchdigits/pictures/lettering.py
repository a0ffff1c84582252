"""Colours, text and signs for pictures: small patches made once, and names made drawable.

OpenCV's built-in "uni" font is used throughout: it covers Latin, Greek, Cyrillic, Hebrew, Arabic
and CJK, and its zero has no slash, which small and bold would pass for an 8.
"""

import unicodedata
from functools import cache, lru_cache

import cv2
import numpy as np

from batchdigits.arrays import ColourImage, GrayImage
from batchdigits.records import Status

Colour = tuple[int, int, int]

# Colours are blue, green, red, as OpenCV has them.
STATUS_COLOUR: dict[Status, Colour] = {
    Status.OK: (115, 158, 0),
    Status.REVIEW: (0, 159, 230),
    Status.QUARANTINED: (0, 94, 213),
    Status.FAILED: (167, 121, 204),
}
INK: Colour = (28, 28, 28)
QUIET: Colour = (96, 96, 96)
WHITE: Colour = (255, 255, 255)

#: Pixels of a thumbnail's caption, and of the status at its left end.
CAPTION_HEIGHT = 32
BADGE_WIDTH = 26
_WORDS_WIDTH = 52

#: Stands for whatever has no glyph or no shape: emoji, control characters, lone surrogates.
PLACEHOLDER = "\N{WHITE SQUARE}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

_REGULAR = 400
#: Colours from a badge to its sign; few, since each takes a gray level from the palette.
_STEPS = 9
#: Masks are drawn this many times larger and then averaged down, for even edges.
_FINE = 8
#: Strokes of each sign in a unit square, x to the right, y down.
_STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "check": [[(0.06, 0.56), (0.36, 0.86), (0.94, 0.16)]],
    "cross": [[(0.12, 0.12), (0.88, 0.88)], [(0.12, 0.88), (0.88, 0.12)]],
    "lens": [
        [(0.40 + 0.32 * np.cos(a), 0.40 + 0.32 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 25)],
        [(0.64, 0.64), (0.94, 0.94)],
    ],
}


@cache
def badge(status: Status) -> ColourImage:
    """Paint a status, its sign on its colour: ``(CAPTION_HEIGHT, BADGE_WIDTH, 3) uint8``."""
    patch = np.full((CAPTION_HEIGHT, BADGE_WIDTH, 3), STATUS_COLOUR[status], np.uint8)
    mask = _sign(status)
    height, width = mask.shape
    top, left = (CAPTION_HEIGHT - height) // 2, (BADGE_WIDTH - width) // 2
    patch[top : top + height, left : left + width] = _steps(status)[mask // -(-256 // _STEPS)]
    return patch


@cache
def digit_patch(digit: int | None) -> GrayImage:
    """Paint the digit read, a dash for a blank: ``(height, width) uint8`` of :func:`palette`."""
    text = "\N{EN DASH}" if digit is None else str(digit)
    return on_white(text_mask(text, 31, 1.2), INK)


@cache
def lens_patch() -> GrayImage:
    """Paint the lens that marks a crop: ``(14, 14) uint8`` of :func:`palette`."""
    return on_white(sign_mask("lens", 14, 1.8), QUIET)


@cache
def words_patch(percent: str, note: str) -> GrayImage:
    """Paint a caption's right end: the percentage, over a note where there is one.

    Returns ``(CAPTION_HEIGHT, 52) uint8`` of :func:`palette`.
    """
    patch = np.full((CAPTION_HEIGHT, _WORDS_WIDTH), 255, np.uint8)
    right = _WORDS_WIDTH - 6
    lines = [(percent, 16, 0.4, INK, 22)]
    if note:
        lines = [(percent, 15, 0.4, INK, 15), (note, 12, 0.0, QUIET, 28)]
    for text, size, thicken, ink, base in lines:
        word = on_white(text_mask(text, size, thicken), ink)
        height, width = word.shape
        patch[base - height : base, right - width : right] = word
    return patch


@cache
def palette() -> ColourImage:
    """Colours of thumbnails: ``(256, 3) uint8``, blue-green-red, entry ``g`` with green ``g``.

    All are gray but those that the signs and frames of pages read are made of, so that green
    alone tells the colour of a pixel.
    """
    colours = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    for status in (Status.OK, Status.REVIEW):
        colours[_steps(status)[:, 1]] = _steps(status)
    return colours


@cache
def spared() -> GrayImage:
    """Map gray levels to the nearest that :func:`palette` has: ``(256,) uint8``."""
    grays = np.flatnonzero(np.ptp(palette(), axis=1) == 0)
    distance = np.abs(np.arange(256)[:, None] - grays[None])
    return np.asarray(grays[distance.argmin(axis=1)], np.uint8)


@cache
def text_mask(text: str, size: int, thicken: float = 0.0) -> GrayImage:
    """Coverage of a short caption word, trimmed to its ink; made once per word.

    Args:
        text: drawable text that leaves some ink.
        size: font size in pixels.
        thicken: pixels added to each stroke's width; the font itself has one weight.

    Returns ``(height, width) uint8``, 0 background to 255 ink.
    """
    big = size * _FINE
    canvas = np.zeros((2 * big, (len(text) + 2) * big), np.uint8)
    cv2.putText(canvas, text, (big, big * 3 // 2), (255, 255, 255), _face(), big, _REGULAR)
    if thicken:
        side = round(thicken * _FINE) + 1
        canvas = _gray(
            cv2.dilate(canvas, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side,) * 2))
        )
    x, y, width, height = cv2.boundingRect(canvas)
    return _reduce(canvas[y : y + height, x : x + width])


@cache
def sign_mask(name: str, side: int, stroke: float) -> GrayImage:
    """Coverage of a sign (``check``, ``cross`` or ``lens``): ``(side, side) uint8``, 255 ink.

    ``stroke`` is the line's width in pixels.
    """
    canvas = np.zeros((side * _FINE, side * _FINE), np.uint8)
    for points in _STROKES[name]:
        corners = np.round(np.array(points) * side * _FINE).astype(np.int32)
        cv2.polylines(canvas, [corners], False, (255,), round(stroke * _FINE))
    return _reduce(canvas)


def on_white(mask: GrayImage, ink: Colour) -> GrayImage:
    """Paint a mask in a gray ``ink`` on white: ``(height, width) uint8`` of :func:`palette`."""
    gray = np.round(255 - mask.astype(np.float32) * (255 - ink[1]) / 255)
    return spared()[gray.astype(np.uint8)]


def write(picture: ColourImage, text: str, left: int, base: int, size: int, ink: Colour) -> None:
    """Write text into a ``(height, width, 3) uint8`` picture, from ``left`` on baseline ``base``.

    Any ``str`` is safe; it should fit the width, see :func:`fit`.
    """
    cv2.putText(picture, drawable(text), (left, base), ink, _face(), size, _REGULAR)


def fit(text: str, width: int, size: int) -> str:
    """Shorten text in the middle with an ellipsis until it is at most ``width`` pixels wide.

    The end is kept a little longer than the start: names differ in their numbers and endings.
    """
    text = drawable(text)
    if text_width(text, size) <= width:
        return text
    kept = min(len(text) - 1, width)
    while kept and text_width(_shortened(text, kept), size) > width:
        kept -= 1
    return _shortened(text, kept)


def wrap(text: str, width: int, size: int) -> list[str]:
    """Break text at spaces into lines at most ``width`` pixels wide (a longer word stays whole)."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def text_width(text: str, size: int) -> int:
    """Pixels across that drawable text takes."""
    left, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _face(), size, _REGULAR)
    return int(left + width)


def drawable(text: str) -> str:
    """Replace what cannot be drawn by :data:`PLACEHOLDER`; accents are composed first.

    Lone surrogates must never reach OpenCV 5.0: they end the whole process.
    """
    return "".join(map(_drawable, unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=4096)
def _drawable(char: str) -> str:
    if unicodedata.category(char) == "Zs":
        return " "
    if not char.isprintable() or (char != "?" and _looks_like_missing(char)):
        return PLACEHOLDER
    return char


def _looks_like_missing(char: str) -> bool:
    """OpenCV draws a question mark where its font has no glyph, and does not tell."""
    return np.array_equal(_specimen(char), _specimen("?"))


def _specimen(char: str) -> GrayImage:
    canvas = np.zeros((32, 48), np.uint8)
    cv2.putText(canvas, char, (8, 24), (255, 255, 255), _face(), 16, _REGULAR)
    return canvas


def _sign(status: Status) -> GrayImage:
    if status is Status.OK:
        return sign_mask("check", 17, 2.8)
    if status is Status.QUARANTINED:
        return sign_mask("cross", 16, 2.8)
    return text_mask("?" if status is Status.REVIEW else "!", 25, 1.3)


def _steps(status: Status) -> ColourImage:
    """From a status's colour to its sign's ink: ``(_STEPS, 3) uint8``."""
    # White on orange would be too weak a contrast to read.
    ends = np.array([STATUS_COLOUR[status], INK if status is Status.REVIEW else WHITE], float)
    return np.round(np.linspace(ends[0], ends[1], _STEPS)).astype(np.uint8)


def _shortened(text: str, kept: int) -> str:
    head = kept * 2 // 5
    return text[:head] + ELLIPSIS + text[len(text) - (kept - head) :]


def _reduce(fine: GrayImage) -> GrayImage:
    """Average squares of ``_FINE`` pixels, padding the right and lower edge to whole ones."""
    down, right = -fine.shape[0] % _FINE, -fine.shape[1] % _FINE
    padded = np.pad(fine, ((0, down), (0, right)))
    size = padded.shape[1] // _FINE, padded.shape[0] // _FINE
    return _gray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA))


def _gray(image: object) -> GrayImage:
    return np.asarray(image, np.uint8)


@cache
def _face() -> cv2.FontFace:
    return cv2.FontFace("uni")
