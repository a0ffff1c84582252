"""Logs, stdout and stderr: people see the program's own words, and no traceback of a lost pipe."""

import io
import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from batchdigits.errors import StandardOutputError

if TYPE_CHECKING:  # rich takes as long to load as Typer
    from _typeshed import ReadableBuffer
    from rich.console import Console

LOG = logging.getLogger("batchdigits")
#: What :func:`keep_for_log` was given and :func:`start_logging` has not logged yet.
_KEPT: list[tuple[int, str]] = []


def prepare_standard_streams() -> None:
    """Keep stderr for the program itself, and make a stdout that takes no more a clear error.

    What decoder libraries print on stderr goes nowhere: libjpeg, libpng and libtiff write to file
    descriptor 2 even with OpenCV's log silent, in the middle of a progress bar. Python's
    ``sys.stderr`` gets a copy of the descriptor instead. After this, writing to ``sys.stdout``
    raises :class:`batchdigits.errors.StandardOutputError` once and falls silent then.
    """
    _occupy_closed_descriptors()
    encoding, errors = (
        ("utf-8", None) if not sys.stdout else (sys.stdout.encoding, sys.stdout.errors)
    )
    buffer = io.BufferedWriter(_OutputFile(1, "w", closefd=False))
    sys.stdout = io.TextIOWrapper(buffer, encoding, errors, line_buffering=os.isatty(1))
    silence = os.open(os.devnull, os.O_WRONLY)
    if sys.stderr is None:  # closed by whoever started the program: there is nobody to tell
        sys.stderr = os.fdopen(silence, "w", encoding="utf-8")
        return
    sys.stderr.flush()
    encoding, errors = sys.stderr.encoding, sys.stderr.errors
    sys.stderr = _TolerantStream(os.dup(2), encoding, errors or "backslashreplace")
    os.dup2(silence, 2)
    os.close(silence)


def _occupy_closed_descriptors() -> None:
    """Put something where whoever started the program closed stdin, stdout or stderr.

    The first files to be opened would get their numbers otherwise, and what is printed would end
    up in them. Writing to such a stdout fails as it should: it is open for reading only.
    """
    for descriptor, flags in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)  # it gets the lowest free number


def _silence(descriptor: int) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, descriptor)
    os.close(silence)


class _OutputFile(io.FileIO):
    """Standard output, beneath whatever buffers and encodes it."""

    def write(self, data: "ReadableBuffer") -> int:
        """Write bytes.

        Raises:
            StandardOutputError: they cannot be written. After that nothing is, and nothing raised,
                so that the interpreter has nothing to complain about as it ends.
        """
        try:
            while (written := super().write(data)) is None:  # somebody made it non-blocking
                select.select([], [self], [])
            return written
        except OSError as error:
            _silence(self.fileno())
            raise StandardOutputError(error) from error


def exit_on_termination() -> None:
    """Have SIGTERM end the program as Ctrl-C does, so that it leaves no temporary files.

    Nothing changes where whoever started the program has it ignore the signal.
    """
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit_terminated)


def _exit_terminated(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


class StopSignal:
    """Takes note of Ctrl-C and SIGTERM instead of letting them end the program.

    Attributes:
        signal: the number of the signal that came, or 0.
    """

    def __init__(self) -> None:
        self.signal = 0

    @contextmanager
    def catch_signals(self) -> Iterator[None]:
        """Catch the signals until the context ends; a second one ends the program at once."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        earlier = {number: signal.signal(number, self._handle_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def _handle_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number


class _TolerantStream(io.TextIOWrapper):
    """A terminal, file or pipe whose reader may go away without ending the program."""

    def __init__(self, descriptor: int, encoding: str, errors: str) -> None:
        raw = io.FileIO(descriptor, "w")
        super().__init__(io.BufferedWriter(raw), encoding, errors, line_buffering=True)

    def write(self, text: str) -> int:
        """Write, or fall silent for good once nobody reads any more."""
        try:
            return super().write(text)
        except OSError:
            _silence(self.fileno())
            return len(text)

    def flush(self) -> None:
        """Flush, or fall silent for good."""
        try:
            super().flush()
        except OSError:
            _silence(self.fileno())


def keep_for_log(messages: Iterable[tuple[int, str]]) -> None:
    """Keep messages until logging starts, in place of those that were kept before.

    Args:
        messages: levels of :mod:`logging`, and what is logged.
    """
    _KEPT[:] = messages


def start_logging(
    console: "Console | None",
    quiet: bool,
    verbose: bool,
    as_json: bool,
    with_timestamps: bool = False,
) -> None:
    """Send the program's log to stderr.

    Args:
        console: prints the lines where it shows a progress bar, so that they do not tear it.
        quiet: whether warnings alone are logged.
        verbose: whether details are logged as well.
        as_json: whether lines are JSON objects, for machines.
        with_timestamps: whether lines for people begin with the local time.
    """
    handler: logging.Handler
    if as_json:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonFormatter())
    else:
        handler = ConsoleHandler(console) if console else logging.StreamHandler(sys.stderr)
        if with_timestamps:
            handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    LOG.handlers = [handler]
    LOG.propagate = False
    LOG.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)
    while _KEPT:
        LOG.log(*_KEPT.pop(0))


class ConsoleHandler(logging.Handler):
    """Prints messages above a progress bar."""

    def __init__(self, console: "Console") -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message as it is: no markup, no colours."""
        self._console.print(record.getMessage(), markup=False, highlight=False, soft_wrap=True)


class JsonFormatter(logging.Formatter):
    """Makes one JSON object a line: time (UTC), level, message, and any further fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the line of one record; fields come from ``extra={"fields": {...}}``."""
        logged_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line = {
            "time": logged_at,
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        return json.dumps(line | getattr(record, "fields", {}), ensure_ascii=False)
