"""What a worker has to know of OpenCV: its threads, and its word for too little memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2

from batchdigits.images.decode import OUT_OF_MEMORY_CODE


def stop_opencv_threads() -> None:
    """Have OpenCV work in one thread; to be called before any worker is forked.

    One library's threads must not fight another's, as there is a worker for every core; and
    threads that OpenCV already has do not survive a fork.
    """
    cv2.setNumThreads(0)


@contextmanager
def raise_memory_errors() -> Iterator[None]:
    """Raise a ``MemoryError`` where OpenCV raises an error of its own for that."""
    try:
        yield
    except cv2.error as error:
        if error.code == OUT_OF_MEMORY_CODE:
            raise MemoryError from error
        raise
