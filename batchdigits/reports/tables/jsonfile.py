"""``results.json``: the rows of the CSV with all ten scores, and what made them."""

import json
from pathlib import Path

import orjson

from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.journal.columns import COLUMNS, CellKind
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.rows import ReportRow

_SCHEMA = 2
_KEYS = tuple(column.name for column in COLUMNS)
_ANSWERS = [column.name for column in COLUMNS if column.kind is CellKind.ANSWER]
#: Each array with what is written where there is none.
_ARRAYS = [
    (column.name, None if column.is_nullable else orjson.Fragment(b"[]"))
    for column in COLUMNS
    if column.kind is CellKind.ARRAY
]


def render(context: ReportContext, path: Path) -> Steps:
    """Write ``{"schema": 2, **provenance, "rows": [...]}``, one row a line, bit by bit."""
    head = json.dumps({"schema": _SCHEMA, **context.provenance}, ensure_ascii=False, indent=1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(head.removesuffix("\n}") + ',\n "rows": [')
        separator = "\n  "
        for rows in context.iter_chunks():
            file.write(separator + ",\n  ".join(map(format_row, rows)))
            separator = ",\n  "
            yield
        file.write("\n ]\n}\n")


def format_row(row: ReportRow) -> str:
    """Format one row as a JSON object."""
    entry: dict[str, object] = dict(zip(_KEYS, row, strict=True))
    for key in _ANSWERS:
        if entry[key] == NO_DIGIT_LABEL:
            entry[key] = None
    for key, default in _ARRAYS:
        text = entry[key]
        entry[key] = orjson.Fragment(str(text)) if text else default
    return orjson.dumps(entry).decode()
