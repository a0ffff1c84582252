"""The files of an inbox by the names that the journal has for them."""

import os
from pathlib import Path

from batchdigits.system.filenames import join_display_name


class Inbox:
    """The folder that a session reads.

    Names are those of :class:`~batchdigits.records.Source`: paths inside the inbox, always UTF-8.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = os.fspath(folder)

    def get_path(self, name: str) -> str:
        """Return the path of a file, by which it can be opened."""
        return join_display_name(self._folder, name)

    def is_gone(self, name: str) -> bool:
        """Tell whether a file is surely no longer there."""
        try:
            os.lstat(self.get_path(name))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            pass
        return False
