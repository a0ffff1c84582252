"""Thumbnails as files of the outbox: what they are called, and how they are written."""

import errno
from functools import lru_cache

from batchdigits.records import Source
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.name_rules import (
    LINUX_NAMES,
    NameRules,
    make_flat_name,
    use_name,
)
from batchdigits.system.safe_files.safe_open import read_start

#: The folder of the outbox that holds thumbnails.
THUMBNAILS_FOLDER = "thumbnails"
#: Bytes of a thumbnail at the most; one takes a few thousand.
MAX_THUMBNAIL_BYTES = 1 << 20
#: Errors that even a short and plain name may give: the whole path is too long, say.
_HOPELESS_ERRNOS = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}


def make_thumbnail_name(
    name: str, page: int, content_hash: str = "", name_rules: NameRules = LINUX_NAMES
) -> str:
    """Return where a page's thumbnail lies inside the outbox; no two pages share one.

    The page's number is always in it, so ``scan.tif`` page 2 and a file called ``scan.tif.p2``
    stay apart; folders called ``*.png`` get another ending, so that no folder is in the way.

    Args:
        name: the file's path inside the inbox, with ``/``.
        page: from 1.
        content_hash: what tells the file from others that had the same name before, or empty.
        name_rules: what names the outbox takes.

    Returns:
        A path with ``/``, such as ``thumbnails/scan.tif.p2.png``.
    """
    folder, slash, file = name.rpartition("/")
    ending = f".p{page}-{content_hash}.png" if content_hash else f".p{page}.png"
    file = name_rules.make_unmistakable(file, ending)
    folder = _make_folder_name(folder, name_rules) if folder else ""
    return f"{THUMBNAILS_FOLDER}/{folder}{slash}{file}"


@lru_cache
def _make_folder_name(path: str, name_rules: NameRules) -> str:
    """Return the name of the folder inside that of thumbnails, given the folder of the inbox."""
    # A trailing "_" is doubled up as well, or "a.png" and "a.png_" would become one folder.
    safe = [
        folder + "_" if folder.rstrip("_").endswith(".png") else folder
        for folder in path.split("/")
    ]
    return "/".join(map(name_rules.make_unmistakable, safe))


def make_source_thumbnail_name(
    source: Source, page: int, sha256: str, name_rules: NameRules
) -> str:
    """Return where a page's thumbnail lies inside the outbox, given what its file is.

    Where several contents had the file's name, the content's hash is in the thumbnail's name.

    Args:
        source: the file.
        page: from 1.
        sha256: of the file's content, hexadecimal.
        name_rules: what names the outbox takes.
    """
    is_shared = source.has_other_contents or source.known_sha256 not in ("", sha256)
    return make_thumbnail_name(source.name, page, sha256[:8] if is_shared else "", name_rules)


def make_plain_thumbnail_name(name: str) -> str:
    """Return the short and plain name of a thumbnail whose name, ``name``, the outbox refuses."""
    return f"{THUMBNAILS_FOLDER}/{make_flat_name(name)}"


def save_thumbnail(outbox: str, name: str, png: bytes, mode: int = 0o666) -> str:
    """Write a thumbnail into the outbox; where its name cannot be, under a short and plain one.

    Args:
        outbox: the real path of the folder that ``name`` is relative to.
        name: as :func:`make_thumbnail_name` makes it.
        png: the file's content.
        mode: who may read it at most.

    Returns:
        The name that it has, or an empty string where the outbox takes none: that costs the
        picture, not the row.

    Raises:
        OSError: thumbnails cannot be written, whatever they are called.
    """

    def write(name: str) -> str:
        # As text: joining paths takes longer.
        write_bytes(f"{outbox}/{name}", png, mode, outbox)
        return name

    try:
        # No other thumbnail's name ends so: all have their page's number right before the ".png".
        return use_name(write, name, make_plain_thumbnail_name(name))
    except OSError as error:
        if error.errno in _HOPELESS_ERRNOS:
            return ""
        raise


def read_thumbnail(path: str, outbox: str) -> bytes:
    """Read a thumbnail.

    Args:
        path: its file.
        outbox: the real path of the folder that it must lie in, with which ``path`` begins.

    Returns:
        Its PNG; empty where there is none, or a link out of the outbox, say, in its place.
    """
    try:
        return read_start(path, MAX_THUMBNAIL_BYTES, outbox)
    except OSError:
        return b""
