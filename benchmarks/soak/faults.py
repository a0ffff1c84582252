"""The things that go wrong at a drop folder."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from benchmarks.soak.arrivals import write_at_once
from benchmarks.soak.drop_folder import DropFolder

Fault = Callable[[DropFolder], None]


def delete_unsettled(folder: DropFolder) -> None:
    """Delete a file before it has settled: it gets no row."""
    data = folder.make_content()
    path = folder.inbox / f"young{folder.arrived}.png"
    path.write_bytes(data)
    path.unlink()


def rename_unsettled(folder: DropFolder) -> None:
    """Rename a file before it has settled: it gets one row, under its new name."""
    data = folder.make_content()
    path = folder.inbox / f"young{folder.arrived}.png"
    path.write_bytes(data)
    name = f"renamed{folder.arrived}.png"
    path.rename(folder.inbox / name)
    folder.expect(name, data)


def overwrite_unsettled(folder: DropFolder) -> None:
    """Overwrite a file before it has settled: it gets one row, of the second content."""
    path = folder.inbox / f"over{folder.arrived}.png"
    path.write_bytes(folder.make_content())
    data = folder.make_content()
    path.write_bytes(data)
    folder.expect(path.name, data)


def delete_read_file(folder: DropFolder) -> None:
    """Delete a file after it was read: its row stays."""
    if (name := folder.choose_read_file()) is not None:
        (folder.inbox / name).unlink()
        del folder.changeable[name]
        folder.free_names.append(name)


def rename_read_file(folder: DropFolder) -> None:
    """Rename a file after it was read: both names have a row."""
    if (name := folder.choose_read_file()) is not None:
        new_name = f"moved{folder.arrived}.png"
        (folder.inbox / name).rename(folder.inbox / new_name)
        sha256 = folder.changeable.pop(name)
        folder.expected.add((new_name, sha256))
        folder.changeable[new_name] = sha256


def overwrite_read_file(folder: DropFolder) -> None:
    """Overwrite a file after it was read: its row changes."""
    if (name := folder.choose_read_file()) is not None:
        data = folder.make_content()
        folder.expected.discard((name, folder.changeable.pop(name)))
        (folder.inbox / name).write_bytes(data)
        folder.expect(name, data)


def touch_read_file(folder: DropFolder) -> None:
    """Change only the time of a file that was read."""
    if (name := folder.choose_read_file()) is not None:
        (folder.inbox / name).touch()


def take_inbox_away(folder: DropFolder) -> None:
    """Take the inbox away for a while, as if its share were gone; a file arrives meanwhile."""
    away = folder.inbox.with_name("away")
    folder.inbox.rename(away)
    time.sleep(folder.rng.uniform(0.1, 3))
    data = folder.make_content()
    (away / f"meanwhile{folder.arrived}.png").write_bytes(data)
    folder.expect(f"meanwhile{folder.arrived}.png", data)
    away.rename(folder.inbox)


def kill_observer(folder: DropFolder) -> None:
    """Kill the process that receives the events of the file system."""
    _kill(folder.watcher.read_heartbeat().get("observer"))


def kill_worker(folder: DropFolder) -> None:
    """Kill a worker process."""
    workers = folder.watcher.read_heartbeat().get("workers")
    _kill(folder.rng.choice(workers) if isinstance(workers, list) and workers else 0)


def _kill(pid: object) -> None:
    if isinstance(pid, int) and pid > 0:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_watcher(folder: DropFolder) -> None:
    """Kill the watcher and start it again."""
    folder.watcher.process.kill()
    folder.watcher.process.wait()
    folder.restart_watcher()


def stop_watcher(folder: DropFolder) -> None:
    """End the watcher and start it again; a file arrives meanwhile."""
    code = folder.watcher.stop()
    assert code == 143, f"ended with {code}: {folder.watcher.stderr[-2000:]}"
    write_at_once(folder)
    folder.restart_watcher()


#: Faults after which another process runs, whose memory starts small.
RESTARTS: tuple[Fault, ...] = (kill_watcher, stop_watcher, kill_observer, kill_worker)
FAULTS: tuple[Fault, ...] = (
    *RESTARTS,
    delete_unsettled,
    rename_unsettled,
    overwrite_unsettled,
    delete_read_file,
    rename_read_file,
    overwrite_read_file,
    touch_read_file,
    take_inbox_away,
)
