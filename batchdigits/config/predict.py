"""The settings of ``batchdigits predict``."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

from batchdigits.config.option import argument, option
from batchdigits.config.settings import Limits, Model, ReaderLimits


@dataclass(frozen=True, slots=True)
class PredictSettings:
    """What ``batchdigits predict`` reads, and how it shows the result.

    Attributes:
        files: files, folders, or ``-`` for standard input.
        as_json: print JSON lines.
        save: the file for a picture of pages and scores; ``None`` for no picture.
        show: show that picture in a window.
        limits: how much one file may ask for.
        reader_limits: what the process that reads may take.
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
    reader_limits: ReaderLimits = field(default_factory=ReaderLimits)
    model: Model = field(default_factory=Model)
