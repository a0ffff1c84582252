"""AVIF, by the AV1 Image File Format and ISO/IEC 23008-12 (HEIF)."""

import io
import re
from typing import TYPE_CHECKING

from batchdigits.arrays import GrayImage
from batchdigits.images.boxes import walk_boxes
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.images.ifd import ORIENTATION

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile


def _open_with_pillow(data: bytes) -> "ImageFile":
    # The class itself, as Image.open() would add Pillow's own limit on pixels.
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile(io.BytesIO(data))


def _read_size(data: bytes) -> tuple[int, int]:
    width, height = _open_with_pillow(data).size
    return width, height


def _is_complete(data: bytes) -> bool:
    """Tell whether every outer box lies inside the bytes, and the coded picture is among them."""
    names = set()
    for name, _, end in walk_boxes(data):
        if end > len(data):
            return False
        names.add(name)
    return b"meta" in names and (b"mdat" in names or b"idat" in data)


def _decode(data: bytes) -> GrayImage | None:
    """Decode with OpenCV, which never turns AVIF; Pillow knows what irot, imir and EXIF come to."""
    from batchdigits.images.decode import decode_as_is
    from batchdigits.images.pixels import apply_orientation, to_gray

    pixels = decode_as_is(data)
    if pixels is None:
        return None
    orientation = _open_with_pillow(data).getexif().get(ORIENTATION, 1)
    return apply_orientation(to_gray(pixels), orientation)


AVIF = ImageFormat(
    name="avif",
    label="AVIF",
    # The brand may stand behind "mif1" among the compatible brands; those are four bytes each.
    signature=re.compile(rb".{4}ftyp(?:avif|avis|mif1.{4}(?:.{4}){0,8}?(?:avif|avis))", re.DOTALL),
    suffixes=(".avif", ".avifs"),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
)
