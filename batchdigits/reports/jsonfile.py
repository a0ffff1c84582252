"""``results.json``: the same rows as the CSV with all ten scores, and what made them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import IO

import orjson

from batchdigits.reports.rows import COLUMNS, Line

SCHEMA = 1
_NAMES = (*COLUMNS, "detail", "scores", "ink_box")
_NOTHING = orjson.Fragment(b"[]")


@contextmanager
def table(file: IO[str], about: dict[str, object]) -> Iterator[Callable[[Line], object]]:
    """Write ``{"schema": 1, **about, "rows": [...]}``, one row a line, streamed.

    Args:
        file: where to.
        about: settings, versions and the model's hash.

    Yields:
        What adds a line to it.
    """
    head = json.dumps({"schema": SCHEMA, **about}, ensure_ascii=False, indent=1)
    file.write(head.removesuffix("\n}") + ',\n "rows": [')
    before = chain(["\n  "], repeat(",\n  "))
    yield lambda line: file.write(next(before) + line_text(line))
    file.write("\n ]\n}\n")


def line_text(line: Line) -> str:
    """One row as a JSON object."""
    entry: dict[str, object] = dict(zip(_NAMES, line, strict=True))
    scores, box = entry["scores"], entry["ink_box"]
    entry["scores"] = orjson.Fragment(str(scores)) if scores else _NOTHING
    entry["ink_box"] = orjson.Fragment(str(box)) if box else None
    return orjson.dumps(entry).decode()
