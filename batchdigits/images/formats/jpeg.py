"""JPEG, by ITU T.81."""

import re
from typing import TYPE_CHECKING

from batchdigits.arrays import GrayImage
from batchdigits.errors import ImageError
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.images.jpeg_segments import (
    END_MARKER,
    EOI,
    HEADER_MARKERS,
    SOI,
    SOS,
    find_frame,
    find_height,
    set_height,
    skip_segments,
    walk_segments,
)
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page

if TYPE_CHECKING:
    from batchdigits.images.jpeg_segments import Frame

_RGB, _CMYK = 3, 4
#: Scans of any picture that are read, pixels times scans, and scans that no such product limits:
#: libjpeg's own script for colours makes ten.
_MAX_SCANS, _MAX_SCANNED_PIXELS, _USUAL_SCANS = 500, 1_000_000_000, 20
#: What missing blocks become.
_FILLING = 128


def _read_size(data: bytes) -> tuple[int, int]:
    """Read width and height from the frame header (SOF), or the height behind the scan (DNL)."""
    frame = find_frame(data)
    height = find_height(data, frame)
    _check_scans(data, frame, frame.width * height)
    return frame.width, height


def _check_scans(data: bytes, frame: "Frame", pixels: int) -> None:
    """Refuse a picture that comes in more scans than any program makes: each costs all its pixels.

    Raises:
        ImageError: ``TOO_LARGE``.
    """
    if frame.component_count == 1 and not frame.is_progressive:
        return  # decoders take the first scan alone
    if not frame.is_progressive:
        start = skip_segments(data, HEADER_MARKERS)
        if data[start : start + 2] == b"\xff\xda" and data[start + 4] == frame.component_count:
            return  # the first scan is the whole picture
    scans = data.count(b"\xff\xda")
    if scans > _MAX_SCANS or (scans > _USUAL_SCANS and scans * pixels > _MAX_SCANNED_PIXELS):
        raise ImageError(
            Reason.TOO_LARGE,
            f"The JPEG file draws its {pixels / 1e6:.1f} megapixels in {scans} scans, "
            "far more than any program does.",
        )


def _is_complete(data: bytes) -> bool:
    """Walk the segments to the scan; an end marker must follow.

    The walk steps over EXIF as a whole, so the end marker of a thumbnail is not taken for it.
    """
    in_scan = False
    for marker, _ in walk_segments(data, skip_segments(data, HEADER_MARKERS)):
        if marker == EOI:
            return in_scan
        if marker == SOI and in_scan:
            return False  # here another picture begins
        if marker == SOS:
            in_scan = True
            if data.endswith(END_MARKER):
                return True  # the usual case, without searching megabytes of scan
    return False


def _mend(data: bytes) -> bytes | None:
    """Add the end, and the height, to a file whose rows are all there."""
    from batchdigits.images.jpeg_end import cut_to_pixels

    frame = find_frame(data)
    return cut_to_pixels(data, frame, find_height(data, frame), _is_complete(data))


def _decode(data: bytes) -> GrayImage | None:
    import cv2

    from batchdigits.images.decode import decode_gray, show_coloured_ink

    frame = find_frame(data)
    data = set_height(data, frame, find_height(data, frame))
    gray = decode_gray(data)
    if gray is None:
        return None
    _check_rows(data, gray)
    if frame.component_count == _RGB:
        return show_coloured_ink(gray, data, cv2.IMREAD_COLOR)
    return _choose_polarity(data, frame, gray)


def _decode_reduced(data: bytes, size: tuple[int, int], min_side: int) -> Page | Rejection:
    from batchdigits.images.reduced import choose_scale, decode_reduced, show_colour

    frame = find_frame(data)
    data = set_height(data, frame, size[1])
    scale = choose_scale(*size, min_side)
    page = decode_reduced(data, size, scale)
    if isinstance(page, Page):
        _check_rows(data, page.gray)
        if frame.component_count == _RGB:
            return show_colour(page, data, scale)
    if frame.component_count == _CMYK and isinstance(page, Page):
        gray = _choose_polarity(data, frame, page.gray)
        return page if gray is page.gray else Page(1, gray)
    return page


def _check_rows(data: bytes, gray: GrayImage) -> None:
    """Refuse a file with an end marker behind missing rows, which decoders fill with gray.

    The last pixel of the file lies in one of the corners, whichever way the page is turned. Only
    where it is of that gray, and an edge is as well, rows are counted.

    Raises:
        ImageError: ``TRUNCATED``.
    """
    corners = (gray.item(-1), gray.item(0), gray.item(0, -1), gray.item(-1, 0))
    if _FILLING not in corners:
        return
    edges = (gray[-1], gray[0], gray[:, -1], gray[:, 0])
    if any((edge == _FILLING).all() for edge in edges):
        from batchdigits.images.jpeg_end import lacks_rows

        if lacks_rows(data, find_frame(data)):
            raise ImageError(Reason.TRUNCATED, "The JPEG data ends before the image does.")


def _choose_polarity(data: bytes, frame: "Frame", gray: GrayImage) -> GrayImage:
    """Read a dark CMYK page again where it is lighter with its ink the other way round.

    Adobe's programs store CMYK inverted and OpenCV takes all for that; others come out all black.
    """
    from batchdigits.images.cmyk import decode_light_cmyk, is_dark

    if frame.component_count == _CMYK and is_dark(gray):
        return decode_light_cmyk(data)
    return gray


JPEG = ImageFormat(
    name="jpeg",
    label="JPEG",
    signature=re.compile(rb"\xff\xd8\xff"),
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    size_reader=_read_size,
    completeness_check=_is_complete,
    decoder=_decode,
    reduced_decoder=_decode_reduced,
    mender=_mend,
)
