"""Where a command's output for people goes: a console on stderr, and the log."""

import gc
import sys
from typing import TYPE_CHECKING

from batchdigits.config import Logging
from batchdigits.system.logs import start_logging

if TYPE_CHECKING:
    from rich.console import Console


def begin_command(
    logging: Logging, console: "Console | None" = None, with_time: bool = False
) -> None:
    """Start logging, and turn the garbage collector on.

    Args:
        logging: how much is printed, and how.
        console: the console that shows a bar or a dashboard, if any; it prints the log's lines.
        with_time: whether lines begin with the time.
    """
    # Everything that the command needs is loaded now, and none of it is garbage (see __main__).
    gc.freeze()
    gc.enable()
    start_logging(console, logging.quiet, logging.verbose, logging.log_json, with_time)


def open_console() -> "Console":
    """Open a console on stderr."""
    from rich.console import Console  # takes a while, and is not needed by quiet runs

    return Console(stderr=True)


def prints_tables(logging: Logging) -> bool:
    """Check whether bars and tables are wanted."""
    return not logging.quiet and not logging.log_json


def open_console_if_terminal(logging: Logging) -> "Console | None":
    """Open a console for a bar, where one is wanted and stderr is a terminal that can show it."""
    return open_console() if prints_tables(logging) and sys.stderr.isatty() else None
