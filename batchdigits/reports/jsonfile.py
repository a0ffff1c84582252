"""``results.json``: the same rows as the CSV with all ten scores, and what made them."""

import json
from collections.abc import Iterable
from pathlib import Path

from batchdigits.files import whole_file
from batchdigits.records import Row
from batchdigits.reports.columns import cells

SCHEMA = 1


def write(path: Path, rows: Iterable[Row], model: str, about: dict[str, object]) -> None:
    """Write ``{"schema": 1, **about, "rows": [...]}``, one row a line, streamed.

    Args:
        path: where to.
        rows: in report order.
        model: the name for the ``model`` column.
        about: settings, versions and the model's hash.
    """
    head = json.dumps({"schema": SCHEMA, **about}, ensure_ascii=False, indent=1)
    with whole_file(path) as file:
        file.write(head.removesuffix("\n}") + ',\n "rows": [')
        for number, row in enumerate(rows):
            file.write(",\n  " if number else "\n  ")
            file.write(json.dumps(_entry(row, model), ensure_ascii=False))
        file.write("\n ]\n}\n")


def _entry(row: Row, model: str) -> dict[str, object]:
    scores = [round(score, 6) for score in row.reading.scores] if row.reading else []
    box = row.digit.box if row.digit else None
    return {
        **cells(row, model),
        "detail": row.rejected.detail if row.rejected else None,
        "scores": scores,
        "ink_box": [box.x, box.y, box.width, box.height] if box else None,
    }
