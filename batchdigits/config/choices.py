"""The words that settings choose from."""

from enum import StrEnum


class Quarantine(StrEnum):
    """What is done with files that cannot be read."""

    MOVE = "move"
    COPY = "copy"
    OFF = "off"


class Thumbnails(StrEnum):
    """Which pictures are drawn of pages that were read.

    ``each``: one file per page, and contact sheets; ``sheets``: contact sheets only, one file per
    hundred pages; ``review``: both, but only of pages a person should look at; ``off``: none.
    """

    EACH = "each"
    SHEETS = "sheets"
    REVIEW = "review"
    OFF = "off"


class Duplicates(StrEnum):
    """How the reports treat byte-identical files.

    ``report``: the row of a copy names the first file in ``duplicate_of``; ``skip``: only the first
    file has a row; ``read``: every file stands for itself.
    """

    REPORT = "report"
    SKIP = "skip"
    READ = "read"


class CsvDialect(StrEnum):
    """How ``results.csv`` is written.

    ``standard``: commas between cells and a decimal point (RFC 4180), with a byte order mark;
    ``unix``: the same without that mark, and lines that end in LF; ``excel-de``: semicolons, a
    decimal comma and times without ``T`` and ``Z``, as spreadsheet programs expect in most of
    Europe.
    """

    STANDARD = "standard"
    UNIX = "unix"
    EXCEL_DE = "excel-de"


class XlsxImages(StrEnum):
    """Which rows of ``results.xlsx`` hold their picture; the others link to its file."""

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
        """The format of a day or a month in names of files; empty for ``never``."""
        return {"never": "", "daily": "%Y-%m-%d", "monthly": "%Y-%m"}[self.value]


class InputRange(StrEnum):
    """The levels that a model expects of pixels that are 0 to 255 in files.

    ``l2-...``: divided by the Euclidean norm of a pixel column, a row or the whole image, as
    ``tf.keras.utils.normalize`` does along an axis; of single pixels, what is not 0 becomes 1.
    ``mnist``: minus MNIST's mean, divided by its standard deviation, as in PyTorch's example.
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
    """The colour of the ink that a model expects."""

    WHITE = "white"
    BLACK = "black"


class Arch(StrEnum):
    """A network: ``cnn`` is the bundled one, ``mlp`` the dense layers of many tutorials."""

    CNN = "cnn"
    MLP = "mlp"


class Output(StrEnum):
    """The activation of the last layer of an ``mlp``."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"


class Shell(StrEnum):
    """A shell for which there is a script that completes commands."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
