"""Tables of results that a stranger made, from which a repair takes what a journal lacks."""

import json
import sqlite3
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchdigits.journal.checks import secure
from batchdigits.journal.schema import migrate
from batchdigits.upkeep import lost_corrections
from batchdigits.upkeep.lost_corrections import iter_json_rows
from batchdigits.upkeep.lost_rows import RowRebuilder

_ROW: dict[str, Any] = {
    **{"file": "a.png", "page": 1, "status": "ok", "digit": 5, "confidence": 0.9},
    **{"second_digit": 3, "second_confidence": 0.05, "reason": None, "width": 10, "height": 10},
    **{"bytes": 5, "sha256": "a" * 64, "model": "m", "read_at": "2024-01-01T00:00:00Z"},
    **{"thumbnail": None, "source_state": "present", "scores": [0.1] * 10, "ink_box": [1, 2, 3, 4]},
}
_LINE = json.dumps(_ROW)


def nest(depth: int) -> str:
    return "[" * depth + "]" * depth


#: Lines of which no row is made.
HOSTILE = {
    "long detail": json.dumps({**_ROW, "detail": "x" * (17 << 20)}),
    "long line": '{"file": "' + "x" * (2 << 20),
    "name nested": _LINE.replace('"a.png"', nest(980)),
    "box nested": _LINE.replace("[1, 2, 3, 4]", nest(990)),
    "box nested a little": _LINE.replace("[1, 2, 3, 4]", "[[1], 2, 3, 4]"),
    "box of texts": _LINE.replace("[1, 2, 3, 4]", '["1", "2", "3", "4"]'),
    "no number": _LINE.replace("[1, 2, 3, 4]", "[1, 2, 3, NaN]"),
    "nested beyond all": _LINE.replace("[1, 2, 3, 4]", nest(100_000)),
    "surrogate": _LINE.replace("a.png", "\\ud800"),
    "large": _LINE.replace('"page": 1', '"page": 1e999'),
}


@pytest.fixture
def sql() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    secure(connection)
    migrate(connection)
    connection.execute("BEGIN")
    yield connection
    connection.close()


def write_results(folder: Path, *lines: str) -> Path:
    path = folder / "results.json"
    path.write_text('{\n "rows": [\n' + ",\n".join(lines) + "\n]}\n")
    return path


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_row_costs_itself(kind: str, sql: sqlite3.Connection, tmp_path: Path) -> None:
    write_results(tmp_path, HOSTILE[kind], _LINE)
    rebuilder = RowRebuilder(sql, tmp_path)
    assert (rebuilder.rebuild(), rebuilder.row_count) == (1, 1)
    assert sql.execute("SELECT box FROM pages").fetchall() == [("[1, 2, 3, 4]",)]


def test_a_long_line_takes_little_memory(tmp_path: Path) -> None:
    path = write_results(tmp_path, _LINE, '{"file": "' + "x" * (40 << 20), _LINE)
    tracemalloc.start()
    rows = list(iter_json_rows(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row["file"] for row in rows] == ["a.png"] * 2 and peak < 10 << 20


def test_a_file_is_read_as_far_as_tables_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_results(tmp_path, *[_LINE] * 100)
    monkeypatch.setattr(lost_corrections, "MAX_TABLE_BYTES", 10 * len(_LINE))
    assert len(list(iter_json_rows(path))) == 10
