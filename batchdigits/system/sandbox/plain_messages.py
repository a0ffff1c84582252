"""What processes say that are not trusted: pickled, of which nothing can be run as it is unpacked.

A process in a sandbox may have been taken over by the file that it read. With :mod:`pickle` alone
it could name any function for its parent to call, and :mod:`marshal` may crash on bytes made to
harm. Here nothing but the types named is ever made.
"""

import io
import pickle
from collections.abc import Set as AbstractSet
from typing import Any

from batchdigits.errors import BatchdigitsError


class BadMessageError(BatchdigitsError):
    """A message that is damaged, or holds what is not allowed.

    Attributes:
        problem: what is wrong with it, as the end of a sentence.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"A process that reads files answered what it never should: {problem}.")


def unpack_plain(data: bytes, allowed: AbstractSet[tuple[str, str]] = frozenset()) -> Any:
    """Unpickle a message made of built-in values, and of objects of a few types.

    Args:
        data: the message.
        allowed: module and name of the types and functions that it may use.

    Raises:
        BadMessageError: it is damaged, or names others.
    """
    try:
        return _PlainUnpickler(data, allowed).load()
    except BadMessageError:
        raise
    except Exception as error:  # whatever its types say to arguments made up
        raise BadMessageError(f"{type(error).__name__}: {error}") from error


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, data: bytes, allowed: AbstractSet[tuple[str, str]]) -> None:
        super().__init__(io.BytesIO(data))
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._allowed:
            raise BadMessageError(f"a message names {module}.{name}")
        return super().find_class(module, name)
