"""What was found where an outbox is not what its journal says, in a table on disk."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple, Self

from batchdigits.upkeep.kinds import Kind


class Finding(NamedTuple):
    """One thing that was found.

    Attributes:
        kind: what it is.
        path: of the file, inside inbox or outbox, as it is shown to people.
        file_id: the file's number in the journal; 0 where it has none.
    """

    kind: Kind
    path: str
    file_id: int = 0


class Findings:
    """All that was found, on disk: an outbox of a million files may have lost all thumbnails.

    A context manager that forgets them.

    Attributes:
        file_count: how many files are on record.
        inbox: the real path of the inbox, or empty.
        needs_inbox: whether files are moved only if somebody says which folder is the inbox.
    """

    def __init__(self) -> None:
        self.file_count = 0
        self.inbox = ""
        self.needs_inbox = False
        self._sql = sqlite3.connect("", isolation_level=None)
        self._sql.execute("PRAGMA journal_mode = OFF")
        self._sql.execute("CREATE TABLE findings (kind TEXT, path TEXT, file INTEGER)")
        self._sql.execute("CREATE INDEX by_kind ON findings (kind, path)")
        self._sql.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sql.close()

    def add(self, kind: Kind, path: str, file_id: int = 0) -> None:
        """Put a finding down."""
        self._sql.execute("INSERT INTO findings VALUES (?, ?, ?)", (kind.value, path, file_id))

    def count(self, kind: Kind) -> int:
        """Count the findings of a kind."""
        (count,) = self._sql.execute(
            "SELECT count(*) FROM findings WHERE kind = ?", (kind.value,)
        ).fetchone()
        return int(count)

    def count_all(self, is_difference: bool) -> int:
        """Count all differences, or all that is none."""
        return sum(self.count(kind) for kind in Kind if kind.is_difference == is_difference)

    def iter_kind(self, kind: Kind, limit: int = -1) -> Iterator[Finding]:
        """Fetch the findings of a kind in the order in which they were found, at most so many."""
        rows = self._sql.execute(
            "SELECT path, file FROM findings WHERE kind = ? ORDER BY rowid LIMIT ?",
            (kind.value, limit),
        )
        return (Finding(kind, path, file_id) for path, file_id in rows)

    def has(self, finding: Finding) -> bool:
        """Tell whether a finding of that kind and path is among them."""
        (has,) = self._sql.execute(
            "SELECT EXISTS (SELECT 1 FROM findings WHERE kind = ? AND path = ?)",
            (finding.kind.value, finding.path),
        ).fetchone()
        return bool(has)
