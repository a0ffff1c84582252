"""A damaged journal kept aside, and a new one made of what can be read, in its place."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from batchdigits.errors import OutboxBusyError
from batchdigits.journal.meta_keys import INBOX_KEY
from batchdigits.journal.snapshot import RECOVERED_FILE, SIDE_ENDINGS, finish_exchange
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.reports.formats import DOCUMENTS, SUMMARY, TABLES
from batchdigits.system.file_moves import append_number, copy_file
from batchdigits.upkeep.lost_corrections import (
    KEPT_MARK,
    FoundCorrection,
    add_missing,
    carve_corrections,
    find_inbox,
    list_tables,
    read_table_corrections,
)
from batchdigits.upkeep.salvage import Salvage, salvage_tables


class Recovery(NamedTuple):
    """What became of a damaged journal.

    Attributes:
        aside: where the damaged one lies now; ``None`` where nothing was left of it.
        salvage: what could be read of it.
        correction_count: corrections that are on record now.
        kept_reports: names of reports that were kept as they were, since rows are lost.
    """

    aside: Path | None
    salvage: Salvage
    correction_count: int
    kept_reports: list[str]

    @property
    def has_lost_rows(self) -> bool:
        """Whether rows are lost, or may be."""
        return self.salvage.lost_count != 0


def recover_journal(outbox: Path, copy: Path) -> Recovery:
    """Keep a damaged journal aside, and put what can be read of it in its place.

    Whoever calls holds the outbox. A kill at any moment leaves the damaged journal in its place, or
    the new one, and in any case a copy of the damaged one once the new one is there.

    Args:
        outbox: whose journal.
        copy: an outbox with a copy of it, which is changed.

    Raises:
        OSError: the new one cannot be written.
        OutboxBusyError: nor so, as the disk is full.
    """
    state_folder = outbox / STATE_FOLDER
    aside = _keep_aside(state_folder)
    new = state_folder / f"{JOURNAL_FILE}.new"
    for ending in ("", *SIDE_ENDINGS):
        Path(f"{new}{ending}").unlink(missing_ok=True)
    try:
        # Nobody may read the new one who may not read the other.
        mode = _get_mode(aside or outbox / "results.csv")
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        salvage = salvage_tables(copy / STATE_FOLDER / JOURNAL_FILE, new, outbox)
        correction_count = _add_lost_corrections(
            outbox, new, [] if salvage.are_corrections_whole or not aside else _list_files(aside)
        )
    except sqlite3.Error as error:
        raise OutboxBusyError(f"A new journal cannot be written to {outbox}: {error}.") from error
    with new.open("rb") as file:
        os.fsync(file.fileno())
    kept = _keep_reports(outbox) if salvage.lost_count != 0 else []
    os.replace(new, state_folder / RECOVERED_FILE)
    finish_exchange(outbox)
    return Recovery(aside, salvage, correction_count, kept)


def _keep_reports(outbox: Path) -> list[str]:
    """Copy all reports and contact sheets to other names; returns those of the reports.

    Those that are written next show fewer rows.
    """
    mark = f"{KEPT_MARK}{_format_time()}"
    kept = []
    for report in (*TABLES, *DOCUMENTS, SUMMARY):
        stem, _, suffix = report.name.rpartition(".")
        for path in sorted([*outbox.glob(report.name), *outbox.glob(f"{stem}-*.{suffix}")]):
            if path.is_file() and not path.is_symlink() and KEPT_MARK not in path.name:
                kept.append(_keep(path, outbox / f"{path.stem}{mark}{path.suffix}"))
    for path in (outbox / "sheets").glob("sheet-*.png"):
        _keep(path, outbox / f"sheets{mark}" / path.name)
    return kept


def _keep(path: Path, copy: Path) -> str:
    number = 1
    while True:
        target = append_number(copy, number)
        with suppress(FileExistsError):
            copy_file(path, target)
            return target.name
        number += 1


def _list_files(journal: Path) -> list[Path]:
    return [Path(f"{journal}{ending}") for ending in ("", *SIDE_ENDINGS)]


def _format_time() -> str:
    return time.strftime("%Y-%m-%dT%H-%M-%S", time.localtime())


def _get_mode(path: Path) -> int:
    """Return who may read and write a file; its owner alone where it is not there."""
    try:
        return path.stat().st_mode & 0o666
    except OSError:
        return 0o600


def _keep_aside(state_folder: Path) -> Path | None:
    """Copy a journal with all that SQLite keeps beside it, but for empty files.

    Returns:
        The path of the copy; ``None`` where there is nothing to copy.
    """
    journal = state_folder / JOURNAL_FILE
    if not any(path.is_file() and path.stat().st_size for path in _list_files(journal)):
        return None
    stamp = _format_time()
    number = 1
    while True:
        target = append_number(state_folder / f"{JOURNAL_FILE}.damaged-{stamp}", number)
        if not any(map(os.path.lexists, _list_files(target))):
            break
        number += 1
    files = list(zip(_list_files(journal), _list_files(target), strict=True))
    for source, copy in reversed(files):
        # The journal itself comes last: where it is there, so is all else.
        if os.path.lexists(source) and (source == journal or source.stat().st_size):
            copy_file(source, copy)
    return target


def _add_lost_corrections(outbox: Path, journal: Path, damaged: list[Path]) -> int:
    """Put corrections on record that the table lacks; returns how many there are then.

    Args:
        outbox: whose tables are searched.
        journal: the new journal.
        damaged: files of the damaged one in whose bytes they are looked for first.
    """
    sql = sqlite3.connect(journal, isolation_level=None)
    try:
        sql.execute("BEGIN")
        carved: dict[tuple[str, int], FoundCorrection] = {}
        for path in damaged:
            for found in carve_corrections(path):
                key = found.sha256, found.page
                if key not in carved or carved[key].said_at <= found.said_at:
                    carved[key] = found
        add_missing(sql, list(carved.values()))
        for table in list_tables(outbox):
            for found in read_table_corrections(table):
                add_missing(sql, [found])
        if not sql.execute("SELECT 1 FROM meta WHERE key = ?", (INBOX_KEY,)).fetchone() and (
            inbox := find_inbox(outbox)
        ):
            sql.execute("INSERT INTO meta VALUES (?, ?)", (INBOX_KEY, inbox))
        (count,) = sql.execute("SELECT count(*) FROM corrections").fetchone()
        sql.execute("COMMIT")
        return int(count)
    finally:
        sql.close()
