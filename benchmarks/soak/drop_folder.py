"""A watched drop folder, and the rows that its table must have."""

import hashlib
import json
import random
import sqlite3
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import cv2

from benchmarks.folders import Folders
from benchmarks.memory import read_resident_set
from tests.support.watcher_process import Watcher, wait_for

#: Seconds a file takes to settle.
SETTLE = 0.4
#: Every so many files is broken: these are never changed later, as they may be put away.
_BROKEN_EVERY = 50
#: The name and the SHA-256 of a file.
Key = tuple[str, str]


class DropFolder:
    """An inbox, its watcher, and what was done to both.

    Attributes:
        inbox: the watched folder.
        outbox: where its watcher writes.
        rng: chooses names and times.
        watcher: the watcher's process.
        expected: what must have exactly one row.
        changeable: files in the inbox that may be changed, each with its SHA-256.
        free_names: names of deleted files, to be used again.
        arrived: how many files were made.
        memory_samples: MB of all processes, once a second.
    """

    def __init__(self, folders: Folders, outbox: Path, rng: random.Random) -> None:
        self._folders = folders
        self.rng = rng
        self.outbox = outbox
        self.inbox = outbox.with_name("inbox")
        self.inbox.mkdir()
        self.expected: set[Key] = set()
        self.changeable: dict[str, str] = {}
        self.free_names: list[str] = []
        self.arrived = 0
        self.memory_samples: list[float] = []
        self._sampled_at = 0.0
        self.watcher = self._start_watcher()

    def _start_watcher(self) -> Watcher:
        return Watcher(self.inbox, self.outbox, "--settle", SETTLE, "--grace", 2, "--rescan", 5)

    def restart_watcher(self) -> None:
        """Start another watcher after the last one ended."""
        self.watcher = self._start_watcher()

    def make_content(self) -> bytes:
        """Make a scan unlike all others; every fiftieth is broken."""
        self.arrived += 1
        image = self._folders.digits.make_image(self.arrived)
        data = cv2.imencode(".png", image)[1].tobytes() + b"%d" % self.arrived
        if self.arrived % _BROKEN_EVERY:
            return data
        return data[: len(data) // 2] + b"%d" % self.arrived

    def choose_name(self) -> str:
        """Choose a name for the last file made; now and then one that a deleted file had."""
        if self.free_names and self.rng.random() < 0.1:
            return self.free_names.pop()
        folder = self.rng.choice(["", "", "a/", "b/c/"])
        return f"{folder}scan{self.arrived:06d}.png"

    def expect(self, name: str, data: bytes) -> None:
        """Expect a row for the last file made."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.expected.add((name, sha256))
        if self.arrived % _BROKEN_EVERY:
            self.changeable[name] = sha256

    def make_path(self, name: str) -> Path:
        """Return the path of a file in the inbox, and make the folder it lies in."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def choose_read_file(self) -> str | None:
        """Choose a file of the inbox that was read already, if there is one."""
        names = list(self.changeable)
        if not names:
            return None
        recorded = self._read_journal()
        for name in self.rng.sample(names, min(50, len(names))):
            if (name, self.changeable[name]) in recorded:
                return name
        return None

    def _read_journal(self) -> set[Key]:
        """Read the files that the journal has, without disturbing it."""
        uri = f"file:{self.outbox / '.batchdigits' / 'journal.sqlite3'}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=30)
        try:
            return set(connection.execute("SELECT name, sha256 FROM files"))
        finally:
            connection.close()

    def sample_memory(self) -> None:
        """Sample the memory of all processes, once a second.

        Raises:
            RuntimeError: the watcher ended by itself.
        """
        if time.monotonic() - self._sampled_at >= 1:
            self._sampled_at = time.monotonic()
            if self.watcher.process.poll() is not None:
                raise RuntimeError(f"the watcher ended: {self.watcher.stderr[-2000:]}")
            sizes = [read_resident_set(pid)[1] for pid in self.watcher.list_pids()]
            self.memory_samples.append(sum(sizes))

    def wait_for_rows(self) -> None:
        """Wait until the journal has every expected file, or for a minute and a half."""
        with suppress(AssertionError):  # find_wrong_rows() lists what is missing
            wait_for(
                lambda: self.expected <= self._read_journal(), "every file is on record", 90, 0.5
            )
        time.sleep(2 * SETTLE)

    def find_wrong_rows(self) -> tuple[int, list[str]]:
        """Compare the tables with what is expected, once the watcher has ended.

        Returns:
            The number of rows, and in words: files without a row or with several, rows of no file,
            differences between CSV and JSON, and files that were lost.
        """
        rows = self.watcher.read_rows()
        json_rows = json.loads((self.outbox / "results.json").read_text())["rows"]
        in_csv = Counter((row["file"], row["sha256"]) for row in rows)
        in_json = Counter((row["file"], row["sha256"]) for row in json_rows)
        wrong = [f"no row: {key}" for key in self.expected - set(in_csv)]
        wrong += [f"no file: {key}" for key in set(in_csv) - self.expected]
        wrong += [f"{count} rows: {key}" for key, count in in_csv.items() if count > 1]
        differences = (in_csv - in_json) + (in_json - in_csv)
        wrong += [f"CSV and JSON differ: {key}" for key in differences]
        lost = [name for name in self.changeable if not (self.inbox / name).exists()]
        return len(rows), wrong + [f"lost: {name}" for name in lost]
