"""What ``import batchdigits`` offers to programs and notebooks: read images, make a table of it.

    import batchdigits

    for reading in batchdigits.read("my-scans"):
        print(reading.file, reading.digit, reading.confidence)
    table = batchdigits.to_dataframe(batchdigits.read(array))

Everything happens in this process, and threads may call it: nothing is forked, no signal caught,
no file written, moved or changed, and nothing goes to standard output.
"""

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from batchdigits.config import Limits
from batchdigits.engine import CARD_ENDING, Engine, load, load_default
from batchdigits.given import Image, chunks, sources
from batchdigits.outcome import Reading, reading_of
from batchdigits.reading import Road, read_chunk
from batchdigits.records import Row, Source, Status

if TYPE_CHECKING:
    from pandas import DataFrame

_LIMITS = Limits()
#: Threads share the loaded model, which does one thing at a time.
_ONE_AT_A_TIME = Lock()
#: Columns of a table and their types; those that ``results.csv`` has too are named as there.
_TYPES = {
    "file": "string",
    "page": "int64",
    "status": "category",
    "digit": "Int64",
    "confidence": "float64",
    "second_digit": "Int64",
    "second_confidence": "float64",
    "reason": "string",
    "width": "Int64",
    "height": "Int64",
    "detail": "string",
}


def read(
    images: Image | Iterable[Image],
    *,
    model: str | os.PathLike[str] | None = None,
    max_megapixels: float = _LIMITS.max_megapixels,
    max_pages: int = _LIMITS.max_pages,
) -> list[Reading]:
    """Read digits from files, folders or arrays.

    Args:
        images: a path; a folder, of which all images are read that ``batchdigits run`` would
            read, in the order people count; an array; or an iterable of any of these. An array is
            ``(h, w)`` or ``(h, w, 1)`` gray, ``(h, w, 2)`` gray and alpha, ``(h, w, 3)`` RGB or
            ``(h, w, 4)`` RGBA, or several in one, ``(n, h, w)`` or ``(n, h, w, channels)``, of
            integers, floats or bools; a last axis of 1 to 4 always means channels. Ink may be
            darker or lighter than its paper. Integers are read by the bit depth they use, floats
            from 0 to 1, 255 or 65535 where they fill that range, else from lowest to highest.
        model: a ``.tflite`` file with its card beside it, or the bundled model.
        max_megapixels: largest page in millions of pixels; larger ones are not read.
        max_pages: most pages read of one file.

    Returns:
        One :class:`Reading` a page, in order. A file that is missing, damaged or no image raises
        nothing: its reading says why it was not read. A folder without images gives none.

    Raises:
        TypeError: something is neither a path nor an array of real numbers.
        ValueError: an array is empty or of no shape that images have.
        ModelError: no usable model (see :mod:`batchdigits.errors`).
    """
    road = Road(engine_of(model), Limits(max_megapixels, max_pages))
    return [reading_of(row) for rows in read_rows(sources(images), road) for row in rows]


def read_rows(given: Iterable[Source], road: Road) -> Iterator[list[Row]]:
    """Rows of a few dozen files at a time, as they are read."""
    for chunk in chunks(given):
        with _ONE_AT_A_TIME:
            rows = read_chunk(chunk, road)
        yield rows


def to_dataframe(readings: Iterable[Reading]) -> "DataFrame":
    """A pandas table of one row a reading, in order, with the same columns where there are none.

    ``digit``, ``second_digit``, ``width`` and ``height`` are ``Int64``, confidences ``float64``,
    ``status`` is categorical, words are ``string``; what there is none of is missing (``NA``).
    """
    import pandas as pd

    listed = list(readings)
    columns = {
        name: pd.Series(
            [_cell(each, name) for each in listed],
            dtype=pd.CategoricalDtype([str(each) for each in Status])
            if kind == "category"
            else kind,
        )
        for name, kind in _TYPES.items()
    }
    return pd.DataFrame(columns)


def _cell(reading: Reading, column: str) -> object:
    value = getattr(reading, column)
    if column in ("status", "reason", "detail"):
        return str(value) if value else None
    return value


def engine_of(model: str | os.PathLike[str] | None) -> Engine:
    """The model of that path or the bundled one, loaded once as long as its files stay the same.

    Raises:
        ModelError: no usable model.
    """
    path = None if model is None else os.path.abspath(os.fsdecode(model))
    return _loaded(path, *map(_stamp, (path, path and os.path.splitext(path)[0] + CARD_ENDING)))


def _stamp(path: str | None) -> tuple[int, int]:
    try:
        found = os.stat(path) if path else None
    except OSError:
        return 0, 0  # loading tells what is wrong with it
    return (found.st_mtime_ns, found.st_size) if found else (0, 0)


@lru_cache(maxsize=4)
def _loaded(path: str | None, *_stamps: tuple[int, int]) -> Engine:
    return load_default() if path is None else load(Path(path))
