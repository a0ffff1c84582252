"""``results.xlsx``: the table for people: pictures, filters, colours, and a column to correct.

Written by XlsxWriter row by row, so that memory stays bounded. Text is written as text: no name
of a file is ever a formula or a link.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batchdigits.config import XlsxImages
from batchdigits.journal.journal import Journal
from batchdigits.reasons import REASON_TEXTS, Status
from batchdigits.reports.rows import COLUMNS, ReportRow, ReportRows
from batchdigits.reports.xlsx_cells import FastWorksheet

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
#: Widths of columns in characters, for those that need other than the usual.
_COLUMN_WIDTHS = {
    "file": 34,
    "sha256": 12,
    "model": 18,
    "read_at": 21,
    "thumbnail": 14,
    "reason": 16,
}
#: Height of a row with a picture, in points, and the picture's scale: 160 pixels to 80.
_PICTURE_ROW_HEIGHT, _PICTURE_SCALE = 64, 0.5
_STATUS_FILLS = {
    Status.OK: "#E2F3EC",
    Status.REVIEW: "#FFF0CC",
    Status.QUARANTINED: "#FBE0D3",
    Status.FAILED: "#EFE3F2",
}
#: The picture comes first, where it is seen beside its digit, and then the table's own columns.
_HEADERS = ("picture", *COLUMNS)
_CORRECTED_DIGIT = _HEADERS.index("corrected_digit")
_STATUS, _THUMBNAIL = COLUMNS.index("status"), COLUMNS.index("thumbnail")
_FILE, _PAGE = COLUMNS.index("file"), COLUMNS.index("page")


@contextmanager
def open_table(
    path: Path,
    outbox: Path,
    journal: Journal,
    rows: ReportRows,
    images: XlsxImages,
    provenance: Any,
) -> Iterator[Callable[[ReportRow], object]]:
    """Write a workbook to ``path``; the context gives what adds a line to it.

    Args:
        path: where to; it is whole only once the context has ended.
        outbox: where thumbnails lie.
        journal: which has thumbnails that are no files.
        lines: for the summary sheet.
        images: which rows get their picture.
        about: model, versions and settings.
    """
    from xlsxwriter.workbook import Workbook

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    with Workbook(str(path), options) as book:
        sheet = _ResultsSheet(book, outbox, journal, images)
        yield sheet.add_row
        sheet.finish()
        _add_summary_sheet(book, rows, provenance)


class _ResultsSheet:
    """The sheet of rows."""

    def __init__(
        self, book: "Workbook", outbox: Path, journal: Journal, images: XlsxImages
    ) -> None:
        self._sheet: Worksheet = book.add_worksheet("results", FastWorksheet)
        self._outbox = outbox
        self._journal = journal
        self._images = images
        self._row_count = 0
        self._picture_count = 0
        head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#F0F0F0"})
        self._link = book.add_format({"valign": "vcenter", "font_color": "#0072B2", "underline": 1})
        self._fills: dict[str, Format] = {
            str(status): book.add_format({"valign": "vcenter", "bg_color": colour})
            for status, colour in _STATUS_FILLS.items()
        }
        # Formats of whole columns: cells that need no other are written sooner.
        middle = book.add_format({"valign": "vcenter"})
        percent = book.add_format({"valign": "vcenter", "num_format": "0.00%"})
        styles = {
            "digit": book.add_format({"valign": "vcenter", "align": "center", "bold": True}),
            "corrected_digit": book.add_format({"valign": "vcenter", "bg_color": "#FFFFE0"}),
            "confidence": percent,
            "second_confidence": percent,
        }
        for column, name in enumerate(_HEADERS):
            width, style = _COLUMN_WIDTHS.get(name, len(name) + 4), styles.get(name, middle)
            self._sheet.set_column(column, column, width, style)
            self._sheet.write_string(0, column, name, head)
        self._sheet.freeze_panes(1, _HEADERS.index("file") + 1)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._sheet.repeat_rows(0)

    def add_row(self, row: ReportRow) -> None:
        """One page; beyond what the format holds, nothing."""
        if self._row_count >= _MAX_ROWS:
            return
        self._row_count += 1
        sheet, row_number = self._sheet, self._row_count
        picture = self._load_picture(row)
        if picture:
            sheet.set_row_pixels(row_number, int(_PICTURE_ROW_HEIGHT * 4 / 3))
        for column, cell in enumerate(row[: len(COLUMNS)], 1):
            if cell is None:
                continue
            if not isinstance(cell, str):
                sheet.write_number(row_number, column, cell)
            elif column == _STATUS + 1:
                sheet.write_string(row_number, column, cell, self._fills[cell])
            elif column == _THUMBNAIL + 1 and row_number <= _MAX_LINKS:
                # A link inside the outbox, made of a name that the program itself chose.
                sheet.write_url(
                    row_number, column, f"external:{_escape_link(cell)}", self._link, cell
                )
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
        """The thumbnail's PNG where this row is to have it."""
        wanted = self._images is XlsxImages.ALL or (
            self._images is XlsxImages.REVIEW and row[_STATUS] == Status.REVIEW
        )
        if not wanted or self._picture_count >= _MAX_PICTURES:
            return b""
        if thumbnail := row[_THUMBNAIL]:
            try:
                return (self._outbox / str(thumbnail)).read_bytes()
            except OSError:
                return b""
        find = (
            "SELECT png FROM pictures c JOIN files f ON f.id = c.file "
            "WHERE f.name = ? AND c.page = ? ORDER BY f.id DESC LIMIT 1"
        )
        found = self._journal.query(find, (row[_FILE], row[_PAGE])).fetchone()
        return bytes(found[0]) if found else b""

    def finish(self) -> None:
        """Filters over all rows, and a list of what may be written into the column to correct."""
        last = max(self._row_count, 1)
        self._sheet.autofilter(0, 1, last, len(_HEADERS) - 1)
        self._sheet.data_validation(
            *(1, _CORRECTED_DIGIT, last, _CORRECTED_DIGIT),
            {
                "validate": "list",
                "source": [*map(str, range(10)), "-1"],
                "input_title": "What is it?",
                "input_message": "A digit from 0 to 9, or -1 for none.",
                "error_title": "No digit",
                "error_message": "Choose a digit from 0 to 9, or -1 where there is none.",
            },
        )


def _escape_link(path: str) -> str:
    """A path inside the outbox as a link has it; ``#`` would begin a place inside a file."""
    return path.replace("%", "%25").replace("#", "%23")


def _add_summary_sheet(book: "Workbook", rows: ReportRows, provenance: Any) -> None:
    """A second sheet: the counts, and two charts of them."""
    sheet = book.add_worksheet("summary")
    bold = book.add_format({"bold": True})
    totals = rows.count_totals()
    table_rows: list[tuple[Any, ...]] = [
        ("files", totals.files),
        ("model", provenance["model"]["name"]),
        (),
    ]
    starts: dict[str, tuple[int, int]] = {}

    def add_block(title: str, counts: dict[str, int]) -> None:
        table_rows.append((title, "pages"))
        starts[title] = len(table_rows), len(table_rows) + len(counts) - 1
        table_rows.extend(counts.items())
        table_rows.append(())

    add_block("status", {str(each): totals.statuses[each] for each in Status})
    add_block("digit", {str(digit): totals.digits[digit] for digit in range(10)})
    reasons = dict(sorted(totals.reasons.items()))
    add_block("reason", reasons)
    sheet.set_column(0, 0, 18)
    sheet.set_column(2, 2, 70, book.add_format({"text_wrap": True, "valign": "top"}))
    for number, row in enumerate(table_rows):
        for column, cell in enumerate(row):
            is_head = column == 0 and len(row) > 1 and row[1] == "pages"
            sheet.write(number, column, cell, bold if is_head else None)
        if row and row[0] in reasons:
            sheet.write_string(number, 2, " ".join(REASON_TEXTS[row[0]]))
    for place, title in (("E2", "status"), ("E18", "digit")):
        chart: Any = book.add_chart({"type": "column"})
        first, last = starts[title]
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
        sheet.insert_chart(place, chart, {"x_scale": 1.1})
