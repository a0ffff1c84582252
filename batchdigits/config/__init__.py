"""Every setting, declared once: its name, type, default, range and help.

A group of settings is a dataclass: those of ``run``, most of which other commands share, are in
:mod:`batchdigits.config.settings`, those of another command in the module of its name. The command
line makes options of the fields (see :mod:`batchdigits.cli.options`) and fills them from flags,
then ``BATCHDIGITS_*`` variables of the environment, then ``batchdigits.toml`` in the current
folder, then the user's own, then the defaults given here.
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
    Shell,
    Thumbnails,
    XlsxImages,
)
from batchdigits.config.settings import (
    DEFAULT_INBOX,
    FileFilter,
    Limits,
    Logging,
    Model,
    ReaderLimits,
    ReportFiles,
    RunSettings,
    Settings,
    Settling,
    WorkerLimits,
)

if TYPE_CHECKING:
    from batchdigits.config.evaluate import EvaluationSettings
    from batchdigits.config.predict import PredictSettings
    from batchdigits.config.report import ReportChanges
    from batchdigits.config.train import TrainingSettings
    from batchdigits.config.verify import VerifySettings
    from batchdigits.config.watch import Watching

__all__ = [
    "DEFAULT_INBOX",
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
    "ReaderLimits",
    "ReportChanges",
    "ReportFiles",
    "Rotate",
    "RunSettings",
    "Settings",
    "Settling",
    "Shell",
    "Thumbnails",
    "TrainingSettings",
    "VerifySettings",
    "Watching",
    "WorkerLimits",
    "XlsxImages",
]

#: Settings of single commands, and the module of each: a run loads none.
_COMMAND_MODULES = {
    "EvaluationSettings": "evaluate",
    "PredictSettings": "predict",
    "ReportChanges": "report",
    "TrainingSettings": "train",
    "VerifySettings": "verify",
    "Watching": "watch",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load the settings of a command when they are first used."""
        if name not in _COMMAND_MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        module = import_module(f"{__name__}.{_COMMAND_MODULES[name]}")
        value = globals()[name] = getattr(module, name)
        return value
