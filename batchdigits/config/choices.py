"""The words that settings choose from."""

from enum import StrEnum


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
