"""``--on-batch``: a command of the user's, told of every row as it comes."""

import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from typing import IO

from batchdigits.reports.jsonfile import format_row
from batchdigits.reports.rows import ReportRow
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: Seconds after which a command that is still running is told of, and those it gets at the end.
_SLOW_AFTER, _FINAL_TIMEOUT = 60.0, 10.0
#: Seconds until a command is tried again that could not be started.
_RETRY_DELAY = 5.0
#: Rows kept for a command that does not finish; the oldest go first.
_MAX_ROWS = 100_000


class BatchHook:
    """Runs a shell command with the new rows as JSON lines on its standard input.

    One at a time, as batches may come faster than it works: what comes meanwhile is its next
    batch. The watcher never waits for it. Rows are given once, whatever becomes of the command.

    Attributes:
        trouble: what went wrong with it last, or empty.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self._rows: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._started_at = 0.0
        self._has_warned = False
        self._retry_at = 0.0
        self._dropped_rows = 0
        self.last_error = ""

    def add(self, rows: Iterable[ReportRow]) -> None:
        """Rows for the command, to be given to it with the next :meth:`tend`."""
        if self._command:
            self._rows += map(format_row, rows)
            if (more := len(self._rows) - _MAX_ROWS) > 0:
                if not self._dropped_rows:
                    LOG.warning("--on-batch is too slow: it is not told of some rows.")
                self._dropped_rows += more
                del self._rows[:more]

    def poll(self) -> None:
        """See what became of the command, and run it again where there are rows."""
        if self._process and self._process.poll() is not None:
            self._handle_exit(self._process.returncode)
        if self._process:
            if not self._has_warned and time.monotonic() - self._started_at > _SLOW_AFTER:
                self._has_warned = True
                self.last_error = "does not end, and new rows wait for it"
                LOG.warning(
                    "--on-batch has been running for %g s: new rows wait for it.", _SLOW_AFTER
                )
        elif self._rows and time.monotonic() >= self._retry_at:
            rows, self._rows = self._rows, []
            self._start(rows)

    @property
    def poll_delay(self) -> float:
        """Seconds until it is worth to look at the command."""
        return 0.05 if self._process else float("inf")

    def finish(self) -> None:
        """Give the command its last rows, and a moment to finish."""
        until = time.monotonic() + _FINAL_TIMEOUT
        while (self._process or self._rows) and time.monotonic() < until:
            self.poll()
            time.sleep(0.02)
        if self._process or self._rows:
            LOG.warning("--on-batch did not finish and is left to itself.")

    def _start(self, rows: Sequence[str]) -> None:
        try:
            # A file and no pipe: a command that does not read it holds nobody up.
            with tempfile.TemporaryFile() as given:
                given.write("".join(f"{row}\n" for row in rows).encode())
                given.seek(0)
                self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (read when it has ended)
                self._process = subprocess.Popen(
                    self._command,
                    shell=True,
                    stdin=given,
                    stderr=self._stderr,
                    start_new_session=True,  # a Ctrl-C is not meant for it
                )
        except OSError as error:
            self._rows = [*rows, *self._rows]
            self._retry_at = time.monotonic() + _RETRY_DELAY
            self.last_error = f"could not be run: {error.strerror}"
            LOG.warning("--on-batch %s.", self.last_error)
        self._started_at, self._has_warned = time.monotonic(), False

    def _handle_exit(self, exit_code: int) -> None:
        self._process = None
        said = b""
        if self._stderr:
            self._stderr.seek(0)
            said = self._stderr.read(100_000)
            self._stderr.close()
            self._stderr = None
        self.last_error = ""
        if exit_code:
            last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
            why = f": {escape_for_terminal(last)}" if last else ""
            self.last_error = f"failed with code {exit_code}{why}"
            LOG.warning("--on-batch %s", self.last_error)
