"""Bytes to pages: read once, judged by content, refused with a reason where they are no good.

    data, file_stat = source.read()                 # ImageError where that fails
    for number, page in load_pages(data, source.name, Limits()):
        ...                                         # a Page, or a Rejection that says why not

Size is judged by the header before anything is decoded, and the end by the file's structure,
because decoders return half a picture for half a file.
"""

from collections.abc import Iterator
from functools import partial

from batchdigits.config import Limits
from batchdigits.images.decode import DAMAGED, catch_decode_errors, decode, read_image_size
from batchdigits.images.formats import (
    HEAD_BYTES,
    JPEG,
    TIFF,
    ImageFormat,
    format_from_name,
    identify_format,
    is_complete,
)
from batchdigits.images.limits import check_size
from batchdigits.images.reduced import choose_scale, decode_reduced
from batchdigits.images.tiff import load_tiff_pages
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page

__all__ = ["Limits", "load_pages"]


def load_pages(
    data: bytes, name: str, limits: Limits, min_side: int = 0
) -> Iterator[tuple[int, Page | Rejection]]:
    """Yield ``(number, page or why not)`` for each page of a file, from 1; never raises.

    Args:
        data: the whole file.
        name: its name; only the ending matters, and only to tell camera raw files from TIFF.
        limits: pixels and pages beyond which nothing is decoded.
        enough: pixels of the longer side that will do; where that is quicker, a larger page
            comes as a :class:`ReducedPage` of at least that side. 0 asks for all pixels.
    """
    if not data:
        yield 1, Rejection(Reason.EMPTY, "The file holds no bytes.")
        return
    kind = identify_format(data[:HEAD_BYTES], name)
    if kind is None:
        yield 1, _reject_non_image(data, name)
    elif not kind.is_supported:
        yield 1, Rejection(Reason.UNSUPPORTED, kind.advice)
    elif kind is TIFF:
        yield from load_tiff_pages(data, limits)
    else:
        yield 1, catch_decode_errors(partial(_load_single_page, kind, data, limits, min_side))


def _load_single_page(
    image_format: ImageFormat, data: bytes, limits: Limits, min_side: int
) -> Page | Rejection:
    size = read_image_size(image_format, data)
    if size and (refused := check_size(*size, limits)):
        return refused
    if not is_complete(image_format, data):
        return Rejection(
            Reason.TRUNCATED, f"The {image_format.label} data ends before the image does."
        )
    if not size:
        return Rejection(Reason.CORRUPT, f"The {image_format.label} header makes no sense.")
    if min_side and image_format is JPEG and (scale := choose_scale(*size, min_side)) > 1:
        return decode_reduced(data, size, scale)
    gray = decode(image_format, data)
    return DAMAGED if gray is None else Page(1, gray)


def _reject_non_image(data: bytes, name: str) -> Rejection:
    promised = format_from_name(name)
    if promised is None:
        return Rejection(Reason.NOT_AN_IMAGE, "The content is no image of a known kind.")
    if not promised.is_supported:
        return Rejection(Reason.UNSUPPORTED, promised.advice)
    found = "text" if _is_text(data[:HEAD_BYTES]) else "something else"
    return Rejection(
        Reason.NOT_AN_IMAGE, f"The name promises {promised.label}, but the content is {found}."
    )


def _is_text(head: bytes) -> bool:
    """Whether the beginning reads as text: no control characters but white space."""
    return not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
