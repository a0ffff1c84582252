"""What a worker answers, on its way to the parent, which does not trust it."""

from collections.abc import Callable
from typing import Any, TypeVar

from batchdigits.config import Limits
from batchdigits.execution.backend import TaskFailure
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.sandbox.plain_messages import BadMessageError, pack_plain, unpack_plain

T = TypeVar("T")
R = TypeVar("R")

#: Characters of an error that are passed on.
_MAX_ERROR_LENGTH = 1000
#: Bytes of the shortest limit of an answer, and of what one page adds, its thumbnail included.
MIN_ANSWER_LIMIT, _MAX_PAGE_BYTES = 1 << 24, 1 << 16
#: Bytes of an answer for each value in it at least, on average.
_MIN_VALUE_BYTES = 32


def pack_result(result: object) -> bytes:
    """Pack what a worker's work gave: lists and tuples of plain values."""
    return pack_plain(("result", result))


def pack_error(error: Exception) -> bytes:
    """Pack what a worker's work raised, as text: the parent makes no objects of unknown types."""
    if isinstance(error, OSError):
        return pack_plain(("system error", error.errno, _cut(error.strerror or str(error))))
    name = type(error).__name__
    return pack_plain(("error", _cut(f"{name}: {error}" if str(error) else name)))


def compute_max_answer_bytes(limits: Limits) -> int:
    """Compute how long the answer to a task may be: a file with as many pages as are read.

    Dozens of such files are no whole task: they are run again, one by one.
    """
    return max(MIN_ANSWER_LIMIT, (limits.max_pages + 1) * _MAX_PAGE_BYTES)


def unpack_answer(data: bytes, max_bytes: int) -> Any:
    """Unpack what a worker sent.

    Args:
        data: from a worker that a file may have taken over.
        max_bytes: how long it may be at most, which limits how many values it may hold.

    Returns:
        The result; an :class:`OSError`, or a :class:`TaskFailure` for any other error, where the
        work raised one.

    Raises:
        BadMessageError: no worker sends that, unless a file has taken it over.
    """
    match unpack_plain(data, max_bytes // _MIN_VALUE_BYTES):
        case ["result", result]:
            return result
        case ["system error", code, str() as text] if code is None or type(code) is int:
            return OSError(code, _shorten(text)) if code else OSError(_shorten(text))
        case ["error", str() as text]:
            return TaskFailure(timed_out=False, error=_shorten(text))
    raise BadMessageError("an answer of no known kind")


def check_answer(check: Callable[[list[T], Any], R], items: list[T], answer: Any) -> R:
    """Make the result of what a worker answered to some items.

    Raises:
        BadMessageError: ``check`` does, or fails over it: no answer may end the run.
    """
    try:
        return check(items, answer)
    except BadMessageError:
        raise
    except Exception as error:
        raise BadMessageError(f"what no check can take ({type(error).__name__})") from error


def _cut(text: str) -> str:
    """Make text short and such that UTF-8 can hold it; what a terminal must not get is left."""
    return text[:_MAX_ERROR_LENGTH].encode("utf-8", "backslashreplace").decode()


def _shorten(text: str) -> str:
    """Make text short and fit for a terminal."""
    return escape_for_terminal(text[:_MAX_ERROR_LENGTH])
