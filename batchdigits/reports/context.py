"""What every report is rendered from."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from itertools import tee
from pathlib import Path
from typing import Any, Self

from batchdigits.config import Settings
from batchdigits.journal.journal import Journal
from batchdigits.reports.rows import ReportRow, ReportRows

#: Writes a report bit by bit: yields after each step, so that other work gets its turn.
Steps = Generator[None, None, None]
#: The files of a report that has several: the index of each, counted from 0, with a path to write
#: it to. It takes its place when the next one is asked for.
StagedFiles = Iterator[tuple[int, Path]]


@dataclass(frozen=True, eq=False)
class ReportContext:
    """What every report is rendered from; a report's file says which of it the report shows.

    Attributes:
        journal: which has what was read.
        settings: how reports are written; thumbnails lie in their ``outbox``.
        rows: the rows to show.
        provenance: model, versions and settings that made the readings, see
            :func:`batchdigits.session.provenance.describe_provenance`.
        last_run: what the last run did, see :func:`batchdigits.reports.summaryfile.run_to_dict`;
            only ``summary.json`` shows it.
    """

    journal: Journal
    settings: Settings
    rows: ReportRows
    provenance: dict[str, Any]
    last_run: dict[str, Any] = field(default_factory=dict)
    _chunks: Iterator[list[ReportRow]] | None = None

    def iter_chunks(self) -> Iterator[list[ReportRow]]:
        """Fetch the rows in scan order, up to a hundred at a time; a report does so once."""
        return self.rows.iter_chunks() if self._chunks is None else self._chunks

    def share_rows(self, count: int) -> list[Self]:
        """Return contexts whose rows come from one pass over the journal.

        Chunks are held in memory until each of these contexts has fetched them, so their reports
        must be rendered at the same pace.
        """
        return [replace(self, _chunks=chunks) for chunks in tee(self.iter_chunks(), count)]
