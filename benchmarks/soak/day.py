"""A day at a drop folder, time-lapsed: files arrive in every way, and everything goes wrong.

At its end the table must have one row for each file that ever settled, and no others.
"""

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure
from benchmarks.folders import Folders, make_outbox_path
from benchmarks.soak.arrivals import ARRIVALS
from benchmarks.soak.drop_folder import DropFolder
from benchmarks.soak.faults import FAULTS, RESTARTS

#: Seconds between two arrivals, at the most.
MAX_PAUSE = 0.06
#: MB by which all processes together may grow.
MAX_GROWTH = 5.0
#: A shorter day has fewer samples of memory, from which nothing follows.
_MIN_SAMPLES = 20


def measure(folders: Folders, arrivals: int, faults: int, seed: int) -> Iterator[Figure]:
    """Live through a day; count the rows that are wrong, and measure how memory grew."""
    with make_outbox_path(folders.root) as outbox:
        folder = DropFolder(folders, outbox, random.Random(seed))
        actions, fault_count = live_day(folder, arrivals, faults)
        rows, wrong = folder.find_wrong_rows()
        details: dict[str, object] = {"wrong": wrong[:20], "done": dict(actions)}
        yield Figure(
            f"day of {folder.arrived:,} arrivals, {fault_count} faults: rows wrong of {rows:,}",
            *("rows", [float(len(wrong))], [0.0]),
            at_most=0,
            difference=True,
            details=details,
        )
        if len(folder.memory_samples) < _MIN_SAMPLES:
            return
        late, early = compute_memory(folder.memory_samples)
        yield Figure(
            f"memory of all processes, {len(folder.memory_samples)} looks: late / early",
            *("MB", [late], [early]),
            at_most=MAX_GROWTH,
            difference=True,
        )


def live_day(folder: DropFolder, arrivals: int, faults: int) -> tuple[Counter[str], int]:
    """Let about ``arrivals`` files arrive and ``faults`` things go wrong, then end the watcher.

    Returns:
        How often each thing was done, by the name of its function, and how many were faults.
    """
    folder.watcher.wait_until_ready()
    actions: Counter[str] = Counter()
    late_faults = [fault for fault in FAULTS if fault not in RESTARTS]
    fault_count, arrivals_per_fault = 0, arrivals / max(faults, 1)
    while folder.arrived < arrivals:
        if fault_count < folder.arrived / arrivals_per_fault:
            # Processes are replaced in the first half only, so that the second shows their memory.
            is_late = folder.arrived > arrivals / 2
            fault = folder.rng.choice(late_faults if is_late else FAULTS)
            fault(folder)
            fault_count += 1
            actions[fault.__name__] += 1
        arrive = folder.rng.choices(list(ARRIVALS), list(ARRIVALS.values()))[0]
        arrive(folder)
        actions[arrive.__name__] += 1
        time.sleep(folder.rng.uniform(0, MAX_PAUSE))
        folder.sample_memory()
    folder.wait_for_rows()
    folder.watcher.stop()
    return actions, fault_count


def compute_memory(samples: Sequence[float]) -> tuple[float, float]:
    """Return the median of the last fifth and of the second fifth of the second half, in MB."""
    half = samples[len(samples) // 2 :]
    fifth = max(1, len(half) // 5)
    return statistics.median(half[-fifth:]), statistics.median(half[fifth : 2 * fifth])
