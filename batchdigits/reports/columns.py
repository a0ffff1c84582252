"""The columns every table of results has, in their fixed order, and the cells of one row."""

import math

from batchdigits.records import Row

COLUMNS = (
    "file",
    "page",
    "status",
    "digit",
    "confidence",
    "second_digit",
    "second_confidence",
    "reason",
    "width",
    "height",
    "bytes",
    "sha256",
    "model",
    "read_at",
    "thumbnail",
    "duplicate_of",
    "source_state",
    "corrected_digit",
)

Cell = str | int | float | None


def cells(row: Row, model: str) -> dict[str, Cell]:
    """One scalar for each of :data:`COLUMNS`; ``None`` where there is nothing to say.

    ``width`` and ``height`` are pixels after rotation, ``confidence`` is 0-1 cut (not rounded)
    to four places, so that 1 never stands for "nearly", ``read_at`` is UTC (ISO 8601).
    """
    reading = row.reading
    return {
        "file": row.source.name,
        "page": row.page,
        "status": row.status.value,
        "digit": reading.digit if reading else None,
        "confidence": _cut(reading.confidence) if reading else None,
        "second_digit": reading.second_digit if reading else None,
        "second_confidence": _cut(reading.second_confidence) if reading else None,
        "reason": row.reason.value if row.reason else None,
        "width": row.width or None,
        "height": row.height or None,
        "bytes": row.size if row.sha256 or row.size else None,
        "sha256": row.sha256 or None,
        "model": model if reading else None,
        "read_at": row.read_at,
        "thumbnail": row.thumbnail or None,
        "duplicate_of": None,
        "source_state": None,
        "corrected_digit": None,
    }


def _cut(confidence: float | None) -> float | None:
    return None if confidence is None else math.floor(confidence * 10_000) / 10_000
