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

    @property
    def quarantine_folder(self) -> Path:
        """Where unreadable files go."""
        return self.outbox / "quarantine"
