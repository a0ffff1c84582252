"""The settings of ``batchdigits run``, in groups that other commands share.

What nobody compares has ``eq=False``: making these classes is a fiftieth of a small run.
"""

from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.config.choices import (
    CsvDialect,
    Duplicates,
    Ink,
    InputRange,
    Quarantine,
    Thumbnails,
    XlsxImages,
)
from batchdigits.config.option import argument, option

#: The inbox of whoever names none.
DEFAULT_INBOX = Path("inbox")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may ask for.

    Attributes:
        max_megapixels: largest page in millions of pixels, checked in the header.
        max_pages: most pages that are read from one file.
    """

    max_megapixels: float = option(100.0, "Largest page to read, in megapixels.", minimum=0.0001)
    max_pages: int = option(1000, "Most pages to read from one file.", minimum=1)


@dataclass(frozen=True, slots=True)
class Model:
    """Which model reads, and what a person says about its input.

    Attributes:
        name: the model's name, or the path of a file or folder; empty for the default.
        input_range: the pixel levels that it expects; ``None`` to find out.
        ink: the colour of the ink that it expects; ``None`` to find out.
        trusted: whether code in its file may be run.
    """

    name: str = option(
        "", "A model's name, or the path of a file or folder made elsewhere.", "--model", "-m",
        name="model",
        shown_default="digits", is_trusted_only=True,
    )  # fmt: skip
    input_range: InputRange | None = option(
        None, "Pixel levels that the model expects.", shown_default="detected"
    )
    ink: Ink | None = option(None, "Ink colour that the model expects.", shown_default="detected")
    trusted: bool = option(
        False, "Allow code in the model's file to run.", name="trust_model", is_trusted_only=True
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class FileFilter:
    """Which files are read.

    Attributes:
        include: :mod:`fnmatch` patterns on paths inside the folder; none means all files.
        exclude: :mod:`fnmatch` patterns of files that are left out.
    """

    include: tuple[str, ...] = option(
        (),
        "Read only files that match this pattern, e.g. '*.png'; repeatable.",
        "--include",
        "-i",
        is_pattern=True,
    )
    exclude: tuple[str, ...] = option(
        (),
        "Leave out files that match this pattern, e.g. 'old/*'; repeatable.",
        "--exclude",
        "-x",
        is_pattern=True,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportFiles:
    """Which reports are written beside ``results.csv`` and ``results.json``.

    Attributes:
        html: write ``report.html``.
        xlsx: write ``results.xlsx``.
        xlsx_images: which rows of ``results.xlsx`` hold their picture.
        csv_dialect: how ``results.csv`` is written.
        parquet: write ``results.parquet``.
        charts: draw ``summary.png``.
    """

    html: bool = option(True, "Write report.html.", "--html/--no-html")
    xlsx: bool = option(False, "Also write results.xlsx.")
    xlsx_images: XlsxImages = option(
        XlsxImages.REVIEW, "Which rows of results.xlsx hold their picture."
    )
    csv_dialect: CsvDialect = option(
        CsvDialect.STANDARD,
        "How results.csv is written; unix: without a byte order mark, and LF at the end of lines; "
        "excel-de: with semicolons and a decimal comma.",
    )
    parquet: bool = option(False, "Also write results.parquet.")
    charts: bool = option(False, "Also draw summary.png.")


@dataclass(frozen=True, eq=False, kw_only=True)
class ReaderLimits:
    """What a process that reads may take.

    Attributes:
        file_timeout: seconds that one file may take.
        worker_memory: MiB that each worker may allocate.
        sandbox: whether it can only read its files, and has no network.
    """

    file_timeout: float = option(120.0, "Time limit for one file, in seconds.", minimum=0.1)
    worker_memory: int = option(2048, "Memory limit of each worker, in MiB.", minimum=64)
    sandbox: bool = option(
        True, "Run workers without access to other files or the network.", "--sandbox/--no-sandbox",
        is_trusted_only=True,
    )  # fmt: skip

    @property
    def memory_bytes(self) -> int:
        """Bytes that each worker may allocate."""
        return self.worker_memory << 20


@dataclass(frozen=True, eq=False, kw_only=True)
class WorkerLimits(ReaderLimits):
    """How many processes read, and what each may take.

    Attributes:
        workers: processes that read; ``None`` for as many as there are cores and work.
    """

    workers: int | None = option(
        None,
        "Number of worker processes.",
        "--workers",
        "-j",
        minimum=1,
        shown_default="one per core",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Settling:
    """When a file counts as complete; all times are in seconds.

    Attributes:
        settle: how long a file must be left alone before a watcher reads it, or a run takes it for
            cut off.
        grace: how long a file is waited for that is empty or open for writing; where the system
            cannot tell which are open, how long an unreadable one is left where it is.
    """

    settle: float = option(
        2.0, "Seconds a file must be left alone to count as complete.", minimum=0.05
    )
    grace: float = option(
        30.0, "Seconds to wait for a file that is empty or may still be open.", minimum=0
    )


@dataclass(frozen=True, eq=False)
class Settings(FileFilter, ReportFiles, WorkerLimits, Settling):
    """What a run or a watcher does, and to which folders.

    Attributes:
        inbox: the folder with the scans.
        outbox: the folder for the results.
        limits: how much one file may ask for.
        quarantine: what is done with files that cannot be read.
        model: which model reads.
        thumbnails: which pictures are drawn.
        duplicates: how the reports treat byte-identical files.
        rebind: let the outbox belong to this inbox from now on.
        trust_outbox: use an outbox whose journal belongs to another user.
    """

    inbox: Path = argument(DEFAULT_INBOX, "Folder with the scans.")
    outbox: Path = argument(Path("outbox"), "Folder for the results.")
    limits: Limits = field(default_factory=Limits)
    quarantine: Quarantine = option(Quarantine.MOVE, "What to do with unreadable files.")
    model: Model = field(default_factory=Model)
    thumbnails: Thumbnails = option(
        Thumbnails.EACH,
        "Pictures to draw: of each page, contact sheets only, only of pages in review, or none.",
    )
    duplicates: Duplicates = option(
        Duplicates.REPORT,
        "Byte-identical files: name the first one, leave out the copies, or read each by itself.",
    )
    rebind: bool = option(
        False, "INBOX is where the scans of this OUTBOX are now.", is_trusted_only=True
    )
    trust_outbox: bool = option(
        False, "Use OUTBOX even if its journal belongs to another user.", is_trusted_only=True
    )

    @property
    def models_folder(self) -> Path:
        """Where model cards go that cannot be kept beside their models."""
        return self.outbox / ".batchdigits" / "models"

    @property
    def quarantine_folder(self) -> Path:
        """Where unreadable files go."""
        return self.outbox / "quarantine"


@dataclass(frozen=True, eq=False)
class RunSettings(Settings):
    """What ``batchdigits run`` does beyond what a watcher does.

    Attributes:
        force: read all files again, including those that are known.
        retry_failed: try files again that could not be read, including those in quarantine.
        dry_run: only say what would be done.
    """

    force: bool = option(False, "Read all files again, known ones included.", "--force", "-f")
    retry_failed: bool = option(False, "Try unreadable files again, including those in quarantine.")
    dry_run: bool = option(
        False, "Say what would be read and moved, and write nothing.", "--dry-run", "-n"
    )


@dataclass(frozen=True, eq=False)
class Logging:
    """What is printed on stderr while a command is at work.

    Attributes:
        quiet: print only warnings and errors.
        verbose: print a line about every file that could not be read.
        log_json: log JSON lines instead of showing a bar and a table.
    """

    quiet: bool = option(False, "Print only warnings and errors.", "--quiet", "-q")
    verbose: bool = option(False, "Print a line about every unread file.", "--verbose", "-v")
    log_json: bool = option(False, "Log JSON lines instead of showing a bar and a table.")
