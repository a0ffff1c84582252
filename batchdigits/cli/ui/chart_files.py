"""Figures in files and windows that a person asked for, checked beforehand."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.drawing.charts import load_matplotlib, new_figure
from batchdigits.errors import OutboxError, UsageError
from batchdigits.system.atomic_files import stage_atomic_file
from batchdigits.system.safe_files.safe_open import read_start

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Endings that matplotlib writes, but that nobody opens: bare pixels, and code for LaTeX.
_NON_PICTURE_FORMATS = {"raw", "rgba", "pgf"}
#: How matplotlib's names of what opens windows begin; others draw files, or into web pages.
_WINDOW_BACKENDS = ("qt", "gtk", "tk", "wx", "macosx")
#: What a file holds that this program drew, and the formats that matplotlib puts it into.
_CREATOR, _MARKED_FORMATS = "batchdigits", {"png", "pdf", "svg", "ps", "eps"}
#: More than any figure takes.
_MAX_FIGURE_BYTES = 1 << 26


def check_picture_file(path: Path) -> None:
    """Check that a picture can be written there, and create its folder.

    Raises:
        UsageError: no picture that matplotlib writes ends so, or a file is there that is no
            picture of this program: a scan, perhaps.
        OutboxError: it cannot be written.
    """
    formats = set(new_figure(1, 1).canvas.get_supported_filetypes()) - _NON_PICTURE_FORMATS
    if _get_format(path) not in formats:
        endings = ", ".join(f".{name}" for name in sorted(formats))
        raise UsageError(f"{path} is not named like a picture: use one of {endings}.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _make_outbox_error(path, error) from error
    if path.exists() and (path.is_dir() or not os.access(path, os.W_OK)):
        what = "is a folder" if path.is_dir() else "is write-protected"
        raise OutboxError(f"The picture {path} cannot be written: it {what}.")
    if os.path.lexists(path) and not _is_own_picture(path):
        raise UsageError(
            f"{path} already exists, and batchdigits did not draw it: choose another name."
        )


def _is_own_picture(path: Path) -> bool:
    try:
        return _CREATOR.encode() in read_start(path, _MAX_FIGURE_BYTES)
    except OSError:
        return False


def check_window() -> None:
    """Check that a window can be opened.

    Raises:
        UsageError: no display, or nothing installed that draws windows on it.
    """
    try:
        load_matplotlib()
        from matplotlib import pyplot

        # Only this loads what is needed for windows.
        pyplot.switch_backend(pyplot.get_backend())
        is_window = pyplot.get_backend().lower().startswith(_WINDOW_BACKENDS)
    except (ImportError, RuntimeError, ValueError):  # a backend was chosen that cannot work here
        is_window = False
    if not is_window:
        raise UsageError("No window can be opened here: --save PICTURE.png writes a file instead.")


def save_figure(figure: "Figure", path: Path) -> None:
    """Draw a figure into a file, which appears whole or not at all.

    Raises:
        OutboxError: it cannot be written.
    """
    file_format = _get_format(path)
    metadata = {"Creator": _CREATOR} if file_format in _MARKED_FORMATS else None
    try:
        with stage_atomic_file(path) as temporary:
            figure.savefig(temporary, format=file_format, metadata=metadata)
    except OSError as error:
        raise _make_outbox_error(path, error) from error


def _get_format(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def _make_outbox_error(path: Path, error: OSError) -> OutboxError:
    return OutboxError(f"The picture {path} cannot be written: {error.strerror or error}.")
