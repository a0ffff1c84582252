"""What decodes the pixels of several formats: OpenCV and Pillow, and what becomes of their errors.

OpenCV decodes nearly everything, from memory. ``IMREAD_GRAYSCALE`` is the fastest for what it gets
right; the rest is decoded as it is and made gray by :mod:`batchdigits.images.pixels`.
"""

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.errors import ImageError
from batchdigits.images.colour_contrast import show_ink, split_colours
from batchdigits.images.ifd import read_orientation
from batchdigits.images.pixels import apply_orientation, blend_on_white, to_bgr, to_gray
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

#: For a page that is there to its end, but that no decoder takes.
DAMAGED = Rejection(Reason.CORRUPT, "The image is complete, but it cannot be decoded.")

#: The ``code`` of ``cv2.error`` where memory ran out: ``cv::Error::StsNoMem``.
OUT_OF_MEMORY_CODE = -4
#: Pillow's modes that do not become RGB.
_CONVERTED_MODES = {"1": "L", "La": "LA", "RGBa": "RGBA", "PA": "RGBA"}


def catch_decode_errors(read: Callable[[], Page | Rejection]) -> Page | Rejection:
    """Read a page, and make a rejection of whatever goes wrong."""
    try:
        return read()
    except ImageError as error:
        return error.rejection
    except MemoryError:
        return _reject_out_of_memory()
    except cv2.error as error:
        return _reject_out_of_memory() if error.code == OUT_OF_MEMORY_CODE else DAMAGED
    except ImportError as error:  # a Pillow built without this format
        return Rejection(Reason.UNSUPPORTED, f"This installation cannot decode it: {error}.")
    except Exception:  # the decoders raise nearly every type there is on damaged files
        return DAMAGED


def _reject_out_of_memory() -> Rejection:
    return Rejection(
        Reason.IO_ERROR, "There was not enough memory to decode it; lower --max-megapixels."
    )


def imdecode(data: bytes | memoryview, flags: int) -> NDArray[Any] | None:
    """Decode bytes by ``cv2.imdecode``, with its flags; ``None`` where OpenCV cannot."""
    # The stubs promise an array always.
    return cv2.imdecode(np.frombuffer(data, np.uint8), flags)


def decode_gray(data: bytes) -> GrayImage | None:
    """Decode to ``(height, width) uint8`` in one step, turned upright by EXIF.

    Returns ``None`` where OpenCV cannot.
    """
    return imdecode(data, cv2.IMREAD_GRAYSCALE)


def decode_ink(data: bytes) -> GrayImage | None:
    """Decode to gray as :func:`decode_gray` does, or to the colour that shows the ink.

    Returns ``None`` where OpenCV cannot.
    """
    gray = decode_gray(data)
    return None if gray is None else show_coloured_ink(gray, data, cv2.IMREAD_ANYCOLOR)


def show_coloured_ink(gray: GrayImage, data: bytes, colour_flag: int) -> GrayImage:
    """Decode a page's colours where its luma hides the ink, and return the one that shows it.

    Args:
        gray: the page as :func:`decode_gray` decoded it, or reduced.
        data: the file.
        colour_flag: OpenCV's flag that decodes it with its colours, as large as ``gray``.
    """
    return show_ink(gray, lambda: split_colours(imdecode(data, colour_flag)))


def decode_as_is(data: bytes | memoryview) -> NDArray[Any] | None:
    """Decode with all channels and the full depth, which :func:`to_gray` takes.

    Only TIFF is turned upright. Returns ``None`` where OpenCV cannot.
    """
    return imdecode(data, cv2.IMREAD_UNCHANGED)


def decode_unchanged(data: bytes, transparent_level: int | None = None) -> GrayImage | None:
    """Decode with alpha and full depth, make that gray, and turn it upright by EXIF.

    Args:
        data: the file.
        transparent_level: the level of a gray picture without alpha that is transparent.

    Returns:
        ``(height, width) uint8``, transparent parts on white; ``None`` where OpenCV cannot.
    """
    pixels, kinds, blocks = cv2.imdecodeWithMetadata(
        np.frombuffer(data, np.uint8), flags=cv2.IMREAD_UNCHANGED
    )
    if pixels is None:
        return None
    gray = to_gray(pixels)
    if transparent_level is not None and pixels.ndim == 2:
        opacity = np.where(pixels == transparent_level, 0, 255).astype(np.uint8)
        gray = blend_on_white(gray, opacity)
    for kind, block in zip(kinds, blocks, strict=True):
        if kind == cv2.IMAGE_METADATA_EXIF:
            return apply_orientation(gray, read_orientation(block.tobytes()))
    return gray


def pixels_from_pillow(image: "ImageFile") -> NDArray[Any]:
    """Decode an opened Pillow image, upright, in the channel order of OpenCV."""
    from PIL import ImageOps

    with warnings.catch_warnings():  # on odd tags, which a person cannot mend
        warnings.simplefilter("ignore")
        upright = ImageOps.exif_transpose(image)
    if upright.mode == "LAB":
        upright = upright.getchannel("L")
    elif upright.mode not in ("L", "LA", "RGB", "RGBA", "I", "F") and upright.mode[:2] != "I;":
        upright = upright.convert(_CONVERTED_MODES.get(upright.mode, "RGB"))
    return to_bgr(np.asarray(upright))
