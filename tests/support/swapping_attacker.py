"""Somebody who may write to an inbox, and swaps files and folders in it for what is none of it.

Run in the inbox, as whoever owns it: ``swapping_attacker.py CLOSED_FOLDER NAME ...``. The number of
swaps so far is written to the file ``.swaps`` again and again.
"""

import contextlib
import os
import random
import sys
import time


def swap(name: str, other: str) -> None:
    """Have ``other`` in the place of ``name`` for a moment."""
    spare = f"{os.path.dirname(name) or '.'}/.spare"
    with contextlib.suppress(OSError):  # the reader may have taken one of them away
        os.rename(name, spare)
        with contextlib.suppress(OSError):
            os.rename(other, name)
            time.sleep(random.random() / 2000)
            os.rename(name, other)
        os.rename(spare, name)


def main(closed: str, *names: str) -> None:
    """Swap until somebody ends this process."""
    pairs = []
    for number, name in enumerate(names):
        link, fifo = f".link{number}", f".fifo{number}"
        base = "" if os.path.isdir(name) else f"/{os.path.basename(name)}"
        os.symlink(closed + base, link)
        os.mkfifo(fifo)
        pairs += [(name, link), (name, link), (name, fifo)]
    count = 0
    while True:
        swap(*random.choice(pairs))
        count += 1
        if count % 50 == 0:
            with open(".swaps", "w") as file:
                file.write(str(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
