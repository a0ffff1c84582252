"""Digits on paper as a scanner delivers them: JPEG, tinted paper with grain, written by pen."""

import cv2
import numpy as np

from batchdigits.arrays import ColourImage, GrayImage

#: Height and width of A4 at 300 dots per inch, cut to 8 megapixels.
PAGE = (3226, 2480)
SCAN = (300, 300)
#: Heights of the ink in pixels, least and most.
PAGE_INK = (600, 1200)
SCAN_INK = (130, 220)
QUALITY = 85
#: Blue first: pencil, blue and black pens.
INKS = ((90, 85, 80), (140, 60, 30), (40, 35, 35))


def make_paper(rng: np.random.Generator) -> ColourImage:
    """Make a sheet with tint, soft shadows and grain, larger than any page, to cut pages from.

    Returns:
        ``(h, w, 3) uint8``, B, G, R.
    """
    height, width = PAGE[0] + 200, PAGE[1] + 200
    soft = rng.normal(0, 3, (height // 64, width // 64)).astype(np.float32)
    shadows = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
    grain = cv2.blur(rng.normal(0, 4, (height, width)).astype(np.float32), (2, 2))
    gray = np.asarray(shadows + grain, np.float32)[..., None]
    tint = np.array([228, 238, 240], np.float32)
    return np.asarray(np.clip(tint + gray, 0, 255), np.uint8)


def draw_scan(digit: GrayImage, paper: ColourImage, rng: np.random.Generator) -> bytes:
    """Draw a digit as if cut from a form: JPEG of 300 x 300 pixels."""
    return _draw(digit, _cut(paper, SCAN, rng), int(rng.integers(*SCAN_INK)), rng)


def draw_page(digit: GrayImage, paper: ColourImage, rng: np.random.Generator) -> bytes:
    """Draw a whole sheet with one large digit: JPEG of 8 megapixels."""
    return _draw(digit, _cut(paper, PAGE, rng), int(rng.integers(*PAGE_INK)), rng)


def _cut(paper: ColourImage, shape: tuple[int, int], rng: np.random.Generator) -> ColourImage:
    """Cut a random piece of the sheet, mirrored at random."""
    y, x = (
        int(rng.integers(0, whole - part))
        for whole, part in zip(paper.shape[:2], shape, strict=True)
    )
    piece = paper[y : y + shape[0], x : x + shape[1]]
    return np.asarray(piece[:: rng.choice((-1, 1)), :: rng.choice((-1, 1))]).copy()


def _draw(digit: GrayImage, sheet: ColourImage, height: int, rng: np.random.Generator) -> bytes:
    ink = _enlarge(digit, height, sheet.shape[1] - 20)
    y, x = (int(rng.integers(5, sheet.shape[axis] - ink.shape[axis] - 5)) for axis in (0, 1))
    area = sheet[y : y + ink.shape[0], x : x + ink.shape[1]]
    opacity = ink[..., None].astype(np.float32) / 255
    colour = np.array(INKS[rng.integers(len(INKS))], np.float32)
    area[:] = (area * (1 - opacity) + colour * opacity).astype(np.uint8)
    return cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _enlarge(digit: GrayImage, height: int, max_width: int) -> GrayImage:
    """Enlarge the digit's bounding box to ``height``, with the sharp edge of a pen."""
    x, y, w, h = cv2.boundingRect(digit[1:, 1:])  # the corner pixel only tells images apart
    box = cv2.copyMakeBorder(
        digit[1 + y : 1 + y + h, 1 + x : 1 + x + w], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0
    )
    factor = min(height / h, max_width / (w + 2))
    size = (round((w + 2) * factor), round((h + 2) * factor))
    large = cv2.resize(box, size, interpolation=cv2.INTER_CUBIC)
    # Steepen the levels around 128, so that a blurred edge becomes one of a pixel or two.
    sharp = (large.astype(np.float32) - 128) * max(factor / 4, 1) + 128
    return np.asarray(np.clip(sharp, 0, 255), np.uint8)
