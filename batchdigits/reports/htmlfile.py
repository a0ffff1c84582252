"""``report.html``: one page to look at a run, to skim what is in doubt, and to correct it.

A page stands alone: data, pictures, style and script are all inside, and its own security policy
keeps it from fetching anything. Text from outside, names of files above all, is data in it and
never markup.
"""

import base64
import io
import json
import shlex
from functools import cache
from importlib import resources
from typing import IO, Any

import orjson

from batchdigits.journal.columns import CellKind
from batchdigits.journal.entries import decompress_image
from batchdigits.journal.meta_keys import INBOX_KEY
from batchdigits.journal.paths import inside
from batchdigits.pipeline.thumbnail_files import read_thumbnail
from batchdigits.reasons import REASON_TEXTS, Status
from batchdigits.reports.alarms import find_alarms
from batchdigits.reports.context import ReportContext, StagedFiles, Steps
from batchdigits.reports.rows import PAGE_COLUMNS
from batchdigits.system.clock import utc_now
from batchdigits.system.filenames import to_display_name

#: Rows of one page: browsers stay quick with so many pictures. More pages than that help nobody:
#: the rows that are surest of all are in the tables alone.
ROWS_PER_PAGE, MAX_PAGES = 5000, 20
#: One more whenever pages of an unchanged journal have to be written anew, since their script does
#: something else. With 2, pages keep corrections by outbox; with 3, they say how many pages there
#: are; with 4, what is left to check and what is sure.
LAYOUT = 4
#: Bins of the histogram of confidences, and names listed for one reason at the most.
_BINS, _MAX_NAMES = 20, 200
#: Rows written between two steps.
_ROWS_PER_STEP = 100
#: What the script has of each row: its cells, then thumbnail and model's input in base 64.
_ROW_KEYS = [*(column.name for column in PAGE_COLUMNS), "picture", "image"]
_ARRAY_INDEXES = [
    index for index, column in enumerate(PAGE_COLUMNS) if column.kind is CellKind.ARRAY
]
#: In the order in which the page runs them; they share their names.
_SCRIPTS = (
    "data.js",
    "corrections.js",
    "live.js",
    "gallery.js",
    "details.js",
    "pad.js",
    "sheet.js",
    "charts.js",
    "overview.js",
    "filters.js",
    "main.js",
)
_JsonObject = dict[str, Any]


def list_names(context: ReportContext) -> list[str]:
    """List the files that the rows take; the first is always there."""
    pages = -(-context.rows.count_totals().pages // ROWS_PER_PAGE)
    numbers = range(2, min(max(1, pages), MAX_PAGES) + 1)
    return ["report.html", *(f"report-{number}.html" for number in numbers)]


def render(context: ReportContext, paths: StagedFiles) -> Steps:
    """Write the pages, one after the other and bit by bit."""
    overview = _make_overview(context)
    for index, path in paths:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield from _write_page(file, context, overview, index)


def render_live(context: ReportContext, name: str) -> str | None:
    """Render one page for a server that takes corrections and shows scans.

    Args:
        context: what it shows.
        name: of the file that the page would be.

    Returns:
        The page; ``None`` where there is none of that name.
    """
    names = list_names(context)
    if name not in names:
        return None
    with io.StringIO() as file:
        overview = _make_overview(context) | {"live": True}
        for _ in _write_page(file, context, overview, names.index(name)):
            pass
        return file.getvalue()


def _make_overview(context: ReportContext) -> _JsonObject:
    """Return what the top of every page says, by the names that the script has for it."""
    rows, provenance = context.rows, context.provenance
    totals, unread = rows.count_totals(), rows.list_unread()
    outbox = to_display_name(context.journal.root)
    parts = [
        {
            "file": name,
            "from": index * ROWS_PER_PAGE + 1,
            "to": min((index + 1) * ROWS_PER_PAGE, totals.pages),
        }
        for index, name in enumerate(list_names(context))
    ]
    return {
        "parts": parts if len(parts) > 1 else [],
        "live": False,
        # What the browser keeps corrections under that are not saved yet; and what it did, where
        # the page was made by an earlier version.
        "outbox": outbox,
        "correct_command": shlex.join(["batchdigits", "correct", outbox, "corrections.csv"]),
        "earlier_store": context.journal.get_meta(INBOX_KEY) or "",
        "inbox": provenance["settings"]["inbox"],
        "time": utc_now(),
        "model": provenance["model"]["name"],
        "review_below": provenance["settings"]["review_below"],
        "files": totals.files,
        "rows": totals.pages,
        "statuses": {str(status): totals.statuses[status] for status in Status},
        "checked": totals.checked,
        "digits": [totals.digits[digit] for digit in range(10)],
        "doubtful_digits": [totals.doubtful_digits[digit] for digit in range(10)],
        "histogram": rows.compute_histogram(_BINS)._asdict(),
        "unread": [
            (reason, names[:_MAX_NAMES], max(0, len(names) - _MAX_NAMES))
            for reason, names in unread
        ],
        "unread_files": sum(len(names) for _, names in unread),
        "meaning": {str(reason): texts for reason, texts in REASON_TEXTS.items()},
        "alarms": find_alarms(context.journal, rows),
    }


def _write_page(file: IO[str], context: ReportContext, overview: _JsonObject, index: int) -> Steps:
    """Write the page with an index, counted from 0, bit by bit."""
    head = _load_template("page.html").replace("/*{css}*/", _load_template("page.css"))
    file.write(
        head.replace("/*{also}*/", " 'self'; connect-src 'self'" if overview["live"] else "")
    )
    about = _escape_json(json.dumps(overview | {"part": index}))
    file.write(f'{{"about": {about},\n"columns": {json.dumps(_ROW_KEYS)},\n"rows": [')
    separator = "\n"
    outbox = context.journal.root
    rows = context.rows.iter_least_certain(index * ROWS_PER_PAGE, ROWS_PER_PAGE)
    for number, row in enumerate(rows):
        with context.journal.refuse_damage():
            cells = orjson.dumps(_encode_row(outbox, row)).decode()
        file.write(separator + _escape_json(cells))
        separator = ",\n"
        if number % _ROWS_PER_STEP == 0:
            yield
    script = "\n".join(map(_load_template, _SCRIPTS))
    file.write("]}\n" + _load_template("foot.html").replace("/*{js}*/", script))


def _encode_row(outbox: str, row: tuple[Any, ...]) -> list[Any]:
    """Return the values of :data:`_ROW_KEYS`, for JSON."""
    *cells, thumbnail, png, image = row
    for index in _ARRAY_INDEXES:
        cells[index] = orjson.Fragment(cells[index]) if cells[index] else None
    if thumbnail and not png:
        png = read_thumbnail(inside(outbox, thumbnail), outbox)
    cells.append(_to_base64(png))
    cells.append(_to_base64(decompress_image(image)) if image else None)
    return cells


def _to_base64(data: bytes | None) -> str | None:
    return base64.b64encode(data).decode("ascii") if data else None


def _escape_json(text: str) -> str:
    """Return JSON that cannot end the element of the page in which it stands."""
    return text.replace("<", "\\u003c")


@cache
def _load_template(name: str) -> str:
    return resources.files("batchdigits.reports").joinpath("page", name).read_text("utf-8")
