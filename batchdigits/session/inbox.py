"""The files of an inbox by the names that the journal has for them."""

import os
from pathlib import Path

from batchdigits.journal.paths import inside
from batchdigits.records import HopelessContents, Source


class Inbox:
    """The folder that a session reads.

    Names are those of :class:`~batchdigits.records.Source`: paths inside the inbox, always UTF-8.
    A folder named by way of links is where they led when this was made.

    Attributes:
        root: the folder's real path.
    """

    def __init__(self, folder: Path) -> None:
        self.root = os.path.realpath(folder)

    def get_path(self, name: str) -> str:
        """Return the path of a file, by which it can be opened.

        Raises:
            OutboxError: the name leads out of the inbox.
        """
        return inside(self.root, name)

    def make_source(
        self,
        name: str,
        known_sha256: str = "",
        has_other_contents: bool = False,
        hopeless: HopelessContents | None = None,
    ) -> Source:
        """Make the source of a file, see :class:`~batchdigits.records.Source`."""
        path = self.get_path(name)
        return Source(path, name, known_sha256, has_other_contents, None, self.root, hopeless)

    def is_gone(self, name: str) -> bool:
        """Tell whether a file is surely no longer there."""
        try:
            os.lstat(self.get_path(name))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            pass
        return False
