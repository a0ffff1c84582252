"""Where an event of the inbox goes, whenever it comes.

An event is never more than a reason to look at a file again. Its name goes to the debouncer, which
begins the file's clock anew; so it does not matter how late an event comes, or how often:

- *While the file settles*: it is read so much later.
- *While the file is being read, or after that*: it settles once more. Where its size, times or
  inode are not what is on record, a worker compares its content and reads it again if that has
  changed.
- *While the watcher is busy*: events wait in the pipe, which is emptied several times a second
  whatever goes on.
- *Never*: the next rescan finds the file.
- *While the inbox is out of reach*: everything in hand is forgotten, and found by the rescan that
  follows its return.
"""

from batchdigits.config import Settings
from batchdigits.session.session import Session
from batchdigits.system.filenames import to_display_name
from batchdigits.watching.debounce import Debouncer
from batchdigits.watching.events import EventSource
from batchdigits.watching.inbox_presence import InboxPresence
from batchdigits.watching.rescan import walk_inbox


class EventDispatcher:
    """Takes events to what they concern: files that settle, folders to walk, files that went."""

    def __init__(
        self,
        settings: Settings,
        event_source: EventSource,
        presence: InboxPresence,
        debouncer: Debouncer,
    ) -> None:
        self._settings = settings
        self._event_source = event_source
        self._presence = presence
        self._debouncer = debouncer
        self._gone_names: list[str] = []

    def dispatch(self, now: float) -> None:
        """Take in what has happened; may be called while files are read and reports drawn."""
        changes = self._event_source.collect_changes(now)
        if self._presence.lost_since:
            self._debouncer.clear()
            return
        for name in changes.files:
            self._debouncer.note_change(to_display_name(name), now)
        for name in changes.folders:
            for file in walk_inbox(self._settings).walk_folder(f"{name}/"):
                self._debouncer.add(file, now)
        self._gone_names += map(to_display_name, changes.gone)

    def mark_gone(self, session: Session) -> bool:
        """Put on record which files are gone; returns whether the reports show any of them.

        Not at once, as :meth:`dispatch` may be called in the middle of a transaction.
        """
        if not self._gone_names or self._presence.lost_since:
            return False
        gone = [name for name in self._gone_names if session.inbox.is_gone(name)]
        self._gone_names.clear()
        for name in gone:
            self._debouncer.forget(name)
        recorded = [name for name in gone if session.journal.is_present(name)]
        if not recorded:
            return False
        revision = session.journal.revision
        session.quarantine.finish_moves_of(recorded)
        if still_present := [name for name in recorded if session.journal.is_present(name)]:
            session.journal.mark_gone(still_present)
        return session.journal.revision != revision
