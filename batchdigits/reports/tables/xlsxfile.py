"""``results.xlsx``: the table for people: pictures, filters, colours, and a column to correct.

Written by XlsxWriter row by row, so that memory stays bounded. Text is written as text: no name
of a file is ever a formula or a link.
"""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchdigits.config import XlsxImages
from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.journal.columns import COLUMN_INDEX, TABLE_COLUMNS, CellKind
from batchdigits.journal.paths import inside
from batchdigits.pipeline.thumbnail_files import read_thumbnail
from batchdigits.reasons import REASON_TEXTS, Status
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.rows import ReportRow
from batchdigits.reports.tables.csvfile import NO_DIGIT_TEXT

if TYPE_CHECKING:  # takes a while to load, and is wanted by few
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

#: Pictures at the most: a spreadsheet with more of them is no pleasure to open.
_MAX_PICTURES = 5000
#: Rows at the most, by the format itself (ECMA-376), less the header.
_MAX_ROWS = 1_048_575
#: Links of one sheet, and characters of one cell, at the most, by Excel's own limits.
_MAX_LINKS, _MAX_CELL_LENGTH = 65_530, 32_767
#: Height of a row with a picture, in points, and the picture's scale: 160 pixels to 80.
_PICTURE_ROW_HEIGHT, _PICTURE_SCALE = 64, 0.5
_STATUS_FILLS = {
    Status.OK: "#E2F3EC",
    Status.REVIEW: "#FFF0CC",
    Status.QUARANTINED: "#FBE0D3",
    Status.FAILED: "#EFE3F2",
}
#: How cells of a column look; a status is coloured by its value, a path is a link.
_PLAIN_STYLE = {"valign": "vcenter"}
#: Numbers keep away from the text in the next column.
_NUMBER_STYLE = {"valign": "vcenter", "align": "right", "indent": 1}
_TIME_STYLE = {"valign": "vcenter", "align": "left", "num_format": "yyyy-mm-dd hh:mm:ss"}
_STYLES = {
    CellKind.DIGIT: {"valign": "vcenter", "align": "center", "bold": True},
    CellKind.ANSWER: {"valign": "vcenter", "align": "center", "bold": True},
    CellKind.CORRECTION: {"valign": "vcenter", "align": "center", "bg_color": "#FFFFE0"},
    CellKind.PROBABILITY: {**_NUMBER_STYLE, "num_format": "0.00%"},
}
#: Columns that few people look at: one group, folded away.
_FOLDED = ("width", "height", "bytes", "sha256")
#: The picture comes first, where it is seen beside its digit, and then the table's own columns.
_PICTURE_WIDTH, _FIRST_COLUMN = len("picture") + 4, 1
_FILE, _PAGE, _STATUS, _THUMBNAIL, _FINAL_DIGIT, _CORRECTED_DIGIT, _READ_AT = (
    COLUMN_INDEX[name]
    for name in ("file", "page", "status", "thumbnail", "final_digit", "corrected_digit", "read_at")
)
#: Day 0 of spreadsheets; from March 1900 on their days are those of the calendar.
_FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)
_A4 = 9  #: the number of its size, as printers' drivers count them
_WORKBOOK_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}


def render(context: ReportContext, path: Path) -> Steps:
    """Write the workbook, bit by bit."""
    from xlsxwriter.workbook import Workbook

    with Workbook(str(path), _WORKBOOK_OPTIONS) as book:
        sheet = _ResultsSheet(book, context)
        for rows in context.iter_chunks():
            for row in rows:
                sheet.add_row(row)
            yield
        sheet.finish()
        _add_summary_sheet(book, context)


class _ResultsSheet:
    """The sheet of rows."""

    def __init__(self, book: "Workbook", context: ReportContext) -> None:
        from batchdigits.reports.tables.xlsx_cells import FastWorksheet

        self._sheet: Worksheet = book.add_worksheet("results", FastWorksheet)
        self._journal = context.journal
        self._images = context.settings.xlsx_images
        self._row_count = 0
        self._picture_count = 0
        self._link = book.add_format({"valign": "vcenter", "font_color": "#0072B2", "underline": 1})
        self._fills: dict[str, Format] = {
            str(status): book.add_format({"valign": "vcenter", "bg_color": colour})
            for status, colour in _STATUS_FILLS.items()
        }
        self._write_header(book)

    def _write_header(self, book: "Workbook") -> None:
        sheet = self._sheet
        head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F0F0F0"})
        # Formats of whole columns: cells that need no other are written sooner.
        plain, number, time = map(book.add_format, (_PLAIN_STYLE, _NUMBER_STYLE, _TIME_STYLE))
        styles = {kind: book.add_format(style) for kind, style in _STYLES.items()}
        sheet.set_column(0, 0, _PICTURE_WIDTH, plain)
        sheet.write_string(0, 0, "picture", head)
        for index, column in enumerate(TABLE_COLUMNS, _FIRST_COLUMN):
            width = column.width or len(column.name) + 4
            style = styles.get(column.kind, number if column.type is int else plain)
            if column.name == "read_at":
                style = time
            fold = {"level": 1, "hidden": True} if column.name in _FOLDED else {}
            if index > _FIRST_COLUMN and TABLE_COLUMNS[index - _FIRST_COLUMN - 1].name in _FOLDED:
                fold = fold or {"collapsed": True}
            sheet.set_column(index, index, width, style, fold)
            sheet.write_string(0, index, column.name, head)
        sheet.freeze_panes(1, _FIRST_COLUMN + _FILE + 1)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)

    def add_row(self, row: ReportRow) -> None:
        """Write the cells of one page; beyond what the format holds, nothing."""
        if self._row_count >= _MAX_ROWS:
            return
        self._row_count += 1
        sheet, row_number = self._sheet, self._row_count
        picture = self._load_picture(row)
        if picture:
            sheet.set_row_pixels(row_number, int(_PICTURE_ROW_HEIGHT * 4 / 3))
        for index, cell in enumerate(row[: len(TABLE_COLUMNS)]):
            column = _FIRST_COLUMN + index
            if cell is None:
                continue
            if index == _FINAL_DIGIT and cell == NO_DIGIT_LABEL:
                sheet.write_string(row_number, column, NO_DIGIT_TEXT)
            elif not isinstance(cell, str):
                sheet.write_number(row_number, column, cell)
            elif index == _READ_AT and (days := _to_days(cell)) is not None:
                sheet.write_number(row_number, column, days)
            elif index == _STATUS:
                sheet.write_string(row_number, column, cell, self._fills[cell])
            elif index == _THUMBNAIL and row_number <= _MAX_LINKS:
                # A link inside the outbox, made of a name that the program itself chose.
                url = f"external:{_escape_link(cell)}"
                sheet.write_url(row_number, column, url, self._link, cell)
            else:
                sheet.write_string(row_number, column, cell[:_MAX_CELL_LENGTH])
        if picture:
            self._picture_count += 1
            sheet.insert_image(
                *(row_number, 0, "scan.png"),
                {
                    "image_data": BytesIO(picture),
                    "x_scale": _PICTURE_SCALE,
                    "y_scale": _PICTURE_SCALE,
                    "x_offset": 2,
                    "y_offset": 2,
                    "object_position": 1,
                    "description": f"{row[_FILE]}"[:200],
                },
            )

    def _load_picture(self, row: ReportRow) -> bytes:
        """Read the thumbnail's PNG where this row is to have it; empty where it has none."""
        has_picture = self._images is XlsxImages.ALL or (
            self._images is XlsxImages.REVIEW and row[_STATUS] == Status.REVIEW
        )
        if not has_picture or self._picture_count >= _MAX_PICTURES:
            return b""
        if thumbnail := row[_THUMBNAIL]:
            outbox = self._journal.root
            return read_thumbnail(inside(outbox, str(thumbnail)), outbox)
        png = self._journal.query(
            "SELECT png FROM pictures c JOIN files f ON f.id = c.file "
            "WHERE f.name = ? AND c.page = ? ORDER BY f.id DESC LIMIT 1",
            (row[_FILE], row[_PAGE]),
        ).fetchone()
        return bytes(png[0]) if png else b""

    def finish(self) -> None:
        """Put filters over all rows, and a list of choices into the column to correct."""
        last_row = max(self._row_count, 1)
        self._sheet.autofilter(0, _FIRST_COLUMN, last_row, _FIRST_COLUMN + len(TABLE_COLUMNS) - 1)
        column = _FIRST_COLUMN + _CORRECTED_DIGIT
        self._sheet.data_validation(
            *(1, column, last_row, column),
            {
                "validate": "list",
                "source": [*map(str, range(10)), "-1"],
                "input_title": "What is it?",
                "input_message": "A digit from 0 to 9, or -1 for none.",
                "error_title": "No digit",
                "error_message": "Choose a digit from 0 to 9, or -1 where there is none.",
            },
        )


def _to_days(read_at: str) -> float | None:
    """Turn a time into days as spreadsheets count them; ``None`` for what is no time."""
    try:
        return (datetime.fromisoformat(read_at) - _FIRST_DAY) / _ONE_DAY
    except (ValueError, TypeError):  # no zone, either
        return None


def _escape_link(path: str) -> str:
    """Escape a path inside the outbox for a link; ``#`` would begin a place inside a file."""
    return path.replace("%", "%25").replace("#", "%23")


def _add_summary_sheet(book: "Workbook", context: ReportContext) -> None:
    """Add a second sheet: the counts, and two charts of them."""
    sheet = book.add_worksheet("summary")
    bold = book.add_format({"bold": True})
    totals = context.rows.count_totals()
    table_rows: list[tuple[Any, ...]] = [
        ("files", totals.files),
        ("model", context.provenance["model"]["name"]),
        (),
    ]
    #: First and last row of each block of counts.
    blocks: dict[str, tuple[int, int]] = {}

    def add_block(title: str, counts: dict[str, int]) -> None:
        table_rows.append((title, "pages"))
        blocks[title] = len(table_rows), len(table_rows) + len(counts) - 1
        table_rows.extend(counts.items())
        table_rows.append(())

    statuses = {str(status): totals.statuses[status] for status in Status}
    add_block("status", statuses | {"checked": totals.checked})
    add_block("digit", {str(digit): totals.digits[digit] for digit in range(10)})
    head = blocks["digit"][0] - 1
    table_rows[head] = (*table_rows[head], "in doubt")
    for digit in range(10):
        counts = totals.digits[digit], totals.doubtful_digits[digit]
        table_rows[head + 1 + digit] = (str(digit), *counts)
    reasons = dict(sorted(totals.reasons.items()))
    add_block("reason", reasons)
    sheet.set_column(0, 0, 18)
    sheet.set_column(2, 2, 70, book.add_format({"text_wrap": True, "valign": "top", "indent": 1}))
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 1)
    for number, row in enumerate(table_rows):
        for column, cell in enumerate(row):
            is_head = column == 0 and len(row) > 1 and row[1] == "pages"
            sheet.write(number, column, cell, bold if is_head else None)
        if row and row[0] in reasons:
            sheet.write_string(number, 2, " ".join(REASON_TEXTS[row[0]]))
    for corner, title in (("E2", "status"), ("E18", "digit")):
        chart: Any = book.add_chart({"type": "column"})
        first, last = blocks[title]
        chart.add_series(
            {
                "categories": ["summary", first, 0, last, 0],
                "values": ["summary", first, 1, last, 1],
                "fill": {"color": "#0072B2"},
                "data_labels": {"value": True},
            }
        )
        chart.set_title({"name": f"pages by {title}", "name_font": {"size": 11}})
        chart.set_legend({"none": True})
        sheet.insert_chart(corner, chart, {"x_scale": 1.1})
