"""Days and months by which tables are divided, by the clock on the wall, as people count them."""

from typing import NamedTuple

from batchdigits.journal.journal import Journal


class Period(NamedTuple):
    """One day or month.

    Attributes:
        time_format: what :func:`time.strftime` writes it with.
        text: the period itself, such as ``2026-11-21``.
    """

    time_format: str
    text: str


def period_from_text(text: str) -> Period:
    """Return the day or month that a text names."""
    return Period("%Y-%m-%d" if len(text) > len("2026-11") else "%Y-%m", text)


def list_periods(journal: Journal, time_format: str) -> list[Period]:
    """List the periods in which a page was read, oldest first."""
    texts = journal.query(
        "SELECT DISTINCT strftime(?, read_at, 'localtime') FROM pages ORDER BY 1", (time_format,)
    )
    return [Period(time_format, str(text)) for (text,) in texts if text]
