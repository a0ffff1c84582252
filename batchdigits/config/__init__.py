"""Every setting, declared once: its name, type, default, range and help.

A group of settings is a dataclass. The command line makes options of its fields (see
:mod:`batchdigits.cli.options`) and fills them from flags, then ``BATCHDIGITS_*`` variables of the
environment, then ``batchdigits.toml`` in the current folder, then the defaults given here.
Nothing heavy is imported, so that ``batchdigits --help`` answers at once.
"""

from typing import TYPE_CHECKING

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
    FileFilter,
    Limits,
    Logging,
    Model,
    ReportFiles,
    RunSettings,
    Settings,
    WorkerLimits,
)

if TYPE_CHECKING:
    from batchdigits.config.commands import (
        EvaluationSettings,
        PredictSettings,
        ReportChanges,
        Watching,
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

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the settings of single commands when they are first used: a run has none."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from batchdigits.config import commands, training

        value = getattr(training if name == "TrainingSettings" else commands, name)
        globals()[name] = value
        return value
