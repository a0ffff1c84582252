"""What is tried under faults and power cuts: four commands over six files, and what must follow."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from batchdigits.errors import ExitCode
from tests.conftest import load_sample_digits, read_csv, write_png
from tests.support.faults.control import FaultServer
from tests.support.programs import Process
from tests.support.watcher_process import read_table

COMMANDS = ("run", "watch", "correct", "requeue")
#: Seconds after which a command hangs.
LIMIT = 60.0
#: Long ago: nobody is writing to the files any more.
WRITTEN_AT = 1_600_000_000
_BROKEN = {"empty.png": b"", "text.png": b"No image."}
LATE = ("b/1.png", "b/3.png", "text.png")
#: Seconds in which a watcher that lives has read its files, after a fault too.
_WATCHED_FOR = 9.0


def make_template(folder: Path) -> Path:
    """Make the folders of a user: an inbox of four scans and two broken files, and a home."""
    for number, (image, _) in enumerate(load_sample_digits()[:4]):
        write_png(folder / "inbox" / ("b" if number % 2 else "a") / f"{number}.png", image)
    for name, content in _BROKEN.items():
        (folder / "inbox" / name).write_bytes(content)
    for path in (folder / "inbox").rglob("*"):
        os.utime(path, (WRITTEN_AT, WRITTEN_AT))
    settings = folder / "home" / ".config" / "batchdigits" / "batchdigits.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("[run]\nparquet = false\n")
    (folder / "corrected.csv").write_text("file,corrected_digit\na/0.png,7\nb/1.png,8\n")
    return folder


def read_files(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder, by their path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@dataclass(frozen=True)
class Scenario:
    """One command over the folders of one user, which lie in the same place each time.

    Attributes:
        server: starts commands.
        slot: of the server, for this scenario alone.
        command: which is tried.
        folder: holds inbox, outbox, home, and a table of corrections.
        start: what ``folder`` is before the command.
        late: files that come only when a watcher watches.
        options: of ``run`` and ``watch``.
        far: a folder on another disk, where the inbox lies then.
    """

    server: FaultServer
    slot: int
    command: str
    folder: Path
    start: Path
    late: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    far: Path | None = None

    @property
    def inbox(self) -> Path:
        """The folder of scans."""
        return (self.far or self.folder) / "inbox"

    @property
    def roots(self) -> list[Path]:
        """The folders that hold all that is the user's."""
        return [self.folder, self.far] if self.far else [self.folder]

    @property
    def outbox(self) -> Path:
        """The folder of results."""
        return self.folder / "outbox"

    @classmethod
    def prepare(
        cls,
        server: FaultServer,
        slot: int,
        command: str,
        template: Path,
        far: Path | None = None,
    ) -> "Scenario":
        """Make the folders: ``correct`` and ``requeue`` follow upon a run."""
        folder = template.with_name(f"user-{slot}")
        start = template.with_name(f"start-{slot}")
        scenario = cls(server, slot, command, folder, start, far=far)
        shutil.rmtree(start, ignore_errors=True)
        shutil.copytree(template, start)
        if command in ("correct", "requeue"):
            scenario.reset()
            assert scenario.call("run") == ExitCode.SOME_UNREAD
            shutil.rmtree(start)
            shutil.copytree(folder, start)
            shutil.copytree(scenario.inbox, start / "inbox", dirs_exist_ok=True)
        return scenario

    def make_arguments(self, command: str) -> list[object]:
        """Return the words of a command."""
        if command == "run":
            return ["run", self.inbox, self.outbox, "-q", *self.options]
        if command == "watch":
            times = ["--settle", 0.05, "--grace", 0]
            return ["watch", self.inbox, self.outbox, *times, *self.options]
        if command == "requeue":
            return [command, self.outbox, "--inbox", self.inbox]
        return [command, self.outbox, self.folder / "corrected.csv"]

    def call(self, command: str) -> int:
        """Run a command that nothing disturbs; returns its exit code."""
        process = self.server.start(self.slot, self.folder / "home", *self.make_arguments(command))
        code = process.wait(LIMIT)
        assert code is not None and "Traceback" not in process.output, process.output
        return code

    def reset(self) -> None:
        """Put the folders back to what they were."""
        for root in self.roots:
            shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.start, self.folder)
        if self.far:
            shutil.move(self.folder / "inbox", self.inbox)
        for name in self.late:
            path = self.folder / "late" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            (self.inbox / name).rename(path)

    def begin(self) -> Process:
        """Start the command."""
        home, arguments = self.folder / "home", self.make_arguments(self.command)
        return self.server.start(self.slot, home, *arguments)

    def attend(self, process: Process) -> int | None:
        """Do what is to be done while the command runs; returns its exit code, ``None`` if hung."""
        if self.command == "watch":
            _wait(lambda: bool(process.wait(0) or self._read_heartbeat().get("last_rescan")))
            for name in self.late:
                (self.folder / "late" / name).rename(self.inbox / name)
            _wait(lambda: process.wait(0) is not None or self._is_all_read())
            if process.wait(0) is None:
                process.signal(signal.SIGTERM)
        return process.wait(LIMIT)

    def _read_heartbeat(self) -> dict[str, object]:
        try:
            return dict(json.loads((self.outbox / ".batchdigits" / "watch.json").read_bytes()))
        except (OSError, ValueError):
            return {}

    def _is_all_read(self) -> bool:
        return len(read_table(self.outbox / "results.csv")) == 6

    def find_scans(self) -> set[bytes]:
        """Find what scans there are, wherever they are: in the inbox, or on their way from it."""
        return {
            content
            for folder in (self.inbox, self.outbox / "quarantine")
            for content in read_files(folder).values()
        }

    @property
    def scans(self) -> set[bytes]:
        """What scans there are from the start."""
        return set(read_files(self.start / "inbox").values()) | set(_BROKEN.values())

    def go_on(self, code: int | None) -> None:
        """Do what a user does next: say it again where it ended with an error, then ``run``.

        Raises:
            AssertionError: something is not as it would be if nothing had gone wrong.
        """
        if self.command in ("correct", "requeue"):
            if code != ExitCode.OK:
                again = self.call(self.command)
                assert again == ExitCode.OK, f"said again, {self.command} ends with {again}"
            if self.command == "requeue":
                names = set(read_files(self.inbox))
                assert names == set(read_files(self.start / "inbox")) | set(_BROKEN), names
        ended = self.call("run")
        assert ended in (ExitCode.OK, ExitCode.SOME_UNREAD), f"the run afterwards ends with {ended}"

    def look(self) -> set[str]:
        """Tell everything there is at the end, but for times."""
        listed = json.loads((self.outbox / "results.json").read_text())["rows"]
        quarantine = read_files(self.outbox / "quarantine")
        return {
            *(
                f"{kind}: {row['file']}, {column}: {value}"
                for kind, rows in (("CSV", read_csv(self.outbox)), ("JSON", listed))
                for row in rows
                for column, value in row.items()
                if column != "read_at"
            ),
            *(f"inbox: {name}, {data[-8:]!r}" for name, data in read_files(self.inbox).items()),
            *(f"quarantine: {name}" for name in quarantine),
            *(f"{name}" for name in read_files(self.outbox / "thumbnails")),
            *(f"outbox: {path.name}" for path in self.outbox.iterdir()),
        }


def find_differences(expected: set[str], seen: set[str]) -> str:
    """Say what is missing and what is new; empty where nothing is."""
    return "; ".join(
        [
            *(f"missing: {line}" for line in sorted(expected - seen)),
            *(f"new: {line}" for line in sorted(seen - expected)),
        ]
    )


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WATCHED_FOR
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.03)
