"""The settings that every benchmark gets."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.folders import Folders, Inbox

#: The fewest files per process of a measured folder; start-up is measured with one.
MIN_FILES_PER_PROCESS = 8


@dataclass(frozen=True, slots=True)
class Bench:
    """The folders to read, how often to measure, and how.

    Attributes:
        folders: makes the inboxes.
        repeat: turns, of which the median counts.
        divide: every folder holds the full number of files divided by this.
        processes: how many processes each side of a comparison uses.
        full: whether the slow side of a comparison reads every file, too.
        plot: PNG file for the memory over time, if wanted.
        before: a checkout of another version to compare start-up with, if wanted.
    """

    folders: Folders
    repeat: int
    divide: int
    processes: int
    full: bool
    plot: Path | None
    before: Path | None = None

    def count_files(self, number: int) -> int:
        """Return the files to read instead of the full number, enough to outweigh start-up."""
        return max(number // self.divide, MIN_FILES_PER_PROCESS * self.processes)

    def make_startup_inbox(self, inbox: Inbox) -> Inbox:
        """Make an inbox of one file per process, with which a run is little but start-up."""
        return self.folders.copy_first(inbox, self.processes)
