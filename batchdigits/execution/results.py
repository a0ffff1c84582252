"""What a worker answers, on its way to the parent, which does not trust it."""

import io
import os
import pickle
from enum import Enum
from typing import TYPE_CHECKING, Any

from batchdigits.execution.backend import TaskFailure
from batchdigits.system.sandbox.plain_messages import BadMessageError, unpack_plain

if TYPE_CHECKING:  # not needed by those who run other work
    from batchdigits.arrays import GrayImage

#: What results may hold besides built-in values and gray levels.
_ALLOWED = frozenset(
    {
        (__name__, "_unpack_gray"),
        *(("batchdigits.reasons", name) for name in ("Reason", "Rejection", "Status")),
        *(
            ("batchdigits.records", name)
            for name in ("Box", "FileStat", "NormalisedDigit", "PageRecord", "Prediction", "Source")
        ),
    }
)


def pack_result(result: object) -> bytes:
    """Pack what a worker's work gave: built-in values, ``uint8`` images and page records."""
    return _pack(("result", result))


def pack_error(error: Exception) -> bytes:
    """Pack what a worker's work raised, as text: the parent makes no objects of unknown types."""
    if isinstance(error, OSError):
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
        return _pack(("system error", (error.errno, error.strerror or str(error), name)))
    name = type(error).__name__
    return _pack(("error", f"{name}: {error}" if str(error) else name))


def unpack_answer(data: bytes) -> Any:
    """Unpack what a worker sent.

    Returns:
        The result; an :class:`OSError`, or a :class:`TaskFailure` for any other error, where the
        work raised one.

    Raises:
        BadMessageError: no worker sends that, unless a file has taken it over.
    """
    answer = unpack_plain(data, _ALLOWED)
    match answer:
        case ("result", result):
            return result
        case ("system error", (int() | None as code, str() as text, str() | None as name)):
            return OSError(code, text, name) if code else OSError(text)
        case ("error", str() as text):
            return TaskFailure(timed_out=False, error=text)
    raise BadMessageError("an answer of no known kind")


def _pack(answer: tuple[str, object]) -> bytes:
    buffer = io.BytesIO()
    _ResultPickler(buffer, pickle.HIGHEST_PROTOCOL).dump(answer)
    return buffer.getvalue()


class _ResultPickler(pickle.Pickler):
    """Packs images as bytes and size: unpacking arrays of any kind would mean trusting them.

    Members of enumerations are their class, called with their value, whatever Python makes of
    them: some versions would have :func:`getattr` find them, which nobody may name.
    """

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, Enum):
            return type(value), (value.value,)
        import numpy as np

        if isinstance(value, np.ndarray):
            if value.dtype != np.uint8 or value.ndim != 2:
                raise TypeError(f"an array of {value.dtype} with {value.ndim} axes is no image")
            return _unpack_gray, (value.tobytes(), *value.shape)
        return NotImplemented


def _unpack_gray(levels: bytes, height: int, width: int) -> "GrayImage":
    import numpy as np

    return np.frombuffer(levels, np.uint8).reshape(height, width)
