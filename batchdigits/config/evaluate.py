"""The settings of ``batchdigits evaluate``."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.config.option import argument, option_like
from batchdigits.config.settings import FileFilter, Model, ReaderLimits, WorkerLimits


@dataclass(frozen=True)
class EvaluationSettings(FileFilter):
    """What ``batchdigits evaluate`` reads, with which model, and where its results go.

    Attributes:
        data: a folder, a CSV, an ``.npz``, IDX files, or ``mnist``.
        outbox: the folder for metrics and charts.
        model: which model reads.
        workers: processes that read; ``None`` for as many as there are cores and work.
        sandbox: whether they can only read these files, and have no network.
    """

    data: str = argument(
        dataclasses.MISSING,
        "Labelled data: a folder with sub-folders 0-9, a CSV of files and digits, an .npz, IDX "
        "files, or mnist.",
    )
    outbox: Path = argument(Path("evaluation"), "Folder for the results.")
    model: Model = field(default_factory=Model)
    workers: int | None = option_like(WorkerLimits, "workers", None, shown_default="one per core")
    sandbox: bool = option_like(ReaderLimits, "sandbox", True)
