"""Somebody who may write to an inbox, and swaps files and folders in it for what is none of it.

Run in the inbox, as whoever owns it: ``swapping_attacker.py CLOSED_FOLDER REST NAME ...``. The
number of swaps so far is written to the file ``.swaps`` again and again. Files that the reader took
away are made anew, with another content.

``REST`` is how many seconds a name is left alone between two swaps, more or less: a watcher reads
only what has been quiet for a while.
"""

import heapq
import os
import random
import sys
import time
from contextlib import suppress
from pathlib import Path


def swap(name: str, other: str) -> bool:
    """Have ``other`` in the place of ``name`` for a moment; tell whether that was so."""
    swapped = False
    with suppress(OSError):  # the reader may have taken one of them away
        os.rename(name, ".spare")
        try:
            os.rename(other, name)
            swapped = True
            time.sleep(random.random() / 2000)
            os.rename(name, other)
        finally:
            os.rename(".spare", name)
    return swapped


def make_anew(name: str, contents: dict[str, bytes]) -> None:
    """Put a file with new content there, or into a folder that lacks some."""
    for path, content in contents.items():
        if (path == name or path.startswith(f"{name}/")) and not os.path.lexists(path):
            with suppress(OSError):
                Path(".new").write_bytes(content + os.urandom(8))
                os.rename(".new", path)


def make_others(closed: str, name: str, number: int) -> list[str]:
    """Make links to what has the same name in a closed folder, and a fifo."""
    link, fifo = f".link{number}", f".fifo{number}"
    with suppress(FileExistsError):
        os.symlink(f"{closed}/{name}" if os.path.isfile(name) else closed, link)
    with suppress(FileExistsError):
        os.mkfifo(fifo)
    return [link, link, fifo]


def main(closed: str, rest: float, *names: str) -> None:
    """Swap until somebody ends this process."""
    contents = {
        str(path): path.read_bytes()
        for name in names
        for path in (Path(name), *sorted(Path(name).glob("*")))
        if path.is_file()
    }
    others = {name: make_others(closed, name, number) for number, name in enumerate(names)}
    due = [(0.0, name) for name in names]
    count = 0
    while True:
        when, name = heapq.heappop(due)
        time.sleep(max(0.0, when - time.monotonic()))
        make_anew(name, contents)
        make_others(closed, name, names.index(name))
        count += swap(name, random.choice(others[name]))
        heapq.heappush(due, (time.monotonic() + rest * random.uniform(0.5, 2), name))
        if count % 20 == 0:
            Path(".swaps").write_text(str(count))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *sys.argv[3:])
