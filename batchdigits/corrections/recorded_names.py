"""Files on record found by the names that people have in their tables."""

import os
from functools import cached_property

from batchdigits.journal import corrections
from batchdigits.journal.journal import Journal
from batchdigits.journal.meta_keys import INBOX_KEY
from batchdigits.reports.tables.csvfile import unguard_cell
from batchdigits.system.filenames import compose, list_typed_paths, to_display_name, to_raw_name


class RecordedNames:
    """The names of all files of an outbox."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._inbox = to_raw_name(journal.get_meta(INBOX_KEY) or "")

    def find_hashes(self, cell: str) -> set[str]:
        r"""Find the hashes of the contents that a cell may mean; files never read have none.

        Names are taken as reports write them, as they are, with ``\`` for ``/``, from the root of
        the file system on, and with accents composed otherwise, in this order: what fits first
        counts.
        """
        paths = list(
            dict.fromkeys(
                name
                for plain in (unguard_cell(cell), cell)
                for path in list_typed_paths(plain)
                for name in (path, self._relate_to_inbox(path))
                if name
            )
        )
        for path in paths:
            if hashes := corrections.find_hashes(self._journal, path):
                return hashes
        names = {name for path in paths for name in self._names_by_composed.get(compose(path), ())}
        return {sha256 for name in names for sha256 in corrections.find_hashes(self._journal, name)}

    def _relate_to_inbox(self, path: str) -> str:
        """Return the name that a file has inside the inbox, as the journal has it."""
        raw_path = to_raw_name(path)
        if os.path.isabs(raw_path):
            folder, name = os.path.split(raw_path)
            raw_path = os.path.relpath(os.path.join(_resolve(folder), name), self._inbox)
        return to_display_name(os.path.normpath(raw_path))

    @cached_property
    def _names_by_composed(self) -> dict[str, set[str]]:
        """The names that may be composed in several ways, by how they are with all composed."""
        names: dict[str, set[str]] = {}
        for name in corrections.iter_names(self._journal):
            if not name.isascii():
                names.setdefault(compose(name), set()).add(name)
        return names


def _resolve(folder: str) -> str:
    try:
        return os.path.realpath(folder)
    except ValueError:  # a NUL in a cell
        return folder
