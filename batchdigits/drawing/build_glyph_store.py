"""Write ``glyphs.json`` anew: ``python -m batchdigits.drawing.build_glyph_store``.

Needed after a change to :mod:`batchdigits.drawing.font`, to the words of captions, or to the
characters and sizes of :mod:`batchdigits.drawing.glyph_store`; a test says when.
"""

from batchdigits.arrays import GrayImage
from batchdigits.drawing import captions, font, glyph_store
from batchdigits.drawing.status_icons import STATUS_LETTERS


def draw_masks() -> dict[str, GrayImage]:
    """Draw all that is stored with the font.

    Returns masks of coverage, ``(height, width) uint8``, 255 where there is ink, by their keys.
    """
    glyphs = {
        glyph_store.make_glyph_key(char, size): font.draw_glyph(char, size)
        for size in glyph_store.SIZES
        for char in glyph_store.CHARS
    }
    words = [*captions.list_words(), *STATUS_LETTERS.values()]
    return glyphs | {glyph_store.make_word_key(*word): font.draw_word(*word) for word in words}


if __name__ == "__main__":
    glyph_store.save_masks(draw_masks())
