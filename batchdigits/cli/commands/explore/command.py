"""The command from beginning to end: checks, the data set, its counts, and its picture."""

import os
from pathlib import Path

from rich.console import Console

from batchdigits.cli.commands.explore import figure
from batchdigits.cli.commands.explore.counts import build_counts_table, format_sizes
from batchdigits.cli.commands.explore.overview import load_overview
from batchdigits.cli.ui.chart_files import check_picture_file, check_window
from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging
from batchdigits.datasets.mnist import require_mnist
from batchdigits.datasets.readers import MNIST
from batchdigits.errors import ExitCode, UsageError
from batchdigits.system.access.modes import find_shut_out_classes
from batchdigits.system.access.umask import add_to_umask
from batchdigits.system.extras import require_extra
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG


def explore_command(data: str, picture: Path, in_window: bool) -> int:
    """Print what a data set holds, and draw samples of it.

    Args:
        data: the data set, see :func:`batchdigits.datasets.readers.load_source`.
        picture: the file to draw to.
        in_window: show the samples in a window instead.

    Returns:
        The exit code.

    Raises:
        MissingExtraError: Matplotlib is not installed, or TensorFlow where MNIST is to be fetched.
        UsageError: the picture or the window cannot be had.
        OutboxError: the picture cannot be written.
        DataError: the data cannot be used.
    """
    require_extra("matplotlib", "charts", "Drawing samples")
    if data == MNIST:
        require_mnist()
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    begin_command(Logging())
    check_window() if in_window else check_picture_file(picture)
    _refuse_to_overwrite(data, picture)
    overview = load_overview(data)
    if not in_window:
        add_to_umask(find_shut_out_classes([Path(data)], picture.parent))
        # Before the counts, which perhaps nobody reads to their end.
        figure.save(overview, picture)
    console = Console()
    print(escape_for_terminal(overview.description))
    console.print(build_counts_table(overview))
    console.print(format_sizes(overview), highlight=False)
    if in_window:
        figure.show(overview)
    else:
        LOG.info("Samples of each digit: %s", escape_for_terminal(str(picture)))
    return ExitCode.OK


def _refuse_to_overwrite(source: str, picture: Path) -> None:
    """Refuse a picture that would lie in the data, or take its place.

    Raises:
        UsageError: it would.
    """
    data = Path(source)
    if data.exists() and data.resolve() in (picture.resolve(), *picture.resolve().parents):
        raise UsageError(f"{picture} is inside the data: choose another place for the picture.")
