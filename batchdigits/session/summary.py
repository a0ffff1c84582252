"""What one run did, counted while it goes on."""

import signal
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

from batchdigits.errors import ExitCode
from batchdigits.journal.entries import FileEntry
from batchdigits.reasons import Status


@dataclass(slots=True)
class Summary:
    """Counts of one run; they fill as files are read.

    Attributes:
        files: how many files this run looked into.
        rows: how many pages they have.
        readable: files of which at least one page was read.
        outcomes: pages by status and reason.
        checked: pages among them that are in review, by reason, whose content a person had checked
            before this run.
        left_to_check: pages of the whole outbox that are in review and that nobody has checked.
        skipped: files that were known already.
        unchanged: those of them whose content had to be compared.
        outdated: files read again only because model or settings changed.
        unread: files in the inbox, known or new, that could not be read wholly.
        gone: files on record that this run found no longer there.
        started_at: when the run began, as reports write it.
        seconds: how long it took.
        interrupted_by: the signal that ended it, or 0.
        closed_folders: folders that could not be opened.
        moved: files that were taken to quarantine.
        copied: files that were copied to quarantine, and are still in the inbox.
        alarms: sentences on what seems to be wrong with the scanner or the pages.
    """

    files: int = 0
    rows: int = 0
    readable: int = 0
    outcomes: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    checked: Counter[str | None] = field(default_factory=Counter)
    left_to_check: int = 0
    skipped: int = 0
    unchanged: int = 0
    outdated: int = 0
    unread: int = 0
    gone: int = 0
    started_at: str = ""
    seconds: float = 0.0
    interrupted_by: int = 0
    closed_folders: int = 0
    moved: int = 0
    copied: int = 0
    alarms: list[str] = field(default_factory=list)

    def add(
        self, entries: Iterable[FileEntry], checked: Container[tuple[str, int]] = frozenset()
    ) -> None:
        """Count files; those found unchanged count as skipped.

        Args:
            entries: what was read of them.
            checked: hash of the file and number of each page that a person has checked.
        """
        for entry in entries:
            if not entry.pages:
                self.unchanged += 1
                self.skipped += 1
                continue
            self.files += 1
            self.readable += entry.readable
            self.rows += len(entry.pages)
            for page in entry.pages:
                self.outcomes[page.status, page.reason] += 1
                if page.status == Status.REVIEW and (entry.sha256, page.page) in checked:
                    self.checked[page.reason] += 1

    @property
    def statuses(self) -> Counter[str]:
        """How many pages have each status."""
        counts: Counter[str] = Counter()
        for (status, _), count in self.outcomes.items():
            counts[status] += count
        return counts

    @property
    def exit_code(self) -> ExitCode:
        """The documented exit code of the run."""
        if self.interrupted_by:
            by_ctrl_c = self.interrupted_by == signal.SIGINT
            return ExitCode.INTERRUPTED if by_ctrl_c else ExitCode.TERMINATED
        unread = self.statuses[Status.QUARANTINED] + self.statuses[Status.FAILED] + self.unread
        return ExitCode.SOME_UNREAD if unread or self.closed_folders else ExitCode.OK
