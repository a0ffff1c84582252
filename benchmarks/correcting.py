"""How long people who correct wait: for the next picture, and for a correction in the table.

The next picture of ``review`` is a scan that its server sends while it puts the correction on
record; its peer is ``report.html``, which has all pictures inside. A correction handed to a watcher
that reads a burst of files is compared with the same while that has nothing to do.
"""

import csv
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from batchdigits.journal.submissions import Submission, SubmittedCorrection, submit
from batchdigits.system.clock import utc_now
from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.folders import Inbox, make_outbox_path
from benchmarks.timing import make_environment, make_python_command
from tests.support.browser import find_browser, open_address
from tests.support.watcher_process import Watcher, wait_for

#: What was measured in each turn, and what makes one number of that.
Turns = list[list[float]]
Summarise = Callable[[list[float]], float]
#: Pictures of a page, which has no more, and how many keys are pressed in a turn.
PICTURES, KEYS = 5000, 200
#: Files of a burst, and corrections that are handed over while nothing is read.
BURST, IDLE_CORRECTIONS = 2000, 20
#: Notes when a key was pressed; whatever the page started with, all of its scans are shown.
_PREPARE = """() => {
    window.addEventListener("keydown", () => { window.pressedAt = performance.now(); }, true);
    setLeft(false);
    applyFilters();
    chooseCell(0);
}"""
#: Resolves with the milliseconds since the key once another scan is drawn.
_WAIT_FOR_PICTURE = """async ([before, selector]) => {
    const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (;;) {
        const image = document.querySelector(selector);
        if (document.querySelector("#zoom-title").textContent !== before && image) {
            await image.decode();
            await nextFrame();
            return performance.now() - window.pressedAt;
        }
        await nextFrame();
    }
}"""


def measure(bench: Bench) -> Iterator[Figure]:
    """Measure both, median and the worst that people meet; pictures need a browser."""
    yield from _measure_pictures(bench)
    yield from _measure_handover(bench)


def _measure_pictures(bench: Bench) -> Iterator[Figure]:
    count = bench.count_files(PICTURES)
    name = f"key to the next of {count:,} pictures: review / report.html"
    if find_spec("playwright") is None or not (browser := find_browser()):
        yield Figure(name, "ms", missing="skipped: needs pip install playwright, and a Chromium")
        return
    inbox = bench.folders.make_small(count)
    ours: Turns = []
    peer: Turns = []
    for _ in range(bench.repeat):
        with make_outbox_path(inbox.path.parent) as outbox:
            options = "--workers", str(bench.processes), "--thumbnails", "each"
            program.time_run_into(inbox, outbox, *options)
            page = (outbox / "report.html").as_uri()
            peer.append(_time_keys(browser, page, outbox.with_name("peer"), "img"))
            with _review(outbox) as address:
                profile = outbox.with_name("ours")
                ours.append(_time_keys(browser, address, profile, ".original img"))
    yield _compare(f"{name}, median", "ms", statistics.median, ours, peer)
    yield _compare(f"{name}, 95th percentile", "ms", _find_95th, ours, peer)


@contextmanager
def _review(outbox: Path) -> Iterator[str]:
    """Have a server for as long as the context lasts, and give the address of its page."""
    command = make_python_command("-m", "batchdigits", "review", outbox, "--no-browser")
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=outbox.parent, env=make_environment()
    )
    try:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
        process.send_signal(signal.SIGINT)
        process.wait(60)
    finally:
        process.kill()
        process.communicate()


def _time_keys(browser: str, address: str, profile: Path, picture: str) -> list[float]:
    """Say of one scan after the other what it is; return the milliseconds to each next picture."""
    profile.mkdir()
    with open_address(browser, address, profile) as page:
        page.evaluate(_PREPARE)
        title = page.locator("#zoom-title")
        keys = min(KEYS, int(page.evaluate("rows.length")) - 1)
        return [_time_key(page, title, f"#zoom-picture {picture}", key % 10) for key in range(keys)]


def _time_key(page: Any, title: Any, selector: str, digit: int) -> float:
    before = title.inner_text()
    page.keyboard.press(str(digit))
    return float(page.evaluate(_WAIT_FOR_PICTURE, [before, selector]))


def _compare(name: str, unit: str, summarise: Summarise, ours: Turns, peer: Turns) -> Figure:
    """Make a figure of one number for each turn."""
    return Figure(name, unit, list(map(summarise, ours)), list(map(summarise, peer)))


def _find_95th(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _measure_handover(bench: Bench) -> Iterator[Figure]:
    burst = bench.folders.make_small(bench.count_files(BURST))
    ours: Turns = []
    peer: Turns = []
    for _ in range(bench.repeat):
        busy, idle = _time_corrections(burst)
        ours.append(busy)
        peer.append(idle)
    name = f"correction to its row, a watcher in a burst of {burst.files:,} files / idle"
    yield _compare(f"{name}, median", "s", statistics.median, ours, peer)
    yield _compare(f"{name}, longest", "s", max, ours, peer)


def _time_corrections(source: Inbox) -> tuple[list[float], list[float]]:
    """Correct one scan again and again; return the seconds of each time, during a burst and after.

    The first scan of the table is corrected, so that to look at its row takes no time away.
    """
    with make_outbox_path(source.path.parent) as outbox:
        inbox = outbox.with_name("inbox")
        inbox.mkdir()
        first, *others = sorted(source.path.iterdir())
        os.link(first, inbox / first.name)
        with Watcher(inbox, outbox, "--thumbnails", "off") as watcher:
            (row,) = watcher.wait_until_ready().wait_for_rows(first.name)
            for path in others:
                os.link(path, inbox / path.name)
            busy: list[float] = []
            while not busy or _count_rows(outbox) < source.files:
                busy.append(_time_correction(outbox, row["sha256"], len(busy) % 10))
            idle = [
                _time_correction(outbox, row["sha256"], (len(busy) + number) % 10)
                for number in range(IDLE_CORRECTIONS)
            ]
            watcher.stop()
    return busy, idle


def _time_correction(outbox: Path, sha256: str, digit: int) -> float:
    begun = time.monotonic()
    submit(outbox, Submission(utc_now(), [SubmittedCorrection(sha256, 1, digit)]))
    wait_for(
        lambda: _read_first_row(outbox)["corrected_digit"] == str(digit),
        "the correction in the table",
        60,
        every=0.005,
    )
    return time.monotonic() - begun


def _read_first_row(outbox: Path) -> dict[str, str]:
    with (outbox / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(csv.DictReader(file))


def _count_rows(outbox: Path) -> int:
    return (outbox / "results.csv").read_bytes().count(b"\n") - 1
