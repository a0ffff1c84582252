"""What a watcher costs that has nothing to do."""

import time
from collections.abc import Iterator

from benchmarks import program
from benchmarks.folders import Folders, make_outbox_path
from benchmarks.figures import Figure
from tests.support.watcher_process import Watcher, measure_processor_seconds

#: Percent of one core, with events and with polling.
MOST, MOST_POLLING = 0.5, 1.0
_OFF = "--thumbnails", "off"


def measure(folders: Folders, files: int, length: float) -> Iterator[Figure]:
    """Processor time of all its processes over so many seconds, every file being known."""
    inbox = folders.make_small(files)
    for mode, options, most in (
        ("events", (), MOST),
        ("polling", ("--poll", 1), MOST_POLLING),
    ):
        with make_outbox_path(folders.root) as outbox:
            program.time_run_into(inbox, outbox, *_OFF)
            with Watcher(inbox.path, outbox, *_OFF, *options) as watcher:
                watcher.wait_until_ready()
                time.sleep(5)  # reports are drawn, and nothing is left to do
                pids = watcher.list_pids()
                before, begun = measure_processor_seconds(pids), time.monotonic()
                time.sleep(length)
                used = measure_processor_seconds(pids) - before
                share = 100 * used / (time.monotonic() - begun)
                told: dict[str, object] = {"interval": watcher.read_heartbeat()["interval"]}
                watcher.stop()
        yield Figure(
            f"idle, {files:,} files, {mode}, {length:g} s",
            *("% of a core", [share], [0.0]),
            at_most=most,
            difference=True,
            details=told,
        )
