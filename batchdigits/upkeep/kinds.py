"""What may be found where an outbox is not what its journal says, and the words for it."""

from enum import Enum


class Kind(Enum):
    """What may be found; the value is the code that ``--json`` prints.

    Attributes:
        one: what is said of one such thing, after the number.
        many: what is said of several; empty where there is only one, and ``one`` a sentence.
        mended: what ``--repair`` did about one of them, and then about several; empty where it
            can do nothing.
        is_difference: whether it is a difference; else it is worth knowing, but nothing is wrong.
    """

    one: str
    many: str
    mended: tuple[str, str]
    is_difference: bool

    def __new__(
        cls,
        code: str,
        one: str,
        many: str,
        mended: tuple[str, str] = ("", ""),
        is_difference: bool = True,
    ) -> "Kind":
        """Make a kind that knows its words."""
        member = object.__new__(cls)
        member._value_ = code
        member.one, member.many, member.mended = one, many, mended
        member.is_difference = is_difference
        return member

    INBOX_MISSING = "inbox_missing", "The inbox is not there, or may not be read", ""
    FILE_CHANGED = (
        "file_changed",
        "file in the inbox is not what was read",
        "files in the inbox are not what was read",
        ("file is read again by the next run", "files are read again by the next run"),
    )
    FILE_GONE = (
        "file_gone",
        "file is on record as present, but gone from the inbox",
        "files are on record as present, but gone from the inbox",
        ("file is on record as gone now", "files are on record as gone now"),
    )
    FILE_UNREADABLE = (
        "file_unreadable",
        "file in the inbox cannot be opened",
        "files in the inbox cannot be opened",
    )
    FOLDER_UNREADABLE = (
        "folder_unreadable",
        "folder in the inbox cannot be opened",
        "folders in the inbox cannot be opened",
    )
    OTHER_READER = (
        "other_reader",
        "file was read with another model or other settings than those of the last run, so that "
        "the next run reads it again",
        "files were read with another model or other settings than those of the last run, so that "
        "the next run reads them again",
    )
    MOVE_UNFINISHED = (
        "move_unfinished",
        "move of a file was not finished",
        "moves of files were not finished",
        ("move is finished", "moves are finished"),
    )
    QUARANTINE_MISSING = (
        "quarantine_missing",
        "file is missing from quarantine",
        "files are missing from quarantine",
        (
            "row says now that its file is gone from quarantine",
            "rows say now that their files are gone from quarantine",
        ),
    )
    QUARANTINE_CHANGED = (
        "quarantine_changed",
        "file in quarantine is not what was put there",
        "files in quarantine are not what was put there",
        (
            "changed file is back from quarantine: the next run reads it",
            "changed files are back from quarantine: the next run reads them",
        ),
    )
    QUARANTINE_ORPHAN = (
        "quarantine_orphan",
        "file in quarantine is not on record",
        "files in quarantine are not on record",
        (
            "file of no record is back from quarantine: the next run reads it",
            "files of no record are back from quarantine: the next run reads them",
        ),
    )
    NOTE_MISSING = (
        "note_missing",
        "file in quarantine lacks its note",
        "files in quarantine lack their notes",
        ("note in quarantine is written again", "notes in quarantine are written again"),
    )
    NOTE_DAMAGED = (
        "note_damaged",
        "note in quarantine is damaged",
        "notes in quarantine are damaged",
        ("damaged note is written again", "damaged notes are written again"),
    )
    FOLDER_LINKED = (
        "folder_linked",
        "folder in the outbox is a link, and what lies there is not looked at; put a folder there",
        "folders in the outbox are links, and what lies there is not looked at; put folders there",
    )
    THUMBNAIL_MISSING = (
        "thumbnail_missing",
        "thumbnail is missing",
        "thumbnails are missing",
        (
            "missing thumbnail is off the record: the next run draws it if its scan is in the "
            "inbox",
            "missing thumbnails are off the record: the next run draws those whose scans are in "
            "the inbox",
        ),
    )
    THUMBNAIL_DAMAGED = (
        "thumbnail_damaged",
        "thumbnail is damaged",
        "thumbnails are damaged",
        (
            "damaged thumbnail is removed: the next run draws it if its scan is in the inbox",
            "damaged thumbnails are removed: the next run draws those whose scans are in the inbox",
        ),
    )
    THUMBNAIL_ORPHAN = (
        "thumbnail_orphan",
        "thumbnail belongs to no row",
        "thumbnails belong to no row",
        ("thumbnail of no row is removed", "thumbnails of no row are removed"),
    )
    SHEET_OUTDATED = (
        "sheet_outdated",
        "contact sheet is missing or out of date",
        "contact sheets are missing or out of date",
        ("contact sheet is redrawn", "contact sheets are redrawn"),
    )
    SHEET_ORPHAN = (
        "sheet_orphan",
        "contact sheet is left over from a longer table",
        "contact sheets are left over from a longer table",
        ("left-over contact sheet is removed", "left-over contact sheets are removed"),
    )
    REPORT_MISSING = (
        "report_missing",
        "report is missing",
        "reports are missing",
        ("missing report is written again", "missing reports are written again"),
    )
    REPORT_OUTDATED = (
        "report_outdated",
        "report shows less than what is on record",
        "reports show less than what is on record",
        ("report is brought up to date", "reports are brought up to date"),
    )
    REPORT_DIFFERENT = (
        "report_different",
        "table does not say what is on record",
        "tables do not say what is on record",
        ("table is rewritten", "tables are rewritten"),
    )
    REPORT_CHANGED = (
        "report_changed",
        "report was changed since it was written",
        "reports were changed since they were written",
        (
            "changed report is kept under another name, and a new one written",
            "changed reports are kept under other names, and new ones written",
        ),
    )
    FILE_NEW = (
        "file_new",
        "file in the inbox is not read yet",
        "files in the inbox are not read yet",
        ("", ""),
        False,
    )
    FILE_DUE = (
        "file_due",
        "file is read again by the next run",
        "files are read again by the next run",
        ("", ""),
        False,
    )
    THUMBNAIL_KEPT = (
        "thumbnail_kept",
        "thumbnail belongs to no row; it stays as long as the reports from before the repair do",
        "thumbnails belong to no row; they stay as long as the reports from before the repair do",
        ("", ""),
        False,
    )
    QUARANTINE_STRANGER = (
        "quarantine_stranger",
        "file in quarantine is not of this outbox, and stays",
        "files in quarantine are not of this outbox, and stay",
        ("", ""),
        False,
    )
    NOTE_ORPHAN = (
        "note_orphan",
        "note in quarantine is about a file that is no longer there",
        "notes in quarantine are about files that are no longer there",
        ("", ""),
        False,
    )
    PROCESSED_MISSING = (
        "processed_missing",
        "file was taken away from processed/",
        "files were taken away from processed/",
        ("", ""),
        False,
    )
    CORRECTIONS_WAITING = (
        "corrections_waiting",
        "table holds corrections that are not on record yet",
        "tables hold corrections that are not on record yet",
        ("", ""),
        False,
    )
    RUN_UNFINISHED = (
        "run_unfinished",
        "The last run did not come to its end, so that the next one writes the reports",
        "",
        ("", ""),
        False,
    )
    IN_USE = (
        "in_use",
        "batchdigits is at work in the outbox, so that only the journal, and files that have not "
        "changed, were looked at",
        "",
        ("", ""),
        False,
    )

    def format_count(self, count: int) -> str:
        """Say how many there are: ``2 thumbnails are missing``."""
        if not self.many:
            return self.one
        return f"{count:,} {self.one if count == 1 else self.many}"

    def format_mended(self, count: int) -> str:
        """Say of how many something was done, and what."""
        return f"{count:,} {self.mended[count != 1]}"


#: Of files that are put back in the inbox, or taken out of it.
MOVED_KINDS = (Kind.QUARANTINE_CHANGED, Kind.QUARANTINE_ORPHAN, Kind.MOVE_UNFINISHED)
