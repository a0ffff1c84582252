"""Readings as lines of text: aligned for people, JSON for programs."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import orjson

from batchdigits.cli.commands.predict.arguments import STDIN_NAME
from batchdigits.percentages import format_truncated_percent, truncate_share
from batchdigits.pipeline.result import Reading
from batchdigits.reasons import Reason, Status
from batchdigits.system.filenames import escape_for_terminal

#: Cells of a terminal; longer names do not push the readings of all others to the right.
_MAX_NAME_WIDTH = 48
#: Cells that ``7   99.8 %   or 1    0.1 %`` takes.
_READING_WIDTH = 24


class AlignedTable:
    """A table whose column of names grows with the names as they come."""

    def __init__(self) -> None:
        self._width = 0

    def format_lines(self, readings: Sequence[Reading]) -> list[str]:
        """Format a line for each page that was read; all pages of a file must come together."""
        multi_page_files = {reading.file for reading in readings if reading.page > 1}
        read = [reading for reading in readings if reading.is_read]
        names = [format_page_name(reading, reading.file in multi_page_files) for reading in read]
        widths = [count_cells(name) for name in names]
        self._width = max([self._width, *(width for width in widths if width <= _MAX_NAME_WIDTH)])
        return [
            f"{name}{' ' * (self._width - width)}   {_format_reading(reading)}".rstrip()
            for reading, name, width in zip(read, names, widths, strict=True)
        ]


def format_page_name(reading: Reading, is_multi_page: bool) -> str:
    """Format a page's name for a terminal, with its number where its file has several pages."""
    name = escape_for_terminal(reading.file)
    return f"{name}, page {reading.page}" if is_multi_page or reading.page > 1 else name


def format_problem(reading: Reading) -> str:
    """Format in one line why a page could not be read."""
    detail = reading.detail
    if reading.file == STDIN_NAME and reading.reason is Reason.EMPTY:
        detail = "Nothing was piped in."
    return f"{format_page_name(reading, False)}: {escape_for_terminal(detail)}"


def format_json_line(reading: Reading) -> str:
    """Format a page, read or not, as JSON with the names and numbers of ``results.json``."""
    box = reading.box
    entry = {
        "file": reading.file,
        "page": reading.page,
        "status": str(reading.status),
        "digit": reading.digit,
        "confidence": _truncate(reading.confidence),
        "second_digit": reading.second_digit,
        "second_confidence": _truncate(reading.second_confidence),
        "reason": reading.reason and str(reading.reason),
        "width": reading.width,
        "height": reading.height,
        "detail": reading.detail or None,
        "scores": np.array(reading.scores, np.float32),
        "ink_box": box and [box.x, box.y, box.width, box.height],
    }
    return orjson.dumps(entry, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def count_cells(text: str) -> int:
    """Count the cells of a terminal that a text takes, as Unicode's annex 11 says."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def _format_reading(reading: Reading) -> str:
    text = "\N{EN DASH}"
    if reading.second_confidence is not None:
        second = format_truncated_percent(reading.second_confidence)
        first = "no digit"
        if reading.confidence is not None:
            first = f"{reading.digit}  {format_truncated_percent(reading.confidence):>6}"
        text = f"{first:9}   or {reading.second_digit}  {second:>6}"
    return text if reading.status is Status.OK else f"{text:{_READING_WIDTH}}   {reading.detail}"


def _truncate(confidence: float | None) -> float | None:
    return None if confidence is None else truncate_share(confidence)
