"""Outboxes that somebody handed over, with links and fifos in them: nothing outside is touched."""

import base64
import os
import shlex
import shutil
import sqlite3
import sys
import time
import zipfile
from pathlib import Path

import pytest

from batchdigits.errors import ExitCode
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from tests.conftest import ROOT, Run, read_csv, write_png
from tests.support.watcher_process import wait_for
from tests.watching.conftest import Digits, watching

pytestmark = pytest.mark.integration

FOLDERS = ("processed", "quarantine", "sheets", "thumbnails")


@pytest.fixture(scope="module")
def template(batchdigits: Run, digits: Digits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an inbox that was read into an outbox, and one of the user's own files."""
    folder = tmp_path_factory.mktemp("template")
    for number in range(3):
        write_png(folder / "inbox" / "box" / f"{number}.png", digits[number][0])
    (folder / "inbox" / "box" / "bad.png").write_bytes(b"no image")
    done = batchdigits("run", folder / "inbox", folder / "outbox", "-q")
    assert done.returncode == ExitCode.SOME_UNREAD, done.stderr
    own = folder / "own"
    own.mkdir()
    # What would be removed, replaced, moved or shown if a link were followed.
    for name in (".x.123.tmp", "sheet-0009.png", "0.png.p1.png", "bad.png", "bad.png.json"):
        (own / name).write_bytes(b"my own secret")
    return folder


@pytest.fixture
def work(template: Path, tmp_path: Path) -> Path:
    """A copy of it; the journal's outbox belongs to the copied inbox."""
    work = tmp_path / "work"
    shutil.copytree(template, work)
    sql = sqlite3.connect(work / "outbox" / STATE_FOLDER / JOURNAL_FILE)
    with sql:
        sql.execute("UPDATE meta SET value = ? WHERE key = 'inbox'", (str(work / "inbox"),))
    sql.close()
    return work


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def link(path: Path, target: Path) -> None:
    """Put a link in the place of whatever there is."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("name", FOLDERS)
def test_an_outbox_with_a_linked_folder_is_refused(batchdigits: Run, work: Path, name: str) -> None:
    inbox, outbox, before = work / "inbox", work / "outbox", snapshot(work / "own")
    link(outbox / name, work / "own")
    for command in (
        ("run", inbox, outbox, "--force"),
        ("run", inbox, outbox, "--dry-run"),
        ("watch", inbox, outbox),
        ("requeue", outbox, "--inbox", inbox),
        ("report", outbox),
        ("correct", outbox),
    ):
        done = batchdigits(*command)
        assert done.returncode == ExitCode.OUTBOX, (command, done.stderr)
        assert f"{outbox / name} is a link, and links inside an outbox are not" in done.stderr
        assert "Traceback" not in done.stderr
    assert snapshot(work / "own") == before


@pytest.mark.parametrize("command", ["run", "watch"])
def test_no_model_is_kept_by_way_of_a_link(batchdigits: Run, work: Path, command: str) -> None:
    link(work / "outbox" / STATE_FOLDER / "models", work / "own")
    folders = work / "inbox", work / "outbox"
    done = batchdigits(command, *folders, "--model", work / "own" / "bad.png")
    assert done.returncode == ExitCode.OUTBOX and "models is a link" in done.stderr


def test_linked_folders_deeper_down_are_not_written_to(batchdigits: Run, work: Path) -> None:
    inbox, outbox, before = work / "inbox", work / "outbox", snapshot(work / "own")
    link(outbox / "thumbnails" / "box", work / "own")
    link(outbox / "quarantine" / "box", work / "own")
    (inbox / "box" / "worse.png").write_bytes(b"no image, too")
    done = batchdigits("run", inbox, outbox, "-q", "--force")
    assert done.returncode == ExitCode.SOME_UNREAD and "Traceback" not in done.stderr, done.stderr
    assert snapshot(work / "own") == before
    assert len(list((inbox / "box").iterdir())) == 3, "the bad file has another name in quarantine"
    rows = [row for row in read_csv(outbox) if row["digit"]]
    assert len(rows) == 3
    assert all((outbox / row["thumbnail"]).read_bytes()[:4] == b"\x89PNG" for row in rows)
    assert batchdigits("requeue", outbox, "--inbox", inbox).returncode == ExitCode.SOME_UNREAD
    assert snapshot(work / "own") == before
    assert sorted(path.name for path in (inbox / "box").iterdir()) == [
        *("0.png", "1.png", "2.png", "worse.png")
    ]


def test_reports_show_nothing_that_a_link_leads_to(batchdigits: Run, work: Path) -> None:
    inbox, outbox, before = work / "inbox", work / "outbox", snapshot(work / "own")
    first, second, _ = sorted((outbox / "thumbnails" / "box").iterdir())
    link(first, work / "own" / "0.png.p1.png")
    second.unlink()
    os.mkfifo(second)  # whoever opened it would wait for ever
    shutil.rmtree(outbox / "sheets")
    for name in ("report.html", "results.csv", "results.json"):
        link(outbox / name, work / "own" / "bad.png")
    done = batchdigits("run", inbox, outbox, "-q", "--xlsx")
    assert done.returncode == ExitCode.OK and "Traceback" not in done.stderr, done.stderr
    secret = base64.b64encode(b"my own secret").decode()
    page = (outbox / "report.html").read_text("utf-8")
    assert page.count("iVBORw0KGgo") == 1 and secret not in page
    with zipfile.ZipFile(outbox / "results.xlsx") as book:
        assert b"my own secret" not in b"".join(map(book.read, book.namelist()))
    assert len(list((outbox / "sheets").iterdir())) == 1
    kept = list(outbox.glob("*.edited-*"))
    assert len(kept) == 3 and all(path.is_symlink() for path in kept), "no copy of what they show"
    assert not (outbox / "results.csv").is_symlink() and len(read_csv(outbox)) == 4
    assert snapshot(work / "own") == before


def test_nothing_is_removed_by_way_of_a_link(batchdigits: Run, work: Path) -> None:
    inbox, outbox, before = work / "inbox", work / "outbox", snapshot(work / "own")
    link(outbox / "thumbnails" / "box", work / "own")
    (inbox / "box" / "0.png").write_bytes((inbox / "box" / "1.png").read_bytes())
    done = batchdigits("run", inbox, outbox, "-q", "--thumbnails", "off", "--force")
    assert done.returncode == ExitCode.OK, done.stderr
    assert snapshot(work / "own") == before


def test_a_watcher_follows_no_link_in_its_outbox(work: Path) -> None:
    inbox, outbox, before = work / "inbox", work / "outbox", snapshot(work / "own")
    (work / "own" / ".batchdigits-copy-7").write_bytes(b"my own, too")
    days = [time.strftime("%Y-%m-%d", time.localtime(time.time() + 86400 * day)) for day in (0, 1)]
    for day in days:
        link(outbox / "processed" / day, work / "own")
    names = {path.name for path in (inbox / "box").iterdir()}
    with watching(inbox, outbox, "--processed", "move") as watched:
        watched.wait_for_message("was read but stays")
        link(outbox / "results.csv", work / "own" / "bad.png")
        (inbox / "new.png").write_bytes((inbox / "box" / "0.png").read_bytes())
        wait_for(lambda: not (outbox / "results.csv").is_symlink(), "the table is rewritten")
        watched.wait_for_rows(*(f"box/{name}" for name in names), "box/bad.png", "new.png")
        assert watched.stop() in (0, 143)
    assert "Traceback" not in watched.stderr
    assert {path.name for path in (inbox / "box").iterdir()} == names and names
    assert snapshot(work / "own") == before | {".batchdigits-copy-7": b"my own, too"}


@pytest.mark.parametrize("kind", ["fifo", "link", "endless"])
def test_a_heartbeat_that_is_no_file_is_not_read(batchdigits: Run, work: Path, kind: str) -> None:
    path = work / "outbox" / STATE_FOLDER / "watch.json"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "endless" else work / "own" / "bad.png")
    done = batchdigits("status", work / "outbox")
    assert done.returncode == ExitCode.WATCHER_UNWELL and "cannot be read" in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_an_outbox_may_itself_be_reached_by_a_link(batchdigits: Run, work: Path) -> None:
    (work / "way").symlink_to("outbox")
    (work / "inbox" / "box" / "worse.png").write_bytes(b"no image, too")
    done = batchdigits("run", "inbox", "way", "-q", "--force", cwd=work)
    assert done.returncode == ExitCode.SOME_UNREAD, done.stderr
    assert (work / "outbox" / "quarantine" / "box" / "worse.png").is_file()
    assert {row["thumbnail"][:17] for row in read_csv(work / "outbox")} >= {"thumbnails/box/0."}
    assert batchdigits("requeue", "way", cwd=work).returncode == ExitCode.OK
    assert (work / "inbox" / "box" / "worse.png").is_file()


def test_a_copied_journal_does_not_say_where_files_go(batchdigits: Run, work: Path) -> None:
    outbox, elsewhere = work / "outbox", work / "inbox" / "box"
    sql = sqlite3.connect(outbox / STATE_FOLDER / JOURNAL_FILE)
    with sql:
        sql.execute("UPDATE meta SET value = ? WHERE key = 'inbox'", (str(elsewhere),))
    sql.close()
    done = batchdigits("requeue", "outbox", cwd=work)
    assert done.returncode == ExitCode.USAGE and len(done.stderr.splitlines()) == 1
    command = f"batchdigits requeue outbox --inbox {elsewhere}"
    assert f"To put its files back into {elsewhere}" in done.stderr and command in done.stderr
    assert (outbox / "quarantine" / "box" / "bad.png").is_file()
    assert batchdigits(*command.split()[1:], cwd=work).returncode == ExitCode.OK
    assert (elsewhere / "box" / "bad.png").is_file()


def test_a_copied_outbox_knows_its_inbox_after_a_run(batchdigits: Run, work: Path) -> None:
    assert batchdigits("requeue", work / "outbox").returncode == ExitCode.USAGE
    assert batchdigits("run", work / "inbox", work / "outbox", "-q").returncode == ExitCode.OK
    assert batchdigits("requeue", work / "outbox").returncode == ExitCode.OK
    assert (work / "inbox" / "box" / "bad.png").is_file()


def test_files_go_back_to_no_folder_but_the_inbox(batchdigits: Run, work: Path) -> None:
    bad, outbox = work / "outbox" / "quarantine" / "box" / "bad.png", work / "outbox"
    for folder in (outbox, outbox / "quarantine", work, work / "none"):
        done = batchdigits("requeue", outbox, "--inbox", folder)
        assert done.returncode == ExitCode.USAGE and bad.is_file(), done.stderr
    done = batchdigits("requeue", outbox, "--inbox", work / "own")
    assert done.returncode == ExitCode.OUTBOX and bad.is_file(), done.stderr
    assert f"belongs to the inbox {work / 'inbox'}, not to {work / 'own'}" in done.stderr
    done = batchdigits("requeue", outbox, "--inbox", work / "inbox")
    assert done.returncode == ExitCode.OK and not bad.exists(), done.stderr


def test_a_copied_project_gives_its_files_back_after_the_run_that_it_names(
    batchdigits: Run, work: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new place"
    shutil.copytree(work, new)
    done = batchdigits("requeue", new / "outbox", "--inbox", new / "inbox")
    assert done.returncode == ExitCode.OUTBOX, done.stderr
    command = shlex.split(done.stderr.partition("say: ")[2])
    program, words = command[:3], command[3:]
    assert program == [sys.executable, "-m", "batchdigits"]
    assert words == ["run", f"{new}/inbox", f"{new}/outbox", "--rebind"]
    assert batchdigits(*words, "-q").returncode == ExitCode.OK
    assert batchdigits("requeue", new / "outbox").returncode == ExitCode.OK
    assert (new / "inbox" / "box" / "bad.png").is_file()
    assert not (work / "inbox" / "box" / "bad.png").exists()


def test_a_renamed_outbox_gives_its_files_back(batchdigits: Run, work: Path) -> None:
    assert batchdigits("run", work / "inbox", work / "outbox", "-q").returncode == ExitCode.OK
    (work / "outbox").rename(work / "new outbox")
    done = batchdigits("requeue", work / "new outbox")
    assert done.returncode == ExitCode.USAGE and "new outbox' --inbox" in done.stderr
    done = batchdigits("requeue", work / "new outbox", "--inbox", work / "inbox")
    assert done.returncode == ExitCode.OK, done.stderr
    assert (work / "inbox" / "box" / "bad.png").is_file()


def test_whoever_may_write_to_a_journal_does_not_say_where_files_go(
    batchdigits: Run, work: Path
) -> None:
    assert batchdigits("run", work / "inbox", work / "outbox", "-q").returncode == ExitCode.OK
    sql = sqlite3.connect(work / "outbox" / STATE_FOLDER / JOURNAL_FILE)
    with sql:
        sql.execute("UPDATE meta SET value = ? WHERE key = 'inbox'", (str(work / "own"),))
    sql.close()
    assert batchdigits("requeue", work / "outbox").returncode == ExitCode.USAGE
    assert not (work / "own" / "box").exists()


@pytest.mark.parametrize("spoil", ["no home", "another's key", "half a key", "no key"])
def test_without_a_key_of_one_s_own_the_inbox_has_to_be_named(
    batchdigits: Run, work: Path, tmp_path: Path, spoil: str
) -> None:
    home = tmp_path / "state"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(home)}
    if spoil == "no home":
        home.write_text("a file in its place")
    words = ("run", work / "inbox", work / "outbox", "-q")
    assert batchdigits(*words, env=environment).returncode == ExitCode.OK
    key = home / "batchdigits" / "key"
    if spoil != "no home":
        assert key.stat().st_mode & 0o777 == 0o600 and len(key.read_bytes()) == 32
    if spoil == "another's key":
        key.chmod(0o666)
    elif spoil == "half a key":
        key.write_bytes(key.read_bytes()[:16])
    elif spoil == "no key":
        key.unlink()
    done = batchdigits("requeue", work / "outbox", env=environment)
    assert done.returncode == ExitCode.USAGE and "--inbox" in done.stderr, done.stderr
    done = batchdigits("requeue", work / "outbox", "--inbox", work / "inbox", env=environment)
    assert done.returncode == ExitCode.OK, done.stderr


def test_a_copied_outbox_is_mended_without_its_inbox(batchdigits: Run, work: Path) -> None:
    sql = sqlite3.connect(work / "outbox" / STATE_FOLDER / JOURNAL_FILE)
    with sql:
        sql.execute("DELETE FROM pages WHERE status = 'quarantined'")
        sql.execute("DELETE FROM files WHERE name = 'box/bad.png'")
        sql.execute("DELETE FROM pages WHERE file NOT IN (SELECT id FROM files)")
    sql.close()
    (work / "outbox" / "results.json").unlink()
    done = batchdigits("verify", work / "outbox")
    assert "--repair --inbox DIR" in done.stdout, "at once"
    done = batchdigits("verify", work / "outbox", "--repair")
    assert done.returncode == ExitCode.DIFFERENCES, done.stderr
    assert (work / "outbox" / "results.json").is_file()
    assert not (work / "inbox" / "box" / "bad.png").exists(), "wherever its journal says that is"
    assert "--repair --inbox DIR" in done.stdout
    done = batchdigits("verify", work / "outbox", "--repair", "--inbox", work / "inbox")
    assert (work / "inbox" / "box" / "bad.png").exists(), done.stdout + done.stderr
