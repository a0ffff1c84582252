"""Thousands of files dropped at once, against a run over the same folder."""

import shutil
import time
from collections.abc import Iterator
from functools import partial

from benchmarks import program
from benchmarks.folders import Folders, Inbox, make_outbox_path
from benchmarks.figures import Figure, count_cores
from benchmarks.timing import take_turns
from tests.support.watcher_process import Watcher, wait_for

#: Seconds of the settle time, which are not counted.
SETTLE = 1.0


def measure(folders: Folders, files: int, repeat: int) -> Iterator[Figure]:
    """Files a second of the watcher, from the end of settling to the last row, and of a run."""
    for kind in (folders.make_small(files), folders.make_scans(files // 4)):
        took = take_turns(
            repeat,
            {
                "watch": partial(time_drop, kind),
                "run": partial(program.time_run, kind, count_cores(), "each"),
            },
        )
        yield Figure(
            f"{kind.path.name} at once: watch / run",
            "files/s",
            [kind.files / each for each in took["watch"]],
            [kind.files / each for each in took["run"]],
            at_least=0.8,
        )


def time_drop(kind: Inbox) -> float:
    """Move a whole folder into a watched inbox; seconds from its settling to the last row."""
    with make_outbox_path(kind.path.parent) as outbox:
        inbox, box = outbox.with_name("inbox"), outbox.with_name("box")
        inbox.mkdir()
        shutil.copytree(kind.path, box)
        with Watcher(inbox, outbox, "--settle", SETTLE) as watcher:
            watcher.wait_until_ready()
            box.rename(inbox / "box")
            settled = time.monotonic() + SETTLE
            table = outbox / "results.csv"
            wait_for(lambda: _count_lines(table) == kind.files + 1, "all rows", 600, every=0.01)
            took = time.monotonic() - settled
            watcher.stop()
            assert len(watcher.read_rows()) == kind.files
    return took


def _count_lines(table: object) -> int:
    with open(str(table), "rb") as file:
        return sum(data.count(b"\n") for data in iter(lambda: file.read(1 << 20), b""))
