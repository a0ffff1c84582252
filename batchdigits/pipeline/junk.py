"""Names of files and folders that hold no finished scan, and are left alone.

Programs give such names to what they are still writing, to placeholders for what lies elsewhere,
and to what they keep beside people's files: previews, recycle bins, snapshots.
"""

import fnmatch
from enum import StrEnum

from batchdigits.images.formats import format_from_name
from batchdigits.system.filenames import compose


class Junk(StrEnum):
    """Why a name says that there is no finished scan, in words for a person."""

    UNDER_WAY = "unfinished, by its name"
    BACKUP = "a backup copy, by its name"
    HIDDEN = "hidden, or kept by a system or a program"


#: Dot files, and the earlier versions that Windows shows of a share.
_HIDDEN_PREFIXES = (".", "@gmt-")
#: Syncthing's and Office's temporary files, and what macOS is saving.
_PREFIXES = ("~", "(a document being saved")
_FILE_NAMES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
#: Recycle bins, snapshots, previews and the like: Synology, QNAP, Windows, macOS, Linux, Android.
_FOLDER_NAMES = frozenset(
    {
        *("#recycle", "#snapshot", "@eadir", "@tmp", "@sharesnap", "@synoresource"),
        *("@recycle", "@recently-snapshot", "@transcode", "network recycle bin", "trashbox"),
        *("$recycle.bin", "recycler", "recycled", "system volume information", "found.000"),
        *("@snapshot", "@snapshots", "backups.backupdb", "__macosx"),
        *("network trash folder", "temporary items", "lost+found", "lost.dir", "~snapshot"),
    }
)
#: Endings of names under which a file is written, or stands for one that is not here. None of them
#: is one that a finished scan could have.
_ENDINGS = frozenset(
    {
        # Any program.
        *(".temp", ".part", ".partial", ".incomplete", ".inprogress", ".in-progress"),
        *(".unfinished", ".uploading", ".downloading"),
        *(".swp", ".swo", ".swx", ".lock", ".lck", ".~tmp", ".~cr"),
        # Chrome and Edge, Opera, Safari, WebKitGTK, UC Browser.
        *(".crdownload", ".crswap", ".opdownload", ".download", ".wkdownload", ".ucdownload"),
        # aria2, lftp, Free Download Manager, DownThemAll, FlashGet, GetRight, Xunlei, Orbit.
        *(".aria2", ".aria2__temp", ".lftp-pget-status", ".fdmdownload", ".dtapart", ".jc!"),
        *(".getright", ".xltd", ".ob!"),
        # Resilio and BitTorrent Sync, qBittorrent, uTorrent, BitTorrent, BitComet, Vuze, DC++.
        *(".!sync", ".bts", ".!qb", ".!ut", ".ut!", ".!bt", ".bt!", ".bc!", ".az!", ".dctmp"),
        # WinSCP, Cyberduck, Aspera, FreeFileSync, gsutil, Dropbox, MEGA, Google Drive.
        *(".filepart", ".cyberducksegment", ".aspera-inprogress", ".aspera-ckpt", ".ffs_tmp"),
        *(".ffs_lock", ".gstmp", ".dropboxdownload", ".dropboxtmp", ".getxfer"),
        *(".gdownload", ".drivedownload", ".driveupload"),
        # Placeholders: iCloud, Nextcloud, ownCloud, Resilio.
        *(".icloud", ".nextcloud", ".owncloud"),
        *(".rsls", ".rslsa", ".rslsd", ".rslsi", ".rslsv", ".rslsz"),
    }
)  # fmt: skip
#: Endings that a number or random letters may follow: temporary files, what macOS saves, yt-dlp,
#: ownCloud.
_ENDING_STARTS = (".tmp", ".sb-", ".part-", ".octransferid")
#: What editors put behind the whole name of a file that they keep as it was: ``a.png~``. Emacs
#: numbers them: ``a.png.~1~``.
_BACKUP_ENDINGS = ("~", ".bak", ".backup", ".bkp", ".old", ".orig")


def find_junk(name: str, is_folder: bool = False) -> Junk | None:
    """Find out why a file or folder holds no finished scan by its name.

    Args:
        name: the name without folders; case does not matter.
        is_folder: whether it is the name of a folder.

    Returns:
        Why, or ``None`` where it may be a scan or hold some.
    """
    low = name.lower()
    ending = low[low.rfind(".") :]
    if low.startswith(_HIDDEN_PREFIXES) or low in (_FOLDER_NAMES if is_folder else _FILE_NAMES):
        return Junk.HIDDEN
    if low.startswith(_PREFIXES) or ending in _ENDINGS or ending.startswith(_ENDING_STARTS):
        return Junk.UNDER_WAY
    # Without an image's ending before it, .old may be anything: then the content decides.
    if low.endswith(_BACKUP_ENDINGS) and not is_folder and _is_backup_of_image(low):
        return Junk.BACKUP
    return None


def _is_backup_of_image(name: str) -> bool:
    stem = name[:-1] if name.endswith("~") else name[: name.rfind(".")]
    if name.endswith("~") and ".~" in stem:
        stem = stem[: stem.rfind(".~")]
    return format_from_name(stem) is not None


def is_junk(name: str, is_folder: bool = False) -> bool:
    """Return whether a file or folder holds no finished scan by its name; case does not matter."""
    return find_junk(name, is_folder) is not None


def is_junk_path(path: str, is_folder: bool = False) -> bool:
    """Return whether a file or folder, or any folder above it, is junk by its name.

    Args:
        path: the path inside the inbox.
        is_folder: whether it is the path of a folder.
    """
    return bool(_list_junk(path, is_folder))


def is_named_junk(path: str, include: tuple[str, ...], is_folder: bool = False) -> bool:
    """Return whether a pattern asks for a file or folder although it is junk.

    ``*`` and ``*.png`` do not; ``*.download``, ``#recycle/*`` and ``.*`` do: between the slashes of
    the pattern stands what is itself such a name, and matches.

    Args:
        path: the path inside the inbox, as it is shown.
        include: patterns as :func:`batchdigits.pipeline.inbox_walk.is_chosen` takes them.
        is_folder: whether it is the path of a folder: then the names alone decide, as the pattern
            may match files in it.
    """
    junk = _list_junk(compose(path), is_folder)
    for pattern in include:
        parts = compose(pattern).lower().split("/")
        names = [
            part
            for part in parts
            if is_junk(part, is_folder=True) or part.endswith(_BACKUP_ENDINGS)
        ]
        if all(any(fnmatch.fnmatchcase(part, name) for name in names) for part in junk) and (
            is_folder or matches(path, pattern)
        ):
            return True
    return False


def _list_junk(path: str, is_folder: bool) -> list[str]:
    """List the parts of a path that are junk, in lower case."""
    *folders, last = path.lower().split("/")
    return [
        *(folder for folder in folders if is_junk(folder, is_folder=True)),
        *([last] if is_junk(last, is_folder) else []),
    ]


def matches(path: str, pattern: str) -> bool:
    """Return whether a pattern matches a file's path or its bare name.

    Neither case matters nor how accents are composed.
    """
    low, pattern = compose(path).lower(), compose(pattern).lower()
    return fnmatch.fnmatchcase(low, pattern) or fnmatch.fnmatchcase(low.rpartition("/")[2], pattern)
