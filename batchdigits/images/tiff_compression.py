"""The compressions of TIFF by number: what they are called, and what decodes each rightly.

Sources: TIFF 6.0 section 7, libtiff's tiff.h, and the register of the Library of Congress. What
is not listed with a decoder is not read: OpenCV makes black pixels of it, without a word.
"""

from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.images.formats.jpeg2000 import JPEG_2000
from batchdigits.images.formats.png import PNG
from batchdigits.images.formats.webp import WEBP
from batchdigits.reasons import Reason, Rejection

#: What libtiff decodes, in OpenCV or in Pillow.
LIBTIFF_COMPRESSIONS = frozenset({1, 2, 3, 4, 5, 7, 8, 32771, 32773, 32809, 32946, 34925, 50000})
OLD_JPEG = 6
DEFLATE_COMPRESSIONS = frozenset({8, 32946})
#: Those of them that hold every bit as it was, in little more bytes at the worst.
LOSSLESS_COMPRESSIONS = frozenset({1, 5, 8, 32773, 32946, 34925, 50000})
#: Every strip or tile is a whole image file of its own.
EMBEDDED_FORMATS: dict[int, ImageFormat] = {
    33004: JPEG_2000,
    33005: JPEG_2000,
    34712: JPEG_2000,
    34927: WEBP,
    34933: PNG,
    50001: WEBP,
}
#: Names of what is not read.
_NAMES = {
    OLD_JPEG: "old JPEG",
    9: "JBIG",
    10: "JBIG",
    99: "JPEG",
    22610: "JPEG XR",
    32766: "NeXT",
    32909: "PixarLog",
    33003: "JPEG 2000",
    33007: "JPEG",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv",
    34715: "JBIG2",
    34887: "LERC",
    34892: "lossy JPEG",
    34926: "Zstandard",
    34934: "JPEG XR",
    50002: "JPEG XL",
    52546: "JPEG XL",
}


def reject_compression(number: int) -> Rejection:
    """Return why a page with this compression is not read."""
    name = _NAMES.get(number, "unknown")
    if number in EMBEDDED_FORMATS:
        name = EMBEDDED_FORMATS[number].label
    return Rejection(
        Reason.UNSUPPORTED,
        f"TIFF with this compression ({name}, number {number}) is not read. "
        "Save it with LZW, or as PNG.",
    )
