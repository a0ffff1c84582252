"""``results.parquet``: the table with its types, for people who compute."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from batchdigits.errors import UsageError
from batchdigits.reports.rows import COLUMNS, ReportRow

#: Rows held until they are written together.
_ROW_GROUP_SIZE = 5000
_INTEGER_COLUMNS = {"page", "digit", "second_digit", "width", "height", "bytes", "corrected_digit"}
_FLOAT_COLUMNS = {"confidence", "second_confidence"}


def check_installed() -> None:
    """Find out before the work whether this can be written.

    Raises:
        UsageError: the library for it is not installed.
    """
    if not is_installed():
        raise UsageError("--parquet needs pyarrow: pip install 'batchdigits[parquet]'.")


def is_installed() -> bool:
    """Whether the library is installed; it is not loaded for that."""
    return find_spec("pyarrow") is not None


@contextmanager
def open_table(path: Path) -> Iterator[Callable[[ReportRow], object]]:
    """Write the table; the context gives what adds a line to it."""
    import pyarrow as arrow
    from pyarrow import parquet

    schema = arrow.schema([(name, _get_arrow_type(arrow, name)) for name in COLUMNS])
    held: list[ReportRow] = []
    with parquet.ParquetWriter(path, schema) as writer:

        def write() -> None:
            columns = list(zip(*(line[: len(COLUMNS)] for line in held), strict=True))
            arrays = [
                arrow.array(each, field.type) for each, field in zip(columns, schema, strict=True)
            ]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            held.clear()

        def add(line: ReportRow) -> None:
            held.append(line)
            if len(held) >= _ROW_GROUP_SIZE:
                write()

        yield add
        if held:
            write()


def _get_arrow_type(arrow: Any, name: str) -> Any:
    if name in _INTEGER_COLUMNS:
        return arrow.int64()
    return arrow.float64() if name in _FLOAT_COLUMNS else arrow.string()
