"""Thousands of files dropped at once, against a run over the same folder."""

import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import program
from benchmarks.figures import Figure, count_cores
from benchmarks.folders import Folders, Inbox, make_outbox_path
from benchmarks.timing import take_turns
from tests.support.watcher_process import Watcher, wait_for

#: The settle time in seconds, which does not count.
SETTLE = 1.0


def measure(folders: Folders, files: int, repeat: int) -> Iterator[Figure]:
    """Compare the watcher's files per second, from settling to the last row, with a run's."""
    for source in (folders.make_small(files), folders.make_scans(files // 4)):
        times = take_turns(
            repeat,
            {
                "watch": partial(time_drop, source),
                "run": partial(program.time_run, source, count_cores(), "each"),
            },
        )
        yield Figure(
            f"{source.path.name} at once: watch / run",
            "files/s",
            [source.files / seconds for seconds in times["watch"]],
            [source.files / seconds for seconds in times["run"]],
            at_least=0.8,
        )


def time_drop(source: Inbox) -> float:
    """Move a copy of a folder into a watched inbox; return the seconds until its last row."""
    with make_outbox_path(source.path.parent) as outbox:
        inbox, box = outbox.with_name("inbox"), outbox.with_name("box")
        inbox.mkdir()
        shutil.copytree(source.path, box)
        with Watcher(inbox, outbox, "--settle", SETTLE) as watcher:
            watcher.wait_until_ready()
            box.rename(inbox / "box")
            settled_at = time.monotonic() + SETTLE
            table = outbox / "results.csv"
            wait_for(lambda: _count_lines(table) == source.files + 1, "all rows", 600, every=0.01)
            seconds = time.monotonic() - settled_at
            watcher.stop()
            assert len(watcher.read_rows()) == source.files
    return seconds


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(data.count(b"\n") for data in iter(lambda: file.read(1 << 20), b""))
