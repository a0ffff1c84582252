"""A day at a drop folder, time-lapsed: files come in every way, and everything goes wrong.

What must be in the table at its end is kept as names with contents while the day goes on: one
row for each file that ever settled, none for others.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import cv2

from benchmarks.folders import Folders, make_outbox_path
from benchmarks.memory import read_resident_set
from benchmarks.figures import Figure
from tests.support.watcher_process import Watcher, wait_for

#: Seconds a file takes to settle, and between two arrivals at the most.
SETTLE, APART = 0.4, 0.06
#: MB that all processes together may have grown by.
FLAT = 5.0
#: Looks at the memory that a shorter day does not have: it tells nothing of it.
_ENOUGH = 20
Key = tuple[str, str]


def measure(folders: Folders, arrivals: int, faults: int, seed: int) -> Iterator[Figure]:
    """Live through a day; rows that are wrong, and how memory grew."""
    with make_outbox_path(folders.root) as outbox:
        day = Day(folders, outbox, random.Random(seed))
        day.live(arrivals, faults)
        wrong = day.wrong_rows()
        details: dict[str, object] = {"wrong": wrong[:20], "done": dict(day.done)}
        yield Figure(
            f"day of {day.arrived:,} arrivals, {day.faults} faults: rows wrong of {day.rows:,}",
            *("rows", [float(len(wrong))], [0.0]),
            at_most=0,
            difference=True,
            details=details,
        )
        if len(day.sizes) < _ENOUGH:
            return
        late, early = day.memory()
        yield Figure(
            f"memory of all processes, {len(day.sizes)} looks: late / early",
            *("MB", [late], [early]),
            at_most=FLAT,
            difference=True,
        )


class Day:
    """One drop folder, its watcher, and what was done to both.

    Attributes:
        expected: name and hash of what must have exactly one row.
        done: how often each thing was done.
    """

    def __init__(self, folders: Folders, outbox: Path, chance: random.Random) -> None:
        self._folders = folders
        self._chance = chance
        self.outbox = outbox
        self.inbox = outbox.with_name("inbox")
        self.inbox.mkdir()
        self._aside = outbox.with_name("aside")
        self._aside.mkdir()
        self.expected: set[Key] = set()
        self.done: Counter[str] = Counter()
        self.arrived = self.faults = self.rows = 0
        self.sizes: list[float] = []
        # What lies in the inbox and may be changed: name and hash.
        self._here: dict[str, str] = {}
        self._names_gone: list[str] = []
        self._looked = 0.0
        self.watcher = self._start()

    def _start(self) -> Watcher:
        return Watcher(self.inbox, self.outbox, "--settle", SETTLE, "--grace", 2, "--rescan", 5)

    def live(self, arrivals: int, faults: int) -> None:
        """Have so many files arrive and so many things go wrong."""
        self.watcher.wait_until_ready()
        chance, every = self._chance, arrivals / max(faults, 1)
        rough = list(FAULTS)
        while self.arrived < arrivals:
            if self.faults < self.arrived / every:
                # Those that start the watcher anew come in the first half, to see memory after.
                late = self.arrived > arrivals / 2
                fault = chance.choice([each for each in rough if not late or each not in RESTARTS])
                fault(self)
                self.faults += 1
                self.done[fault.__name__] += 1
            arrive = chance.choices(list(ARRIVALS), list(ARRIVALS.values()))[0]
            arrive(self)
            self.done[arrive.__name__] += 1
            time.sleep(chance.uniform(0, APART))
            self._look()
        self._wait_for_all()
        self.watcher.stop()

    # Files and what is known of them.

    def _content(self) -> bytes:
        """A scan like no other, now and then a broken one."""
        self.arrived += 1
        image = self._folders.digits.make_image(self.arrived)
        data = cv2.imencode(".png", image)[1].tobytes() + b"%d" % self.arrived
        return data[: len(data) // 2] + b"%d" % self.arrived if self.arrived % 50 == 0 else data

    def _name(self) -> str:
        if self._names_gone and self._chance.random() < 0.1:  # scanners use names again
            return self._names_gone.pop()
        folder = self._chance.choice(["", "", "a/", "b/c/"])
        return f"{folder}scan{self.arrived:06d}.png"

    def _expect(self, name: str, data: bytes) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        self.expected.add((name, sha256))
        if self.arrived % 50:
            self._here[name] = sha256

    def _path(self, name: str) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _known(self) -> set[Key]:
        """What the journal has, without disturbing it."""
        place = f"file:{self.outbox / '.batchdigits' / 'journal.sqlite3'}?mode=ro"
        sql = sqlite3.connect(place, uri=True, timeout=30)
        try:
            return set(sql.execute("SELECT name, sha256 FROM files"))
        finally:
            sql.close()

    def _read_one(self) -> str | None:
        """A file that was read and lies in the inbox."""
        names = list(self._here)
        if not names:
            return None
        known = self._known()
        for name in self._chance.sample(names, min(50, len(names))):
            if (name, self._here[name]) in known:
                return name
        return None

    # Ways to arrive.

    def write(self) -> None:
        """A file is written at once."""
        data = self._content()
        name = self._name()
        self._path(name).write_bytes(data)
        self._expect(name, data)

    def write_in_pieces(self) -> None:
        """A scanner closes its file and opens it again."""
        data = self._content()
        name = self._name()
        step = len(data) // 4 + 1
        for start in range(0, len(data), step):
            with self._path(name).open("ab" if start else "wb") as file:
                file.write(data[start : start + step])
            time.sleep(SETTLE / 8)
        self._expect(name, data)

    def rename_in(self) -> None:
        """A temporary name becomes the real one."""
        data = self._content()
        name = self._name()
        path = self._path(name)
        half = path.with_name(self._chance.choice([f".{path.name}.x1", f"{path.name}.part"]))
        half.write_bytes(data)
        half.rename(path)
        self._expect(name, data)

    def move_folder_in(self) -> None:
        """A whole folder comes at once."""
        box = self._aside / f"box{self.arrived}"
        (box / "deep").mkdir(parents=True)
        for number in range(self._chance.randint(2, 12)):
            data = self._content()
            name = f"deep/{number}.png"
            (box / name).write_bytes(data)
            self._expect(f"{box.name}/{name}", data)
        box.rename(self.inbox / box.name)

    def link(self) -> None:
        """A file has two names."""
        data = self._content()
        name = self._name()
        self._path(name).write_bytes(data)
        other = f"link{self.arrived}.png"
        os.link(self.inbox / name, self.inbox / other)
        for each in (name, other):
            self._expect(each, data)
            self._here.pop(each, None)  # what changes one would change both

    # Things that go wrong.

    def delete_young(self) -> None:
        """A file goes before it settled: no row."""
        data = self._content()
        path = self.inbox / f"young{self.arrived}.png"
        path.write_bytes(data)
        path.unlink()

    def rename_young(self) -> None:
        """A file gets its name before it settled."""
        data = self._content()
        path = self.inbox / f"young{self.arrived}.png"
        path.write_bytes(data)
        name = f"renamed{self.arrived}.png"
        path.rename(self.inbox / name)
        self._expect(name, data)

    def overwrite_young(self) -> None:
        """A file is written again before it settled: one row, of the second content."""
        path = self.inbox / f"over{self.arrived}.png"
        path.write_bytes(self._content())
        data = self._content()
        path.write_bytes(data)
        self._expect(path.name, data)

    def delete_read(self) -> None:
        """A file goes after it was read: its row stays."""
        if (name := self._read_one()) is not None:
            (self.inbox / name).unlink()
            del self._here[name]
            self._names_gone.append(name)

    def rename_read(self) -> None:
        """A file gets another name after it was read: a row for each."""
        if (name := self._read_one()) is not None:
            new = f"moved{self.arrived}-{self.faults}.png"
            (self.inbox / name).rename(self.inbox / new)
            sha256 = self._here.pop(name)
            self.expected.add((new, sha256))
            self._here[new] = sha256

    def overwrite_read(self) -> None:
        """A file is written again after it was read: its row changes."""
        if (name := self._read_one()) is not None:
            data = self._content()
            self.expected.discard((name, self._here.pop(name)))
            (self.inbox / name).write_bytes(data)  # in place: its row changes
            self._expect(name, data)

    def touch_read(self) -> None:
        """Only the time of a file changes."""
        if (name := self._read_one()) is not None:
            (self.inbox / name).touch()

    def lose_share(self) -> None:
        """The inbox goes for a while, and files come meanwhile."""
        away = self.inbox.with_name("away")
        self.inbox.rename(away)
        time.sleep(self._chance.uniform(0.1, 3))
        data = self._content()
        (away / f"meanwhile{self.arrived}.png").write_bytes(data)
        self._expect(f"meanwhile{self.arrived}.png", data)
        away.rename(self.inbox)

    def kill_observer(self) -> None:
        """Nobody listens any more."""
        self._kill(self.watcher.read_heartbeat().get("observer"))

    def kill_reader(self) -> None:
        """A worker dies."""
        workers = self.watcher.read_heartbeat().get("workers")
        self._kill(self._chance.choice(workers) if isinstance(workers, list) and workers else 0)

    def _kill(self, pid: object) -> None:
        if isinstance(pid, int) and pid > 0:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill(self) -> None:
        """The watcher is killed and started again."""
        self.watcher.process.kill()
        self.watcher.process.wait()
        self.watcher = self._start()

    def stop(self) -> None:
        """The watcher is ended and started again; a file comes meanwhile."""
        code = self.watcher.stop()
        assert code == 143, f"ended with {code}: {self.watcher.stderr[-2000:]}"
        self.write()  # while it is off
        self.watcher = self._start()

    # What came of it.

    def _look(self) -> None:
        """How large the processes are, once a second."""
        if time.monotonic() - self._looked >= 1:
            self._looked = time.monotonic()
            if self.watcher.process.poll() is not None:
                raise RuntimeError(f"the watcher ended: {self.watcher.stderr[-2000:]}")
            self.sizes.append(sum(read_resident_set(pid)[1] for pid in self.watcher.list_pids()))

    def _wait_for_all(self) -> None:
        with suppress(AssertionError):  # what is missing is told by name below
            wait_for(lambda: self.expected <= self._known(), "every file is on record", 90, 0.5)
        time.sleep(2 * SETTLE)

    def wrong_rows(self) -> list[str]:
        """Files without a row or with several, and rows of no file."""
        rows = self.watcher.read_rows()
        self.rows = len(rows)
        listed = json.loads((self.outbox / "results.json").read_text())["rows"]
        found = Counter((row["file"], row["sha256"]) for row in rows)
        other = Counter((row["file"], row["sha256"]) for row in listed)
        wrong = [f"no row: {key}" for key in self.expected - set(found)]
        wrong += [f"no file: {key}" for key in set(found) - self.expected]
        wrong += [f"{count} rows: {key}" for key, count in found.items() if count > 1]
        wrong += [f"CSV and JSON differ: {key}" for key in (found - other) + (other - found)]
        # And nothing was lost on the way to quarantine.
        return wrong + [f"lost: {name}" for name in self._here if not (self.inbox / name).exists()]

    def memory(self) -> tuple[float, float]:
        """MB in the last fifth and in the second fifth of the last watcher's life."""
        half = self.sizes[len(self.sizes) // 2 :]
        fifth = max(1, len(half) // 5)
        return statistics.median(half[-fifth:]), statistics.median(half[fifth : 2 * fifth])

    def clear(self) -> None:
        """Give the space back."""
        shutil.rmtree(self._aside)


Action = Callable[[Day], None]
#: Ways to arrive, and how often each is taken.
ARRIVALS: dict[Action, int] = {
    Day.write: 60,
    Day.rename_in: 20,
    Day.write_in_pieces: 3,
    Day.link: 3,
    Day.move_folder_in: 3,
}
#: Faults after which there is another process to look at.
RESTARTS: tuple[Action, ...] = (Day.kill, Day.stop, Day.kill_observer, Day.kill_reader)
FAULTS: tuple[Action, ...] = (
    *RESTARTS,
    Day.delete_young,
    Day.rename_young,
    Day.overwrite_young,
    Day.delete_read,
    Day.rename_read,
    Day.overwrite_read,
    Day.touch_read,
    Day.lose_share,
)
