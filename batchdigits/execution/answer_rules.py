"""What must hold of all that workers answer: the rules of the journal's tables, and some more.

What a worker answers may be made up by a file that has taken it over. It may be wrong, which nobody
can tell; but it is never anything that a worker could not have answered of some file.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import chain, product
from typing import cast

from batchdigits.reasons import PERMANENT_REASONS, Reason, Status
from batchdigits.records import FileStat
from batchdigits.system.sandbox.plain_messages import BadMessageError

_MAX_GID = 2**32 - 1
_MAX_DETAIL_LENGTH = 10_000
#: Pixels of a page's side at the most.
MAX_SIDE = 2**32 - 1
#: Of the numbers of a box, and of the count of marks, at the most: as many digits are nines.
MAX_NUMBER = 10**10 - 1
#: Such a number in JSON, in which none begins with a 0 but that itself.
JSON_NUMBER = rf"(?:0|[1-9]\d{{0,{len(str(MAX_NUMBER)) - 1}}})"
_HASH_LENGTH, _HEXADECIMAL = 64, re.compile("[0-9a-f]*")
#: Local times of the years left out may lie in one that no calendar of Python or SQLite has.
_TIME = re.compile(r"(?!9999)[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_REASONS = list(Reason)
_REVIEW_REASONS = _REASONS[: _REASONS.index(Reason.EMPTY)]
_FAILED_REASONS = {*_REASONS} - {*_REVIEW_REASONS} - PERMANENT_REASONS
#: Status and reason of pages that were read.
READ_OUTCOMES = frozenset(
    [(str(Status.OK), None), *product([str(Status.REVIEW)], map(str, _REVIEW_REASONS))]
)
#: Status and reason of pages that were not.
REJECTED_OUTCOMES = frozenset(
    [
        *product([str(Status.QUARANTINED)], map(str, PERMANENT_REASONS)),
        *product([str(Status.FAILED)], map(str, _FAILED_REASONS)),
    ]
)


def require(condition: object, problem: str) -> None:
    """Refuse an answer of which something does not hold.

    Raises:
        BadMessageError: it does not.
    """
    if not condition:
        raise BadMessageError(problem)


def check_file_stats(values: Sequence[object]) -> list[FileStat]:
    """Make a :class:`FileStat` of each list of numbers of an answer.

    Raises:
        BadMessageError: one is none.
    """
    problem = "a file as no file can be"
    require({*map(type, values)} <= {list}, problem)
    lists = cast(Sequence[list[int]], values)
    require({*map(len, lists)} <= {len(FileStat())}, problem)
    stats = [*map(FileStat._make, lists)]
    require({*map(type, chain.from_iterable(stats))} <= {int}, problem)
    if stats:
        sizes, *times_and_numbers, modes, gids = zip(*stats, strict=True)
        numbers = [*sizes, *chain.from_iterable(times_and_numbers)]
        is_sound = min(sizes) >= 0 and min(numbers) >= -(2**63) and max(numbers) < 2**63
        is_sound &= min(gids) >= -1 and max(gids) <= _MAX_GID
        require(is_sound and all(0 <= mode == mode & 0o666 for mode in {*modes}), problem)
    return stats


def check_hashes(hashes: Sequence[str]) -> None:
    """Refuse hashes of an answer, other than hexadecimal, or empty.

    Raises:
        BadMessageError: one is none.
    """
    are_sound = {*map(len, hashes)} <= {0, _HASH_LENGTH} and _HEXADECIMAL.fullmatch("".join(hashes))
    require(are_sound, "a hash that is none")


def is_time(text: str) -> bool:
    """Tell whether a text is a moment as :func:`~batchdigits.system.clock.utc_now` writes it."""
    if not _TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:  # there is no such day, or hour
        return False
    return True


def is_detail(text: object) -> bool:
    """Tell whether a value is a sentence on why a page could not be read."""
    return type(text) is str and len(text) <= _MAX_DETAIL_LENGTH


def is_side(pixels: int | None) -> bool:
    """Tell whether a number is the width or height of a page."""
    return pixels is not None and 0 < pixels <= MAX_SIDE


def is_probability(number: float | None) -> bool:
    """Tell whether a number is from 0 to 1."""
    return number is not None and 0 <= number <= 1
