"""The settings of single commands beside ``run``."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.config.choices import CsvDialect, Processed, Rotate, XlsxImages
from batchdigits.config.option import argument, option, option_like
from batchdigits.config.settings import FileFilter, Limits, Model, ReportFiles, WorkerLimits


@dataclass(frozen=True, kw_only=True)
class ReportChanges:
    """Which reports ``batchdigits report`` writes.

    The fields are those of :class:`ReportFiles`; ``None`` for what the last run wrote.
    """

    html: bool | None = option_like(ReportFiles, "html", None)
    xlsx: bool | None = option_like(ReportFiles, "xlsx", None, "--xlsx/--no-xlsx")
    xlsx_images: XlsxImages | None = option_like(ReportFiles, "xlsx_images", None)
    csv_dialect: CsvDialect | None = option_like(ReportFiles, "csv_dialect", None)
    parquet: bool | None = option_like(ReportFiles, "parquet", None, "--parquet/--no-parquet")
    charts: bool | None = option_like(
        ReportFiles, "charts", None, "--charts/--no-charts",
        shown_default="charts, if matplotlib is installed",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Watching:
    """What a watcher does besides its :class:`Settings`; all times are in seconds.

    Attributes:
        settle: how long a file must be left alone before it is read.
        grace: how long a file is waited for that is empty or still open for writing.
        rescan: how often the whole inbox is compared with what is on record.
        poll: how often the inbox is searched instead of waiting for events; ``None`` to do so only
            where events do not come.
        rotate: when a new CSV and JSON begin.
        processed: what is done with files that were read.
        on_batch: a shell command that is run after each batch, or empty.
    """

    settle: float = option(2.0, "Seconds a file must be left alone to be read.", minimum=0.05)
    grace: float = option(
        30.0, "Seconds to wait for a file that is empty or still open for writing.", minimum=0
    )
    rescan: float = option(300.0, "Seconds between searches for missed files.", minimum=0.5)
    poll: float | None = option(
        None,
        "Search the folder at this interval, in seconds, instead of waiting for events.",
        minimum=0.1,
        shown_default="only where needed",
    )
    rotate: Rotate = option(Rotate.NEVER, "When to begin a new CSV and JSON.")
    processed: Processed = option(Processed.LEAVE, "What to do with files once they are read.")
    on_batch: str = option(
        "", "Shell command that gets each batch of new rows as JSON lines on its standard input."
    )


@dataclass(frozen=True)
class EvaluationSettings(FileFilter):
    """What ``batchdigits evaluate`` reads, with which model, and where its results go.

    Attributes:
        data: a folder, a CSV, an ``.npz``, IDX files, or ``mnist``.
        outbox: the folder for metrics and charts.
        model: which model reads.
        workers: processes that read; ``None`` for as many as there are cores and work.
    """

    data: str = argument(
        dataclasses.MISSING,
        "Labelled data: a folder with sub-folders 0-9, a CSV of files and digits, an .npz, IDX "
        "files, or mnist.",
    )
    outbox: Path = argument(Path("evaluation"), "Folder for the results.")
    model: Model = field(default_factory=Model)
    workers: int | None = option_like(WorkerLimits, "workers", None, shown_default="one per core")


@dataclass(frozen=True, slots=True)
class PredictSettings:
    """What ``batchdigits predict`` reads, and how it shows the result.

    Attributes:
        files: files, folders, or ``-`` for standard input.
        as_json: print JSON lines.
        save: the file for a picture of pages and scores; ``None`` for no picture.
        show: show that picture in a window.
        limits: how much one file may ask for.
        model: which model reads.
    """

    files: tuple[str, ...] = argument(
        dataclasses.MISSING, "Images, folders of images, or - for standard input."
    )
    as_json: bool = option(False, "Print one JSON object per page.", "--json", name="json")
    save: Path | None = option(
        None, "Draw the pages, what the model saw of them and its scores to this file."
    )
    show: bool = option(False, "Show that picture in a window.")
    limits: Limits = field(default_factory=Limits)
    model: Model = field(default_factory=Model)
