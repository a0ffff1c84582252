"""The time until a single file has its row on the disk."""

import statistics
import time
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.folders import Folders, make_outbox_path
from tests.support.watcher_process import Watcher

#: The program's default settle time, and the time between two files, in seconds.
SETTLE, PAUSE = 2.0, 0.37


def measure(folders: Folders, files: int) -> Iterator[Figure]:
    """Measure from the end of writing a file to its row in the CSV; the 95th percentile counts."""
    scans = sorted(folders.make_scans(files).path.iterdir())
    written_at: dict[str, float] = {}
    waits: dict[str, float] = {}
    with make_outbox_path(folders.root) as outbox:
        inbox = outbox.with_name("inbox")
        inbox.mkdir()
        with Watcher(inbox, outbox, "--settle", SETTLE) as watcher:
            watcher.wait_until_ready()
            next_at, last_size = time.monotonic(), -1
            while len(waits) < len(scans):
                now = time.monotonic()
                if len(written_at) < len(scans) and now >= next_at:
                    path = scans[len(written_at)]
                    (inbox / path.name).write_bytes(path.read_bytes())
                    written_at[path.name] = time.monotonic()
                    next_at = now + PAUSE
                size = (outbox / "results.csv").stat().st_size
                if size != last_size:
                    last_size, now = size, time.monotonic()
                    for row in watcher.read_rows():
                        waits.setdefault(row["file"], now - written_at[row["file"]])
                time.sleep(0.002)
            watcher.stop()
    seconds = list(waits.values())
    p95 = statistics.quantiles(seconds, n=20)[-1]
    details: dict[str, object] = {"median": statistics.median(seconds), "most": max(seconds)}
    yield Figure(
        f"single file to row, p95 of {len(seconds)} / settle time",
        *("s", [p95], [SETTLE]),
        at_most=0.3,
        difference=True,
        details=details,
    )
