"""``--on-batch``: a command of the user's that gets every row as it comes."""

import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from typing import IO

from batchdigits.reports.rows import ReportRow
from batchdigits.reports.tables.jsonfile import format_row
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: Seconds after which a warning tells of a command that is still running, and how long the last
#: one is waited for.
_SLOW_AFTER, _FINAL_TIMEOUT = 60.0, 10.0
#: Seconds until a command that could not be started is tried again.
_RETRY_DELAY = 5.0
#: Rows kept for a command that does not finish; the oldest go first.
_MAX_ROWS = 100_000
#: What is read of a command's errors.
_MAX_ERROR_BYTES = 100_000


class BatchHook:
    """Runs a shell command with the new rows as JSON lines on its standard input.

    One command at a time, as batches may come faster than it works: what comes meanwhile is its
    next batch. The watcher never waits for it. It gets each row once, whatever becomes of it.

    Attributes:
        last_error: what is wrong with it, or empty.
    """

    def __init__(self, command: str) -> None:
        """``command`` is for the shell; where it is empty, nothing is done."""
        self._command = command
        self._rows: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._started_at = 0.0
        self._has_warned = False
        self._retry_at = 0.0
        self._has_dropped_rows = False
        self.last_error = ""

    def add(self, rows: Iterable[ReportRow]) -> None:
        """Keep rows for the command, until :meth:`poll` starts it."""
        if self._command:
            self._rows += map(format_row, rows)
            if (excess := len(self._rows) - _MAX_ROWS) > 0:
                if not self._has_dropped_rows:
                    LOG.warning("--on-batch is too slow: some rows are not passed to it.")
                self._has_dropped_rows = True
                del self._rows[:excess]

    def poll(self) -> None:
        """See what became of the command, and run it again where there are rows."""
        if self._process and self._process.poll() is not None:
            self._handle_exit(self._process.returncode)
        if self._process:
            if not self._has_warned and time.monotonic() - self._started_at > _SLOW_AFTER:
                self._has_warned = True
                self.last_error = "is still running, and new rows wait for it"
                LOG.warning(
                    "--on-batch has been running for %g s: new rows wait for it.", _SLOW_AFTER
                )
        elif self._rows and time.monotonic() >= self._retry_at:
            rows, self._rows = self._rows, []
            self._start(rows)

    @property
    def poll_delay(self) -> float:
        """Seconds until it is worth looking at the command."""
        return 0.05 if self._process else float("inf")

    def finish(self) -> None:
        """Give the command its last rows, and a moment to finish."""
        deadline = time.monotonic() + _FINAL_TIMEOUT
        while (self._process or self._rows) and time.monotonic() < deadline:
            self.poll()
            time.sleep(0.02)
        if self._process or self._rows:
            LOG.warning("--on-batch did not finish and was left running.")

    def _start(self, rows: Sequence[str]) -> None:
        try:
            # A file and no pipe: a command that does not read it holds nobody up.
            with tempfile.TemporaryFile() as stdin:
                stdin.write("".join(f"{row}\n" for row in rows).encode())
                stdin.seek(0)
                self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 (read when it has ended)
                self._process = subprocess.Popen(
                    self._command,
                    shell=True,
                    stdin=stdin,
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
        output = b""
        if self._stderr:
            self._stderr.seek(0)
            output = self._stderr.read(_MAX_ERROR_BYTES)
            self._stderr.close()
            self._stderr = None
        self.last_error = ""
        if exit_code:
            last_line = output.decode("utf-8", "replace").strip().rpartition("\n")[2]
            reason = f": {escape_for_terminal(last_line)}" if last_line else ""
            self.last_error = f"failed with code {exit_code}{reason}"
            LOG.warning("--on-batch %s", self.last_error)
