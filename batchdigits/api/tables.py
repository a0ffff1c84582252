"""Tables of pandas: of readings, and of a folder of results."""

import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from batchdigits.api.progress import OnProgress
from batchdigits.api.reading import read
from batchdigits.journal.columns import COLUMNS, TABLE_COLUMNS, CellKind, Column
from batchdigits.pipeline.result import Reading
from batchdigits.pipeline.sources import ImageInput
from batchdigits.reasons import Status
from batchdigits.system.extras import require_extra
from batchdigits.upkeep.load_rows import load_rows

if TYPE_CHECKING:
    from pandas import DataFrame, Series


class ReadOptions(TypedDict, total=False):
    """The options of :func:`batchdigits.read`, which says what they mean."""

    model: str | os.PathLike[str] | None
    input_range: str | None
    ink: str | None
    trust_model: bool
    max_megapixels: float
    max_pages: int
    isolate: bool
    workers: int
    progress: bool | OnProgress


def to_dataframe(
    readings: Iterable[Reading] | ImageInput | Iterable[ImageInput],
    **options: Unpack[ReadOptions],
) -> "DataFrame":
    """Make a pandas table of readings, or of images that are read for it.

    Args:
        readings: any number; a table of none has the same columns and types. Or whatever
            :func:`batchdigits.read` takes.
        options: those of :func:`batchdigits.read`, where there is something to read.

    Returns:
        One row a reading, in order. ``page`` is ``int64``; ``digit``, ``second_digit``, ``width``
        and ``height`` are ``Int64``, confidences ``float64``, ``status`` is categorical, words
        are ``string``; what there is none of is missing (``NA``).

    Raises:
        MissingExtraError: pandas is not installed; the extra ``dataframe`` brings it.
        FileNotFoundError: there is nothing at a path that was named.
        TypeError: something is neither a reading nor an image, or there are options where there is
            nothing to read.
        ValueError: as :func:`batchdigits.read` raises it.
        BatchdigitsError: as :func:`batchdigits.read` raises it.

    Example:
        >>> import batchdigits
        >>> paths = ["inbox/forms/digit1.png", "inbox/troubled/half.png"]
        >>> table = batchdigits.to_dataframe(paths)
        >>> table[["file", "digit", "status"]]
                              file  digit       status
        0   inbox/forms/digit1.png      7           ok
        1  inbox/troubled/half.png   <NA>  quarantined
    """
    require_extra("pandas", "dataframe", "to_dataframe")
    rows = _collect_readings(readings, options)
    columns = [column for column in COLUMNS if column.is_in_dataframe]
    return _make_table(
        {column: [_get_cell_value(row, column) for row in rows] for column in columns}
    )


def load(outbox: str | os.PathLike[str], *, trust_outbox: bool = False) -> "DataFrame":
    """Load a folder of results, an outbox, as a pandas table.

    It has the rows and columns of ``results.csv``, whatever separator and decimals that has, and
    is up to date while a watcher is at work; corrections that were not applied yet are not in it.
    The outbox is not changed.

    Args:
        outbox: the folder that ``batchdigits run`` or ``watch`` wrote into.
        trust_outbox: load it though its files are another user's.

    Returns:
        One row a page, in the order of the reports. ``page`` is ``int64``; ``digit``,
        ``final_digit``, ``corrected_digit``, ``second_digit``, ``width``, ``height`` and ``bytes``
        are ``Int64``, confidences ``float64``, ``status`` is categorical, ``read_at`` is
        ``datetime64[us, UTC]``, words are ``string``; what there is none of is missing (``NA``).
        Where a person said that there is no digit, ``final_digit`` is missing, ``checked`` is
        ``person``, and ``corrected_digit`` is -1.

    Raises:
        MissingExtraError: pandas is not installed; the extra ``dataframe`` brings it.
        FileNotFoundError: there is no such folder, or nothing was read into it yet.
        OutboxError: its journal is damaged or cannot be read, or is another user's.

    Example:
        >>> import batchdigits
        >>> table = batchdigits.load("outbox")
        >>> table[["file", "final_digit", "status"]].head(2)
                 file  final_digit status
        0  digit1.png            7     ok
        1  digit2.png            9     ok
    """
    require_extra("pandas", "dataframe", "load")
    import pandas as pd

    rows = load_rows(Path(outbox), trust_outbox)
    # Rows have cells of more columns than tables.
    cells = zip(*rows, strict=True) if rows else iter([()] * len(TABLE_COLUMNS))
    table = _make_table(
        {
            column: [_clean_cell(cell, column) for cell in column_cells]
            for column, column_cells in zip(TABLE_COLUMNS, cells, strict=False)
        }
    )
    read_at = pd.to_datetime(table["read_at"], format="ISO8601", utc=True)
    table["read_at"] = read_at.astype("datetime64[us, UTC]")
    return table


def _clean_cell(cell: object, column: Column) -> object:
    """Leave an answer empty where a person said that there is no digit, as Parquet has it."""
    return None if column.kind is CellKind.ANSWER and cell == -1 else cell


def _collect_readings(readings: Iterable[Any] | ImageInput, options: ReadOptions) -> list[Reading]:
    """Return readings as they are, and those of what is to be read."""
    if isinstance(readings, list | tuple):
        start = list(readings[:1])
    elif isinstance(readings, Iterator) and not hasattr(readings, "read"):
        start = list(islice(readings, 1))
        readings = chain(start, readings)
    else:
        return read(readings, **options)
    if start and not isinstance(start[0], Reading):
        return read(readings, **options)
    if start and options:
        raise TypeError(f"{', '.join(options)}: readings have been read already.")
    rows = list(readings)
    for index, row in enumerate(rows):
        if not isinstance(row, Reading):
            raise TypeError(f"readings[{index}] is of type {type(row).__name__}.")
    return rows


def _make_table(values: dict[Column, list[object]]) -> "DataFrame":
    import pandas as pd

    return pd.DataFrame({column.name: _make_series(column, values[column]) for column in values})


def _make_series(column: Column, values: list[object]) -> "Series[Any]":
    import pandas as pd

    if column.pandas_dtype != "category":
        return pd.Series(values, dtype=column.pandas_dtype)
    return pd.Series(values, dtype=pd.CategoricalDtype([str(status) for status in Status]))


def _get_cell_value(reading: Reading, column: Column) -> object:
    value = getattr(reading, column.name)
    if column.type is not str:
        return value
    return None if column.is_nullable and not value else str(value)
