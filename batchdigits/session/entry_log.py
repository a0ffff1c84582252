"""What is said about files as they are put on record."""

from batchdigits.config import Thumbnails
from batchdigits.journal.entries import FileEntry
from batchdigits.reasons import Status
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG

#: The pages that have a file with their thumbnail.
_DRAWN_STATUSES = {
    Thumbnails.EACH: {str(Status.OK), str(Status.REVIEW)},
    Thumbnails.REVIEW: {str(Status.REVIEW)},
}


class EntryLog:
    """Tells why files cannot be read, to those who want to know, and which has no thumbnail."""

    def __init__(self, thumbnails: Thumbnails) -> None:
        """``thumbnails`` says which are drawn."""
        self._drawn_statuses = _DRAWN_STATUSES.get(thumbnails, set())
        self._has_warned = False

    def log(self, name: str, entry: FileEntry) -> None:
        """Say what there is to say about one file; of thumbnails that are missing, the first."""
        if not entry.readable:
            for page in entry.pages:
                if page.detail:
                    words = escape_for_terminal(name), page.reason, escape_for_terminal(page.detail)
                    LOG.debug("%s: %s. %s", *words)
        elif not self._has_warned and any(
            not page.thumbnail and page.status in self._drawn_statuses for page in entry.pages
        ):
            self._has_warned = True
            LOG.warning(
                "%s has its row but no thumbnail: the outbox takes no name for it.",
                escape_for_terminal(name),
            )
