"""The groups of settings, each a dataclass; every setting is declared here once."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.config.choices import (
    CsvDialect,
    Duplicates,
    Ink,
    InputRange,
    Processed,
    Quarantine,
    Rotate,
    Thumbnails,
    XlsxImages,
)
from batchdigits.config.option import argument, option, option_like


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may ask for.

    Attributes:
        max_megapixels: largest page in millions of pixels, judged from the header.
        max_pages: most pages read of one file.
    """

    max_megapixels: float = option(100.0, "Largest image, in millions of pixels.", minimum=0.0001)
    max_pages: int = option(1000, "Most pages read of one file.", minimum=1)


@dataclass(frozen=True, slots=True)
class Model:
    """Which model reads, and what is known of it before it is looked at.

    Attributes:
        name: one of the library, or the path of a file or folder; empty for the default.
        input_range: the levels it wants; ``None`` to find out.
        ink: what ink is in the images it wants; ``None`` to find out.
        trusted: whether code in its file may be run.
    """

    name: str = option(
        "", "A model: its name, or a file or folder made elsewhere.", name="model",
        shown_default="digits",
    )  # fmt: skip
    input_range: InputRange | None = option(
        None, "Levels that the model wants.", shown_default="found out"
    )
    ink: Ink | None = option(None, "Ink in the images it wants.", shown_default="found out")
    trusted: bool = option(False, "Run code that the model's file may hold.", name="trust_model")


@dataclass(frozen=True, kw_only=True)
class FileFilter:
    """Which files are read.

    Attributes:
        include: :mod:`fnmatch` patterns on paths inside the folder; none means all files.
        exclude: the same, of files that are left out.
    """

    include: tuple[str, ...] = option(
        (), "Read only files that match, e.g. '*.png'.", is_pattern=True
    )
    exclude: tuple[str, ...] = option(
        (), "Leave out files that match, e.g. 'old/*'.", is_pattern=True
    )


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """Which reports are written beside ``results.csv`` and ``results.json``.

    Attributes:
        html: draw ``report.html``.
        xlsx: write ``results.xlsx``, with pictures in ``xlsx_images`` of its rows.
        csv_dialect: how ``results.csv`` is written.
        parquet: write ``results.parquet``.
        charts: draw ``summary.png``.
    """

    html: bool = option(True, "Draw report.html.", "--html/--no-html")
    xlsx: bool = option(False, "Write results.xlsx, too.")
    xlsx_images: XlsxImages = option(
        XlsxImages.REVIEW, "Rows of results.xlsx that hold their picture."
    )
    csv_dialect: CsvDialect = option(CsvDialect.STANDARD, "Decimal comma and semicolons: excel-de.")
    parquet: bool = option(False, "Write results.parquet, too.")
    charts: bool = option(False, "Draw summary.png, too.")


@dataclass(frozen=True, kw_only=True)
class ReportChanges:
    """Which reports ``batchdigits report`` writes; ``None`` for what the last run was told."""

    html: bool | None = option_like(ReportFiles, "html", None)
    xlsx: bool | None = option_like(ReportFiles, "xlsx", None, "--xlsx/--no-xlsx")
    xlsx_images: XlsxImages | None = option_like(ReportFiles, "xlsx_images", None)
    csv_dialect: CsvDialect | None = option_like(ReportFiles, "csv_dialect", None)
    parquet: bool | None = option_like(ReportFiles, "parquet", None, "--parquet/--no-parquet")
    charts: bool | None = option_like(ReportFiles, "charts", True, "--charts/--no-charts")


@dataclass(frozen=True, kw_only=True)
class WorkerLimits:
    """How many processes read, and what each may take.

    Attributes:
        workers: processes that read, or ``None`` for as many as there are cores and work.
        file_timeout: seconds one file may take.
        worker_memory: MiB each worker may allocate.
    """

    workers: int | None = option(None, "Processes that read.", minimum=1, shown_default="the cores")
    file_timeout: float = option(120.0, "Seconds one file may take.", minimum=0.1)
    worker_memory: int = option(2048, "MiB of memory for each worker.", minimum=64)


@dataclass(frozen=True)
class Settings(FileFilter, ReportFiles, WorkerLimits):
    """What one run does, and to which folders.

    Attributes:
        inbox: the folder of scans.
        outbox: the folder for results.
        limits: what one file may ask for.
        quarantine: what becomes of files that cannot be read.
        model: which model reads.
        thumbnails: which pictures are drawn.
        duplicates: what the reports say of byte-identical files.
        rebind: let the outbox belong to this inbox from now on.
    """

    inbox: Path = argument(Path("inbox"), "Folder with the scans.")
    outbox: Path = argument(Path("outbox"), "Folder for the results.")
    limits: Limits = field(default_factory=Limits)
    quarantine: Quarantine = option(Quarantine.MOVE, "What becomes of unreadable files.")
    model: Model = field(default_factory=Model)
    thumbnails: Thumbnails = option(
        Thumbnails.EACH,
        "Pictures: of each page, contact sheets only, those in review, none.",
    )
    duplicates: Duplicates = option(
        Duplicates.REPORT,
        "Byte-identical files: name the first, give them no row, or no matter.",
    )
    rebind: bool = option(False, "The inbox of this outbox moved to INBOX.")

    @property
    def models_folder(self) -> Path:
        """Where cards of models lie that have none, and no room for one, beside them."""
        return self.outbox / ".batchdigits" / "models"

    @property
    def quarantine_folder(self) -> Path:
        """Where unreadable files go."""
        return self.outbox / "quarantine"


@dataclass(frozen=True)
class RunSettings(Settings):
    """What ``batchdigits run`` does beyond what a watcher does.

    Attributes:
        force: read all files again, also those that are known.
        retry_failed: take the files again that could not be read, from quarantine too.
    """

    force: bool = option(False, "Read known files again too.")
    retry_failed: bool = option(False, "Try unreadable files again, those in quarantine too.")


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

    settle: float = option(2.0, "Seconds a file must be left alone to be read.", minimum=0.05)
    grace: float = option(30.0, "Seconds an empty file, or one still open, is given.", minimum=0)
    rescan: float = option(300.0, "Seconds between two looks for missed files.", minimum=0.5)
    poll: float | None = option(
        None, "Look every so many seconds, no events.", minimum=0.1, shown_default="where needed"
    )
    rotate: Rotate = option(Rotate.NEVER, "Begin a new CSV and JSON.")
    processed: Processed = option(Processed.LEAVE, "What becomes of files once they are read.")
    on_batch: str = option("", "Shell command that gets new rows as JSON lines on its input.")


@dataclass(frozen=True)
class EvaluationSettings(FileFilter):
    """What ``batchdigits evaluate`` reads, with what, and where its figures go.

    Attributes:
        data: a folder, a CSV, an ``.npz``, IDX files, or ``mnist``.
        outbox: the folder for figures and charts.
        model: which model reads.
        workers: processes that read, or ``None`` for as many as there are cores and work.
    """

    data: str = argument(
        dataclasses.MISSING,
        "A folder with sub-folders 0-9, a CSV of file and digit, .npz, IDX, or: mnist.",
    )
    outbox: Path = argument(Path("evaluation"), "Folder for the results.")
    model: Model = field(default_factory=Model)
    workers: int | None = option_like(WorkerLimits, "workers", None)


@dataclass(frozen=True, slots=True)
class PredictSettings:
    """What ``batchdigits predict`` reads, and how it tells it.

    Attributes:
        files: files, folders, or ``-`` for standard input.
        as_json: print JSON lines.
        save: the file for a picture of pages and scores, if any.
        show: open that picture in a window.
        limits: what one file may ask for.
        model: which model reads.
    """

    files: tuple[str, ...] = argument(
        dataclasses.MISSING, "Images, folders of images, or - for standard input."
    )
    as_json: bool = option(False, "Print a JSON object a line.", "--json", name="json")
    save: Path | None = option(None, "Draw pages, what the model saw and scores into that file.")
    show: bool = option(False, "Open that picture in a window.")
    limits: Limits = field(default_factory=Limits)
    model: Model = field(default_factory=Model)


@dataclass(frozen=True, slots=True)
class Logging:
    """What is said on stderr while a command is at work.

    Attributes:
        quiet: say only what is wrong.
        verbose: say a line about every unread file.
        log_json: log JSON lines instead of bar and table.
    """

    quiet: bool = option(False, "Say only what is wrong.", "--quiet", "-q")
    verbose: bool = option(False, "Say a line about every unread file.", "--verbose", "-v")
    log_json: bool = option(False, "Log JSON lines instead of bar and table.")
