"""Pages read once more to be drawn: readings hold no pages, which may be large."""

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits, ReaderLimits
from batchdigits.errors import ImageError
from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.isolated_reader import make_sandbox
from batchdigits.execution.pool import WorkerPool, run_in_order
from batchdigits.images.load import load_pages
from batchdigits.pipeline.result import Reading
from batchdigits.records import Page, Source

#: Most pixels of a preview's longer side: enough for its three inches.
PREVIEW_SIDE = 480
#: A page reduced to what is drawn, and by which factor.
PagePreview = tuple[GrayImage, float]


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
    with WorkerPool(work, 1, timeout, memory, sandbox) as pool:
        results = run_in_order(pool, pages)
    return [None if isinstance(result, TaskFailure) else result for result in results]


def _load_numbered(
    numbered_pages: Sequence[tuple[int, tuple[Source, Reading]]], limits: Limits
) -> list[PagePreview | None]:
    return [
        _load_preview(source, reading.page, limits) if reading.is_read else None
        for _, (source, reading) in numbered_pages
    ]


def _load_preview(source: Source, page_number: int, limits: Limits) -> PagePreview | None:
    try:
        data, _ = source.read()
    except ImageError:
        return None
    for number, page in load_pages(data, source.name, limits):
        if number == page_number:
            return _downscale(page.gray) if isinstance(page, Page) else None
    return None


def _downscale(gray: GrayImage) -> PagePreview:
    scale = max(max(gray.shape) / PREVIEW_SIDE, 1)
    if scale == 1:
        return gray, 1
    size = max(round(gray.shape[1] / scale), 1), max(round(gray.shape[0] / scale), 1)
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8), scale
