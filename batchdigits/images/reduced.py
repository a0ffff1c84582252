"""Large JPEG pages decoded no larger than a digit needs.

JPEG holds squares of 8 x 8 pixels as frequencies. Without the high ones a page comes out at a
half, a quarter or an eighth of its sides, averaged, in a fraction of the time and memory
(libjpeg's scaled inverse DCT). Every byte is still decoded, so damage is found all the same.
"""

from dataclasses import dataclass, replace

import cv2

from batchdigits.images.decode import DAMAGED, imdecode, show_coloured_ink
from batchdigits.reasons import Rejection
from batchdigits.records import Page

#: How many times smaller a page may be decoded, and OpenCV's word for it.
_FLAG_BY_SCALE = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    1: cv2.IMREAD_GRAYSCALE,
}
#: The same with colours.
_COLOUR_FLAG_BY_SCALE = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}


@dataclass(frozen=True, slots=True)
class ReducedPage(Page):
    """A page decoded smaller than it is in its file.

    Attributes:
        gray: the reduced page, ``(height, width) uint8``.
        data: the file.
        scale: how many times smaller the page was decoded.
        full_width: width of the page itself, after EXIF rotation.
        full_height: height of the page itself, after EXIF rotation.
    """

    data: bytes
    scale: int
    full_width: int
    full_height: int

    def decode_larger(self, factor: float) -> Page | Rejection:
        """Decode the page again, at least ``factor`` (above 1) times larger or at full size."""
        scale = next((scale for scale in _FLAG_BY_SCALE if scale * factor <= self.scale), 1)
        page = decode_reduced(self.data, (self.full_width, self.full_height), scale)
        if isinstance(page, Page):
            page = show_colour(page, self.data, scale)
        if isinstance(page, Page) and self.is_incomplete:
            return replace(page, is_incomplete=True)
        return page


def choose_scale(width: int, height: int, min_side: int) -> int:
    """Choose how many times smaller to decode a page, with a longer side of ``min_side`` or more.

    Returns 1, 2, 4 or 8.
    """
    if width != height and _reduce_side(width, 8) == _reduce_side(height, 8):
        return 1  # once reduced, nobody could tell which side of it is which
    return next((scale for scale in _FLAG_BY_SCALE if max(width, height) >= min_side * scale), 1)


def decode_reduced(data: bytes, size: tuple[int, int], scale: int) -> Page | Rejection:
    """Decode a JPEG file smaller than it is.

    Args:
        data: the file.
        size: width and height by its header, before EXIF rotation.
        scale: how many times smaller: 1, 2, 4 or 8.
    """
    gray = imdecode(data, _FLAG_BY_SCALE[scale])
    if gray is None:
        return DAMAGED
    if scale == 1:
        return Page(1, gray)
    width, height = size
    if gray.shape != (_reduce_side(height, scale), _reduce_side(width, scale)):
        width, height = height, width  # turned upright by its EXIF
    return ReducedPage(1, gray, data, scale, width, height)


def show_colour(page: Page, data: bytes, scale: int) -> Page:
    """Return a page that was decoded in gray as the colour that shows its ink, if gray does not.

    Args:
        page: of a file in colour.
        data: the file.
        scale: how many times smaller it was decoded.
    """
    gray = show_coloured_ink(page.gray, data, _COLOUR_FLAG_BY_SCALE[scale])
    return page if gray is page.gray else replace(page, gray=gray)


def _reduce_side(side: int, scale: int) -> int:
    return -(-side // scale)
