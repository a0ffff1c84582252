"""Every setting of a run, with its default.

The command line fills it from flags, then ``BATCHDIGITS_*`` variables of the environment, then
``batchdigits.toml`` in the current folder, then these defaults. Nothing heavy is imported here,
so that ``batchdigits --help`` answers at once.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Quarantine(StrEnum):
    """What becomes of files that cannot be read."""

    MOVE = "move"
    COPY = "copy"
    OFF = "off"


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
    """

    inbox: Path
    outbox: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    quarantine: Quarantine = Quarantine.MOVE
    model: Path | None = None

    @property
    def quarantine_folder(self) -> Path:
        """Where unreadable files go."""
        return self.outbox / "quarantine"
