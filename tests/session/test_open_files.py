"""Files that somebody has open for writing while a run or a watcher is at work.

`make faults` has a hundred writers for each of the two, and for each place of the outbox.
"""

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Run, read_csv
from tests.session.conftest import Digits
from tests.support.watcher_process import SETTLE, wait_for
from tests.watching.conftest import watching

pytestmark = [pytest.mark.integration, pytest.mark.faults]

#: How many writers; `make test-all` and `make faults` have more.
WRITERS = int(os.environ.get("BATCHDIGITS_WRITERS", "3"))
_WRITERS_PER_RUN = 5
Rows = dict[str, tuple[str, str]]


def rows_of(outbox: Path) -> Rows:
    """Status, and digit or reason, of each file in the inbox or in quarantine."""
    return {
        row["file"]: (row["status"], row["digit"] or row["reason"])
        for row in read_csv(outbox)
        if row["source_state"] != "gone"
    }


@pytest.fixture(params=["same disk", "other disk"])
def results(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """An outbox on the inbox's file system, or on another one."""
    if request.param == "same disk":
        yield tmp_path / "outbox"
        return
    folder = Path("/dev/shm") / f"batchdigits-test-{os.getpid()}"
    if not folder.parent.is_dir() or folder.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system at /dev/shm")
    folder.mkdir()
    yield folder / "outbox"
    subprocess.run(["rm", "-r", folder], check=True)


@pytest.fixture(scope="module")
def contents(digits: Digits) -> list[tuple[bytes, str]]:
    """PNG files of digits, each its own content, and their digits."""
    import cv2

    contents = []
    for number in range(max(40, WRITERS)):
        image, digit = digits[number % len(digits)]
        image = image.copy()
        image[0, 0] = number % 251
        image[0, 1] = number // 251
        contents.append((cv2.imencode(".png", image)[1].tobytes(), digit))
    return contents


def test_a_file_that_is_open_is_busy_and_read_by_the_next_run(
    batchdigits: Run, inbox: Path, results: Path, contents: list[tuple[bytes, str]]
) -> None:
    whole, digit = contents[0]
    (inbox / "bad.png").write_bytes(b"no image")
    (inbox / "placeholder.png").touch()
    with (inbox / "half.png").open("wb") as half, (inbox / "placeholder.png").open("ab"):
        half.write(whole[:300])
        half.flush()
        done = batchdigits("run", inbox, results, "-v")
        assert done.returncode == 3, done.stderr
        assert rows_of(results) == {
            "bad.png": ("quarantined", "not_an_image"),
            "half.png": ("failed", "busy"),
            "placeholder.png": ("failed", "busy"),
        }
        assert "open for writing" in done.stderr
        assert sorted(path.name for path in inbox.iterdir()) == ["half.png", "placeholder.png"]
        half.write(whole[300:])
    (inbox / "placeholder.png").write_bytes(whole)
    assert batchdigits("run", inbox, results).returncode == 0
    assert rows_of(results)["half.png"] == rows_of(results)["placeholder.png"] == ("ok", digit)


def test_a_file_closed_and_opened_again_is_looked_at_twice(
    inbox: Path, results: Path, contents: list[tuple[bytes, str]]
) -> None:
    whole, digit = contents[1]
    (inbox / "reopened.png").write_bytes(whole[:300])
    (inbox / "cut.png").write_bytes(whole[:200])
    (inbox / "old.png").write_bytes(whole[:100])
    os.utime(inbox / "old.png", (1_500_000_000, 1_500_000_000))
    command = [sys.executable, "-m", "batchdigits", "run", str(inbox), str(results), "-q"]
    with subprocess.Popen([*command, "--settle", "4"]) as process:
        wait_for(lambda: not (inbox / "old.png").exists(), "it is judged at once")
        with (inbox / "reopened.png").open("ab") as file:
            file.write(whole[300:])
        assert (inbox / "cut.png").exists(), "it has time to be completed"
        assert process.wait(60) == 3
    assert rows_of(results) == {
        "cut.png": ("quarantined", "truncated"),
        "old.png": ("quarantined", "truncated"),
        "reopened.png": ("ok", digit),
    }
    assert [path.name for path in inbox.iterdir()] == ["reopened.png"]


def test_without_leases_age_decides(
    inbox: Path, outbox: Path, contents: list[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from batchdigits.cli.commands import run
    from batchdigits.config import RunSettings
    from tests.session.conftest import Meddler

    monkeypatch.setattr("batchdigits.system.safe_files.leases._is_shared", lambda *_: True)
    for name, age in (("young", 5.0), ("old", 100.0), ("growing", 100.0)):
        (inbox / f"{name}.png").write_bytes(contents[0][0][:300])
        os.utime(inbox / f"{name}.png", (time.time() - age,) * 2)

    def grow() -> None:
        with (inbox / "growing.png").open("ab") as file:
            file.write(contents[0][0][300:400])
            file.flush()
            os.utime(inbox / "growing.png", (time.time() - 90,) * 2)

    timer = threading.Timer(0.4, grow)
    listener = Meddler(timer.start)
    run.run(RunSettings(inbox, outbox, settle=1.5, workers=1), listener)
    assert rows_of(outbox) == {
        "young.png": ("failed", "busy"),
        "old.png": ("quarantined", "truncated"),
        "growing.png": ("failed", "busy"),
    }


class SlowWriter(threading.Thread):
    """Somebody who writes a file in parts, and may keep it open for long between two.

    Attributes:
        path: the file.
        has_begun: whether the file was there to be opened.
    """

    def __init__(self, path: Path, content: bytes, chance: random.Random, latest: float) -> None:
        super().__init__()
        self.path, self.has_begun = path, True
        self._content = content
        self._delay = chance.uniform(0, latest)
        self._cut = chance.choice([0, chance.randrange(len(content))])
        self._stalls = chance.random() < 0.7
        self._appends = chance.random() < 0.5
        self._go_on = threading.Event()
        if self._appends:  # a broken transfer that somebody takes up again just now
            path.write_bytes(content[: self._cut])
            os.utime(path, (1_500_000_000, 1_500_000_000))
        self.start()

    def run(self) -> None:
        time.sleep(self._delay)
        try:
            flags = os.O_WRONLY | (os.O_APPEND if self._appends else os.O_CREAT)
            descriptor = os.open(self.path, flags)
        except FileNotFoundError:  # it is in quarantine already
            self.has_begun = False
            return
        if not self._appends:
            os.write(descriptor, self._content[: self._cut])
        if self._stalls:
            self._go_on.wait(120)
        os.write(descriptor, self._content[self._cut :])
        os.close(descriptor)

    def finish(self) -> None:
        """Let it write the rest."""
        self._go_on.set()
        self.join(120)


def check_writers(
    writers: list[SlowWriter], contents: dict[str, tuple[bytes, str]], inbox: Path, results: Path
) -> Rows:
    """Check that all that was written is there; return what must become of each file."""
    expected = {}
    for writer in writers:
        whole, digit = contents[writer.path.name]
        expected[writer.path.name] = ("ok", digit)
        if not writer.has_begun:
            expected[writer.path.name] = rows_of(results)[writer.path.name]
            assert expected[writer.path.name][0] == "quarantined"
            continue
        kept = [inbox / writer.path.name, results / "quarantine" / writer.path.name]
        assert [path.read_bytes() for path in kept if path.exists()] == [whole], writer.path
    return expected


def test_runs_lose_nothing_of_what_is_being_written(
    batchdigits: Run, inbox: Path, results: Path, contents: list[tuple[bytes, str]]
) -> None:
    chance = random.Random(WRITERS)
    for start in range(0, WRITERS, _WRITERS_PER_RUN):
        outbox = results / str(start)
        folder = inbox / str(start)
        folder.mkdir()
        for number in range(20):
            (folder / f"bad{number}.png").write_bytes(b"no image %d" % number)
        names = {
            f"{number}.png": contents[number]
            for number in range(start, min(start + _WRITERS_PER_RUN, WRITERS))
        }
        writers = [
            SlowWriter(folder / name, content, chance, 1.5) for name, (content, _) in names.items()
        ]
        done = batchdigits("run", folder, outbox, "--settle", SETTLE)
        assert done.returncode == 3, done.stderr
        for writer in writers:
            writer.finish()
        expected = check_writers(writers, names, folder, outbox)
        batchdigits("run", folder, outbox)
        rows = rows_of(outbox)
        assert {name: rows[name] for name in names} == expected


@pytest.mark.parametrize(
    "processed", ["leave", "delete", pytest.param("move", marks=pytest.mark.long)]
)
def test_a_watcher_loses_nothing_of_what_is_being_written(
    inbox: Path, results: Path, contents: list[tuple[bytes, str]], processed: str
) -> None:
    chance = random.Random(WRITERS)
    count = WRITERS if processed == "leave" else max(2, WRITERS // 5)
    names = {f"{number}.png": contents[number] for number in range(count)}
    with watching(inbox, results, "--processed", processed, "--rescan", 2) as watched:
        writers = [
            SlowWriter(inbox / name, content, chance, 4 + count / 20)
            for name, (content, _) in names.items()
        ]
        time.sleep(6 + count / 20)  # longer than settle and grace together
        for writer in writers:
            if writer.is_alive() and (results / "results.csv").exists():
                row = rows_of(results).get(writer.path.name, ("failed", "busy"))
                assert row[0] == "failed" or writer.path.exists(), "it is left where it is"
            writer.finish()
        if processed == "leave":
            expected = check_writers(writers, names, inbox, results)
        else:
            expected = {name: ("ok", digit) for name, (_, digit) in names.items()}
            for writer in writers:
                if not writer.has_begun:
                    expected[writer.path.name] = rows_of(results)[writer.path.name]
        wait_for(lambda: rows_of(results) == expected, "every file has its row", 60)
        watched.stop()
    kept = {path.read_bytes() for folder in (inbox, results) for path in folder.rglob("*.png")}
    if processed == "delete":  # what is gone was read whole
        read = {row["sha256"] for row in read_csv(results)}
        for writer in writers:
            whole = names[writer.path.name][0]
            assert not writer.has_begun or hashlib.sha256(whole).hexdigest() in read
        return
    for writer in writers:
        assert not writer.has_begun or names[writer.path.name][0] in kept
