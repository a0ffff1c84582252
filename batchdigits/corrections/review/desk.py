"""What a person reviewing an outbox looks at, and what comes of it."""

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from batchdigits.errors import DataError
from batchdigits.execution.page_process import PageProcess
from batchdigits.journal.corrections import find_places, load_pages, record_corrections
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import INBOX_KEY
from batchdigits.journal.paths import inside
from batchdigits.journal.submissions import Submission, SubmittedCorrection
from batchdigits.reports.htmlfile import render_live
from batchdigits.reports.rerender import catch_up_reports, load_context
from batchdigits.session.handover import hand_over
from batchdigits.session.inbox import Inbox
from batchdigits.session.outbox import (
    has_journal,
    is_held,
    open_outbox,
    read_outbox,
    refuse_lost_journal,
)
from batchdigits.system.clock import utc_now
from batchdigits.system.filenames import to_raw_name
from batchdigits.system.safe_files.safe_open import read_start

#: Larger scans are shown by their thumbnails.
_MAX_BYTES = 1 << 26
#: What browsers show, by its first bytes and, from the ninth on, some more of them.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", b"", "image/png"),
    (b"\xff\xd8\xff", b"", "image/jpeg"),
    (b"GIF8", b"", "image/gif"),
    (b"BM", b"", "image/bmp"),
    (b"RIFF", b"WEBP", "image/webp"),
)


class ReviewDesk:
    """An outbox under review. The outbox is held only while something is done, never in between."""

    def __init__(self, outbox: Path, trust_outbox: bool = False) -> None:
        """Check that there is something to review.

        Args:
            outbox: the folder with the journal.
            trust_outbox: whether the journal may be another user's.

        Raises:
            DataError: nothing was read into the outbox yet.
            OutboxError: the journal cannot be read.
            UsageError: nothing was read into the outbox to its end.
        """
        refuse_lost_journal(outbox)
        if not has_journal(outbox):
            raise DataError(f"Nothing has been read into {outbox} yet: there is nothing to review.")
        self._outbox, self._trust_outbox = outbox, trust_outbox
        # One process holds a lock once, whatever its threads do.
        self._lock = threading.Lock()
        self._page_process = PageProcess()
        with read_outbox(outbox, trust_outbox) as journal:
            load_context(journal, outbox)

    def render_page(self, name: str) -> str | None:
        """Render a page as the journal stands now.

        Args:
            name: ``report.html``, or ``report-2.html`` and so on of a long report.

        Returns:
            The page; ``None`` where there is none of that name.

        Raises:
            OutboxError: the journal cannot be read.
        """
        with self._lock, read_outbox(self._outbox, self._trust_outbox) as journal:
            return render_live(load_context(journal, self._outbox), name)

    def put_on_record(self, corrections: Sequence[SubmittedCorrection]) -> bool:
        """Put corrections on record, or hand them to the batchdigits that is at work here.

        Returns:
            Whether they are on record; if not, they are safe on the disk, and that batchdigits
            has them in hand.

        Raises:
            DataError: one of them means no page on record; none is taken.
            OutboxError: they cannot be put on record now.
        """
        with self._lock:
            if not is_held(self._outbox):
                with open_outbox(self._outbox, is_trusted=self._trust_outbox) as journal:
                    _check(journal, corrections)
                    record_corrections(journal, corrections, utc_now())
                return True
            with read_outbox(self._outbox, self._trust_outbox) as journal:
                _check(journal, corrections)
        # Scans are shown while this waits.
        if hand_over(self._outbox, Submission(utc_now(), corrections), self._lock):
            return True
        with self._lock:
            if is_held(self._outbox):
                return False
            # It has ended meanwhile: opening the outbox takes up what it left.
            with open_outbox(self._outbox, is_trusted=self._trust_outbox):
                return True

    def read_scan(self, sha256: str, page: int) -> tuple[bytes, str] | None:
        """Read a scan as it lies in the inbox, in quarantine or among the processed.

        Args:
            sha256: hash of the file, hexadecimal.
            page: from 1; which one is decoded of a file that browsers do not show.

        Returns:
            The file's bytes and media type, or the page as PNG; ``None`` where the file is nowhere
            any more, has changed, is large, or cannot be decoded.

        Raises:
            OutboxError: the journal cannot be read.
        """
        content, name = self._find_scan(sha256)
        if media_type := _find_media_type(content):
            return content, media_type
        png = self._page_process.draw(content, name, page) if content else b""
        return (png, "image/png") if png else None

    def _find_scan(self, sha256: str) -> tuple[bytes, str]:
        """Return content and name of a file with a hash; both empty where there is none."""
        with self._lock, read_outbox(self._outbox, self._trust_outbox) as journal:
            inbox = Inbox(Path(to_raw_name(journal.get_meta(INBOX_KEY) or "")))
            paths = [
                (inside(root, name), root)
                for names in find_places(journal, sha256)
                for root, name in zip((inbox.root, journal.root, journal.root), names, strict=True)
                if name
            ]
        for path, root in paths:
            try:
                content = read_start(path, _MAX_BYTES + 1, root)
            except OSError:
                continue
            if len(content) <= _MAX_BYTES and hashlib.sha256(content).hexdigest() == sha256:
                return content, os.path.basename(path)
        return b"", ""

    def close(self) -> None:
        """Bring all reports up to date at the end; whoever holds the outbox does so itself.

        Raises:
            OSError: a report cannot be written.
            OutboxError: the journal cannot be read.
        """
        self._page_process.close()
        with self._lock:
            if not is_held(self._outbox):
                with open_outbox(self._outbox, is_trusted=self._trust_outbox) as journal:
                    catch_up_reports(journal, self._outbox)


def _check(journal: Journal, corrections: Sequence[SubmittedCorrection]) -> None:
    pages = load_pages(journal, (correction.sha256 for correction in corrections))
    known = {(sha256, page.page) for sha256, found in pages.items() for page in found}
    if any((correction.sha256, correction.page) not in known for correction in corrections):
        raise DataError("A page that you corrected is no longer on record: reload this page.")


def _find_media_type(content: bytes) -> str:
    for start, later, media_type in _SIGNATURES:
        if content.startswith(start) and content[8:].startswith(later):
            return media_type
    return ""
