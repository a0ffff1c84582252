"""What is left alone by its name, and how a pattern asks for it all the same."""

import os
import re
from pathlib import Path

import pytest

from batchdigits.cli.ui.run_table import list_ignored_files
from batchdigits.pipeline import junk
from batchdigits.pipeline.inbox_walk import MAX_FIRST_NAMES, FirstNames, InboxWalk
from batchdigits.pipeline.junk import Junk, is_junk
from tests.conftest import ROOT

#: How programs call x.png while they write it, or where it is only a placeholder.
UNDER_WAY = """
    x.png.!sync x.png.bts x.png.!qB x.png.!ut x.png.ut! x.png.bc! x.png.aria2 x.png.download
    x.png.crdownload x.png.crswap x.png.opdownload x.png.part x.png.partial x.png.filepart
    x.png.1a2b3c4d.partial x.png.fdmdownload x.png.xltd x.png.uploading x.png.dropboxdownload
    x.png.getxfer .getxfer.12.3.mega x.png.icloud .x.png.icloud x.png.nextcloud .~x.png.1a2b
    x.png.ocTransferId123.part x.png.ocTransferId123 .syncthing.x.png.tmp ~syncthing~x.png.tmp
    .x.png.Ab12Cd .in.x.png x.png.lftp-pget-status .unison.x.png.1.unison.tmp x.png_.gstmp
    x.png.ffs_tmp x.png.temp x.png.TMP x.png.tmp12345 x.png.sb-1a2b3c4d-AbCdEf x.png.swp
    x.png.lock ~$x.png ._x.png .DS_Store Thumbs.db
"""
FINISHED = """
    x.png x x.1 x.bak x.old x~ x.copy x.png.1 x.bak.png d.tmp.png download.png part.png recycler.png
    #recycle.png lost+found.png tmp.png mydownload x.new x.orig @1.png $1.png
"""
KEPT_BY_SYSTEMS = [
    *("#recycle", "@Recycle", "@Recently-Snapshot", "#snapshot", ".snapshot", ".snapshots"),
    *(".zfs", "$RECYCLE.BIN", "RECYCLER", "System Volume Information", "lost+found", ".Trash-1000"),
    *(".Trashes", ".Spotlight-V100", ".fseventsd", "@eaDir", "__MACOSX", "~snapshot", ".git"),
    *("@GMT-2026.11.21-06.00.00", "x.png.download"),
]
#: What editors keep of x.png.
BACKUPS = [
    "x.png~",
    "x.PNG.BAK",
    "x.tif.~1~",
    "x.jpg.orig",
    "x.jpeg.old",
    "x.gif.backup",
    "x.bmp.bkp",
]
FOLDERS = [
    "Trash",
    "Recycle Bin",
    "scans~",
    "scans.png.bak",
    "recycle",
    "download",
    "snapshots",
    "parts",
    "@home",
    "#1",
    "2026.11",
    "tmp",
]


def write_tree(inbox: Path, *names: str) -> None:
    for name in names:
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / name).write_bytes(b"\x89PNG\r\n\x1a\n")


def list_names(walk: InboxWalk) -> list[str]:
    """List what is read, and see that a watcher's looks at single files and folders agree."""
    found = sorted(name for name, *_ in walk)
    again = InboxWalk(walk.inbox, walk.include, walk.exclude)
    paths = [path for path in walk.inbox.rglob("*") if path.is_file()]
    names = [str(path.relative_to(walk.inbox)) for path in paths]
    assert sorted(name for name in names if again.find_file(name)) == found
    for folder in {name.rpartition("/")[0] for name in names} - {""}:
        below = sorted(name for name, *_ in again.walk_folder(f"{folder}/"))
        assert below == [name for name in found if name.startswith(f"{folder}/")]
    return found


def test_names_under_way_and_finished(inbox: Path) -> None:
    write_tree(inbox, *UNDER_WAY.split(), *BACKUPS, *FINISHED.split())
    walk = InboxWalk(inbox)
    assert list_names(walk) == sorted(FINISHED.split())
    assert walk.junk == len(UNDER_WAY.split()) + len(BACKUPS) and walk.not_images == []
    named = [name for name in UNDER_WAY.split() if name[0] != "." and name != "Thumbs.db"]
    assert sorted(walk.under_way.names) == sorted(named)
    assert sorted(walk.backups.names) == sorted(BACKUPS)


def test_names_that_are_kept_are_the_first_and_few() -> None:
    kept = FirstNames()
    for number in reversed(range(10_000)):
        kept.add(f"{number}.part")
    assert len(kept.names) < 2 * MAX_FIRST_NAMES
    kept.trim()
    assert kept.names == [f"{number}.part" for number in range(MAX_FIRST_NAMES)]
    assert kept.count == 10_000


def test_every_file_that_is_left_alone_is_told_with_why(inbox: Path) -> None:
    write_tree(inbox, "1.png", "2.part", "3.png~", ".4", "5.png.download/6.png", "b/7.png")
    (inbox / "notes.txt").write_text("no image")
    (inbox / "link.png").symlink_to("/dev/null")
    os.mkfifo(inbox / "fifo")
    told: dict[str, str] = {}
    walk = InboxWalk(inbox, exclude=("b/*",), on_left_alone=told.__setitem__)
    assert [file.name for file in walk] == ["1.png"]
    assert told == {
        "2.part": Junk.UNDER_WAY,
        "3.png~": Junk.BACKUP,
        ".4": Junk.HIDDEN,
        "5.png.download/": Junk.UNDER_WAY,
        "b/7.png": "left out by --include or --exclude",
        "notes.txt": "no image, by its name and its content",
        "link.png": "a link out of the inbox or to a folder",
        "fifo": "a socket, fifo or device",
    }
    assert list(list_ignored_files(walk)) == [
        "1 file that is not an image (notes.txt)",
        "1 left out by --include or --exclude",
        "2 unfinished (2.part, 5.png.download/)",
        "1 backup copy (3.png~)",
        "1 hidden or kept by a system",
        "1 link out of the inbox or to folders",
        "1 socket or fifo",
    ]


def test_folders_of_systems_are_not_looked_into(inbox: Path) -> None:
    write_tree(inbox, *(f"{folder}/a/x.png" for folder in KEPT_BY_SYSTEMS))
    write_tree(inbox, *(f"{folder}/x.png" for folder in FOLDERS), "sub/#RECYCLE/x.png")
    walk = InboxWalk(inbox)
    assert list_names(walk) == sorted(f"{folder}/x.png" for folder in FOLDERS)
    assert walk.junk == len(KEPT_BY_SYSTEMS) + 1


@pytest.mark.parametrize(
    ("include", "read"),
    [
        ("*", ["1.png"]),
        ("*.png", ["1.png"]),
        ("*.[p]*", ["1.png"]),
        ("*.DOWNLOAD", ["2.png.download"]),
        ("2.png.download", ["2.png.download"]),
        ("#recycle/*", ["#recycle/3.png", "#recycle/a/4.png"]),
        ("*/#recycle/*", ["b/#recycle/5.png"]),
        ("#recycle/a/*", ["#recycle/a/4.png"]),
        ("#recycle/*.part", ["#recycle/6.png.part"]),
        (".*", [".7.png"]),
        ("8.png.download/*", ["8.png.download/8.png"]),
        ("*.bak", ["10.png.bak"]),
        ("*.png~", ["11.png~"]),
        ("#recycle/.a/*", ["#recycle/.a/9.png"]),
    ],
)
def test_a_pattern_reads_junk_only_where_it_names_it(
    inbox: Path, include: str, read: list[str]
) -> None:
    write_tree(inbox, "1.png", "2.png.download", "#recycle/3.png", "#recycle/a/4.png", ".7.png")
    write_tree(inbox, "b/#recycle/5.png", "#recycle/6.png.part", "8.png.download/8.png")
    write_tree(inbox, "#recycle/.a/9.png", "10.png.bak", "11.png~")
    # A second pattern that matches what the first one does not name changes nothing.
    walk = InboxWalk(inbox, include=(include, "*/4.p?g"))
    assert list_names(walk) == sorted(read)
    assert list_names(InboxWalk(inbox, (include, "*/4.p?g"), exclude=("*",))) == []


def test_the_documentation_has_every_name() -> None:
    text = (ROOT / "docs" / "files.md").read_text(encoding="utf-8").lower()
    named = set(re.findall(r"`\*?([^`]+?)\*?`", text))
    assert {*junk._ENDINGS, *junk._ENDING_STARTS, *junk._BACKUP_ENDINGS} <= named
    prefixes = {*junk._PREFIXES, *junk._HIDDEN_PREFIXES}
    assert prefixes | (junk._FILE_NAMES | junk._FOLDER_NAMES) - {"icon\r"} <= named
    assert is_junk("ICON\r")
