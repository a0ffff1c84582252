"""The formats of image files, a module each: what is read, and what is only recognised.

To add one, write a module that declares an :class:`ImageFormat`, and put that into :data:`FORMATS`.
Telling formats apart is light: libraries that decode are loaded by the first file that needs them.
"""

from batchdigits.images.formats.avif import AVIF
from batchdigits.images.formats.bmp import BMP
from batchdigits.images.formats.gif import GIF
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.images.formats.jpeg import JPEG
from batchdigits.images.formats.jpeg2000 import JPEG_2000
from batchdigits.images.formats.png import PNG
from batchdigits.images.formats.pnm import PNM
from batchdigits.images.formats.tiff import TIFF
from batchdigits.images.formats.unsupported import CAMERA_RAW, UNSUPPORTED
from batchdigits.images.formats.webp import WEBP

#: No signature needs more bytes, but for the name of an SVG after a long comment.
HEAD_BYTES = 1024

#: Every format, the most frequent first. The order matters where signatures overlap: CAMERA_RAW
#: before TIFF, AVIF before HEIF.
FORMATS = (
    PNG,
    JPEG,
    CAMERA_RAW,
    TIFF,
    BMP,
    GIF,
    WEBP,
    PNM,
    JPEG_2000,
    AVIF,
    *UNSUPPORTED,
)

_FORMAT_BY_SUFFIX = {
    suffix: image_format for image_format in FORMATS for suffix in image_format.suffixes
}


def format_from_content(head: bytes) -> ImageFormat | None:
    """Return the format of a file that begins with ``head`` (132 bytes or more), or ``None``.

    Many camera raw files are TIFF by content: only their suffix tells, which
    :func:`identify_format` heeds.
    """
    for image_format in FORMATS:
        if image_format.matches(head):
            return image_format
    return None


def format_from_name(name: str) -> ImageFormat | None:
    """Return the format that a name's suffix promises, or ``None``; case does not matter."""
    dot = name.rfind(".")
    return _FORMAT_BY_SUFFIX.get(name[dot:].lower()) if dot >= 0 else None


def identify_format(head: bytes, name: str) -> ImageFormat | None:
    """Return the format by content; the suffix of a raw format wins over TIFF.

    DNG, NEF and ARW, for example, are both.
    """
    image_format = format_from_content(head)
    if image_format is TIFF and format_from_name(name) is CAMERA_RAW:
        return CAMERA_RAW
    return image_format
