"""File names: shown reversibly, shortened to what a disk takes, sorted as people count."""

import hashlib
import os
import re

#: Longest file name in bytes on the common file systems (NAME_MAX in POSIX limits.h).
LONGEST_NAME = 255

_UNDECODABLE = re.compile("(\\\\*)([\udc80-\udcff])")
_LOOKALIKE = re.compile(r"(\\+)(?=x[0-9a-f]{2})")
_ESCAPED = re.compile(r"(\\+)x([0-9a-f]{2})")
_SHORTENED = re.compile(r"~[0-9a-f]{8}$")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DIGITS = re.compile(r"(\d+)", re.ASCII)


def display_name(name: str) -> str:
    r"""A file name as text that UTF-8 files, SQLite and terminals take; see :func:`raw_name`.

    A byte that is not UTF-8 (a surrogate after :func:`os.fsdecode`) is written ``\xHH``. Names
    without such bytes stay as they are, but for a backslash right before ``xHH``: it is doubled,
    so that an odd number of backslashes always means a byte.
    """
    if name.isascii() and "\\" not in name:
        return name
    name = _LOOKALIKE.sub(lambda found: found[1] * 2, name)
    return _UNDECODABLE.sub(lambda found: found[1] * 2 + f"\\x{ord(found[2]) - 0xDC00:02x}", name)


def raw_name(shown: str) -> str:
    """The name as :func:`os.fsdecode` gives it, from what :func:`display_name` made of it."""
    if "\\" not in shown:
        return shown

    def undo(found: re.Match[str]) -> str:
        slashes = "\\" * (len(found[1]) // 2)
        byte = chr(0xDC00 + int(found[2], 16)) if len(found[1]) % 2 else "x" + found[2]
        return slashes + byte

    return _ESCAPED.sub(undo, shown)


def for_terminal(text: str) -> str:
    """A name that cannot steer a terminal: control and direction marks are written as escapes."""
    return _CONTROL.sub(
        lambda found: found[0].encode("unicode_escape").decode(), display_name(text)
    )


def order_key(name: str) -> str:
    """Sort key of a path in the order people expect; plain comparison of such keys sorts.

    ``digit2`` comes before ``digit10``, the files of a folder before its sub-folders, and upper
    and lower case only break ties. As one string it sorts in SQLite as it does in Python.
    """
    *folders, file = name.split("/")
    return "".join(["\x02" + _counting(folder) for folder in folders]) + "\x01" + _counting(file)


def _counting(name: str) -> str:
    folded = name.casefold()
    tie = "\x00" + name if folded != name else ""
    return _DIGITS.sub(_number, folded) + tie + "\x00"


def _number(found: re.Match[str]) -> str:
    # Its length and then its digits, so that longer numbers come later; zeros in front decide last.
    digits = found[1].lstrip("0")
    return f"\x01{chr(0x21 + len(digits))}{digits}{chr(0x21 + len(found[1]) - len(digits))}"


def shorten(name: str, ending: str = "", longest: int = LONGEST_NAME) -> str:
    """``name + ending`` in at most ``longest`` bytes.

    A name that has to be cut ends in ``~`` and eight hexadecimal digits of its hash, so that two
    long names stay apart; one that ends so by itself is marked too, so that it stays apart as well.
    """
    if len(os.fsencode(name + ending)) <= longest and not _SHORTENED.search(name):
        return name + ending
    mark = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:8] + ending
    head = os.fsencode(name)[: longest - len(os.fsencode(mark))]
    # "ignore" drops a character cut in half; a surrogate that stood for a byte goes with it.
    return head.decode("utf-8", "ignore") + mark
