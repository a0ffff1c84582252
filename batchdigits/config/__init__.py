"""Every setting, declared once: its name, type, default, range and help.

A group of settings is a dataclass. The command line makes options of its fields (see
:mod:`batchdigits.cli.options`) and fills them from flags, then ``BATCHDIGITS_*`` variables of the
environment, then ``batchdigits.toml`` in the current folder, then the defaults given here.
Nothing heavy is imported, so that ``batchdigits --help`` answers at once.
"""

from batchdigits.config.choices import (
    Arch,
    CsvDialect,
    Duplicates,
    Ink,
    InputRange,
    Output,
    Processed,
    Quarantine,
    Rotate,
    Thumbnails,
    XlsxImages,
)
from batchdigits.config.settings import (
    EvaluationSettings,
    FileFilter,
    Limits,
    Logging,
    Model,
    PredictSettings,
    ReportChanges,
    ReportFiles,
    RunSettings,
    Settings,
    Watching,
    WorkerLimits,
)
from batchdigits.config.training import TrainingSettings

__all__ = [
    "Arch",
    "CsvDialect",
    "Duplicates",
    "EvaluationSettings",
    "FileFilter",
    "Ink",
    "InputRange",
    "Limits",
    "Logging",
    "Model",
    "Output",
    "PredictSettings",
    "Processed",
    "Quarantine",
    "ReportChanges",
    "ReportFiles",
    "Rotate",
    "RunSettings",
    "Settings",
    "Thumbnails",
    "TrainingSettings",
    "Watching",
    "WorkerLimits",
    "XlsxImages",
]
