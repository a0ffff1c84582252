"""``report.html``: one page to look at a run, to skim what is in doubt, and to correct it.

A page stands alone: data, pictures, style and script are all inside, and its own security policy
keeps it from fetching anything. Text from outside, names of files above all, is data in it and
never markup.
"""

import base64
import json
import os
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, Any

import orjson

from batchdigits.journal.entries import decompress_image
from batchdigits.journal.journal import Journal
from batchdigits.reasons import REASON_TEXTS, Status
from batchdigits.reports.alarms import find_alarms
from batchdigits.reports.rows import ReportRows
from batchdigits.system.clock import utc_now

#: Rows of one page: browsers stay quick with so many pictures. More pages than that tell nobody
#: anything: what is surest of all is in the tables alone.
ROWS_PER_PAGE, MAX_PAGES = 5000, 20
#: Bins of the histogram of confidences, and names listed for one reason.
_BINS, _MAX_NAMES = 20, 200
#: Bytes of a thumbnail at the most; one takes a few thousand.
_MAX_THUMBNAIL_BYTES = 1 << 20
_JsonObject = dict[str, Any]


def list_page_names(row_count: int) -> list[str]:
    """The files that so many rows take; the first is always there."""
    pages = min(max(1, -(-row_count // ROWS_PER_PAGE)), MAX_PAGES)
    return ["report.html", *(f"report-{number}.html" for number in range(2, pages + 1))]


def make_overview(journal: Journal, rows: ReportRows, provenance: _JsonObject) -> _JsonObject:
    """What every page tells at its top; ``about`` is what the JSON reports say of model and run."""
    totals, unread = rows.count_totals(), rows.list_unread()
    return {
        "outbox": journal.get_meta("inbox") or "",
        "inbox": provenance["settings"]["inbox"],
        "time": utc_now(),
        "model": provenance["model"]["name"],
        "review_below": provenance["settings"]["review_below"],
        "files": totals.files,
        "rows": totals.pages,
        "statuses": {str(status): totals.statuses[status] for status in Status},
        "digits": [totals.digits[digit] for digit in range(10)],
        "histogram": rows.compute_histogram(_BINS),
        "unread": [
            (reason, names[:_MAX_NAMES], max(0, len(names) - _MAX_NAMES))
            for reason, names in unread
        ],
        "unread_files": sum(len(names) for _, names in unread),
        "meaning": {str(reason): words for reason, words in REASON_TEXTS.items()},
        "alarms": find_alarms(journal, rows),
    }


def write_page(
    file: IO[str], outbox: Path, rows: ReportRows, overview: _JsonObject, page_index: int
) -> Iterator[None]:
    """Write one page, counted from 0, bit by bit; ``told`` is its :func:`make_overview`."""
    names = list_page_names(overview["rows"])
    parts = [
        {
            "file": name,
            "from": number * ROWS_PER_PAGE + 1,
            "to": min((number + 1) * ROWS_PER_PAGE, overview["rows"]),
        }
        for number, name in enumerate(names)
    ]
    more = {"part": page_index, "parts": parts if len(parts) > 1 else []}
    file.write(_load_template("page.html").replace("/*{css}*/", _load_template("page.css")))
    file.write(f'{{"about": {_escape_json(json.dumps(overview | more))},\n"rows": [')
    between = "\n"
    folder = os.fspath(outbox)
    for number, line in enumerate(
        rows.iter_least_certain(page_index * ROWS_PER_PAGE, ROWS_PER_PAGE)
    ):
        file.write(between + _escape_json(orjson.dumps(_encode_row(folder, line)).decode()))
        between = ",\n"
        if number % 100 == 0:
            yield
    file.write("]}\n" + _load_template("foot.html").replace("/*{js}*/", _load_template("page.js")))


def _encode_row(outbox: str, row: tuple[Any, ...]) -> list[Any]:
    """As the script has it: the cells, then thumbnail and the model's input in base 64."""
    *cells, scores, box, thumbnail, picture, image, corrected = row
    return [
        *cells,
        orjson.Fragment(scores) if scores else None,
        orjson.Fragment(box) if box else None,
        _to_base64(picture or _read_picture(outbox, thumbnail)),
        _to_base64(decompress_image(image)) if image else None,
        corrected,
    ]


def _read_picture(outbox: str, thumbnail: str | None) -> bytes:
    """A picture's bytes; none where it is not there. File objects take twice as long."""
    if not thumbnail:
        return b""
    try:
        descriptor = os.open(f"{outbox}/{thumbnail}", os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _MAX_THUMBNAIL_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _to_base64(data: bytes) -> str | None:
    return base64.b64encode(data).decode("ascii") if data else None


def _escape_json(text: str) -> str:
    """JSON that cannot end the element it stands in."""
    return text.replace("<", "\\u003c")


@cache
def _load_template(name: str) -> str:
    return resources.files("batchdigits.reports").joinpath("page", name).read_text("utf-8")
