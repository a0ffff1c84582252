"""Which types the values of a page may have together in what a worker answers."""

from itertools import product
from types import NoneType


def _list_signatures(*columns: type | tuple[type, ...]) -> frozenset[tuple[type, ...]]:
    """List all types that the values of a page may have together, with the length of the image."""
    return frozenset(product(*(kind if isinstance(kind, tuple) else (kind,) for kind in columns)))


_OPTIONAL_TEXT, _OPTIONAL_INT = (str, NoneType), (int, NoneType)
#: Of a page with a digit; the values are those of :class:`PageEntry`, in their order.
DIGIT_SIGNATURES = _list_signatures(
    *(int, str, _OPTIONAL_TEXT, NoneType, int, float, int, float, int, int, str),
    *(_OPTIONAL_TEXT, str, str, float, int, int, _OPTIONAL_INT),
)
#: Of a page with what is no digit, but may be taken for one.
GUESS_SIGNATURES = _list_signatures(
    *(int, str, str, NoneType, NoneType, NoneType, int, float, int, int, str),
    *(_OPTIONAL_TEXT, str, str, float, int, int, _OPTIONAL_INT),
)
#: Of a page on which there is nothing.
_BLANK_SIGNATURES = _list_signatures(
    *(int, str, str, *[NoneType] * 5, int, int, str),
    *(_OPTIONAL_TEXT, NoneType, NoneType, float, int, int, _OPTIONAL_INT),
)
#: Of a page that was not read.
UNREAD_SIGNATURES = _list_signatures(int, str, str, str, *[NoneType] * 6, str, *[NoneType] * 7)
#: Of any page.
SIGNATURES = DIGIT_SIGNATURES | GUESS_SIGNATURES | _BLANK_SIGNATURES | UNREAD_SIGNATURES
