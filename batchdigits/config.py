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


class CsvDialect(StrEnum):
    """How ``results.csv`` is written.

    ``standard``: commas between cells and a decimal point (RFC 4180); ``excel-de``: semicolons
    and a decimal comma, as spreadsheet programs expect in most of Europe.
    """

    STANDARD = "standard"
    EXCEL_DE = "excel-de"


class XlsxImages(StrEnum):
    """Which rows of ``results.xlsx`` hold their picture; others link to its file."""

    REVIEW = "review"
    ALL = "all"
    NONE = "none"


class Processed(StrEnum):
    """What a watcher does with files once they are read and on record."""

    LEAVE = "leave"
    MOVE = "move"
    DELETE = "delete"


class Rotate(StrEnum):
    """When a watcher begins a new CSV and JSON; the value's form is :func:`time.strftime`'s."""

    NEVER = "never"
    DAILY = "daily"
    MONTHLY = "monthly"

    @property
    def form(self) -> str:
        """What names a day or a month; empty for ``never``."""
        return {"never": "", "daily": "%Y-%m-%d", "monthly": "%Y-%m"}[self.value]


class InputRange(StrEnum):
    """What levels a model wants, of pixels that are 0 to 255 in files.

    ``l2``: divided by the Euclidean norm of a pixel column, a row or the whole image, as
    ``tf.keras.utils.normalize`` does along an axis; of single pixels, what is not 0 becomes 1.
    ``mnist``: less MNIST's mean, by its deviation, as PyTorch's example has it.
    """

    UNIT = "0-1"
    BYTE = "0-255"
    SIGNED = "-1-1"
    MNIST = "mnist"
    L2_COLUMNS = "l2-columns"
    L2_ROWS = "l2-rows"
    L2_IMAGE = "l2-image"
    L2_PIXELS = "l2-pixels"


class Ink(StrEnum):
    """What ink is in the images that a model wants."""

    WHITE = "white"
    BLACK = "black"


class Arch(StrEnum):
    """A network: ``cnn`` is the bundled one, ``mlp`` the dense layers that tutorials begin with."""

    CNN = "cnn"
    MLP = "mlp"


class Output(StrEnum):
    """What the last layer of an ``mlp`` makes of its ten sums."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"


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
class Model:
    """Which model reads, and what is known of it before it is looked at.

    Attributes:
        name: one of the library, or the path of a file or folder; empty for the default.
        input_range: the levels it wants; ``None`` to find out.
        ink: what ink is in the images it wants; ``None`` to find out.
        trusted: whether code in its file may be run.
    """

    name: str = ""
    input_range: InputRange | None = None
    ink: Ink | None = None
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run does, and to which folders.

    ``include`` and ``exclude`` hold :mod:`fnmatch` patterns on paths inside the inbox.

    Attributes:
        model: which model reads.
        workers: processes that read, or ``None`` for as many as there are cores and work.
        file_timeout: seconds one file may take.
        worker_memory: MiB each worker may allocate.
        force: read all files again, also those that are known.
        retry_failed: take the files again that could not be read, from quarantine too.
        rebind: let the outbox belong to this inbox from now on.
        html: draw ``report.html``.
        xlsx: draw ``results.xlsx``, with pictures in ``xlsx_images`` of its rows.
        csv_dialect: how ``results.csv`` is written.
        parquet: write ``results.parquet``.
        charts: draw ``summary.png``.
    """

    inbox: Path
    outbox: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    quarantine: Quarantine = Quarantine.MOVE
    model: Model = field(default_factory=Model)
    thumbnails: Thumbnails = Thumbnails.EACH
    duplicates: Duplicates = Duplicates.REPORT
    workers: int | None = None
    file_timeout: float = FILE_TIMEOUT
    worker_memory: int = WORKER_MEMORY
    force: bool = False
    retry_failed: bool = False
    rebind: bool = False
    html: bool = True
    xlsx: bool = False
    xlsx_images: XlsxImages = XlsxImages.REVIEW
    csv_dialect: CsvDialect = CsvDialect.STANDARD
    parquet: bool = False
    charts: bool = False

    @property
    def models_folder(self) -> Path:
        """Where cards of models lie that have none, and no room for one, beside them."""
        return self.outbox / ".batchdigits" / "models"

    @property
    def quarantine_folder(self) -> Path:
        """Where unreadable files go."""
        return self.outbox / "quarantine"


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

    settle: float = 2.0
    grace: float = 30.0
    rescan: float = 300.0
    poll: float | None = None
    rotate: Rotate = Rotate.NEVER
    processed: Processed = Processed.LEAVE
    on_batch: str = ""
