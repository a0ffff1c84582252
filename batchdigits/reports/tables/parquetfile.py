"""``results.parquet``: the table with its types, for people who compute."""

from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.journal.columns import TABLE_COLUMNS, CellKind
from batchdigits.reports.context import ReportContext, Steps
from batchdigits.reports.rows import ReportRow

if TYPE_CHECKING:
    from pyarrow import Schema
    from pyarrow.parquet import ParquetWriter

#: Rows held until they are written together.
_ROW_GROUP_SIZE = 5000
_ANSWER_INDEXES = [
    index for index, column in enumerate(TABLE_COLUMNS) if column.kind is CellKind.ANSWER
]
_ARROW_TYPES = {int: "int64", float: "float64", str: "string"}


def render(context: ReportContext, path: Path) -> Steps:
    """Write the table, bit by bit."""
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(column.name, _ARROW_TYPES[column.type]) for column in TABLE_COLUMNS])
    group: list[ReportRow] = []
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in context.iter_chunks():
            group += rows
            if len(group) >= _ROW_GROUP_SIZE:
                _write_group(writer, schema, group)
                group.clear()
            yield
        if group:
            _write_group(writer, schema, group)


def _write_group(writer: "ParquetWriter", schema: "Schema", rows: list[ReportRow]) -> None:
    import pyarrow

    columns = list(zip(*(row[: len(TABLE_COLUMNS)] for row in rows), strict=True))
    for index in _ANSWER_INDEXES:
        columns[index] = tuple(None if cell == NO_DIGIT_LABEL else cell for cell in columns[index])
    arrays = [
        pyarrow.array(cells, field.type) for cells, field in zip(columns, schema, strict=True)
    ]
    writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
