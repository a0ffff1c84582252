"""What a person sees on the terminal: nothing but our own words, all on stderr."""

import json
import logging
import os
import sys
import time

from rich.console import Console
from rich.logging import RichHandler

LOG = logging.getLogger("batchdigits")


def own_stderr() -> None:
    """Keep stderr for ourselves: what decoder libraries print by themselves goes nowhere.

    libjpeg, libpng and libtiff write to file descriptor 2 even with OpenCV's log silent, in the
    middle of a progress bar. Python's ``sys.stderr`` gets a copy of the descriptor instead.
    """
    sys.stderr.flush()
    copy = os.dup(2)
    encoding, errors = sys.stderr.encoding, sys.stderr.errors
    sys.stderr = os.fdopen(copy, "w", buffering=1, encoding=encoding, errors=errors)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)


def start_logging(console: Console, quiet: bool, verbose: bool, as_json: bool) -> None:
    """Send the program's log to ``console`` as people's lines, or to stderr as JSON lines."""
    handler: logging.Handler
    if as_json:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines())
    else:
        handler = RichHandler(console=console, show_path=False, show_time=False, markup=False)
    LOG.handlers = [handler]
    LOG.propagate = False
    LOG.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, message, and the fields given as ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for one record; fields come from ``extra={"fields": {...}}``."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line = {"time": stamp, "level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps(line | getattr(record, "fields", {}), ensure_ascii=False)
