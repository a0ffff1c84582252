"""Every setting of a run, with its default.

The command line fills it from flags, then ``BATCHDIGITS_*`` variables of the environment, then
``batchdigits.toml`` in the current folder, then these defaults. Nothing heavy is imported here,
so that ``batchdigits --help`` answers at once.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

#: Seconds one file may take, and MiB a worker may allocate, where nothing else is said.
FILE_TIMEOUT, WORKER_MEMORY = 120.0, 2048


class Quarantine(StrEnum):
    """What becomes of files that cannot be read."""

    MOVE = "move"
    COPY = "copy"
    OFF = "off"


class Thumbnails(StrEnum):
    """Which pictures are drawn of pages that were read.

    ``each``: a file a page, and contact sheets; ``sheets``: contact sheets only, a file for a
    hundred pages; ``review``: both, but only of pages a person should look at; ``off``: none.
    """

    EACH = "each"
    SHEETS = "sheets"
    REVIEW = "review"
    OFF = "off"


class Duplicates(StrEnum):
    """What the reports say of byte-identical files.

    ``report``: the row names the first of them in ``duplicate_of``; ``skip``: only the first has
    a row; ``read``: each stands for itself.
    """

    REPORT = "report"
    SKIP = "skip"
    READ = "read"


class CsvDialect(StrEnum):
    """How ``results.csv`` is written.

    ``standard``: commas between cells and a decimal point (RFC 4180); ``excel-de``: semicolons
    and a decimal comma, as spreadsheet programs expect in most of Europe.
    """

    STANDARD = "standard"
    EXCEL_DE = "excel-de"


class XlsxImages(StrEnum):
    """Which rows of ``results.xlsx`` hold their picture; others link to its file."""

    REVIEW = "review"
    ALL = "all"
    NONE = "none"


class Processed(StrEnum):
    """What a watcher does with files once they are read and on record."""

    LEAVE = "leave"
    MOVE = "move"
    DELETE = "delete"


class Rotate(StrEnum):
    """When a watcher begins a new CSV and JSON; the value's form is :func:`time.strftime`'s."""

    NEVER = "never"
    DAILY = "daily"
    MONTHLY = "monthly"

    @property
    def form(self) -> str:
        """What names a day or a month; empty for ``never``."""
        return {"never": "", "daily": "%Y-%m-%d", "monthly": "%Y-%m"}[self.value]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may ask for.

    Attributes:
        max_megapixels: largest page in millions of pixels, judged from the header.
        max_pages: most pages read of one file.
    """

    max_megapixels: float = 100.0
    max_pages: int = 1000


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run does, and to which folders.

    ``include`` and ``exclude`` hold :mod:`fnmatch` patterns on paths inside the inbox; ``model``
    is a ``.tflite`` file with its card beside it, or ``None`` for the bundled one.

    Attributes:
        workers: processes that read, or ``None`` for as many as there are cores and work.
        file_timeout: seconds one file may take.
        worker_memory: MiB each worker may allocate.
        force: read all files again, also those that are known.
        retry_failed: take the files again that could not be read, from quarantine too.
        rebind: let the outbox belong to this inbox from now on.
        html: draw ``report.html``.
        xlsx: draw ``results.xlsx``, with pictures in ``xlsx_images`` of its rows.
        csv_dialect: how ``results.csv`` is written.
        parquet: write ``results.parquet``.
        charts: draw ``summary.png``.
    """

    inbox: Path
    outbox: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    quarantine: Quarantine = Quarantine.MOVE
    model: Path | None = None
    thumbnails: Thumbnails = Thumbnails.EACH
    duplicates: Duplicates = Duplicates.REPORT
    workers: int | None = None
    file_timeout: float = FILE_TIMEOUT
    worker_memory: int = WORKER_MEMORY
    force: bool = False
    retry_failed: bool = False
    rebind: bool = False
    html: bool = True
    xlsx: bool = False
    xlsx_images: XlsxImages = XlsxImages.REVIEW
    csv_dialect: CsvDialect = CsvDialect.STANDARD
    parquet: bool = False
    charts: bool = False

    @property
    def quarantine_folder(self) -> Path:
        """Where unreadable files go."""
        return self.outbox / "quarantine"


@dataclass(frozen=True, slots=True)
class Watching:
    """What a watcher does besides a run's :class:`Settings`; all times in seconds.

    Attributes:
        settle: how long a file must be left alone before it is read.
        grace: how long an empty file, or one that somebody still has open for writing, may stay so.
        rescan: how often the whole inbox is compared with what is on record.
        poll: how often the inbox is looked through instead of waiting for events; ``None`` to
            do so only where events do not come.
        rotate: when a new CSV and JSON begin.
        processed: what becomes of files that were read.
        on_batch: a shell command run after each batch, or empty.
    """

    settle: float = 2.0
    grace: float = 30.0
    rescan: float = 300.0
    poll: float | None = None
    rotate: Rotate = Rotate.NEVER
    processed: Processed = Processed.LEAVE
    on_batch: str = ""
