"""Bytes to pages: told apart by content, and rejected with a reason where they are no good.

    data, file_stat = source.read()                 # ImageError where that fails
    for number, page in load_pages(data, source.name, Limits()):
        ...                                         # a Page, or a Rejection that says why not

Size is checked in the header before anything is decoded, and the end by the file's structure,
because decoders return half a picture for half a file. Where only the end is missing, and all
pixels are there beyond doubt, the page is read and marked as incomplete.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from batchdigits.config import Limits
from batchdigits.errors import ImageError
from batchdigits.images.decode import DAMAGED, catch_decode_errors
from batchdigits.images.formats import HEAD_BYTES, format_from_name, identify_format
from batchdigits.images.formats.image_format import ImageFormat
from batchdigits.images.limits import check_size
from batchdigits.reasons import Reason, Rejection
from batchdigits.records import Page

#: Verdicts on header and end that may turn out to be the end's alone.
_MENDABLE_REASONS = frozenset({Reason.TRUNCATED, Reason.CORRUPT})


def load_pages(
    data: bytes, name: str, limits: Limits, min_side: int = 0
) -> Iterator[tuple[int, Page | Rejection]]:
    """Yield ``(number, page or why not)`` for each page of a file, from 1; never raises.

    Args:
        data: the whole file.
        name: its name; only the suffix matters, and only to tell camera raw files from TIFF.
        limits: pixels and pages beyond which nothing is decoded.
        min_side: pixels of the longer side that will do; where that is quicker, a larger page
            comes as a :class:`batchdigits.images.reduced.ReducedPage` of at least that side. 0
            asks for all pixels.
    """
    if not data:
        yield 1, Rejection(Reason.EMPTY, "The file holds no bytes.")
        return
    image_format = identify_format(data[:HEAD_BYTES], name)
    if image_format is None:
        yield 1, _reject_non_image(data, name)
    elif not image_format.is_supported:
        yield 1, Rejection(Reason.UNSUPPORTED, image_format.advice)
    elif image_format.page_loader:
        yield from image_format.page_loader(data, limits)
    else:
        yield 1, catch_decode_errors(partial(_load_page, image_format, data, limits, min_side))


def _load_page(
    image_format: ImageFormat, data: bytes, limits: Limits, min_side: int
) -> Page | Rejection:
    verdict = _check_and_decode(image_format, data, limits, min_side)
    if isinstance(verdict, Page) or verdict.reason not in _MENDABLE_REASONS or verdict == DAMAGED:
        return verdict
    mended = image_format.mend(data)
    if mended is None:
        return verdict
    page = _check_and_decode(image_format, mended, limits, min_side)
    if isinstance(page, Page):
        return replace(page, is_incomplete=True)
    return verdict if page == DAMAGED else page


def _check_and_decode(
    image_format: ImageFormat, data: bytes, limits: Limits, min_side: int
) -> Page | Rejection:
    size = _check_header(image_format, data, limits)
    if isinstance(size, Rejection):
        return size
    return catch_decode_errors(partial(_decode, image_format, data, size, min_side))


def _check_header(
    image_format: ImageFormat, data: bytes, limits: Limits
) -> tuple[int, int] | Rejection:
    """Return width and height of a file that is worth decoding, or why it is not."""
    try:
        size = image_format.read_size(data)
    except ImageError as error:
        return error.rejection
    if size and (rejection := check_size(*size, limits)):
        return rejection
    if not image_format.is_complete(data):
        return Rejection(
            Reason.TRUNCATED, f"The {image_format.label} data ends before the image does."
        )
    return size or Rejection(Reason.CORRUPT, f"The {image_format.label} header makes no sense.")


def _decode(
    image_format: ImageFormat, data: bytes, size: tuple[int, int], min_side: int
) -> Page | Rejection:
    if min_side and image_format.reduced_decoder:
        return image_format.reduced_decoder(data, size, min_side)
    gray = image_format.decode(data)
    return DAMAGED if gray is None else Page(1, gray)


def _reject_non_image(data: bytes, name: str) -> Rejection:
    promised = format_from_name(name)
    if promised is None:
        return Rejection(Reason.NOT_AN_IMAGE, "The content is no image of a known kind.")
    if not promised.is_supported:
        return Rejection(Reason.UNSUPPORTED, promised.advice)
    content = "text" if _is_text(data[:HEAD_BYTES]) else "something else"
    return Rejection(
        Reason.NOT_AN_IMAGE, f"The name promises {promised.label}, but the content is {content}."
    )


def _is_text(head: bytes) -> bool:
    """Tell whether the beginning reads as text: no control characters but white space."""
    return not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
