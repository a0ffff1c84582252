"""Which reports there are.

A new report is a module with a function ``render`` and an entry in one of the lists here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from batchdigits.reports import chartfile, htmlfile, summaryfile
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.period import Period
from batchdigits.reports.tables import csvfile, jsonfile, parquetfile, xlsxfile
from batchdigits.system.extras import Extra, is_installed, require_extra
from batchdigits.system.logs import LOG

if TYPE_CHECKING:
    from batchdigits.config import ReportChanges, ReportFiles

#: Takes a context and a path to write to; or :data:`StagedFiles` where a report has several files.
Render = Callable[..., Steps]


class ReportFormat(NamedTuple):
    """One report: what it is called, when it is written, and by what.

    Attributes:
        name: its file in the outbox.
        render: writes it.
        option: the field of :class:`batchdigits.config.ReportFiles` that asks for it; a report
            without one is always written.
        is_kept_up: whether it is written without being asked for as long as its file is there, so
            that what was asked for once does not go stale.
        library: the module that is needed to write it, and the extra that installs it.
        depends_on: settings that change it, besides ``duplicates``, which changes all.
        shows_provenance: whether it shows what made the readings.
        shows_last_run: whether it shows what the last run did.
        list_names: its files in the outbox where it has several, ``name`` first.
        is_row_wise: whether it takes the rows in scan order, a chunk a step, so that it can share
            its pass over them with others.
        layout: a number that grows where a new version has to write it anew though it shows the
            same.
    """

    name: str
    render: Render
    option: str = ""
    is_kept_up: bool = True
    library: tuple[str, Extra] | None = None
    depends_on: tuple[str, ...] = ()
    shows_provenance: bool = False
    shows_last_run: bool = False
    list_names: Callable[[ReportContext], list[str]] | None = None
    is_row_wise: bool = False
    layout: int = 1

    def is_requested(self, options: ReportFiles | ReportChanges) -> bool:
        """Check whether settings ask for it."""
        return not self.option or bool(getattr(options, self.option))

    def can_be_rendered(self) -> bool:
        """Check whether the library that it needs is installed."""
        return self.library is None or is_installed(self.library[0])

    def get_names(self, context: ReportContext) -> list[str]:
        """Return the names of its files: one, or one a part, the first part first."""
        if self.list_names:
            return self.list_names(context)
        return [self.format_name(context.rows.period)]

    def format_name(self, period: Period | None) -> str:
        """Return the name of the file that holds the rows of a period, or all of them."""
        if period is None:
            return self.name
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}-{period.text}.{suffix}"

    def compute_fingerprint(self, context: ReportContext) -> str:
        """Return what the report shows: with an equal text, it would come out equal."""
        # Layout and revision stay first: is_behind finds them there.
        values = [self.layout, context.journal.revision, context.settings.duplicates]
        values += [getattr(context.settings, name) for name in self.depends_on]
        if self.shows_provenance:
            values.append(_hash_json(context.provenance))
        if self.shows_last_run:
            values.append(_hash_json(context.last_run))
        return " ".join(map(str, values))

    def is_behind(self, fingerprint: str | None, revision: int) -> bool:
        """Check whether a report shows an earlier revision of the journal, or in an earlier layout.

        In what else it shows, such as the dialect of a CSV, it may be as somebody asked for.
        """
        shown = [str(self.layout), str(revision)]
        return fingerprint is None or fingerprint.split()[:2] != shown


def _hash_json(record: dict[str, Any]) -> str:
    """Hash a record by its JSON, which is the same when it comes back from the journal."""
    return sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


CSV = ReportFormat(
    name="results.csv",
    render=csvfile.render,
    depends_on=("csv_dialect",),
    is_row_wise=True,
    layout=3,
)  # fmt: skip
CHARTS = ReportFormat(
    name="summary.png", render=chartfile.render, option="charts",
    library=("matplotlib", "charts"), layout=3,
)  # fmt: skip
#: Written in one pass over the rows; a watcher that divides them by time has one of each a period.
TABLES = (
    CSV,
    ReportFormat(
        name="results.json",
        render=jsonfile.render,
        shows_provenance=True,
        is_row_wise=True,
        layout=2,
    ),
)
#: What people open in browsers, spreadsheet programs and notebooks; written one after the other.
DOCUMENTS = (
    ReportFormat(
        name="report.html", render=htmlfile.render, option="html", is_kept_up=False,
        depends_on=("thumbnails",), shows_provenance=True, list_names=htmlfile.list_names,
        layout=htmlfile.LAYOUT,
    ),
    ReportFormat(
        name="results.xlsx", render=xlsxfile.render, option="xlsx",
        depends_on=("xlsx_images",), shows_provenance=True, is_row_wise=True,
        layout=3,
    ),
    ReportFormat(
        name="results.parquet", render=parquetfile.render, option="parquet",
        library=("pyarrow", "parquet"), is_row_wise=True, layout=2,
    ),
    CHARTS,
)  # fmt: skip
#: Written last of all.
SUMMARY = ReportFormat(
    name="summary.json",
    render=summaryfile.render,
    shows_provenance=True,
    shows_last_run=True,
    layout=2,
)


@cache
def log_left_out(report: ReportFormat) -> None:
    """Say, once in a process, that a report is left out since its library is not installed."""
    if report.library:
        module, extra = report.library
        LOG.info("%s is left out: %s is not installed (the extra %s).", report.name, module, extra)


def require_extras(options: ReportFiles | ReportChanges) -> None:
    """Check that the libraries are installed that the reports asked for need.

    Raises:
        MissingExtraError: one is missing.
    """
    for report in DOCUMENTS:
        if report.library and report.is_requested(options):
            require_extra(*report.library, purpose=f"--{report.option}")
