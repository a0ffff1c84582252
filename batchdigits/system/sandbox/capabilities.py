"""Capabilities: a process of root gives up what makes root mighty, see capabilities(7)."""

import ctypes
from struct import Struct

_PR_CAPBSET_DROP = 24  # prctl(2)
# linux/capability.h: version and process, then two times effective, permitted, inheritable.
_HEADER, _SETS = Struct("=Ii"), Struct("=6I")
_VERSION = 0x20080522
#: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root reads scans that belong to others, and writes
#: pictures into folders that do. Which files that can be is for Landlock to say.
_KEPT = (1, 2)
_KEPT_BITS = sum(1 << number for number in _KEPT)
_MAX_COUNT = 64


def drop_capabilities() -> bool:
    """Give up all capabilities but those over who may read and write a file, for good.

    Nothing of it concerns processes that have none, as those of most users. That no program brings
    them back is for ``PR_SET_NO_NEW_PRIVS`` and the bounding set.

    Returns:
        Whether no others are left.
    """
    library = ctypes.CDLL(None)
    for number in range(_MAX_COUNT):
        if number not in _KEPT:
            library.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # refused to who has none to give up
    header, sets = _HEADER.pack(_VERSION, 0), ctypes.create_string_buffer(_SETS.size)
    if library.capget(header, sets):
        return False
    effective, permitted, *_ = _SETS.unpack(sets.raw)
    # What may be inherited goes too, and the ambient set with it.
    kept = _SETS.pack(effective & _KEPT_BITS, permitted & _KEPT_BITS, 0, 0, 0, 0)
    return bool(library.capset(header, kept) == 0)
