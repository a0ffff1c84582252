"""Where a command's words go: the console of a person who watches, and the log."""

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
    """Start logging, and look for garbage from now on.

    Args:
        logging: how much is said, and how.
        console: prints the log's lines where a bar or a dashboard is shown.
        with_time: lines begin with the time.
    """
    # All is loaded that the command needs: it is no garbage (see __main__).
    gc.freeze()
    gc.enable()
    start_logging(console, logging.quiet, logging.verbose, logging.log_json, with_time)


def open_console() -> "Console":
    """Open a console on stderr."""
    from rich.console import Console  # takes a while, and is not needed by quiet runs

    return Console(stderr=True)


def is_talkative(logging: Logging) -> bool:
    """Tell whether a bar and a table are wanted."""
    return not logging.quiet and not logging.log_json


def open_console_if_watched(logging: Logging) -> "Console | None":
    """Open a console for a bar, where one is wanted and a terminal is there to show it."""
    return open_console() if is_talkative(logging) and sys.stderr.isatty() else None
