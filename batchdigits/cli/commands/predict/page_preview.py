"""Pages read once more to be drawn: readings hold no pages, which may be large."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits, ReaderLimits
from batchdigits.errors import ImageError
from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.isolated_reader import make_sandbox
from batchdigits.execution.pool import WorkerPool
from batchdigits.execution.run_in_order import run_in_order
from batchdigits.images.load import load_pages
from batchdigits.pipeline.result import Reading
from batchdigits.records import Page, Source
from batchdigits.system.sandbox.plain_messages import BadMessageError, unpack_bytes

#: Most pixels of a preview's longer side: enough for its three inches.
PREVIEW_SIDE = 480
#: A page reduced to what is drawn, and by which factor.
PagePreview = tuple[GrayImage, float]
_NumberedPage = tuple[int, tuple[Source, Reading]]
#: A preview as a worker answers it: gray levels row by row, height, width, factor.
_PackedPreview = tuple[bytes, int, int, float]
#: Bytes of a preview at most: four of text for three gray levels.
_MAX_PREVIEW_BYTES = PREVIEW_SIDE**2 * 4 // 3 + 256
_MAX_FACTOR = 2**32


def load_previews(
    pages: Sequence[tuple[Source, Reading]], limits: Limits, reader_limits: ReaderLimits
) -> list[PagePreview | None]:
    """Read pages once more, in a worker, and reduce them to what is drawn.

    Args:
        pages: each page's file and reading.
        limits: how much one file may ask for, as when it was read.
        reader_limits: what the worker may take.

    Returns:
        The gray levels of each page, ``(height, width) uint8``, 0-255, and the factor by which
        they were reduced, at least 1; ``None`` where the page was not read, is gone meanwhile, or
        cannot be decoded at its full size.
    """
    work = partial(_load_numbered, limits=limits)
    timeout, memory = reader_limits.file_timeout, reader_limits.memory_bytes
    sandbox = make_sandbox((source for source, _ in pages), reader_limits)
    with WorkerPool[_NumberedPage, list[PagePreview | None]](
        *(work, 1, timeout, memory, sandbox),
        check=_check_previews,
        max_answer_bytes=(len(pages) + 1) * _MAX_PREVIEW_BYTES,
    ) as pool:
        results = run_in_order(pool, pages)
    return [None if isinstance(result, TaskFailure) else result for result in results]


def _load_numbered(
    numbered_pages: Sequence[_NumberedPage], limits: Limits
) -> list[_PackedPreview | None]:
    return [
        _load_preview(source, reading.page, limits) if reading.is_read else None
        for _, (source, reading) in numbered_pages
    ]


def _load_preview(source: Source, page_number: int, limits: Limits) -> _PackedPreview | None:
    try:
        data, _ = source.read()
    except ImageError:
        return None
    for number, page in load_pages(data, source.name, limits):
        if number == page_number:
            return _downscale(page.gray) if isinstance(page, Page) else None
    return None


def _downscale(gray: GrayImage) -> _PackedPreview:
    scale = max(max(gray.shape) / PREVIEW_SIDE, 1.0)
    if scale > 1:
        size = max(round(gray.shape[1] / scale), 1), max(round(gray.shape[0] / scale), 1)
        gray = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
    return gray.tobytes(), *gray.shape, scale


def _check_previews(pages: Sequence[_NumberedPage], answer: Any) -> list[PagePreview | None]:
    """Make the previews of what a worker answered, which is not trusted.

    Raises:
        BadMessageError: it is not what any worker answers.
    """
    if type(answer) is not list or len(answer) != len(pages):
        raise BadMessageError("previews of more or fewer pages")
    return [None if values is None else _check_preview(values) for values in answer]


def _check_preview(values: Any) -> PagePreview:
    match values:
        case [str() as text, int() as height, int() as width, float() as scale]:
            sides = {height, width} <= {*range(1, PREVIEW_SIDE + 1)}
            with suppress(ValueError):
                levels = np.frombuffer(unpack_bytes(text), np.uint8)
                if sides and 1 <= scale < _MAX_FACTOR:
                    return levels.reshape(height, width), scale
    raise BadMessageError("a preview that is none")
