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
from batchdigits.images.formats import Kind  # noqa: E402
from batchdigits.images.pixels import bgr, on_white, to_gray, upright  # noqa: E402
from batchdigits.records import Page, Reason, Rejection  # noqa: E402

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

#: For a page that is there to its end, but that no decoder takes.
DAMAGED = Rejection(Reason.CORRUPT, "The image is complete, but it cannot be decoded.")

_NO_MEMORY = -4  # cv::Error::StsNoMem
_ORIENTATION = 0x0112
#: Pillow's modes that do not become RGB.
_PLAIN_MODES = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA"}


def guarded(read: Callable[[], Page | Rejection]) -> Page | Rejection:
    """Read a page, and make a row of whatever goes wrong."""
    try:
        return read()
    except MemoryError:
        return _no_memory()
    except cv2.error as error:
        return _no_memory() if error.code == _NO_MEMORY else DAMAGED
    except ImportError as error:  # a Pillow built without this format
        return Rejection(Reason.UNSUPPORTED, f"This installation cannot decode it: {error}.")
    except Exception:  # the decoders raise nearly every type there is on damaged files
        return DAMAGED


def _no_memory() -> Rejection:
    return Rejection(
        Reason.IO_ERROR, "There was not enough memory to decode it; lower --max-megapixels."
    )


def imdecode(data: bytes | memoryview, flags: int) -> NDArray[Any] | None:
    """``cv2.imdecode`` of bytes; ``None`` where OpenCV cannot."""
    # The stubs promise an array always.
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def image_size(kind: Kind, data: bytes) -> tuple[int, int] | None:
    """Width and height by the header, before any rotation; ``None`` where it makes no sense."""
    try:
        return _SIZES[kind.name](data)
    except (struct.error, IndexError, ValueError, KeyError, SyntaxError, OSError):
        return None


def decode(kind: Kind, data: bytes) -> GrayImage | None:
    """``(height, width) uint8`` of a file with one page, or ``None`` where it is damaged.

    May raise whatever its decoder raises: call it through :func:`guarded`.
    """
    return _DECODERS[kind.name](data)


def _plain(data: bytes) -> GrayImage | None:
    """Take the fast road, on which OpenCV applies EXIF orientation itself."""
    return imdecode(data, cv2.IMREAD_GRAYSCALE)


def _png(data: bytes) -> GrayImage | None:
    depth, colour_type = data[24], data[25]
    transparent = colour_type & 4 or data.find(b"tRNS", 33, data.find(b"IDAT", 33)) >= 0
    if depth <= 8 and not transparent:
        return _plain(data)
    key = _transparent_gray(data) if colour_type == 0 and transparent else None
    return _as_it_is(data, key)


def _transparent_gray(data: bytes) -> int | None:
    """Find the gray level that a tRNS chunk makes transparent, as OpenCV decodes that level."""
    at = data.find(b"tRNS", 33)
    (level,) = struct.unpack_from(">H", data, at + 4)
    depth = data[24]
    return int(level if depth == 16 else level * 255 // (2**depth - 1))


def _as_it_is(data: bytes, key: int | None = None) -> GrayImage | None:
    """Decode with alpha and full depth, then turn it by its EXIF, which OpenCV leaves out here."""
    pixels, kinds, blocks = cv2.imdecodeWithMetadata(
        np.frombuffer(data, np.uint8), flags=cv2.IMREAD_UNCHANGED
    )
    if pixels is None:
        return None
    gray = to_gray(pixels)
    if key is not None and pixels.ndim == 2:
        gray[pixels == key] = 255
    for kind, block in zip(kinds, blocks, strict=True):
        if kind == cv2.IMAGE_METADATA_EXIF:
            return upright(gray, ifd.orientation(block.tobytes()))
    return gray


def _bmp(data: bytes) -> GrayImage | None:
    """Only a 32-bit file with a V4 or V5 header can have alpha; all zero means it has none."""
    header, bits = struct.unpack_from("<I", data, 14)[0], struct.unpack_from("<H", data, 28)[0]
    if header < 108 or bits != 32:
        return _plain(data)
    pixels = imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim == 2:
        return pixels
    return to_gray(pixels if pixels[..., -1].any() else pixels[..., :3])


def _gif(data: bytes) -> GrayImage | None:
    """Decode the first picture of it."""
    pixels = imdecode(data, cv2.IMREAD_UNCHANGED)
    return None if pixels is None else to_gray(pixels)


def _pnm(data: bytes) -> GrayImage:
    if data[:2] in (b"P7", b"Pf", b"PF"):
        values = pnm.read_pam_or_pfm(data)
        if pnm.pam_has_alpha(data):
            return on_white(to_gray(bgr(values[..., :-1])), to_gray(values[..., -1]))
        return to_gray(bgr(values))
    from PIL.PpmImagePlugin import PpmImageFile

    return to_gray(pillow_pixels(PpmImageFile(io.BytesIO(data))))


def _jp2(data: bytes) -> GrayImage:
    pixels = imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:  # gray with alpha, for one
        from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

        pixels = pillow_pixels(Jpeg2KImageFile(io.BytesIO(data)))
    return to_gray(pixels)


def _avif_file(data: bytes) -> "ImageFile":
    # The class itself, as Image.open() would add Pillow's own limit on pixels.
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile(io.BytesIO(data))


def _avif(data: bytes) -> GrayImage | None:
    """OpenCV never turns AVIF; Pillow tells what irot, imir and EXIF come to."""
    pixels = imdecode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        return None
    return upright(to_gray(pixels), _avif_file(data).getexif().get(_ORIENTATION, 1))


def _avif_size(data: bytes) -> tuple[int, int]:
    width, height = _avif_file(data).size
    return width, height


def pillow_pixels(image: "ImageFile") -> NDArray[Any]:
    """Pixels of an opened Pillow image, upright, in the channel order of OpenCV."""
    from PIL import ImageOps

    with warnings.catch_warnings():  # on odd tags, which a person cannot mend
        warnings.simplefilter("ignore")
        turned = ImageOps.exif_transpose(image)
    if turned.mode == "LAB":
        turned = turned.getchannel("L")
    elif turned.mode not in ("L", "LA", "RGB", "RGBA", "I", "F") and turned.mode[:2] != "I;":
        turned = turned.convert(_PLAIN_MODES.get(turned.mode, "RGB"))
    return bgr(np.asarray(turned))


_DECODERS: dict[str, Callable[[bytes], GrayImage | None]] = {
    "png": _png,
    "jpeg": _plain,
    "bmp": _bmp,
    "gif": _gif,
    "webp": _as_it_is,
    "pnm": _pnm,
    "jp2": _jp2,
    "avif": _avif,
}

_SIZES: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "png": containers.png_size,
    "jpeg": containers.jpeg_size,
    "bmp": containers.bmp_size,
    "gif": containers.gif_size,
    "webp": containers.webp_size,
    "pnm": pnm.pnm_size,
    "jp2": containers.jp2_size,
    "avif": _avif_size,
}
