"""Reports while the watcher runs: the CSV grows at once, all else is drawn when there is time."""

import calendar
import time
from collections.abc import Callable, Sequence

from batchdigits.journal.columns import COLUMN_INDEX
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reports.contact_sheets import update_contact_sheets
from batchdigits.reports.context import ReportContext
from batchdigits.reports.formats import CSV, DOCUMENTS, SUMMARY, TABLES, ReportFormat
from batchdigits.reports.period import Period, list_periods
from batchdigits.reports.render import render_summary, update_reports
from batchdigits.reports.rows import ReportRow, ReportRows
from batchdigits.reports.safe_write import GrowingFile
from batchdigits.reports.tables.csvfile import format_rows
from batchdigits.session.session import Session
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG
from batchdigits.watching.throttle import Throttle

#: Shares of the time that tables, pages and contact sheets may take: together under a twentieth.
_TABLES_SHARE, _DOCUMENTS_SHARE, _SHEETS_SHARE = 0.025, 0.01, 0.01
#: Seconds between two times that they are drawn, at the least.
_TABLES_MIN_INTERVAL, _DOCUMENTS_MIN_INTERVAL, _SHEETS_MIN_INTERVAL = 2.0, 10.0, 10.0
#: Seconds that contact sheets may take at the end.
_FINAL_SHEETS_TIMEOUT = 20.0
#: Alarms are compared without numbers: one whose numbers alone changed is not logged again.
_NO_NUMBERS = str.maketrans("", "", "0123456789,.")
#: As :func:`~batchdigits.system.clock.utc_now` writes times.
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_READ_AT_COLUMN = COLUMN_INDEX["read_at"]


class ReportScheduler:
    """Keeps the reports of one outbox fit to be opened at any moment.

    Attributes:
        write_errors: why reports could not be written, by name; the journal has their rows.
    """

    def __init__(self, session: Session, period_format: str) -> None:
        """Make a scheduler for one session.

        Args:
            session: whose journal is reported.
            period_format: names the period of a row, such as its day, as :func:`time.strftime`
                does, where each has tables of its own; empty where one table holds all.
        """
        self._session = session
        self._journal = session.journal
        self._outbox = session.settings.outbox
        self._period_format = period_format
        self._period = self._get_current_period()
        self._table_throttle = Throttle(_TABLES_SHARE, _TABLES_MIN_INTERVAL)
        self._document_throttle = Throttle(_DOCUMENTS_SHARE, _DOCUMENTS_MIN_INTERVAL)
        self._sheet_throttle = Throttle(_SHEETS_SHARE, _SHEETS_MIN_INTERVAL)
        self._growing_csv = self._create_growing_csv()
        self._late_periods: set[Period] = set()
        self._logged_alarms: set[str] = set()
        self.write_errors: dict[str, str] = {}

    def _get_current_period(self) -> Period | None:
        return (
            Period(self._period_format, time.strftime(self._period_format))
            if self._period_format
            else None
        )

    def _create_growing_csv(self) -> GrowingFile:
        return GrowingFile(self._journal, self._outbox / CSV.format_name(self._period))

    def _make_context(self, period: Period | None = None) -> ReportContext:
        settings = self._session.settings
        rows = ReportRows(self._journal, settings.duplicates, period)
        return ReportContext(self._journal, settings, rows, self._session.provenance)

    def start(self, walk: InboxWalk) -> None:
        """Draw tables at once, those of periods that ended without a watcher too.

        Args:
            walk: what the inbox holds besides images, for the summary.
        """
        self._close_past_periods()
        self._draw_tables(walk)
        self._document_throttle.request()
        self._sheet_throttle.request()

    def add(self, rows: list[ReportRow]) -> None:
        """Add rows to the CSV, and have them on the disk; other reports show them by and by."""
        self.request_redraw()
        if self._period_format:
            rows = [row for row in rows if self._is_in_current_period(row)]
        name = CSV.format_name(self._period)
        if not rows or name in self.write_errors:
            return
        try:
            # Where somebody edited it, it is drawn anew before rows are added again.
            text = format_rows(rows, self._session.settings.csv_dialect)
            self._growing_csv.append(text.encode())
        except OSError as error:
            self._record_failure(name, error)

    def _is_in_current_period(self, row: ReportRow) -> bool:
        """Tell whether a row belongs to this period; one read just before midnight does not."""
        try:
            read_at = calendar.timegm(time.strptime(str(row[_READ_AT_COLUMN]), _TIME_FORMAT))
        except ValueError:  # no such day: a table that is drawn anew tells where it belongs
            return False
        text = time.strftime(self._period_format, time.localtime(read_at))
        period = Period(self._period_format, text)
        if period != self._period:
            self._late_periods.add(period)
        return period == self._period

    def request_redraw(self, is_urgent: bool = False) -> None:
        """Have all reports drawn by and by, as they do not show what is on record.

        Args:
            is_urgent: have tables, and what people open, drawn at once: somebody waits for them.
        """
        self._table_throttle.request(is_urgent)
        self._document_throttle.request(is_urgent)
        self._sheet_throttle.request()

    def draw_due(
        self, now: float, idle_seconds: float, walk: InboxWalk, is_busy: Callable[[], bool]
    ) -> None:
        """Draw what is due, one kind of report at a time.

        Args:
            now: the time, by :func:`time.monotonic`.
            idle_seconds: how long nothing else is to be done.
            walk: what the inbox holds besides images, for the summary.
            is_busy: called while contact sheets are drawn; where it returns ``True`` the others
                wait for another time.
        """
        if self._period_format and self._get_current_period() != self._period:
            self._start_period(walk)
        if self._table_throttle.is_due(now, idle_seconds):
            self._draw_tables(walk)
        elif self._document_throttle.is_due(now, idle_seconds):
            self._draw_documents()
        elif self._sheet_throttle.is_due(now, idle_seconds):
            self._draw_sheets(is_busy)

    def draw_urgent(self, walk: InboxWalk) -> None:
        """Draw tables if somebody waits for them, also between two chunks of a batch."""
        if self._table_throttle.is_urgent:
            self._draw_tables(walk)

    def finish(self, walk: InboxWalk) -> None:
        """Draw everything a last time; what could not be written is in ``write_errors``."""
        self._draw_tables(walk)
        self._draw_documents()
        deadline = time.monotonic() + _FINAL_SHEETS_TIMEOUT
        self._draw_sheets(lambda: time.monotonic() > deadline)

    @property
    def next_due(self) -> float:
        """When there is something to draw."""
        return min(
            self._table_throttle.next_due,
            self._document_throttle.next_due,
            self._sheet_throttle.next_due,
        )

    def _start_period(self, walk: InboxWalk) -> None:
        """Draw the tables of the period that ended a last time, and begin the next ones."""
        self._period = self._get_current_period()
        self._growing_csv = self._create_growing_csv()
        self._close_past_periods()
        self._draw_tables(walk)

    def _close_past_periods(self) -> None:
        """Draw the tables of past periods that were not drawn since those ended."""
        for period in (
            list_periods(self._journal, self._period_format) if self._period_format else ()
        ):
            closed = f"closed results-{period.text}"
            if period == self._period or (
                self._journal.find_fingerprint(closed) and period not in self._late_periods
            ):
                continue
            if all([self._draw_period(period, [table]) for table in TABLES]):
                self._journal.set_fingerprint(closed, "closed")
                self._late_periods.discard(period)
            else:
                self._late_periods.add(period)

    def _draw_tables(self, walk: InboxWalk) -> None:
        started, revision, is_complete = time.monotonic(), self._journal.revision, False
        try:
            if self._late_periods:
                self._close_past_periods()
            is_complete = not self.write_errors and self._draw_period(self._period, TABLES)
            # Where one cannot be written, the others can.
            is_complete = is_complete or all(
                [self._draw_period(self._period, [table]) for table in TABLES]
            )
            is_complete = self._draw_summary(walk) and is_complete and not self._late_periods
        finally:
            repeat = not is_complete or self._journal.revision != revision
            self._table_throttle.record_run(started, time.monotonic(), repeat)

    def _draw_period(self, period: Period | None, tables: Sequence[ReportFormat]) -> bool:
        """Draw tables of one period; ``False`` where they cannot be written now."""
        names = [table.format_name(period) for table in tables]
        try:
            self._journal.check_in_place()
            for _ in update_reports(self._make_context(period), *tables):
                self._session.notify_listener()
        except OSError as error:
            if len(names) == 1:
                self._record_failure(names[0], error)
            return False
        self._clear_failures(names)
        return True

    def _draw_summary(self, walk: InboxWalk) -> bool:
        session = self._session
        session.update_summary()
        try:
            render_summary(self._make_context(), session.summary, walk)
        except OSError as error:
            self._record_failure(SUMMARY.name, error)
            return False
        self._clear_failures([SUMMARY.name])
        for alarm in session.summary.alarms:
            if alarm.translate(_NO_NUMBERS) not in self._logged_alarms:
                LOG.warning("%s", alarm)
        self._logged_alarms = {alarm.translate(_NO_NUMBERS) for alarm in session.summary.alarms}
        return True

    def _draw_documents(self) -> None:
        """Draw what people open in browsers and spreadsheet programs."""
        session, started = self._session, time.monotonic()
        revision, is_complete = self._journal.revision, True
        for report in DOCUMENTS:
            try:
                for _ in update_reports(self._make_context(), report):
                    session.notify_listener()
            except OSError as error:
                self._record_failure(report.name, error)
                is_complete = False
            else:
                self._clear_failures([report.name])
        repeat = not is_complete or self._journal.revision != revision
        self._document_throttle.record_run(started, time.monotonic(), repeat)

    def _draw_sheets(self, is_busy: Callable[[], bool]) -> None:
        session, started = self._session, time.monotonic()
        revision = session.journal.revision

        def should_stop() -> bool:
            session.notify_listener()
            return is_busy()

        was_stopped, is_complete = False, False
        try:
            for _ in update_contact_sheets(
                self._make_context(), lambda sheets: session.draw_sheets(sheets, should_stop)
            ):
                was_stopped = is_busy()
        except OSError as error:
            self._record_failure("sheets", error)
        else:
            self._clear_failures(["sheets"])
            is_complete = not was_stopped
        finally:
            repeat = not is_complete or session.journal.revision != revision
            self._sheet_throttle.record_run(started, time.monotonic(), repeat)

    def _record_failure(self, name: str, error: OSError) -> None:
        self._table_throttle.request()
        reason = error.strerror or str(error)
        if self.write_errors.get(name) != reason:
            LOG.warning(
                "%s cannot be written (%s): its rows are kept, and written as soon as they can be.",
                *(escape_for_terminal(name), reason),
            )
        self.write_errors[name] = reason

    def _clear_failures(self, names: Sequence[str]) -> None:
        for name in names:
            if self.write_errors.pop(name, None):
                LOG.warning("%s is written again.", escape_for_terminal(name))
