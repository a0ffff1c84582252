"""The journal's file: opened, claimed for one inbox, written in whole transactions."""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from batchdigits.errors import OutboxBusyError, OutboxError
from batchdigits.journal.checks import MAX_NUMBER, check_rows, check_tables, secure
from batchdigits.journal.known_places import is_signed, sign_place
from batchdigits.journal.meta_keys import INBOX_KEY, PLACE_KEY, REVISION_KEY
from batchdigits.journal.paths import format_damage_advice
from batchdigits.journal.schema import MIGRATIONS, migrate, read_version
from batchdigits.system.filesystems import find_shared_file_system
from batchdigits.system.invocation import format_command
from batchdigits.system.logs import LOG

STATE_FOLDER = ".batchdigits"
JOURNAL_FILE = "journal.sqlite3"
_Json = TypeVar("_Json", list[Any], dict[str, Any])
#: Tables whose rows are checked as the journal is opened.
_SMALL_TABLES = ("meta", "makers", "reports")
#: Those whose rows are checked before many of them are read: a run with nothing to do reads none.
_LARGE_TABLES = ("files", "pages", "pictures", "corrections")
#: What SQLite says of a disk that is full, or fails, or is held for the moment.
_TRANSIENT_ERRORS = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}  #: a damaged file, or another one
#: What Python says of a value that is not what was put there.
_ODD_VALUE_ERRORS = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
)
#: What says nothing of damage: a journal that may not be opened, or written.
_NO_DAMAGE = {
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_AUTH),
}


class Store:
    """One open journal; a context manager that closes it.

    Attributes:
        root: the real path of the outbox: no link below it is followed.
        path: its file.
        sql: the connection; it commits each statement by itself outside of a :meth:`transaction`.
        revision: a number that grows with each transaction that puts reports out of date.
    """

    def __init__(self, outbox: Path, is_read_only: bool = False) -> None:
        """Open the journal of an outbox, or begin one.

        Args:
            outbox: the folder.
            is_read_only: whether it is only read, as it stands now, while another process holds
                the outbox; what is noted under a key is dropped then.

        Raises:
            OutboxError: it cannot be opened, is damaged, or was made by a newer batchdigits; or
                it is only to be read, and by an older one.
        """
        self.root = os.path.realpath(outbox)
        self.path = outbox / STATE_FOLDER / JOURNAL_FILE
        self._outbox, self._advice = outbox, format_damage_advice(outbox)
        self._is_read_only = is_read_only
        with self.translate_errors():
            address = f"{self.path.absolute().as_uri()}?mode={'ro' if is_read_only else 'rwc'}"
            # Autocommit: every transaction here begins and ends by name.
            self.sql = sqlite3.connect(address, isolation_level=None, uri=True)
            self._prepare()
        self._identity = self._get_file_identity()
        with self.refuse_damage():
            self.revision = int(self.get_meta(REVISION_KEY) or 0)
            if not 0 <= self.revision < MAX_NUMBER:
                raise ValueError(self.revision)

    def _prepare(self) -> None:
        secure(self.sql)
        check_tables(self.sql, self.path)
        self.sql.execute("PRAGMA temp_store = FILE")
        if self._is_read_only:
            self._begin_reading()
        else:
            self._set_journal_mode()
            # A power cut may cost the last commits, whose files are read again, never the file.
            self.sql.execute("PRAGMA synchronous = NORMAL")
            migrate(self.sql)
        for table in _SMALL_TABLES:
            check_rows(self.sql, self.path, table)
        # What this process writes from here on need not be checked.
        (has_rows,) = self.sql.execute("SELECT EXISTS (SELECT 1 FROM files)").fetchone()
        self._are_rows_checked = not has_rows

    def _begin_reading(self) -> None:
        if read_version(self.sql) < len(MIGRATIONS):
            raise OutboxError(
                f"The outbox {self._outbox} is in use by an older batchdigits: stop that first."
            )
        (mode,) = self.sql.execute("PRAGMA journal_mode").fetchone()
        if mode == "wal":  # else whoever writes would have to wait
            self.sql.execute("BEGIN")

    def _set_journal_mode(self) -> None:
        network = find_shared_file_system(self.path.parent)
        mode = "DELETE" if network else "WAL"
        (chosen,) = self.sql.execute(f"PRAGMA journal_mode = {mode}").fetchone()
        if network or chosen.upper() != mode:
            disk = f"a network file system ({network})" if network else "a disk without WAL"
            LOG.info("The outbox lies on %s: the journal is kept in rollback mode.", disk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sql.close()

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise what SQLite cannot do as one sentence about the journal.

        Raises:
            OutboxBusyError: it may be done later: the disk is full, or the journal is in use.
            OutboxError: it cannot be done.
        """
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended code
            if code in _TRANSIENT_ERRORS:
                raise OutboxBusyError(f"The journal {self.path}: {error}.") from error
            # Without SQLite's words for it, or the damaged bytes themselves.
            is_damage = code in _DAMAGE or str(error).startswith("Could not decode")
            problem = " is damaged" if is_damage else f": {error}"
            advice = "" if code in _NO_DAMAGE else f" {self._advice}"
            raise OutboxError(f"The journal {self.path}{problem}.{advice}") from error
        except MemoryError as error:  # a damaged length may be any
            raise OutboxError(
                f"The journal {self.path} takes more memory than there is. {self._advice}"
            ) from error

    @contextmanager
    def refuse_damage(self) -> Iterator[None]:
        """Have what is read in the context be as this program writes it.

        Raises:
            OutboxError: reading it failed in one of the ways in which Python refuses odd values.
        """
        try:
            yield
        except _ODD_VALUE_ERRORS as error:
            raise OutboxError(f"The journal {self.path} is damaged. {self._advice}") from error

    @contextmanager
    def transaction(self, invalidates_reports: bool = True) -> Iterator[sqlite3.Connection]:
        """Do all that happens in the context, or nothing of it.

        Args:
            invalidates_reports: whether reports that were written before are out of date then.
        """
        with self.translate_errors():
            self.sql.execute("BEGIN IMMEDIATE")
            try:
                yield self.sql
                if invalidates_reports:
                    self._write_meta(REVISION_KEY, self.revision + 1)
                self.sql.execute("COMMIT")
                self.revision += invalidates_reports
            except BaseException:
                if self.sql.in_transaction:  # a full disk has rolled it back already
                    self.sql.execute("ROLLBACK")
                raise

    @contextmanager
    def use_full_sync(self) -> Iterator[None]:
        """Have transactions in the context safe on the disk once they end, as moves of files need.

        Else a power cut may take back the last ones, whose files are then read again.
        """
        self.sql.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self.sql.execute("PRAGMA synchronous = NORMAL")

    def query(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> sqlite3.Cursor:
        """Run a statement that reads."""
        with self.translate_errors():
            return self.sql.execute(statement, values)

    def check_rows(self) -> None:
        """Make sure, once, that all rows are such as this program writes.

        Raises:
            OutboxError: one is not.
        """
        if not self._are_rows_checked:
            with self.translate_errors():
                for table in _LARGE_TABLES:
                    check_rows(self.sql, self.path, table)
            self._are_rows_checked = True

    def check_file(self, file_id: int) -> None:
        """Make sure that the rows of one file are such as this program writes.

        Raises:
            OutboxError: one is not.
        """
        if not self._are_rows_checked:
            with self.translate_errors():
                check_rows(self.sql, self.path, "files", f"id = {file_id:d}")
                check_rows(self.sql, self.path, "pages", f"file = {file_id:d}")

    def get_meta(self, key: str) -> str | None:
        """Get what is known under a key of :mod:`batchdigits.journal.meta_keys`, if anything."""
        with self.translate_errors():  # a value is decoded only as it is fetched
            row = self.query("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def get_json(self, key: str, default: _Json) -> _Json:
        """Get the JSON that is known under a key, of the default's type, or the default.

        Raises:
            OutboxError: it is something else.
        """
        with self.refuse_damage():
            value = json.loads(self.get_meta(key) or "null")
            if value is not None and type(value) is not type(default):
                raise TypeError(key)
        return default if value is None else value

    def set_meta(self, key: str, value: str) -> None:
        """Note a fact under a key of :mod:`batchdigits.journal.meta_keys`."""
        if self._is_read_only:
            return
        with self.transaction(invalidates_reports=False):
            self._write_meta(key, value)

    def _write_meta(self, key: str, value: str | int) -> None:
        self.sql.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def claim(self, inbox: str, rebind: bool) -> None:
        """Tie the journal to one inbox.

        Args:
            inbox: the real path of the inbox, as it is shown to people.
            rebind: whether it may have been tied to another before.

        Raises:
            OutboxError: it belongs to another and ``rebind`` is false.
        """
        owner = self.get_meta(INBOX_KEY)
        if owner == inbox and self.is_in_known_place():
            return
        if owner not in (None, inbox) and not rebind:
            command = format_command("run", inbox, str(self._outbox), "--rebind")
            raise OutboxError(
                f"The outbox {self._outbox} belongs to the inbox {owner}, not to {inbox}: choose "
                f"another outbox or, if the folder was only moved or copied, say: {command}"
            )
        with self.transaction(invalidates_reports=False):
            self._write_meta(INBOX_KEY, inbox)
            if signature := sign_place(self.root, inbox):
                self._write_meta(PLACE_KEY, signature)

    def is_in_known_place(self) -> bool:
        """Tell whether this user tied the journal to its inbox, in the place where it lies.

        Where the files of a copy go, or of one that somebody handed over, is not taken from it.
        """
        inbox = self.get_meta(INBOX_KEY)
        return inbox is not None and is_signed(self.root, inbox, self.get_meta(PLACE_KEY) or "")

    def check_in_place(self) -> None:
        """Find out whether the outbox was removed or exchanged meanwhile.

        SQLite would go on writing to the deleted file without a word.

        Raises:
            OutboxError: it was.
        """
        if self._get_file_identity() != self._identity:
            raise OutboxError(f"The outbox {self._outbox} was removed or exchanged during the run.")

    def _get_file_identity(self) -> tuple[int, int] | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
