"""What processes say that are not trusted: JSON, which holds values and nothing that acts.

A process in a sandbox may have been taken over by the file that it read. A pickle, however few
types it may name, changes those types and fills the memory; :mod:`marshal` may crash on bytes made
to harm. From JSON come lists, text, numbers, ``True``, ``False`` and ``None`` alone.
"""

from binascii import a2b_base64, b2a_base64
from typing import Any

import orjson

from batchdigits.errors import BatchdigitsError


class BadMessageError(BatchdigitsError):
    """A message that is damaged, or holds what is not allowed.

    Attributes:
        problem: what is wrong with it, as the end of a sentence.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"A process that reads files answered what it never should: {problem}.")


def pack_plain(value: object) -> bytes:
    """Pack lists and tuples of plain values; ``bytes`` become text, see :func:`unpack_bytes`.

    Raises:
        TypeError: it holds something else, such as text that UTF-8 cannot hold.
    """
    return orjson.dumps(value, default=_make_plain)


def _make_plain(value: object) -> object:
    if isinstance(value, bytes):
        return b2a_base64(value, newline=False).decode("ascii")
    if isinstance(value, tuple):  # one with names
        return tuple(value)
    raise TypeError(f"a {type(value).__name__} is no plain value")


def unpack_plain(data: bytes, max_values: int) -> Any:
    """Unpack what :func:`pack_plain` packed.

    Args:
        data: from a process that is not trusted.
        max_values: how many values it may hold at most, more or less: each takes memory.

    Raises:
        BadMessageError: it is no JSON, or holds more.
    """
    # A value takes two bytes at least, so that short messages need not be counted.
    is_long = len(data) > 2 * max_values
    if is_long and data.count(b",") + data.count(b"[") + data.count(b"{") > max_values:
        raise BadMessageError("too many values")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadMessageError("no message at all") from error


def unpack_bytes(text: str) -> bytes:
    """Unpack ``bytes`` of a message.

    Raises:
        ValueError: the text ends in the middle.
    """
    return a2b_base64(text)
