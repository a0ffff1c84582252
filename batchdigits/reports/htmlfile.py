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

from batchdigits.journal.entries import levels_of
from batchdigits.journal.journal import Journal
from batchdigits.records import MEANING, Status
from batchdigits.reports.alarms import alarms
from batchdigits.reports.rows import Lines
from batchdigits.system.clock import now

#: Rows of one page: browsers stay quick with so many pictures. More pages than that tell nobody
#: anything: what is surest of all is in the tables alone.
ROWS, PAGES = 5000, 20
#: Bins of the histogram of confidences, and names listed for one reason.
_BINS, _NAMED = 20, 200
#: Bytes of a thumbnail at the most; one takes a few thousand.
_LARGEST = 1 << 20
_Data = dict[str, Any]


def page_names(rows: int) -> list[str]:
    """The files that so many rows take; the first is always there."""
    pages = min(max(1, -(-rows // ROWS)), PAGES)
    return ["report.html", *(f"report-{number}.html" for number in range(2, pages + 1))]


def overview(journal: Journal, lines: Lines, about: _Data) -> _Data:
    """What every page tells at its top; ``about`` is what the JSON reports say of model and run."""
    totals, unread = lines.totals(), lines.unread()
    return {
        "outbox": journal.meta("inbox") or "",
        "inbox": about["settings"]["inbox"],
        "time": now(),
        "model": about["model"]["name"],
        "review_below": about["settings"]["review_below"],
        "files": totals.files,
        "rows": totals.pages,
        "statuses": {str(status): totals.statuses[status] for status in Status},
        "digits": [totals.digits[digit] for digit in range(10)],
        "histogram": lines.histogram(_BINS),
        "unread": [
            (reason, names[:_NAMED], max(0, len(names) - _NAMED)) for reason, names in unread
        ],
        "unread_files": sum(len(names) for _, names in unread),
        "meaning": {str(reason): words for reason, words in MEANING.items()},
        "alarms": alarms(journal, lines),
    }


def write(file: IO[str], outbox: Path, lines: Lines, told: _Data, page: int) -> Iterator[None]:
    """Write one page, counted from 0, bit by bit; ``told`` is its :func:`overview`."""
    names = page_names(told["rows"])
    parts = [
        {"file": name, "from": number * ROWS + 1, "to": min((number + 1) * ROWS, told["rows"])}
        for number, name in enumerate(names)
    ]
    more = {"part": page, "parts": parts if len(parts) > 1 else []}
    file.write(_part("page.html").replace("/*{css}*/", _part("page.css")))
    file.write(f'{{"about": {_safe(json.dumps(told | more))},\n"rows": [')
    between = "\n"
    folder = os.fspath(outbox)
    for number, line in enumerate(lines.least_certain_first(page * ROWS, ROWS)):
        file.write(between + _safe(orjson.dumps(_row(folder, line)).decode()))
        between = ",\n"
        if number % 100 == 0:
            yield
    file.write("]}\n" + _part("foot.html").replace("/*{js}*/", _part("page.js")))


def _row(outbox: str, line: tuple[Any, ...]) -> list[Any]:
    """As the script has it: the cells, then thumbnail and the model's input in base 64."""
    *cells, scores, box, thumbnail, picture, image, corrected = line
    return [
        *cells,
        orjson.Fragment(scores) if scores else None,
        orjson.Fragment(box) if box else None,
        _base64(picture or _read(outbox, thumbnail)),
        _base64(levels_of(image)) if image else None,
        corrected,
    ]


def _read(outbox: str, thumbnail: str | None) -> bytes:
    """A picture's bytes; none where it is not there. File objects take twice as long."""
    if not thumbnail:
        return b""
    try:
        descriptor = os.open(f"{outbox}/{thumbnail}", os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _LARGEST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _base64(data: bytes) -> str | None:
    return base64.b64encode(data).decode("ascii") if data else None


def _safe(text: str) -> str:
    """JSON that cannot end the element it stands in."""
    return text.replace("<", "\\u003c")


@cache
def _part(name: str) -> str:
    return resources.files("batchdigits.reports").joinpath("page", name).read_text("utf-8")
