"""Reading from Python: all at once, or one reading after the other."""

import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from threading import Lock

from batchdigits.api.progress import OnProgress, follow_progress
from batchdigits.config import Ink, InputRange, Limits, Model, ReaderLimits
from batchdigits.execution.reader_processes import ReadChunks, start_reader_processes
from batchdigits.inference.cached_engine import load_cached_engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.pipeline.result import Reading, Readings, reading_from_record
from batchdigits.pipeline.sources import ImageInput, PendingSource, chunk_sources, list_sources
from batchdigits.records import PageRecord, Source
from batchdigits.system.library_notes import discard_library_notes

_DEFAULT_LIMITS = Limits()
#: Seconds after which those images are read that have come, and no further ones waited for.
_MAX_WAIT = 0.2
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
    workers: int = 1,
    progress: bool | OnProgress = False,
) -> Readings:
    """Read digits from files, folders, arrays, tensors or PIL images.

    Args:
        images: one of these, or an iterable of any of them:

            - a path; of a folder, all images are read that ``batchdigits run`` would read, in the
              order people count;
            - the bytes of an image file, or one open for reading bytes, which is read from its
              beginning and left open;
            - a PIL image, which is turned upright where its EXIF data says so;
            - an array, or what NumPy makes one of by ``__array__`` or DLPack: tensors of PyTorch,
              TensorFlow and JAX, data frames. It is ``(h, w)`` or ``(h, w, 1)`` gray, ``(h, w,
              2)`` gray and alpha, ``(h, w, 3)`` RGB or ``(h, w, 4)`` RGBA, or several in one,
              ``(n, h, w)`` or ``(n, h, w, channels)``, of integers, floats or bools; a last axis
              of 1 to 4 always means channels. ``(784,)`` and ``(n, 784)`` are images of 28 x 28
              in rows. ``(n, channels, h, w)`` has its channels first where the last axis is none
              of channels. ``(3, h, w)`` is one image where all three planes are equal and not
              empty, else three gray ones. The logger ``batchdigits`` says which of these it was.

            Ink may be darker or lighter than its paper. Integers are read by the bit depth they
            use, floats from 0 to 1, 255 or 65535 where they fill that range, else from lowest to
            highest.
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
        workers: how many processes read at once. 1 reads in this process; more take a moment to
            start, so they are for many files. Readings stay in order. A file that
            crashes one of them costs its own reading, as with ``isolate``, but only with that do
            they reach no other file and no network.
        progress: ``True`` for a progress bar on standard error or in a notebook; or a function,
            called with the number of files and images read and how many there are, ``None`` where
            that is not known beforehand.

    Returns:
        One :class:`Reading` a page, in order, in a list that notebooks show as a gallery. A file
        that is damaged or no image raises nothing, nor does one that vanishes from its folder:
        its reading says why it was not read. A folder without images gives none.

    Raises:
        FileNotFoundError: there is nothing at a path that was named.
        TypeError: something is no image, in no way that is known here.
        ValueError: an array is empty or of no shape that images have, ``input_range`` or ``ink``
            has an unknown value, or ``workers`` is below 1.
        ModelError: there is no usable model.
        MissingExtraError: the model needs a library that comes with an extra.
        BatchdigitsError: a process of ``isolate`` or ``workers`` cannot be started, or was killed.

    Example:
        >>> import batchdigits
        >>> batchdigits.read("inbox/forms/digit1.png")
        [<Reading 'inbox/forms/digit1.png': 7 (99... %)>]
        >>> import numpy as np
        >>> batchdigits.read(np.full((28, 28), 255, np.uint8))  # an empty page
        [<Reading 'images': blank; review: blank>]
    """
    return Readings(
        iread(
            images,
            model=model,
            input_range=input_range,
            ink=ink,
            trust_model=trust_model,
            max_megapixels=max_megapixels,
            max_pages=max_pages,
            isolate=isolate,
            workers=workers,
            progress=progress,
        )
    )


def iread(
    images: ImageInput | Iterable[ImageInput],
    *,
    model: str | os.PathLike[str] | None = None,
    input_range: str | None = None,
    ink: str | None = None,
    trust_model: bool = False,
    max_megapixels: float = _DEFAULT_LIMITS.max_megapixels,
    max_pages: int = _DEFAULT_LIMITS.max_pages,
    isolate: bool = False,
    workers: int = 1,
    progress: bool | OnProgress = False,
) -> Generator[Reading, None, None]:
    """Read digits one after the other, for more images than fit into memory, or than end.

    Args:
        images: what :func:`read` takes. Of an iterable, only the next few dozen are taken; of one
            that is slow to give them, those are read that came within a fifth of a second.
        model: as for :func:`read`, like all that follow.
        input_range: see there.
        ink: see there.
        trust_model: see there.
        max_megapixels: see there.
        max_pages: see there.
        isolate: see there.
        workers: see there.
        progress: see there.

    Returns:
        A generator of one :class:`Reading` a page, in order. Its ``close()`` ends its processes,
        as does leaving it to be collected.

    Raises:
        FileNotFoundError: as :func:`read` does, like all others; of generators and other iterables
            whose images are not at hand, when the turn of the image has come.
        TypeError: see there.
        ValueError: see there.
        ModelError: see there.
        MissingExtraError: see there.
        BatchdigitsError: see there.

    Example:
        >>> import batchdigits
        >>> for reading in batchdigits.iread(["inbox/forms/digit1.png", "inbox/forms/digit2.png"]):
        ...     print(reading.file, reading.digit)
        inbox/forms/digit1.png 7
        inbox/forms/digit2.png 9
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}: at least one process reads.")
    settings = Model(
        os.fsdecode(model) if model else "",
        InputRange(input_range) if input_range else None,
        Ink(ink) if ink else None,
        trust_model,
    )
    limits = Limits(max_megapixels, max_pages)
    pending = list_sources(images, limits)
    reader = _open_reader(settings, limits, workers, isolate)
    return _iter_readings(pending, reader, progress)


def _iter_readings(
    pending: list[PendingSource] | Iterator[PendingSource],
    reader: AbstractContextManager[ReadChunks],
    progress: bool | OnProgress,
) -> Generator[Reading, None, None]:
    total = len(pending) if isinstance(pending, list) else None
    with reader as read_chunks, follow_progress(progress, total) as on_progress:
        done = 0
        # Of what comes by and by, nobody knows how long the next one takes to come.
        max_seconds = _MAX_WAIT if total is None else float("inf")
        chunks = chunk_sources((make_source() for make_source in pending), max_seconds)
        for records in read_chunks(chunks):
            yield from map(reading_from_record, records)
            # Each source has one first page.
            done += sum(record.page == 1 for record in records)
            on_progress(done, total)


def _open_reader(
    model: Model, limits: Limits, workers: int, isolate: bool
) -> AbstractContextManager[ReadChunks]:
    """Make ready what reads a few dozen sources at a time: this process, or others."""
    if isolate or workers > 1:
        reader_limits = ReaderLimits()
        if not isolate:  # a sandbox is for certain files: with others, a worker starts anew
            reader_limits = replace(reader_limits, sandbox=False)
        return start_reader_processes(workers, model, limits, reader_limits)
    context = RecognitionContext(load_cached_engine(model), limits)

    def read_here(sources: list[Source]) -> list[PageRecord]:
        with _ENGINE_LOCK, discard_library_notes():
            return recognise_chunk(sources, context)

    def read_chunks(chunks: Iterable[list[Source]]) -> Iterator[list[PageRecord]]:
        return map(read_here, chunks)

    return nullcontext(read_chunks)
