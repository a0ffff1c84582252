"""Reports while the watcher runs: rows are added at once, all else is drawn when there is time."""

import calendar
import time
from collections.abc import Callable, Sequence

from batchdigits.pipeline.scan import InboxWalk
from batchdigits.reports.csvfile import format_rows
from batchdigits.reports.render import (
    DOCUMENT_RENDERERS,
    TABLE_SUFFIXES,
    format_table_name,
    render_contact_sheets,
    render_summary,
    render_tables,
)
from batchdigits.reports.rows import COLUMNS, Period, ReportRow, ReportRows, list_periods
from batchdigits.reports.safe_write import GrowingFile
from batchdigits.session.session import Session
from batchdigits.system.filenames import for_terminal
from batchdigits.system.logs import LOG
from batchdigits.watching.throttle import Pace

#: Shares of the time that tables, pages and contact sheets may take: together under a twentieth.
_TABLES_SHARE, _PAGES_SHARE, _SHEETS_SHARE = 0.025, 0.01, 0.01
#: Seconds between two times that they are drawn, at the least.
_TABLES_LEAST, _PAGES_LEAST, _SHEETS_LEAST = 2.0, 10.0, 10.0
#: Seconds that contact sheets may take at the end.
_LAST_SHEETS = 20.0
#: An alarm whose numbers alone changed is not told again.
_NO_NUMBERS = str.maketrans("", "", "0123456789,.")
_READ_AT = COLUMNS.index("read_at")


class Reporting:
    """The reports of one outbox, kept fit to be opened at any moment.

    Attributes:
        behind: names of the reports that could not be written; the journal has their rows.
    """

    def __init__(self, session: Session, form: str) -> None:
        """``form`` names the periods of tables, as :func:`time.strftime` takes it, or is empty."""
        self._session = session
        self._journal = session.journal
        self._outbox = session.settings.outbox
        self._form = form
        self._period = self._now()
        self._tables = Pace(_TABLES_SHARE, _TABLES_LEAST)
        self._pages = Pace(_PAGES_SHARE, _PAGES_LEAST)
        self._sheets = Pace(_SHEETS_SHARE, _SHEETS_LEAST)
        self._growing = self._grower()
        self._late: set[Period] = set()
        self._alarmed: set[str] = set()
        self.behind: dict[str, str] = {}

    def _now(self) -> Period | None:
        return Period(self._form, time.strftime(self._form)) if self._form else None

    def _grower(self) -> GrowingFile:
        return GrowingFile(self._journal, self._outbox / format_table_name(".csv", self._period))

    def _lines(self, period: Period | None = None) -> ReportRows:
        return ReportRows(self._journal, self._session.settings.duplicates, period)

    def start(self, scan: InboxWalk) -> None:
        """Have reports from the beginning, those of periods that went by unseen too."""
        self._close_old()
        self._draw_tables(scan)
        self._pages.ask()
        self._sheets.ask()

    def add(self, lines: list[ReportRow]) -> None:
        """Add rows to the CSV, and have them on the disk; all else shows them by and by."""
        self.changed()
        if self._form:
            lines = [line for line in lines if self._is_of_now(line)]
        name = format_table_name(".csv", self._period)
        if not lines or name in self.behind:
            return
        try:
            # Where somebody edited it, it is drawn anew before rows are added again.
            text = format_rows(lines, self._session.settings.csv_dialect)
            self._growing.append(text.encode())
        except OSError as error:
            self._tell(name, error)

    def _is_of_now(self, line: ReportRow) -> bool:
        """Whether a line belongs to this period; one read just before midnight does not."""
        read_at = calendar.timegm(time.strptime(str(line[_READ_AT]), "%Y-%m-%dT%H:%M:%SZ"))
        period = Period(self._form, time.strftime(self._form, time.localtime(read_at)))
        if period != self._period:
            self._late.add(period)
        return period == self._period

    def changed(self) -> None:
        """Something on record is not what reports show."""
        self._tables.ask()
        self._pages.ask()
        self._sheets.ask()

    def tend(self, now: float, free: float, scan: InboxWalk, busy: Callable[[], bool]) -> None:
        """Draw what is due; ``free`` seconds nothing else is to be done.

        ``busy`` is asked while contact sheets are drawn, and ends that: they go on another time.
        """
        if self._form and self._now() != self._period:
            self._turn_over(scan)
        if self._tables.due(now, free):
            self._draw_tables(scan)
        elif self._pages.due(now, free):
            self._draw_pages()
        elif self._sheets.due(now, free):
            self._draw_sheets(busy)

    def end(self, scan: InboxWalk) -> None:
        """Draw everything a last time; what could not be written is in ``behind``."""
        self._draw_tables(scan)
        self._draw_pages()
        ending = time.monotonic() + _LAST_SHEETS
        self._draw_sheets(lambda: time.monotonic() > ending)

    @property
    def wait(self) -> float:
        """When there is something to draw."""
        return min(self._tables.wait, self._pages.wait, self._sheets.wait)

    def _turn_over(self, scan: InboxWalk) -> None:
        """A period ended: its tables are drawn a last time, and the next ones begin."""
        self._period = self._now()
        self._growing = self._grower()
        self._close_old()
        self._draw_tables(scan)

    def _close_old(self) -> None:
        """Draw the tables of past periods that were not drawn since those ended."""
        for period in list_periods(self._journal, self._form) if self._form else ():
            closed = f"closed {format_table_name('', period)}"
            if period == self._period or (
                self._journal.find_fingerprint(closed) and period not in self._late
            ):
                continue
            if all([self._draw(period, [ending]) for ending in TABLE_SUFFIXES]):
                self._journal.set_fingerprint(closed, "closed")
                self._late.discard(period)
            else:
                self._late.add(period)

    def _draw_tables(self, scan: InboxWalk) -> None:
        begun, change, whole = time.monotonic(), self._journal.revision, False
        try:
            if self._late:
                self._close_old()
            # Where one cannot be written, the others can.
            whole = not self.behind and self._draw(self._period, TABLE_SUFFIXES)
            whole = whole or all([self._draw(self._period, [ending]) for ending in TABLE_SUFFIXES])
            whole = self._draw_summary(scan) and whole and not self._late
        finally:
            again = not whole or self._journal.revision != change
            self._tables.done(begun, time.monotonic(), again)

    def _draw(self, period: Period | None, endings: Sequence[str]) -> bool:
        """Draw tables; ``False`` where they cannot be written now."""
        names = [format_table_name(ending, period) for ending in endings]
        tables = render_tables(
            self._journal,
            self._session.settings,
            self._lines(period),
            self._session.provenance,
            endings,
        )
        try:
            self._journal.check_in_place()
            for _ in tables:
                self._session.notify_listener()
        except OSError as error:
            if len(names) == 1:
                self._tell(names[0], error)
            return False
        self._untell(names)
        return True

    def _draw_summary(self, scan: InboxWalk) -> bool:
        session = self._session
        session.update_summary()
        try:
            render_summary(
                *(session.journal, session.settings, self._lines(), session.summary),
                *(scan, session.provenance),
            )
        except OSError as error:
            self._tell("summary.json", error)
            return False
        self._untell(["summary.json"])
        for alarm in session.summary.alarms:
            kind = alarm.translate(_NO_NUMBERS)
            if kind not in self._alarmed:
                LOG.warning("%s", alarm)
        self._alarmed = {alarm.translate(_NO_NUMBERS) for alarm in session.summary.alarms}
        return True

    def _draw_pages(self) -> None:
        """Draw what people open in browsers and spreadsheet programs."""
        session, begun = self._session, time.monotonic()
        change, whole = self._journal.revision, True
        names = "report.html", "results.xlsx", "results.parquet", "summary.png"
        for name, draw in zip(names, DOCUMENT_RENDERERS, strict=True):
            try:
                for _ in draw(self._journal, session.settings, self._lines(), session.provenance):
                    session.notify_listener()
            except OSError as error:
                self._tell(name, error)
                whole = False
            else:
                self._untell([name])
        again = not whole or self._journal.revision != change
        self._pages.done(begun, time.monotonic(), again)

    def _draw_sheets(self, busy: Callable[[], bool]) -> None:
        session, begun = self._session, time.monotonic()
        change = session.journal.revision

        def pause() -> bool:
            session.notify_listener()
            return busy()

        broken_off, done = False, False
        try:
            for _ in render_contact_sheets(
                session.journal,
                session.settings,
                self._lines(),
                lambda sheets: session.draw_sheets(sheets, pause),
            ):
                broken_off = busy()
        except OSError as error:
            self._tell("sheets", error)
        else:
            self._untell(["sheets"])
            done = not broken_off
        finally:
            again = not done or session.journal.revision != change
            self._sheets.done(begun, time.monotonic(), again)

    def _tell(self, name: str, error: OSError) -> None:
        self._tables.ask()
        why = error.strerror or str(error)
        if self.behind.get(name) != why:
            LOG.warning(
                "%s cannot be written (%s): its rows are kept and written when it is free.",
                *(for_terminal(name), why),
            )
        self.behind[name] = why

    def _untell(self, names: Sequence[str]) -> None:
        for name in names:
            if self.behind.pop(name, None):
                LOG.warning("%s is written again.", for_terminal(name))
