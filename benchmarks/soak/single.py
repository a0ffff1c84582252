"""How soon a single file has its row on the disk."""

import statistics
import time
from collections.abc import Iterator

from benchmarks.folders import Folders, make_outbox_path
from benchmarks.figures import Figure
from tests.support.watcher_process import Watcher

#: The program's own default, and seconds between two files: each is alone.
SETTLE, APART = 2.0, 0.37


def measure(folders: Folders, files: int) -> Iterator[Figure]:
    """From the end of writing a file to the row in the CSV; the 95th of a hundred."""
    scans = sorted(folders.make_scans(files).path.iterdir())
    written: dict[str, float] = {}
    waited: dict[str, float] = {}
    with make_outbox_path(folders.root) as outbox:
        inbox = outbox.with_name("inbox")
        inbox.mkdir()
        with Watcher(inbox, outbox, "--settle", SETTLE) as watcher:
            watcher.wait_until_ready()
            next_file, looked = time.monotonic(), -1
            while len(waited) < len(scans):
                now = time.monotonic()
                if len(written) < len(scans) and now >= next_file:
                    path = scans[len(written)]
                    (inbox / path.name).write_bytes(path.read_bytes())
                    written[path.name] = time.monotonic()
                    next_file = now + APART
                size = (outbox / "results.csv").stat().st_size
                if size != looked:
                    looked, now = size, time.monotonic()
                    for row in watcher.read_rows():
                        waited.setdefault(row["file"], now - written[row["file"]])
                time.sleep(0.002)
            watcher.stop()
    waits = list(waited.values())
    late = statistics.quantiles(waits, n=20)[-1]
    settle = [SETTLE]
    details: dict[str, object] = {"median": statistics.median(waits), "most": max(waits)}
    yield Figure(
        f"single file to row, p95 of {len(waits)} / settle time",
        *("s", [late], settle),
        at_most=0.3,
        difference=True,
        details=details,
    )
