"""Thumbnails that came back from workers which may not write to the outbox."""

from pathlib import Path

from batchdigits.journal.entries import FileEntry
from batchdigits.pipeline.thumbnail_files import save_thumbnail


def save_returned_thumbnails(entry: FileEntry, outbox: Path) -> FileEntry:
    """Write the thumbnails of a file that are to be files of the outbox.

    A page's thumbnail is one where the page has a name for it; otherwise it is for contact sheets
    alone, and goes into the journal.

    Args:
        entry: a file as a worker read it.
        outbox: the folder that the names of thumbnails are relative to.

    Returns:
        The entry that a worker would have sent if it had written the thumbnails itself.

    Raises:
        OSError: a thumbnail cannot be written.
    """
    if not entry.thumbnail_pngs:
        return entry
    pngs = dict(entry.thumbnail_pngs)
    pages = [
        page._replace(thumbnail=save_thumbnail(outbox, page.thumbnail, pngs.pop(page.page)) or None)
        if page.thumbnail and page.page in pngs
        else page
        for page in entry.pages
    ]
    return entry._replace(pages=pages, thumbnail_pngs=list(pngs.items()))
