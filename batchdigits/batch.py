"""One run over an inbox: scan, read, set aside, report."""

import os
import platform
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby, islice
from pathlib import Path
from types import FrameType

from batchdigits.config import Settings
from batchdigits.console import LOG
from batchdigits.engine import Engine, load, load_default
from batchdigits.errors import EmptyInboxError, OutboxError, UsageError
from batchdigits.names import display_name, for_terminal
from batchdigits.quarantine import set_aside, settled
from batchdigits.reading import Road, read_chunk
from batchdigits.records import Row, Source
from batchdigits.reports import csvfile, jsonfile, sheets, summaryfile
from batchdigits.reports.summaryfile import Summary
from batchdigits.scan import Scan

#: Files read together: fills the model's batches, and a Ctrl-C waits for no more than this.
CHUNK = 64


class Stop:
    """Whether somebody asked the run to end: Ctrl-C or SIGTERM, told at the next chunk."""

    def __init__(self) -> None:
        self.signal = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Catch the signals; a second one ends the program at once."""
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {each: signal.signal(each, self._note) for each in signals}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number


def run(
    settings: Settings,
    started: Callable[[int], None] = lambda files: None,
    advanced: Callable[[Summary], None] = lambda summary: None,
) -> tuple[Summary, Scan]:
    """Read the whole inbox into the outbox.

    Args:
        settings: what to do and where.
        started: told once how many files there are.
        advanced: told the counts after each chunk.

    Returns:
        The counts, with the exit code, and what the scan left alone.

    Raises:
        UsageError: the inbox is no folder, or inbox and outbox lie in each other.
        EmptyInboxError: nothing to read.
        ModelError: no usable model.
        OutboxError: the outbox cannot be written.
    """
    check_folders(settings.inbox, settings.outbox)
    begun = time.monotonic()
    summary = Summary(started_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    scan = Scan(settings.inbox, settings.include, settings.exclude)
    sources = list(scan)
    if not sources:
        raise EmptyInboxError(_nothing(settings.inbox, scan))
    engine = load(settings.model) if settings.model else load_default()
    started(len(sources))
    rows: list[Row] = []
    stop = Stop()
    with _writing_to(settings.outbox), stop.listening():
        check_writable(settings.outbox)
        road = Road(engine, settings.limits, settings.outbox)
        try:
            for chunk in chunks(sources):
                rows += _read_and_set_aside(chunk, road, settings)
                summary.add(rows[summary.rows :])
                advanced(summary)
                if stop.signal:
                    break
        finally:
            # Also after a full disk: files may have been moved, and their rows must be told.
            summary.interrupted_by = stop.signal
            summary.closed_folders = len(scan.closed)
            summary.seconds = time.monotonic() - begun
            report(rows, summary, scan, engine, settings)
    return summary, scan


def chunks(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """The sources in order, :data:`CHUNK` at a time."""
    stream = iter(sources)
    while chunk := list(islice(stream, CHUNK)):
        yield chunk


def _read_and_set_aside(chunk: Sequence[Source], road: Road, settings: Settings) -> list[Row]:
    rows = []
    for _, of_file in groupby(read_chunk(chunk, road), lambda row: row.source.name):
        own = settled(list(of_file))
        rows += own
        for row in own:
            if row.rejected:
                why = f"{row.rejected.reason}. {row.rejected.detail}"
                LOG.debug("%s: %s", for_terminal(row.source.name), why)
        try:
            set_aside(own, settings)
        except OSError as error:
            name = for_terminal(own[0].source.name)
            LOG.warning("%s could not be quarantined and stays: %s.", name, error.strerror)
    return rows


def report(
    rows: Sequence[Row], summary: Summary, scan: Scan, engine: Engine, settings: Settings
) -> None:
    """Draw every report of a run into the outbox."""
    about = _about(engine, settings)
    model = model_name(engine)
    csvfile.write(settings.outbox / "results.csv", rows, model)
    jsonfile.write(settings.outbox / "results.json", rows, model, about)
    sheets.write(settings.outbox, rows)
    summaryfile.write(settings.outbox / "summary.json", summary, scan, about)


def model_name(engine: Engine) -> str:
    """The ``model`` column: the card's name and the first eight digits of the file's hash."""
    return f"{engine.card.name}@{engine.card.sha256[:8]}"


def _about(engine: Engine, settings: Settings) -> dict[str, object]:
    packages = ("batchdigits", "ai-edge-litert", "opencv-python-headless", "numpy")
    return {
        "model": {"name": engine.card.name, "sha256": engine.card.sha256},
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in packages},
        "settings": {
            "inbox": display_name(os.path.abspath(settings.inbox)),
            "include": settings.include,
            "exclude": settings.exclude,
            "max_megapixels": settings.limits.max_megapixels,
            "max_pages": settings.limits.max_pages,
            "quarantine": settings.quarantine.value,
            "review_below": engine.card.review_below,
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def check_folders(inbox: Path, outbox: Path) -> None:
    """Refuse an inbox that is no folder, and folders that lie in each other.

    Compared by identity on disk, so links, ``..`` and case-blind file systems do not fool it.

    Raises:
        UsageError: with the sentence to show.
    """
    try:
        _check_folders(inbox, outbox)
    except OSError as error:
        raise UsageError(f"Cannot use {inbox} and {outbox}: {error.strerror}.") from error


def _check_folders(inbox: Path, outbox: Path) -> None:
    if not inbox.is_dir():
        problem = "is not a folder" if inbox.exists() else "does not exist"
        raise UsageError(f"The inbox {inbox} {problem}.")
    os.listdir(inbox)
    if _lies_in(outbox, inbox):
        raise UsageError(f"The outbox {outbox} lies inside the inbox {inbox}: choose another.")
    if _lies_in(inbox, outbox):
        raise UsageError(f"The inbox {inbox} lies inside the outbox {outbox}: choose another.")


def _lies_in(path: Path, folder: Path) -> bool:
    # Not Path.resolve(), which in some versions of Python raises on links that run in a circle.
    resolved = Path(os.path.realpath(path))
    existing = (each for each in (resolved, *resolved.parents) if each.exists())
    return folder.exists() and any(each.samefile(folder) for each in existing)


def check_writable(outbox: Path) -> None:
    """Find out before the work, not after it, whether the outbox can be written."""
    outbox.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=outbox) as file:
        file.write(b"batchdigits")


@contextmanager
def _writing_to(outbox: Path) -> Iterator[None]:
    """Whatever cannot be written becomes one sentence about the outbox."""
    try:
        yield
    except OSError as error:
        place = error.filename or outbox
        raise OutboxError(
            f"Cannot write to the outbox {outbox}: {place}: {error.strerror}."
        ) from error


def _nothing(inbox: Path, scan: Scan) -> str:
    left = len(scan.others) + scan.junk + scan.excluded + scan.links + scan.special
    more = f"; {left} left alone" if left else ""
    closed = f"; {len(scan.closed)} folders may not be looked into" if scan.closed else ""
    return f"Nothing to read in {inbox}{more}{closed}."
