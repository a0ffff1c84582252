"""What is left alone by its name, and how a pattern asks for it all the same."""

import re
from pathlib import Path

import pytest

from batchdigits.pipeline import junk
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.pipeline.junk import is_junk
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
    x.png x x.1 x.bak x.old x.copy x.png.1 x.png~ download.png part.png recycler.png #recycle.png
    lost+found.png tmp.png mydownload x.new x.orig @1.png $1.png
"""
KEPT_BY_SYSTEMS = [
    *("#recycle", "@Recycle", "@Recently-Snapshot", "#snapshot", ".snapshot", ".snapshots"),
    *(".zfs", "$RECYCLE.BIN", "RECYCLER", "System Volume Information", "lost+found", ".Trash-1000"),
    *(".Trashes", ".Spotlight-V100", ".fseventsd", "@eaDir", "__MACOSX", "~snapshot", ".git"),
    *("@GMT-2026.11.21-06.00.00", "x.png.download"),
]
FOLDERS = ["recycle", "download", "snapshots", "parts", "@home", "#1", "2026.11", "tmp"]


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
    write_tree(inbox, *UNDER_WAY.split(), *FINISHED.split())
    walk = InboxWalk(inbox)
    assert list_names(walk) == sorted(FINISHED.split())
    assert walk.junk == len(UNDER_WAY.split()) and walk.not_images == []


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
        ("#recycle/.a/*", ["#recycle/.a/9.png"]),
    ],
)
def test_a_pattern_reads_junk_only_where_it_names_it(
    inbox: Path, include: str, read: list[str]
) -> None:
    write_tree(inbox, "1.png", "2.png.download", "#recycle/3.png", "#recycle/a/4.png", ".7.png")
    write_tree(inbox, "b/#recycle/5.png", "#recycle/6.png.part", "8.png.download/8.png")
    write_tree(inbox, "#recycle/.a/9.png")
    # A second pattern that matches what the first one does not name changes nothing.
    walk = InboxWalk(inbox, include=(include, "*/4.p?g"))
    assert list_names(walk) == sorted(read)
    assert list_names(InboxWalk(inbox, (include, "*/4.p?g"), exclude=("*",))) == []


def test_the_documentation_has_every_name() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    section = text[text.index("## what is not read") : text.index("## exit codes")]
    named = set(re.findall(r"`\*?([^`]+?)\*?`", section))
    assert {*junk._ENDINGS, *junk._ENDING_STARTS} <= named
    assert {*junk._PREFIXES, *junk._FILE_NAMES, *junk._FOLDER_NAMES} - {"icon\r"} <= named
    assert is_junk("ICON\r")
