"""What every benchmark is given."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.folders import Folders, Inbox

#: Files of a folder that shows what starting up takes: one a core.
LEAST = 8


@dataclass(frozen=True, slots=True)
class Bench:
    """The folders, how often to measure, and how.

    ``divide`` cuts every folder to that part; ``processes`` is how many both sides use; ``full``
    shows the slow side of a comparison every file, too; ``plot`` is where to draw memory.
    """

    folders: Folders
    repeat: int
    divide: int
    processes: int
    full: bool
    plot: Path | None

    def files(self, number: int) -> int:
        """How many files instead of the full number; never so few that they are all start-up."""
        return max(number // self.divide, LEAST * self.processes)

    def few(self, inbox: Inbox) -> Inbox:
        """One file a process: what remains of a run when there is next to nothing to read."""
        return self.folders.few(inbox, self.processes)
