"""Letters drawn beforehand, so that most runs never load the font.

``letters.json`` holds the words of captions and the glyphs of plain names and unread cards;
``python -m batchdigits.drawing.foundry`` makes it anew.
"""

import json
import zlib
from base64 import b64decode, b64encode
from functools import cache
from pathlib import Path

import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.drawing import font

STORE = Path(__file__).with_name("letters.json")

#: Stands for whatever has no glyph or no shape: emoji, control characters, lone surrogates.
PLACEHOLDER = "\N{WHITE SQUARE}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"

#: Letters and sizes in pixels of names and sentences.
CHARS = "".join(map(chr, range(32, 127))) + ELLIPSIS + PLACEHOLDER
SIZES = (13, 16)


@cache
def word(text: str, size: int, thicken: float) -> GrayImage:
    """Coverage of a short caption word, trimmed to its ink: see :func:`font.word`."""
    mask = stored().get(word_key(text, size, thicken))
    return font.draw_word(text, size, thicken) if mask is None else mask


@cache
def glyph(char: str, size: int) -> GrayImage:
    """Coverage of one of ``CHARS`` in one of ``SIZES``: see :func:`font.glyph`."""
    mask = stored().get(glyph_key(char, size))
    return font.draw_glyph(char, size) if mask is None else mask


@cache
def advances(size: int) -> dict[str, int]:
    """Pixels from each of ``CHARS`` to the next letter."""
    return {char: glyph(char, size).shape[1] - 2 * font.GLYPH_OVERHANG for char in CHARS}


def word_key(text: str, size: int, thicken: float) -> str:
    """Name of a word in the store."""
    return f"{text}\t{size}\t{thicken}"


def glyph_key(char: str, size: int) -> str:
    """Name of a glyph in the store."""
    return f"{char}\t{size}"


def save(masks: dict[str, GrayImage]) -> None:
    """Write the store: names and shapes of the masks, and all their pixels one after another."""
    pixels = b"".join(mask.tobytes() for mask in masks.values())
    store = {
        "shapes": {name: mask.shape for name, mask in masks.items()},
        "pixels": b64encode(zlib.compress(pixels, 9)).decode(),
    }
    STORE.write_text(json.dumps(store), encoding="ascii")


@cache
def stored() -> dict[str, GrayImage]:
    """Every mask in the store; without it the font draws everything, which only takes longer."""
    if not STORE.is_file():
        return {}
    store = json.loads(STORE.read_bytes())
    pixels = np.frombuffer(zlib.decompress(b64decode(store["pixels"])), np.uint8)
    masks, start = {}, 0
    for name, (height, width) in store["shapes"].items():
        masks[name] = pixels[start : start + height * width].reshape(height, width)
        start += height * width
    return masks
