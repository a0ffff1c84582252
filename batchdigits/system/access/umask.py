"""The umask: what nobody but the owner may do to the files that this process makes from now on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keep_umask() -> Iterator[None]:
    """Have the umask be what it was when the context ends."""
    umask = add_to_umask(0)
    try:
        yield
    finally:
        os.umask(umask)


def add_to_umask(bits: int) -> int:
    """Take rights from others to all new files and folders, of new child processes too.

    Returns:
        The umask that there was.
    """
    # The kernel tells it only by exchanging it; nothing is made too open meanwhile.
    former = os.umask(0o777)
    os.umask(former | bits)
    return former
