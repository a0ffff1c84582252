"""Bytes of one page to gray pixels, by the decoder that reads each kind best.

OpenCV decodes nearly everything, from memory. ``IMREAD_GRAYSCALE`` is the fast road for what it
gets right; the others are decoded as they are and made gray by :mod:`batchdigits.images.pixels`.
"""

import io
import os
import struct
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

# OpenCV refuses above 2**30 pixels in its own words; --max-megapixels has decided before.
for _name, _limit in (("PIXELS", 2**40), ("WIDTH", 2**31 - 1), ("HEIGHT", 2**31 - 1)):
    os.environ.setdefault(f"OPENCV_IO_MAX_IMAGE_{_name}", str(_limit))

import cv2  # noqa: E402  (reads those settings as it loads)

from batchdigits.arrays import GrayImage  # noqa: E402
from batchdigits.images import containers, ifd, pnm  # noqa: E402
from batchdigits.images.formats import ImageFormat  # noqa: E402
from batchdigits.images.pixels import apply_orientation, blend_on_white, to_bgr, to_gray  # noqa: E402
from batchdigits.reasons import Reason, Rejection  # noqa: E402
from batchdigits.records import Page  # noqa: E402

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

#: For a page that is there to its end, but that no decoder takes.
DAMAGED = Rejection(Reason.CORRUPT, "The image is complete, but it cannot be decoded.")

_OUT_OF_MEMORY_CODE = -4  # cv::Error::StsNoMem
_ORIENTATION = 0x0112
#: Pillow's modes that do not become RGB.
_CONVERTED_MODES = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA"}


def catch_decode_errors(read: Callable[[], Page | Rejection]) -> Page | Rejection:
    """Read a page, and make a row of whatever goes wrong."""
    try:
        return read()
    except MemoryError:
        return _reject_out_of_memory()
    except cv2.error as error:
        return _reject_out_of_memory() if error.code == _OUT_OF_MEMORY_CODE else DAMAGED
    except ImportError as error:  # a Pillow built without this format
        return Rejection(Reason.UNSUPPORTED, f"This installation cannot decode it: {error}.")
    except Exception:  # the decoders raise nearly every type there is on damaged files
        return DAMAGED


def _reject_out_of_memory() -> Rejection:
    return Rejection(
        Reason.IO_ERROR, "There was not enough memory to decode it; lower --max-megapixels."
    )


def imdecode(data: bytes | memoryview, flags: int) -> NDArray[Any] | None:
    """``cv2.imdecode`` of bytes; ``None`` where OpenCV cannot."""
    # The stubs promise an array always.
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def read_image_size(image_format: ImageFormat, data: bytes) -> tuple[int, int] | None:
    """Width and height by the header, before any rotation; ``None`` where it makes no sense."""
    try:
        return _SIZE_READERS[image_format.name](data)
    except (struct.error, IndexError, ValueError, KeyError, SyntaxError, OSError):
        return None


def decode(image_format: ImageFormat, data: bytes) -> GrayImage | None:
    """``(height, width) uint8`` of a file with one page, or ``None`` where it is damaged.

    May raise whatever its decoder raises: call it through :func:`catch_decode_errors`.
    """
    return _DECODERS[image_format.name](data)


def _decode_gray(data: bytes) -> GrayImage | None:
    """Take the fast road, on which OpenCV applies EXIF orientation itself."""
    return imdecode(data, cv2.IMREAD_GRAYSCALE)


def _decode_png(data: bytes) -> GrayImage | None:
    depth, colour_type = data[24], data[25]
    transparent = colour_type & 4 or data.find(b"tRNS", 33, data.find(b"IDAT", 33)) >= 0
    if depth <= 8 and not transparent:
        return _decode_gray(data)
    key = _find_transparent_level(data) if colour_type == 0 and transparent else None
    return _decode_unchanged(data, key)


def _find_transparent_level(data: bytes) -> int | None:
    """Find the gray level that a tRNS chunk makes transparent, as OpenCV decodes that level."""
    at = data.find(b"tRNS", 33)
    (level,) = struct.unpack_from(">H", data, at + 4)
    depth = data[24]
    return int(level if depth == 16 else level * 255 // (2**depth - 1))


def _decode_unchanged(data: bytes, transparent_level: int | None = None) -> GrayImage | None:
    """Decode with alpha and full depth, then turn it by its EXIF, which OpenCV leaves out here."""
    pixels, kinds, blocks = cv2.imdecodeWithMetadata(
        np.frombuffer(data, np.uint8), flags=cv2.IMREAD_UNCHANGED
    )
    if pixels is None:
        return None
    gray = to_gray(pixels)
    if transparent_level is not None and pixels.ndim == 2:
        gray[pixels == transparent_level] = 255
    for kind, block in zip(kinds, blocks, strict=True):
        if kind == cv2.IMAGE_METADATA_EXIF:
            return apply_orientation(gray, ifd.read_orientation(block.tobytes()))
    return gray


def _decode_bmp(data: bytes) -> GrayImage | None:
    """Only a 32-bit file with a V4 or V5 header can have alpha; all zero means it has none."""
    header, bits = struct.unpack_from("<I", data, 14)[0], struct.unpack_from("<H", data, 28)[0]
    if header < 108 or bits != 32:
        return _decode_gray(data)
    pixels = imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim == 2:
        return pixels
    return to_gray(pixels if pixels[..., -1].any() else pixels[..., :3])


def _decode_gif(data: bytes) -> GrayImage | None:
    """Decode the first picture of it."""
    pixels = imdecode(data, cv2.IMREAD_UNCHANGED)
    return None if pixels is None else to_gray(pixels)


def _decode_pnm(data: bytes) -> GrayImage:
    if data[:2] in (b"P7", b"Pf", b"PF"):
        values = pnm.read_pam_or_pfm(data)
        if pnm.pam_has_alpha(data):
            return blend_on_white(to_gray(to_bgr(values[..., :-1])), to_gray(values[..., -1]))
        return to_gray(to_bgr(values))
    from PIL.PpmImagePlugin import PpmImageFile

    return to_gray(pixels_from_pillow(PpmImageFile(io.BytesIO(data))))


def _decode_jp2(data: bytes) -> GrayImage:
    pixels = imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:  # gray with alpha, for one
        from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

        pixels = pixels_from_pillow(Jpeg2KImageFile(io.BytesIO(data)))
    return to_gray(pixels)


def _open_avif(data: bytes) -> "ImageFile":
    # The class itself, as Image.open() would add Pillow's own limit on pixels.
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile(io.BytesIO(data))


def _decode_avif(data: bytes) -> GrayImage | None:
    """OpenCV never turns AVIF; Pillow tells what irot, imir and EXIF come to."""
    pixels = imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        return None
    return apply_orientation(to_gray(pixels), _open_avif(data).getexif().get(_ORIENTATION, 1))


def _read_avif_size(data: bytes) -> tuple[int, int]:
    width, height = _open_avif(data).size
    return width, height


def pixels_from_pillow(image: "ImageFile") -> NDArray[Any]:
    """Pixels of an opened Pillow image, upright, in the channel order of OpenCV."""
    from PIL import ImageOps

    with warnings.catch_warnings():  # on odd tags, which a person cannot mend
        warnings.simplefilter("ignore")
        turned = ImageOps.exif_transpose(image)
    if turned.mode == "LAB":
        turned = turned.getchannel("L")
    elif turned.mode not in ("L", "LA", "RGB", "RGBA", "I", "F") and turned.mode[:2] != "I;":
        turned = turned.convert(_CONVERTED_MODES.get(turned.mode, "RGB"))
    return to_bgr(np.asarray(turned))


_DECODERS: dict[str, Callable[[bytes], GrayImage | None]] = {
    "png": _decode_png,
    "jpeg": _decode_gray,
    "bmp": _decode_bmp,
    "gif": _decode_gif,
    "webp": _decode_unchanged,
    "pnm": _decode_pnm,
    "jp2": _decode_jp2,
    "avif": _decode_avif,
}

_SIZE_READERS: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "png": containers.read_png_size,
    "jpeg": containers.read_jpeg_size,
    "bmp": containers.read_bmp_size,
    "gif": containers.read_gif_size,
    "webp": containers.read_webp_size,
    "pnm": pnm.read_pnm_size,
    "jp2": containers.read_jp2_size,
    "avif": _read_avif_size,
}
