"""File names: shown, typed, shortened to what a disk takes, sorted as people count."""

import hashlib
import os
import re
import unicodedata

#: Longest file name in bytes on the common file systems (NAME_MAX in POSIX limits.h).
MAX_NAME_BYTES = 255

_UNDECODABLE = re.compile("(\\\\*)([\udc80-\udcff])")
_LOOKALIKE = re.compile(r"(\\+)(?=x[0-9a-f]{2})")
_ESCAPED = re.compile(r"(\\+)x([0-9a-f]{2})")
_SHORTENED = re.compile(r"~[0-9a-f]{8}$")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_DESCRIPTOR_PATH = re.compile(r"/(?:dev|proc/self|proc/thread-self)/fd/(\d+)", re.ASCII)
_DIGITS = re.compile(r"(\d+)", re.ASCII)


def find_descriptor(path: str) -> int | None:
    """Return which of its open files a process means by a path such as ``/dev/fd/3``, if any."""
    match = _DESCRIPTOR_PATH.fullmatch("/dev/fd/0" if path == "/dev/stdin" else path)
    return int(match[1]) if match else None


def to_display_name(name: str) -> str:
    r"""Write a file name as text that UTF-8 files, SQLite and terminals take.

    A byte that is not UTF-8 (a surrogate after :func:`os.fsdecode`) is written ``\xHH``. Names
    without such bytes stay as they are, but for a backslash right before ``xHH``: it is doubled,
    so that an odd number of backslashes always means a byte. The way back is :func:`to_raw_name`.
    """
    if name.isascii() and "\\" not in name:
        return name
    name = _LOOKALIKE.sub(lambda match: match[1] * 2, name)
    return _UNDECODABLE.sub(lambda match: match[1] * 2 + f"\\x{ord(match[2]) - 0xDC00:02x}", name)


def to_raw_name(display_name: str) -> str:
    """Turn what :func:`to_display_name` made of a name into what :func:`os.fsdecode` gives."""
    if "\\" not in display_name:
        return display_name

    def unescape(match: re.Match[str]) -> str:
        slashes = "\\" * (len(match[1]) // 2)
        byte = chr(0xDC00 + int(match[2], 16)) if len(match[1]) % 2 else "x" + match[2]
        return slashes + byte

    return _ESCAPED.sub(unescape, display_name)


def join_display_name(folder: str, name: str) -> str:
    """Return the path of a file, given its folder and its display name inside that folder."""
    return f"{folder}/{to_raw_name(name)}"


def escape_for_terminal(text: str) -> str:
    """Make text harmless to a terminal: control and direction marks are written as escapes."""
    return _CONTROL.sub(
        lambda match: match[0].encode("unicode_escape").decode(), to_display_name(text)
    )


def make_order_key(name: str) -> str:
    """Make the sort key of a path: plain comparison of such keys gives the order people expect.

    ``digit2`` comes before ``digit10``, the files of a folder before its sub-folders, and upper
    and lower case only break ties. As one string it sorts in SQLite as it does in Python.
    """
    *folders, file = name.split("/")
    return (
        "".join(["\x02" + _encode_numbers(folder) for folder in folders])
        + "\x01"
        + _encode_numbers(file)
    )


def _encode_numbers(name: str) -> str:
    folded = name.casefold()
    tie = "\x00" + name if folded != name else ""
    return _DIGITS.sub(_encode_number, folded) + tie + "\x00"


def _encode_number(match: re.Match[str]) -> str:
    # Its length and then its digits, so that longer numbers come later; zeros in front decide last.
    digits = match[1].lstrip("0")
    return f"\x01{chr(0x21 + len(digits))}{digits}{chr(0x21 + len(match[1]) - len(digits))}"


def shorten(name: str, suffix: str = "", max_bytes: int = MAX_NAME_BYTES) -> str:
    """Join a name and its ending, in at most so many bytes.

    A name that has to be cut ends in ``~`` and eight hexadecimal digits of its hash, so that two
    long names stay apart; one that ends so by itself is marked too, so that it stays apart as well.

    Args:
        name: may hold undecodable bytes as surrogates.
        suffix: the ending, which is never cut.
        max_bytes: what the disk takes.
    """
    whole = name + suffix
    # No character takes more than four bytes: most names need not be encoded.
    fits = 4 * len(whole) <= max_bytes or len(os.fsencode(whole)) <= max_bytes
    if fits and not ("~" in name and _SHORTENED.search(name)):
        return whole
    mark = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:8] + suffix
    head = os.fsencode(name)[: max_bytes - len(os.fsencode(mark))]
    # "ignore" drops a character cut in half; a surrogate that stood for a byte goes with it.
    return head.decode("utf-8", "ignore") + mark


def list_typed_paths(cell: str) -> list[str]:
    r"""List the paths that a cell of a table may mean, the likeliest first.

    A cell is the path itself, or has spaces or quotes around it, or ``\`` in place of ``/``.
    """
    stripped = cell.strip()
    unquoted = stripped.strip("\"'`") if stripped[:1] == stripped[-1:] else stripped
    paths = [cell, stripped, unquoted]
    paths += [path.replace("\\", "/") for path in paths]
    return [path for path in dict.fromkeys(paths) if path]


def compose(path: str) -> str:
    """Return a path with composed characters (NFC).

    ``é`` is one character or two, and looks the same: Macs and their copies have two in the names
    of files, keyboards of Windows and Linux type one.
    """
    return unicodedata.normalize("NFC", path)
