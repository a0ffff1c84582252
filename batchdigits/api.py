"""What ``import batchdigits`` offers to programs and notebooks: read images, make a table of it.

    import batchdigits

    for reading in batchdigits.read("my-scans"):
        print(reading.file, reading.digit, reading.confidence)
    table = batchdigits.to_dataframe(batchdigits.read(array))

Everything happens in this process, unless ``isolate`` asks for another one, and threads may call
it: nothing is forked, no signal caught, no file written, moved or changed, and nothing is printed.
Only a model made elsewhere is opened by a process of its own the first time, and gets a card
beside it.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from batchdigits.config import Ink, InputRange, Limits, Model, ReaderLimits
from batchdigits.inference.engine import CARD_SUFFIX, Engine
from batchdigits.inference.model_card import IMPORTED_CARD_SUFFIX
from batchdigits.inference.registry import find_model, open_engine, read_default_model
from batchdigits.journal.columns import COLUMNS, Column
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.pipeline.result import Reading, reading_from_record
from batchdigits.pipeline.sources import ImageInput, chunk_sources, sources_from_images
from batchdigits.reasons import Status
from batchdigits.records import PageRecord, Source
from batchdigits.system.extras import require_extra
from batchdigits.system.library_notes import discard_library_notes

if TYPE_CHECKING:
    from pandas import DataFrame

_DEFAULT_LIMITS = Limits()
#: Threads share the loaded model, which does one thing at a time.
_ENGINE_LOCK = Lock()


def read(
    images: ImageInput | Iterable[ImageInput],
    *,
    model: str | os.PathLike[str] | None = None,
    input_range: str | None = None,
    ink: str | None = None,
    trust_model: bool = False,
    max_megapixels: float = _DEFAULT_LIMITS.max_megapixels,
    max_pages: int = _DEFAULT_LIMITS.max_pages,
    isolate: bool = False,
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
        model: the name of a model, or a file or folder made elsewhere, as ``--model`` takes it
            (how such a model wants images is found out once and kept in a card beside it); the
            default model where it is ``None``.
        input_range: the levels that a model made elsewhere wants, a value of
            :class:`batchdigits.config.InputRange`, where that should not be found out.
        ink: the ink that a model made elsewhere wants, ``"white"`` or ``"black"``, where that
            should not be found out.
        trust_model: run code that the model's file may hold.
        max_megapixels: largest page in millions of pixels; larger ones are not read.
        max_pages: most pages read of one file.
        isolate: read in a process of its own, started for this call, so that a damaged file that
            crashes or hangs a decoder costs its own reading and not your program: its reason is
            ``crashed_reader`` or ``timed_out``, and all others are read. Where the kernel has
            what it takes, that process reaches no other file and no network. A file gets the 120
            seconds and 2048 MiB of memory that ``batchdigits run`` gives it. Starting takes some
            tenths of a second, so hand over many files at once. Worth it for files from outside.

    Returns:
        One :class:`Reading` a page, in order. A file that is missing, damaged or no image raises
        nothing: its reading says why it was not read. A folder without images gives none.

    Raises:
        TypeError: something is neither a path nor an array of real numbers.
        ValueError: an array is empty or of no shape that images have, or ``input_range`` or
            ``ink`` has an unknown value.
        ModelError: there is no usable model.
        MissingExtraError: the model needs a library that comes with an extra.
        BatchdigitsError: the process of ``isolate`` cannot be started, or was killed.

    Example:
        >>> import batchdigits
        >>> batchdigits.read("inbox/forms/digit1.png")
        [<Reading 'inbox/forms/digit1.png': 7 (99... %)>]
        >>> import numpy as np
        >>> batchdigits.read(np.full((28, 28), 255, np.uint8))  # an empty page
        [<Reading 'images': blank; review: blank>]
    """
    settings = Model(
        os.fsdecode(model) if model else "",
        InputRange(input_range) if input_range else None,
        Ink(ink) if ink else None,
        trust_model,
    )
    limits = Limits(max_megapixels, max_pages)
    with _open_reader(settings, limits, isolate) as read_sources:
        return [
            reading_from_record(record)
            for sources in chunk_sources(sources_from_images(images, limits))
            for record in read_sources(sources)
        ]


def _open_reader(
    model: Model, limits: Limits, isolate: bool
) -> AbstractContextManager[Callable[[Sequence[Source]], list[PageRecord]]]:
    """Make ready what reads a few dozen sources at a time: this process, or one of its own."""
    if isolate:
        from batchdigits.execution.reader_process import start_reader_process

        return start_reader_process(model, limits, ReaderLimits())
    context = RecognitionContext(load_cached_engine(model), limits)

    def read_here(sources: Sequence[Source]) -> list[PageRecord]:
        with _ENGINE_LOCK, discard_library_notes():
            return recognise_chunk(sources, context)

    return nullcontext(read_here)


def to_dataframe(readings: Iterable[Reading]) -> "DataFrame":
    """Make a pandas table of readings.

    Args:
        readings: any number; a table of none has the same columns and types.

    Returns:
        One row a reading, in order. ``page`` is ``int64``; ``digit``, ``second_digit``, ``width``
        and ``height`` are ``Int64``, confidences ``float64``, ``status`` is categorical, words
        are ``string``; what there is none of is missing (``NA``).

    Raises:
        MissingExtraError: pandas is not installed; the extra ``dataframe`` brings it.

    Example:
        >>> import batchdigits
        >>> paths = ["inbox/forms/digit1.png", "inbox/troubled/half.png"]
        >>> table = batchdigits.to_dataframe(batchdigits.read(paths))
        >>> table[["file", "digit", "status"]]
                              file  digit       status
        0   inbox/forms/digit1.png      7           ok
        1  inbox/troubled/half.png   <NA>  quarantined
    """
    require_extra("pandas", "dataframe", "to_dataframe")
    import pandas as pd

    rows = list(readings)
    statuses = pd.CategoricalDtype([str(status) for status in Status])
    columns = {
        column.name: pd.Series(
            [_get_cell_value(row, column) for row in rows],
            dtype=statuses if column.pandas_dtype == "category" else column.pandas_dtype,
        )
        for column in COLUMNS
        if column.is_in_dataframe
    }
    return pd.DataFrame(columns)


def _get_cell_value(reading: Reading, column: Column) -> object:
    value = getattr(reading, column.name)
    if column.type is not str:
        return value
    return None if column.is_nullable and not value else str(value)


def load_cached_engine(model: Model) -> Engine:
    """Load a model, once as long as its files stay the same.

    Args:
        model: which one, and what is known of it; the default model where it has no name.

    Raises:
        ModelError: there is no usable model.
        MissingExtraError: opening it needs a library that is not installed.
    """
    path = find_model(model.name or read_default_model())
    cards = path.with_suffix(CARD_SUFFIX), path.with_name(path.name + IMPORTED_CARD_SUFFIX)
    return _load_engine(model, os.path.abspath(path), *map(_get_mtime_and_size, (path, *cards)))


def _get_mtime_and_size(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0  # loading says what is wrong with it
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4)
def _load_engine(model: Model, _path: str, *_file_stats: tuple[int, int]) -> Engine:
    return open_engine(model)
