"""Glyphs and words drawn beforehand, so that most processes never load the font.

``glyphs.json`` holds the words of captions, and the glyphs of plain names and error cards;
``python -m batchdigits.drawing.build_glyph_store`` writes it anew.
"""

import json
import zlib
from base64 import b64decode, b64encode
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import font
from batchdigits.drawing.fitting import ELLIPSIS

STORE_PATH = Path(__file__).with_name("glyphs.json")

#: Stands for whatever has no glyph or no shape: emoji, control characters, lone surrogates.
PLACEHOLDER = "\N{WHITE SQUARE}"

#: Characters and sizes in pixels of the stored glyphs, which names and sentences are made of.
CHARS = "".join(map(chr, range(32, 127))) + ELLIPSIS + PLACEHOLDER
SIZES = (13, 16)


# Every word that captions are made of: about 250, most of them percentages in two sizes.
@lru_cache(maxsize=512)
def draw_word(text: str, size: int, thickening: float) -> GrayImage:
    """Draw a short word, trimmed to its ink: from the store, or else with the font.

    Arguments and result are those of :func:`batchdigits.drawing.font.draw_word`; the result is not
    to be written to.
    """
    mask = load_masks().get(make_word_key(text, size, thickening))
    return font.draw_word(text, size, thickening) if mask is None else mask


def draw_glyph(char: str, size: int) -> GrayImage:
    """Draw one letter: from the store, or else with the font.

    Arguments and result are those of :func:`batchdigits.drawing.font.draw_glyph`; the result is not
    to be written to.
    """
    mask = load_masks().get(make_glyph_key(char, size))
    return font.draw_glyph(char, size) if mask is None else mask


@cache
def get_advances(size: int) -> dict[str, int]:
    """Return the pixels from each of ``CHARS`` to the next letter, in one of ``SIZES``."""
    return {char: draw_glyph(char, size).shape[1] - 2 * font.GLYPH_OVERHANG for char in CHARS}


def make_word_key(text: str, size: int, thickening: float) -> str:
    """Name a word as the store does."""
    return f"{text}\t{size}\t{thickening}"


def make_glyph_key(char: str, size: int) -> str:
    """Name a glyph as the store does."""
    return f"{char}\t{size}"


def save_masks(masks: dict[str, GrayImage]) -> None:
    """Write the store: keys and shapes of all masks, and their pixels one after another."""
    pixels = b"".join(mask.tobytes() for mask in masks.values())
    store = {
        "shapes": {key: mask.shape for key, mask in masks.items()},
        "pixels": b64encode(zlib.compress(pixels, 9)).decode(),
    }
    STORE_PATH.write_text(json.dumps(store), encoding="ascii")


@cache
def load_masks() -> dict[str, GrayImage]:
    """Load every mask of the store: ``(height, width) uint8``, 255 where there is ink, by its key.

    Where there is no store there are none, and the font draws everything, which only takes longer.
    """
    if not STORE_PATH.is_file():
        return {}
    store = json.loads(STORE_PATH.read_bytes())
    pixels = np.frombuffer(zlib.decompress(b64decode(store["pixels"])), np.uint8)
    masks, start = {}, 0
    for key, (height, width) in store["shapes"].items():
        masks[key] = pixels[start : start + height * width].reshape(height, width)
        start += height * width
    return masks
