"""Files taken back out of quarantine, to be read again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from batchdigits.journal.files import FileState
from batchdigits.journal.journal import Journal
from batchdigits.pipeline.inbox_walk import is_chosen
from batchdigits.session.inbox import Inbox
from batchdigits.session.quarantine import Restoration, restore_file


@dataclass(slots=True)
class RequeueResult:
    """What became of each file, by its name, in the order of the journal."""

    outcomes: list[tuple[str, Restoration]] = field(default_factory=list)

    @property
    def restored_files(self) -> list[str]:
        """Names of the files that are back in the inbox."""
        return [name for name, restoration in self.outcomes if restoration.is_back]


def choose_quarantined(
    journal: Journal, reasons: Collection[str], patterns: Sequence[str]
) -> list[str]:
    """List the names of files in quarantine.

    Args:
        journal: of the outbox.
        reasons: only files with one of these reasons; none means all.
        patterns: only files whose names match one of these, see
            :func:`batchdigits.pipeline.inbox_walk.is_chosen`; none means all.
    """
    return [
        file.name
        for file in journal.iter_quarantined()
        if (not patterns or is_chosen(file.name, tuple(patterns), ()))
        and (
            not reasons
            or {str(page.reason) for page in journal.load_entry(file.file_id).pages} & set(reasons)
        )
    ]


def requeue_files(journal: Journal, inbox: Inbox, names: Collection[str]) -> RequeueResult:
    """Move files from quarantine back to the inbox, and take them off the record.

    Args:
        journal: of the outbox, which this process holds.
        inbox: where they go.
        names: of the files.

    Raises:
        OutboxError: the journal cannot be written.
    """
    result = RequeueResult()
    chosen = frozenset(names)
    for file in journal.iter_quarantined():
        if file.name not in chosen:
            continue
        entry = journal.load_entry(file.file_id)
        source = inbox.make_source(file.name)
        restoration = restore_file(file.path, journal.root, source, entry)
        if restoration.is_back:
            journal.forget(file.file_id)
        elif restoration is Restoration.MISSING:
            journal.set_state([file.file_id], FileState.GONE)
        result.outcomes.append((file.name, restoration))
    return result
