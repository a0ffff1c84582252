"""Words and signs pasted into the strip below a picture."""

from batchdigits.arrays import GrayImage
from batchdigits.drawing.sizes import CAPTION_HEIGHT, THUMB_WIDTH

#: Where words end, in pixels from the left.
_TEXT_RIGHT = THUMB_WIDTH - 6


def paste_centred(strip: GrayImage, mask: GrayImage, centre: int, colours: GrayImage) -> None:
    """Paint a mask with its middle at column ``centre`` and at half of the strip's height.

    Args:
        strip: ``(CAPTION_HEIGHT, THUMB_WIDTH) uint8`` entries of the palette; painted on.
        mask: ``(height, width) uint8``, the coverage of each pixel, which has to fit.
        centre: pixels from the left.
        colours: the entry of the palette for each coverage, ``(256,) uint8``; see
            :func:`batchdigits.drawing.palette.build_ink_ramp`.
    """
    height, width = mask.shape
    top, left = (CAPTION_HEIGHT - height) // 2, centre - width // 2
    strip[top : top + height, left : left + width] = colours[mask]


def paste_right_aligned(strip: GrayImage, mask: GrayImage, base: int, colours: GrayImage) -> None:
    """Paint a mask with its lower edge at row ``base`` and its right edge where words end.

    Arguments are those of :func:`paste_centred`.
    """
    height, width = mask.shape
    strip[base - height : base, _TEXT_RIGHT - width : _TEXT_RIGHT] = colours[mask]
