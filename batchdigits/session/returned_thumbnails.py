"""Thumbnails that came back from workers which may not write to the outbox."""

import re
from pathlib import Path

from batchdigits.journal.entries import FileEntry, PageEntry
from batchdigits.pipeline.thumbnail_files import make_source_thumbnail_name, save_thumbnail
from batchdigits.records import Source
from batchdigits.system.access.modes import find_group
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.logs import LOG
from batchdigits.system.name_rules import LINUX_NAMES, NameRules

_SHA256 = re.compile("[0-9a-f]{64}")


def save_returned_thumbnails(
    entry: FileEntry, source: Source, outbox: str, name_rules: NameRules = LINUX_NAMES
) -> FileEntry:
    """Write the thumbnails of a file that are to be files of the outbox.

    A page's thumbnail is one where the page has a name for it; otherwise it is for contact sheets
    alone, and goes into the journal. The name comes from elsewhere and is later unlinked, so only
    the one that this process would give is taken: with any other, the page has no thumbnail.

    Args:
        entry: a file as a worker read it.
        source: the file that the worker was to read.
        outbox: the real path of the folder that the names of thumbnails are relative to.
        name_rules: what names it takes.

    Returns:
        The entry that a worker would have sent if it had written the thumbnails itself.

    Raises:
        OSError: a thumbnail cannot be written.
    """
    pngs = dict(entry.thumbnail_pngs)
    pages: list[PageEntry] = []
    for page in entry.pages:
        thumbnail = page.thumbnail
        if thumbnail is not None:
            png = pngs.pop(page.page, None)
            if not _is_expected_name(thumbnail, source, page.page, entry.sha256, name_rules):
                LOG.warning(
                    "%s: a thumbnail is left out, since the worker sent a wrong name for it.",
                    escape_for_terminal(source.name),
                )
                thumbnail = None
            elif png is not None:
                mode = entry.file_stat.limit_mode(find_group(Path(outbox)))
                thumbnail = save_thumbnail(outbox, thumbnail, png, mode) or None
        pages.append(page._replace(thumbnail=thumbnail))
    return entry._replace(pages=pages, thumbnail_pngs=list(pngs.items()))


def _is_expected_name(
    thumbnail: str, source: Source, page: int, sha256: str, name_rules: NameRules
) -> bool:
    # Page and hash come from elsewhere as well, and are parts of the name.
    if type(page) is not int or not _SHA256.fullmatch(sha256):
        return False
    return thumbnail == make_source_thumbnail_name(source, page, sha256, name_rules)
