"""``results.json``: the same rows as the CSV with all ten scores, and what made them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import IO

import orjson

from batchdigits.reports.rows import COLUMNS, ReportRow

SCHEMA = 1
_KEYS = (*COLUMNS, "detail", "scores", "ink_box")
_EMPTY_LIST = orjson.Fragment(b"[]")


@contextmanager
def open_table(
    file: IO[str], provenance: dict[str, object]
) -> Iterator[Callable[[ReportRow], object]]:
    """Write ``{"schema": 1, **about, "rows": [...]}``, one row a line, streamed.

    Args:
        file: where to.
        about: settings, versions and the model's hash.

    Yields:
        What adds a line to it.
    """
    head = json.dumps({"schema": SCHEMA, **provenance}, ensure_ascii=False, indent=1)
    file.write(head.removesuffix("\n}") + ',\n "rows": [')
    before = chain(["\n  "], repeat(",\n  "))
    yield lambda line: file.write(next(before) + format_row(line))
    file.write("\n ]\n}\n")


def format_row(row: ReportRow) -> str:
    """One row as a JSON object."""
    entry: dict[str, object] = dict(zip(_KEYS, row, strict=True))
    scores, box = entry["scores"], entry["ink_box"]
    entry["scores"] = orjson.Fragment(str(scores)) if scores else _EMPTY_LIST
    entry["ink_box"] = orjson.Fragment(str(box)) if box else None
    return orjson.dumps(entry).decode()
