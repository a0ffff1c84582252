"""Conditions on rows, from what people write on the command line."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime

from batchdigits.errors import UsageError
from batchdigits.journal.journal import Journal
from batchdigits.reasons import Status
from batchdigits.reports.rows import CREATE_ORIGINALS, NAMED_TABLE

#: What a condition may do: read and compute, see SQLite's *Authorizer Action Codes*.
_READ_ACTIONS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}


def build_condition(journal: Journal, since: str, statuses: Sequence[str], where: str) -> str:
    """Build a condition for :class:`batchdigits.reports.rows.ReportRows`.

    Args:
        journal: in which it is tried out; nothing but reading is let through.
        since: ISO 8601 date or time, UTC; rows read before are left out. Empty for none.
        statuses: only rows with one of these, of those in review only what nobody has checked
            yet; empty for any.
        where: an expression of SQL on the columns of the table, such as ``digit = 7``. Empty for
            none.

    Returns:
        SQL on the table's columns; empty where all rows are meant.

    Raises:
        UsageError: one of them makes no sense.
    """
    conditions = []
    if since:
        try:
            begin = datetime.fromisoformat(since)
            utc = begin.astimezone(UTC) if begin.tzinfo else begin
        except (ValueError, OverflowError) as error:
            raise UsageError(f"{since!r} is not a date such as 2026-11-21.") from error
        conditions.append(f"read_at >= '{utc.replace(tzinfo=None).isoformat(timespec='seconds')}Z'")
    if statuses:
        words = ", ".join(repr(str(Status(status))) for status in statuses)
        # What a person has checked is not left to look at.
        conditions.append(f"status IN ({words}) AND (status <> 'review' OR checked IS NULL)")
    if where:
        conditions.append(f"({where})")
    condition = " AND ".join(conditions)
    sql = journal.sql
    sql.execute(CREATE_ORIGINALS)
    sql.set_authorizer(
        lambda action, _, name, *__: (
            sqlite3.SQLITE_OK
            if action in _READ_ACTIONS and name != "load_extension"
            else sqlite3.SQLITE_DENY
        )
    )
    try:
        sql.execute(f"SELECT 1 FROM {NAMED_TABLE} WHERE {condition or 1} LIMIT 0")
    except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError) as error:
        raise UsageError(f"--where {where!r} cannot be used: {error}.") from error
    finally:
        sql.set_authorizer(None)
    return condition
