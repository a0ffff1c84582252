"""Journals that a stranger made, or a disk damaged: refused in one sentence, nothing is lost."""

import gc
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from batchdigits.cli.main import _run as run_command_line
from batchdigits.errors import BatchdigitsError, ExitCode, OutboxError
from batchdigits.journal import schema
from batchdigits.journal.entries import decompress_image
from batchdigits.journal.journal import Journal
from batchdigits.journal.paths import inside, is_inside
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.system.logs import LOG
from tests.conftest import load_sample_digits, write_png

#: Every second one reads most of what a journal holds.
COMMANDS = (
    ("report", "{outbox}", "--xlsx"),
    ("correct", "{outbox}", "--export", "{outbox}-export"),
    ("run", "{inbox}", "{outbox}", "--workers", "1", "--force", "--quiet"),
    ("run", "{inbox}", "{outbox}", "--dry-run", "--quiet"),
    ("requeue", "{outbox}", "--inbox", "{inbox}"),
    ("run", "{inbox}", "{outbox}", "--workers", "1", "--retry-failed", "--quiet"),
    ("status", "{outbox}"),
    ("verify", "{outbox}"),
    ("verify", "{outbox}", "--repair"),
)
#: What a command may end with, whatever the journal says.
ALLOWED_CODES = {
    *(ExitCode.OK, ExitCode.USAGE, ExitCode.SOME_UNREAD, ExitCode.NOTHING_TO_READ),
    *(ExitCode.OUTBOX, ExitCode.DATA, ExitCode.WATCHER_UNWELL, ExitCode.DIFFERENCES),
}


@pytest.fixture(scope="module", autouse=True)
def _same_log_afterwards() -> Iterator[None]:
    """Leave logging as it was: commands that run in this process set it up."""
    before = LOG.handlers, LOG.propagate, LOG.level
    yield
    LOG.handlers, LOG.propagate, LOG.level = before
    gc.unfreeze()


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an inbox that was read into an outbox; one file is in quarantine."""
    folder = tmp_path_factory.mktemp("healthy")
    for number, (image, _) in enumerate(load_sample_digits()[:3]):
        write_png(folder / "inbox" / "box" / f"{number}.png", image)
    (folder / "inbox" / "bad.png").write_bytes(b"no image")
    command_line("run", str(folder / "inbox"), str(folder / "outbox"), "--workers", "1")
    with Journal(folder / "outbox") as journal:
        (sha256,) = journal.query("SELECT sha256 FROM files WHERE readable").fetchone()
        with journal.transaction() as sql:
            sql.execute(
                "INSERT INTO corrections VALUES (?, 1, 3, '2026-11-21T10:00:00Z')", (sha256,)
            )
    command_line("report", str(folder / "outbox"))
    with Journal(folder / "outbox") as journal:
        journal.sql.execute("PRAGMA journal_mode = DELETE")
    return folder


@pytest.fixture
def copy(healthy: Path, tmp_path: Path) -> Path:
    return copy_to(healthy, tmp_path / "copy")


def copy_to(healthy: Path, target: Path) -> Path:
    """Copy inbox and outbox; the journal's outbox then belongs to the copied inbox."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(healthy, target)
    change(target, "UPDATE meta SET value = ? WHERE key = 'inbox'", str(target / "inbox"))
    (target / "outbox" / "report.html").unlink()  # so that all rows are wanted
    return target


def change(folder: Path, statement: str, *values: object) -> None:
    sql = sqlite3.connect(folder / "outbox" / STATE_FOLDER / JOURNAL_FILE)
    with sql:
        sql.execute(statement, values)
    sql.close()


def command_line(*arguments: str) -> int:
    return run_command_line(list(arguments))


def try_all(folder: Path, commands: Sequence[Sequence[str]] = COMMANDS) -> list[OutboxError]:
    """Run every command on an outbox; none may raise what is not one sentence."""
    refusals = []
    for command in commands:
        words = [word.format(inbox=folder / "inbox", outbox=folder / "outbox") for word in command]
        try:
            code = command_line(*words)
        except BatchdigitsError as error:
            code = error.exit_code
            assert "\n" not in str(error)
            if isinstance(error, OutboxError):
                refusals.append(error)
        assert code in ALLOWED_CODES, (command, code)
    return refusals


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/passwd",
        "a/../../x",
        "a//b",
        "",
        ".",
        "a\0b",
        r"\x2e\x2e/x",
        r"\x2fetc",
        "a/",
        7,
    ],
)
def test_names_that_lead_out_of_their_folder(name: str) -> None:
    assert not is_inside(name)
    with pytest.raises(OutboxError, match="outside of"):
        inside("/root", name)


def test_names_that_stay_in_their_folder() -> None:
    assert inside("/root", r"a/..b/c..\\x2e\xff.png") == "/root/a/..b/c..\\x2e\udcff.png"


#: One stranger's change each.
HOSTILE = {
    "name leads out": "UPDATE files SET name = '../../planted.png'",
    "name is absolute": "UPDATE files SET name = '/tmp/planted.png' WHERE bad",
    "name hides dots": r"UPDATE files SET name = '\x2e\x2e/planted.png' WHERE bad",
    "aside leads out": "UPDATE files SET aside = '../secret' WHERE bad",
    "aside is a report": "UPDATE files SET aside = 'results.csv' WHERE bad",
    "thumbnail leads out": "UPDATE pages SET thumbnail = '../secret'",
    "thumbnail is absolute": "UPDATE pages SET thumbnail = '/etc/hostname'",
    "thumbnail is a report": "UPDATE pages SET thumbnail = 'results.json'",
    "removing": """INSERT OR REPLACE INTO meta VALUES ('removing', '["../secret"]')""",
    "trigger": "CREATE TRIGGER hide AFTER INSERT ON pages BEGIN DELETE FROM pages; END",
    "view": "CREATE VIEW rows AS SELECT * FROM pages",
    "table": "CREATE TABLE more (x)",
    "index": "CREATE INDEX more ON files (size + 1)",
    "computed": "ALTER TABLE files ADD COLUMN more AS (upper(name))",
    "negative version": "PRAGMA user_version = -3",
    "earlier version": "PRAGMA user_version = 0",
    "wrong kind": "UPDATE pages SET digit = x'00'",
    "no digit": "UPDATE pages SET digit = 99",
    "no certainty": "UPDATE pages SET confidence = 9e999",
    "no text": "UPDATE files SET name = CAST(x'ff2e706e67' AS TEXT)",
    "no status": "UPDATE pages SET status = 'fine'",
    "no reason": "UPDATE pages SET reason = NULL WHERE status = 'quarantined'",
    "no time": "UPDATE pages SET read_at = 'now and then'",
    "no scores": "UPDATE pages SET scores = '[1,2'",
    "no list": "UPDATE meta SET value = '[[[' WHERE key = 'run'",
    "no number": "UPDATE meta SET value = 'x' WHERE key = 'change'",
    "large number": f"UPDATE meta SET value = {2**63 - 1} WHERE key = 'change'",
    "large id": f"UPDATE files SET id = {2**63 - 1} WHERE bad",
    "no counts": """UPDATE meta SET value = replace(value, '3', '"x"') WHERE key = 'totals'""",
}


@pytest.mark.parametrize("statement", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_stranger_s_journal_is_refused(copy: Path, statement: str) -> None:
    change(copy, statement)
    secret = copy / "secret"
    secret.write_bytes(b"secret")
    refusals = try_all(copy, COMMANDS[::2])
    assert refusals
    assert all("rename it to start over" in str(error) for error in refusals), refusals
    assert secret.read_bytes() == b"secret" and not (copy.parent / "planted.png").exists()
    assert not Path("/tmp/planted.png").exists()
    assert not any(b"c2VjcmV0" in path.read_bytes() for path in copy.glob("outbox/report.html"))


def test_an_image_that_unpacks_to_too_much_is_refused(copy: Path) -> None:
    with pytest.raises(ValueError, match="an image of"):
        decompress_image(zlib.compress(bytes(1 << 20)))
    bomb = zlib.compress(bytes(900_000), 9)
    assert len(bomb) < 1024
    change(copy, "UPDATE pages SET image = ?", bomb)
    with pytest.raises(OutboxError, match="is damaged"):
        command_line("report", str(copy / "outbox"))


@pytest.mark.parametrize("name", [STATE_FOLDER, f"{STATE_FOLDER}/{JOURNAL_FILE}"])
def test_a_linked_journal_is_refused(copy: Path, name: str) -> None:
    path, elsewhere = copy / "outbox" / name, copy / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    remedy = "put what it leads to in its place"
    assert all(
        f"is a link, so the outbox cannot be trusted: {remedy}" in str(error)
        for error in try_all(copy)
    )
    path.unlink()
    elsewhere.rename(path)
    command_line("report", str(copy / "outbox"))
    path.rename(elsewhere)
    path.symlink_to("nowhere")
    assert all(
        "is a link, so the outbox cannot be trusted: remove it" in str(error)
        for error in try_all(copy)
    )


def test_journals_of_every_earlier_version_open(tmp_path: Path) -> None:
    for version in range(len(schema.MIGRATIONS) + 1):
        outbox = tmp_path / str(version)
        (outbox / STATE_FOLDER).mkdir(parents=True)
        sql = sqlite3.connect(outbox / STATE_FOLDER / JOURNAL_FILE, isolation_level=None)
        schema.migrate(sql, version)
        if version:
            sql.execute("INSERT INTO makers VALUES (1, 'digits', 'ab', '{}')")
            sql.execute(
                "INSERT INTO files (id, name, order_key, size, mtime_ns, inode, born_ns, sha256, "
                "state, maker, pictured, readable, bad) "
                "VALUES (1, 'a.png', 'a', 1, 1, 1, 1, '', 'present', 1, 'off', 1, 0)"
            )
        sql.close()
        with Journal(outbox) as journal:
            assert schema.read_version(journal.sql) == len(schema.MIGRATIONS)
            journal.check_rows()
            assert journal.is_present("a.png") == bool(version)


def damage(folder: Path, seed: int) -> None:
    """Damage a journal, in a way of its own for each seed."""
    rng = random.Random(seed)
    path = folder / "outbox" / STATE_FOLDER / JOURNAL_FILE
    ways: list[Callable[[], None]] = [
        lambda: _change_bytes(path, rng, 1 + rng.randrange(40)),
        lambda: _clear_page(path, rng),
        lambda: os.truncate(path, rng.randrange(path.stat().st_size)),
        lambda: _change_cells(folder, rng),
        lambda: _change_cells(folder, rng),
    ]
    ways[seed % len(ways)]()


def _change_bytes(path: Path, rng: random.Random, count: int) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(count):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)


def _clear_page(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    start = rng.randrange(len(data) // 4096) * 4096
    data[start : start + 4096] = bytes(4096)
    path.write_bytes(data)


def _change_cells(folder: Path, rng: random.Random) -> None:
    sql = sqlite3.connect(folder / "outbox" / STATE_FOLDER / JOURNAL_FILE)
    names = [name for (name,) in sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    table = rng.choice(names)
    column = rng.choice([row[1] for row in sql.execute(f"PRAGMA table_info({table})")])
    text = "CAST(x'80ff41' AS TEXT)"
    values = [
        "NULL",
        "''",
        "'x'",
        "x'ff00'",
        "-1",
        "1.5",
        str(2**63 - 1),
        "9e999",
        "'[]'",
        "'{}'",
        text,
    ]
    try:
        with sql:
            sql.execute(f"UPDATE OR IGNORE {table} SET {column} = {rng.choice(values)}")
    except sqlite3.IntegrityError:  # NULL where there must be something
        pass
    sql.close()


#: How many damaged journals; `make faults` has more.
JOURNALS = int(os.environ.get("BATCHDIGITS_JOURNALS", "20"))


def check_damages(healthy: Path, folder: Path, seeds: range, step: int = 1) -> None:
    """Run commands on damaged journals, on each in a process of its own, under a gigabyte."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in seeds:
        copy = copy_to(healthy, folder / "copy")
        damage(copy, seed)
        shutil.rmtree(folder / "copy" / "outbox-export", ignore_errors=True)
        child = os.fork()
        if not child:
            try_all_and_exit(copy, COMMANDS[seed % step :: step])
        _, status, usage = os.wait4(child, 0)
        assert status == 0, f"seed {seed}"
        assert usage.ru_maxrss - before < 1 << 20, f"seed {seed}: kilobytes, a gigabyte"


def try_all_and_exit(folder: Path, commands: Sequence[Sequence[str]]) -> NoReturn:
    code = 1
    try:
        try_all(folder, commands)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def test_damaged_journals_never_raise(healthy: Path, tmp_path: Path) -> None:
    check_damages(healthy, tmp_path, range(6), step=3)


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.parametrize("first", range(12, 12 + JOURNALS, 20))
def test_many_damaged_journals_never_raise(healthy: Path, tmp_path: Path, first: int) -> None:
    check_damages(healthy, tmp_path, range(first, min(first + 20, 12 + JOURNALS)))


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.parametrize("seed", range(300, 300 + max(5, JOURNALS // 5)))
@pytest.mark.parametrize("command", ["watch", "evaluate"])
def test_watch_and_evaluate_take_damaged_journals(copy: Path, command: str, seed: int) -> None:
    damage(copy, seed)
    data = copy / "inbox"
    if command == "evaluate":
        data = copy / "labelled"
        shutil.copytree(copy / "inbox" / "box", data / "7")
        change_if_readable(copy, "UPDATE meta SET value = ? WHERE key = 'inbox'", str(data))
    words = [sys.executable, "-m", "batchdigits", command, str(data), str(copy / "outbox")]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    if command == "watch":
        with suppress(subprocess.TimeoutExpired):
            process.wait(2)
        process.terminate()
    _, stderr = process.communicate(timeout=60)
    assert "Traceback" not in stderr, stderr
    # The signal may come before anybody listens to it.
    assert process.returncode in {*ALLOWED_CODES, 128 + signal.SIGTERM, -signal.SIGTERM}, stderr
    if process.returncode == ExitCode.OUTBOX:
        assert "batchdigits: " in stderr.splitlines()[-1]


def change_if_readable(folder: Path, statement: str, *values: object) -> None:
    with suppress(sqlite3.Error):
        change(folder, statement, *values)


def test_another_user_s_journal_needs_trust(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox = copy / "outbox"
    if os.geteuid():
        pytest.skip("only root can give files away")
    for path in (outbox / STATE_FOLDER).iterdir():
        os.chown(path, 4321, -1)
    assert command_line("report", str(outbox)) == ExitCode.OK, "root needs no trust"
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    for command in COMMANDS[:5]:
        words = [word.format(inbox=copy / "inbox", outbox=outbox) for word in command]
        with pytest.raises(OutboxError, match="--trust-outbox"):
            command_line(*words)
        assert command_line(*words, "--trust-outbox") in ALLOWED_CODES
    os.chown(outbox, 1234, -1)
    assert command_line("report", str(outbox)) == ExitCode.OK, "nor does the outbox's owner"
