"""``--on-batch``: a command of the user's, told of every row as it comes."""

import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from typing import IO

from batchdigits.reports.jsonfile import format_row
from batchdigits.reports.rows import ReportRow
from batchdigits.system.filenames import for_terminal
from batchdigits.system.logs import LOG

#: Seconds after which a command that is still running is told of, and those it gets at the end.
_LONG, _AT_THE_END = 60.0, 10.0
#: Seconds until a command is tried again that could not be started.
_LATER = 5.0
#: Rows kept for a command that does not finish; the oldest go first.
_MOST = 100_000


class Hook:
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
        self._said: IO[bytes] | None = None
        self._begun = 0.0
        self._told = False
        self._not_before = 0.0
        self._missed = 0
        self.trouble = ""

    def add(self, lines: Iterable[ReportRow]) -> None:
        """Rows for the command, to be given to it with the next :meth:`tend`."""
        if self._command:
            self._rows += map(format_row, lines)
            if (more := len(self._rows) - _MOST) > 0:
                if not self._missed:
                    LOG.warning("--on-batch is too slow: it is not told of some rows.")
                self._missed += more
                del self._rows[:more]

    def tend(self) -> None:
        """See what became of the command, and run it again where there are rows."""
        if self._process and self._process.poll() is not None:
            self._finished(self._process.returncode)
        if self._process:
            if not self._told and time.monotonic() - self._begun > _LONG:
                self._told = True
                self.trouble = "does not end, and new rows wait for it"
                LOG.warning("--on-batch has been running for %g s: new rows wait for it.", _LONG)
        elif self._rows and time.monotonic() >= self._not_before:
            rows, self._rows = self._rows, []
            self._start(rows)

    @property
    def wait(self) -> float:
        """Seconds until it is worth to look at the command."""
        return 0.05 if self._process else float("inf")

    def end(self) -> None:
        """Give the command its last rows, and a moment to finish."""
        until = time.monotonic() + _AT_THE_END
        while (self._process or self._rows) and time.monotonic() < until:
            self.tend()
            time.sleep(0.02)
        if self._process or self._rows:
            LOG.warning("--on-batch did not finish and is left to itself.")

    def _start(self, rows: Sequence[str]) -> None:
        try:
            # A file and no pipe: a command that does not read it holds nobody up.
            with tempfile.TemporaryFile() as given:
                given.write("".join(f"{row}\n" for row in rows).encode())
                given.seek(0)
                self._said = tempfile.TemporaryFile()  # noqa: SIM115 (read when it has ended)
                self._process = subprocess.Popen(
                    self._command,
                    shell=True,
                    stdin=given,
                    stderr=self._said,
                    start_new_session=True,  # a Ctrl-C is not meant for it
                )
        except OSError as error:
            self._rows = [*rows, *self._rows]
            self._not_before = time.monotonic() + _LATER
            self.trouble = f"could not be run: {error.strerror}"
            LOG.warning("--on-batch %s.", self.trouble)
        self._begun, self._told = time.monotonic(), False

    def _finished(self, code: int) -> None:
        self._process = None
        said = b""
        if self._said:
            self._said.seek(0)
            said = self._said.read(100_000)
            self._said.close()
            self._said = None
        self.trouble = ""
        if code:
            last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
            why = f": {for_terminal(last)}" if last else ""
            self.trouble = f"failed with code {code}{why}"
            LOG.warning("--on-batch %s", self.trouble)
