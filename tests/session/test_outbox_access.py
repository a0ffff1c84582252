"""Who may read what a run makes: nobody who may not read what it is made of."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchdigits.cli.commands.run import run
from batchdigits.config import Quarantine, RunSettings
from batchdigits.session.outbox import open_outbox
from tests.conftest import Run, load_sample_digits, write_png
from tests.session.conftest import Meddler
from tests.watching.conftest import watching

DIGITS = load_sample_digits()
#: A file for others is one if they may read it, and get to it.
CLASS_BITS = {"group": 0o040, "others": 0o004}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may get to, as pytest's own are not."""
    umask = os.umask(0o022)
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
    os.umask(umask)


def make_inbox(place: Path, folder: str = "inbox") -> Path:
    inbox = place / folder
    inbox.mkdir(parents=True)
    for number, (image, _) in enumerate(DIGITS[:3]):
        write_png(inbox / f"{number}.png", image)
    (inbox / "bad.png").write_bytes(b"junk")
    return inbox


def find_readable(folder: Path, who: str) -> set[str]:
    """The files below a folder that a class of users may read."""
    read = CLASS_BITS[who]
    found = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        mode = path.stat().st_mode
        if stat.S_ISREG(mode) and mode & read:
            found.add(str(path.relative_to(folder)))
        elif stat.S_ISDIR(mode) and mode & read >> 2:
            waiting += path.iterdir()
    return found - {".batchdigits/lock"}  # a process's number


def read_inbox(inbox: Path, outbox: Path, **options: object) -> None:
    run(RunSettings(inbox, outbox, **options), Meddler(lambda: None))  # type: ignore[arg-type]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("inbox_mode", [0o755, 0o750, 0o700, 0o711, 0o705, 0o733])
def test_a_new_outbox_is_as_closed_as_the_inbox(
    place: Path, inbox_mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    inbox, outbox = make_inbox(place), place / "outbox"
    inbox.chmod(inbox_mode)
    read_inbox(inbox, outbox)
    assert not caplog.records
    may_others, may_group = inbox_mode & 5 == 5, inbox_mode >> 3 & 5 == 5
    assert mode_of(outbox) == 0o700 | may_group * 0o050 | may_others * 0o005
    for who, may_read in (("group", may_group), ("others", may_others)):
        assert bool(find_readable(outbox, who)) == may_read
        for path in outbox.rglob("*"):
            assert may_read or not mode_of(path) & CLASS_BITS[who] or path.name == "bad.png", path
    assert mode_of(place) == 0o755 and os.umask(0o022) == 0o022


def test_a_folder_above_that_is_closed_closes_as_well(place: Path) -> None:
    inbox = make_inbox(place, "home/scans/inbox")
    (place / "home").chmod(0o710)
    if os.geteuid() == 0:  # the group of the outbox is another, so that it is others there
        os.chown(place / "home", -1, 12345)
    read_inbox(inbox, place / "outbox", html=False)
    assert mode_of(place / "outbox") == (0o700 if os.geteuid() == 0 else 0o750)


def test_a_group_that_both_share_reads_both(place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs another group")
    inbox, outbox = make_inbox(place), place / "outbox"
    outbox.mkdir()
    for path in (inbox, outbox, *inbox.iterdir()):
        os.chown(path, -1, 12345)
        path.chmod(0o2770 if path.is_dir() else 0o640)
    read_inbox(inbox, outbox)
    shared = find_readable(outbox, "group")
    assert {"results.csv", "thumbnails/0.png.p1.png", "quarantine/bad.png"} <= shared
    assert find_readable(outbox, "others") == set()
    os.chown(inbox / "0.png", -1, 54321)  # closed to the outbox's group from now on
    write_png(inbox / "0.png", DIGITS[4][0])
    read_inbox(inbox, outbox)
    left_open = {name for name in shared if name.startswith(("thumbnails", "quarantine"))}
    assert find_readable(outbox, "group") <= left_open - {"thumbnails/0.png.p1.png"}


def test_an_outbox_that_is_more_open_is_told_of_and_what_is_new_in_it_is_closed(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inbox, outbox = make_inbox(place), place / "outbox"
    read_inbox(inbox, outbox)
    old = find_readable(outbox, "others")
    assert {"results.csv", "report.html", ".batchdigits/journal.sqlite3"} <= old
    inbox.chmod(0o750)
    write_png(inbox / "new.png", DIGITS[4][0])
    read_inbox(inbox, outbox)
    assert caplog.messages == [
        f"The outbox {outbox} can be opened by other users, the inbox cannot: to close it, run "
        f"chmod o= {outbox}"
    ]
    assert mode_of(outbox) == 0o755
    # What was there is left alone; what was written over it, or anew, is closed.
    new = find_readable(outbox, "others")
    assert new <= {name for name in old if name.startswith(("thumbnails/", "quarantine/"))}
    assert "results.csv" in find_readable(outbox, "group")
    outbox.chmod(0o750)
    read_inbox(inbox, outbox)
    assert len(caplog.messages) == 1


def test_one_closed_file_closes_what_shows_it_and_that_stays(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inbox, outbox = make_inbox(place), place / "outbox"
    (inbox / "1.png").chmod(0o600)
    (inbox / "bad.png").chmod(0o600)
    read_inbox(inbox, outbox, xlsx=True)
    assert caplog.messages == [
        "A file in the inbox is closed to the group and other users: so are the journal and all "
        "reports from now on."
    ]
    left_open = {"thumbnails/0.png.p1.png", "thumbnails/2.png.p1.png"}
    assert find_readable(outbox, "others") == find_readable(outbox, "group") == left_open
    for name in ("thumbnails/1.png.p1.png", "quarantine/bad.png", "sheets/sheet-0001.png"):
        assert mode_of(outbox / name) == 0o600
    (inbox / "1.png").unlink()
    write_png(inbox / "3.png", DIGITS[5][0])
    read_inbox(inbox, outbox)
    assert find_readable(outbox, "others") <= left_open
    with open_outbox(outbox):  # as all commands have it that know no inbox
        assert os.umask(0o077) == 0o077
    assert len(caplog.messages) == 1


def test_a_file_in_a_closed_folder_is_a_closed_file(place: Path) -> None:
    inbox, outbox = make_inbox(place), place / "outbox"
    write_png(inbox / "a" / "b" / "secret.png", DIGITS[6][0])
    (inbox / "a" / "b" / "bad.png").write_bytes(b"more junk")
    (inbox / "a").chmod(0o750)
    read_inbox(inbox, outbox)
    assert mode_of(outbox / "thumbnails" / "a" / "b" / "secret.png.p1.png") == 0o640
    readable = find_readable(outbox, "others")
    assert readable == {f"thumbnails/{number}.png.p1.png" for number in range(3)}
    assert "quarantine/a/b/bad.png" in find_readable(outbox, "group")


def test_a_file_closed_since_is_drawn_and_copied_anew_for_nobody_else(place: Path) -> None:
    inbox, outbox = make_inbox(place), place / "outbox"
    read_inbox(inbox, outbox, quarantine=Quarantine.COPY)
    with (outbox / "thumbnails" / "1.png.p1.png").open("rb") as reader:
        seen = reader.read()
        write_png(inbox / "1.png", DIGITS[7][0]).chmod(0o600)
        (inbox / "bad.png").write_bytes(b"secret junk")
        (inbox / "bad.png").chmod(0o600)
        read_inbox(inbox, outbox, quarantine=Quarantine.COPY)
        reader.seek(0)
        assert reader.read() == seen  # whoever opened it while that was allowed
    for path in (*outbox.glob("thumbnails/1*"), outbox / "report.html"):
        assert mode_of(path) == 0o600
    for path in outbox.rglob("bad*"):
        assert mode_of(path) == 0o600 or b"secret" not in path.read_bytes()


@pytest.mark.integration
def test_a_closed_file_that_arrives_closes_a_table_that_grows(place: Path) -> None:
    inbox, outbox = make_inbox(place), place / "outbox"
    with watching(inbox, outbox, "--settle", 0.1) as watched:
        watched.wait_for_rows("0.png", "1.png", "2.png", "bad.png")
        table = outbox / "results.csv"
        with table.open("rb") as reader:
            assert mode_of(table) == 0o644
            secret = write_png(place / "secret.png", DIGITS[4][0])
            secret.chmod(0o600)
            secret.rename(inbox / "secret.png")
            watched.wait_for_rows("0.png", "1.png", "2.png", "bad.png", "secret.png")
            assert mode_of(table) == 0o600
            assert b"secret" not in reader.read()
        thumbnails = {path.name[0]: mode_of(path) for path in outbox.glob("thumbnails/*")}
        assert thumbnails == {"0": 0o644, "1": 0o644, "2": 0o644, "s": 0o600}
        watched.stop()
    assert find_readable(outbox, "others") == {
        *(f"thumbnails/{number}.png.p1.png" for number in range(3)),
        # They were there before.
        "quarantine/bad.png",
        "quarantine/bad.png.json",
        ".batchdigits/watch.json",
    } & find_readable(outbox, "others")


@pytest.mark.parametrize("closed", ["nothing", "file", "folder"])
def test_pictures_and_figures_of_closed_files_are_closed(
    place: Path, batchdigits: Run, closed: str
) -> None:
    data = make_inbox(place, "data/7")
    path = {"nothing": data / "none.png", "file": data / "1.png", "folder": data}[closed]
    if closed != "nothing":
        path.chmod(0o700 if path.is_dir() else 0o600)
    mode = 0o644 if closed == "nothing" else 0o600
    batchdigits("predict", data / "1.png", "--save", place / "few.png")
    assert mode_of(place / "few.png") == mode
    if closed != "folder":
        return
    data.parent.chmod(0o700)
    batchdigits("evaluate", data.parent, place / "figures")
    batchdigits("explore", data.parent, "--save", place / "samples.png")
    made = [place / "samples.png", *(place / "figures").iterdir()]
    assert {mode_of(path) for path in made} == {0o600} and len(made) > 5
