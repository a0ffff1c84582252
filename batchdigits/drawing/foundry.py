"""Where letters are cast: ``python -m batchdigits.drawing.foundry`` writes ``letters.json`` anew.

Needed after a change to :mod:`batchdigits.drawing.font`, to what captions say, or to the letters
and sizes of names; a test tells when.
"""

from batchdigits.arrays import GrayImage
from batchdigits.drawing import captions, font, letters
from batchdigits.drawing.status_icons import STATUS_LETTERS


def cast() -> dict[str, GrayImage]:
    """Draw every stored mask with the font: ``(height, width) uint8``, 255 ink, by its name."""
    glyphs = {
        letters.glyph_key(char, size): font.draw_glyph(char, size)
        for size in letters.SIZES
        for char in letters.CHARS
    }
    words = [*captions.words(), *STATUS_LETTERS.values()]
    return glyphs | {letters.word_key(*word): font.draw_word(*word) for word in words}


if __name__ == "__main__":
    letters.save(cast())
