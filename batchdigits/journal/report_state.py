"""What was last written under each report's name, and what it showed."""

from typing import NamedTuple

from batchdigits.journal.store import Store


class ReportState(NamedTuple):
    """What was last written under a report's name, and what is to take its place.

    Attributes:
        sha256: of the report; empty before the first one was in its place.
        next_sha256: of the one that takes its place, or took it last.
        size: in bytes.
        mtime_ns: when it was changed, by its file system.
        shows: the report's fingerprint: with an equal one, it would come out equal.
        next_size: the size it grows to where rows are being added at its end, else 0.
    """

    sha256: str
    next_sha256: str
    size: int
    mtime_ns: int
    shows: str
    next_size: int


class ReportStateStore(Store):
    """The reports of one outbox, as the journal knows them."""

    def find_report(self, name: str) -> ReportState | None:
        """Find what was last written under a report's name."""
        row = self.query(
            f"SELECT {', '.join(ReportState._fields)} FROM reports WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else ReportState._make(row)

    def expect_report(
        self, name: str, sha256: str, current_sha256: str, next_size: int = 0
    ) -> None:
        """Note that a report is about to take the place of another, safe on the disk.

        Else a power cut might leave a report that the journal knows nothing of, as if edited.

        Args:
            name: of both.
            sha256: of the new one.
            current_sha256: of the one that is there, or empty.
            next_size: the size of the new one in bytes where it is the old one with rows added at
                its end, else 0.
        """
        with self.use_full_sync(), self.transaction(invalidates_reports=False) as sql:
            sql.execute("INSERT OR IGNORE INTO reports VALUES (?, '', '', 0, 0, '', 0)", (name,))
            # A kill may have kept the last one from being noted after it took its place.
            sql.execute(
                "UPDATE reports SET sha256 = next_sha256 WHERE name = ? AND next_sha256 = ?",
                (name, current_sha256),
            )
            sql.execute(
                "UPDATE reports SET next_sha256 = ?, next_size = ? WHERE name = ?",
                (sha256, next_size, name),
            )

    def confirm_report(self, name: str, fingerprint: str, size: int, mtime_ns: int) -> None:
        """Note that the expected report has taken its place, and what it shows."""
        with self.transaction(invalidates_reports=False) as sql:
            sql.execute(
                "UPDATE reports SET sha256 = next_sha256, shows = ?, size = ?, mtime_ns = ? "
                "WHERE name = ?",
                (fingerprint, size, mtime_ns, name),
            )

    def list_report_names(self) -> list[str]:
        """List the names of all reports that were ever written here."""
        return [str(name) for (name,) in self.query("SELECT name FROM reports ORDER BY name")]

    def find_fingerprint(self, name: str) -> str | None:
        """Find the fingerprint that was last noted under a name."""
        row = self.query("SELECT shows FROM reports WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fingerprint(self, name: str, fingerprint: str) -> None:
        """Note a fingerprint alone, of a picture that is not compared with its file."""
        with self.transaction(invalidates_reports=False) as sql:
            row = name, "", "", 0, 0, fingerprint, 0
            sql.execute("INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?, ?, ?)", row)
