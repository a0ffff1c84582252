"""The processor time of a watcher that has nothing to do."""

import time
from collections.abc import Iterator

from benchmarks import program
from benchmarks.figures import Figure
from benchmarks.folders import Folders, make_outbox_path
from tests.support.watcher_process import Watcher, measure_processor_seconds

#: Percent of one core, with events and with polling.
MAX_SHARE, MAX_POLLING_SHARE = 0.5, 1.0
_OPTIONS = "--thumbnails", "off"


def measure(folders: Folders, files: int, seconds: float) -> Iterator[Figure]:
    """Measure the processor time of all its processes, when every file has been read before."""
    inbox = folders.make_small(files)
    for mode, options, max_share in (
        ("events", (), MAX_SHARE),
        ("polling", ("--poll", 1), MAX_POLLING_SHARE),
    ):
        with make_outbox_path(folders.root) as outbox:
            program.time_run_into(inbox, outbox, *_OPTIONS)
            with Watcher(inbox.path, outbox, *_OPTIONS, *options) as watcher:
                watcher.wait_until_ready()
                time.sleep(5)  # until the reports are written
                pids = watcher.list_pids()
                before, begun = measure_processor_seconds(pids), time.monotonic()
                time.sleep(seconds)
                used = measure_processor_seconds(pids) - before
                share = 100 * used / (time.monotonic() - begun)
                details: dict[str, object] = {"interval": watcher.read_heartbeat()["interval"]}
                watcher.stop()
        yield Figure(
            f"idle, {files:,} files, {mode}, {seconds:g} s",
            *("% of a core", [share], [0.0]),
            at_most=max_share,
            difference=True,
            details=details,
        )
