"""Which settings files a command takes: the one it is given, or the user's and the folder's."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from batchdigits.cli.settings_file import SETTINGS_FILE, read_settings_file
from batchdigits.config.own_files import ForeignFileError, find_user_folder
from batchdigits.errors import UsageError
from batchdigits.system.filenames import escape_for_terminal


class FoundSettings(dict[str, object]):
    """Values of options by the names of their parameters, as settings files have them.

    Attributes:
        places: by the same names, the file that has the value.
        files: the files that were taken, the most important one first.
        refusal: why the file of the current folder was passed over; empty where it was not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, Path] = {}
        self.files: list[Path] = []
        self.refusal = ""

    def describe(self) -> list[tuple[int, str]]:
        """Say which files were taken and which were not, as levels and messages of the log."""
        messages = []
        if self.files:
            names = " and ".join(escape_for_terminal(str(path)) for path in self.files)
            messages.append((logging.INFO, f"Settings are taken from {names}."))
        if self.refusal:
            messages.append((logging.WARNING, self.refusal))
        return messages

    def _add(self, path: Path, values: dict[str, object]) -> None:
        """Put the values of a file before those that are there."""
        self.update(values)
        self.places.update(dict.fromkeys(values, path))
        self.files.insert(0, path)


class SettingsSources:
    """The settings files of one call of the program.

    Args:
        commands: the commands that may have a table.
        called: the name of the called command.
        config: the file of ``--config``, which is read instead of all others; ``None`` for none.
    """

    def __init__(
        self, commands: Sequence[Callable[..., int]], called: str, config: Path | None
    ) -> None:
        self._commands, self._called, self._config = commands, called, config
        self._has_table = called in {command.__name__ for command in commands}

    def read_trusted(self) -> FoundSettings:
        """Read the file of ``--config``, or the user's own.

        Raises:
            UsageError: the file of ``--config`` is missing, or the file is faulty.
        """
        found = FoundSettings()
        folder = find_user_folder()
        path = self._config or (folder / SETTINGS_FILE if folder else None)
        if path and self._has_table:
            tables = read_settings_file(path, self._commands, self._called)
            if self._called in tables:
                found._add(path, tables[self._called])
            elif self._config:
                raise UsageError(f"There is no settings file {path}.")
        return found

    def has_local(self, trusted: FoundSettings) -> bool:
        """Check whether there is a file of the current folder that has not been read yet."""
        return (
            self._has_table
            and not self._config
            and os.path.exists(SETTINGS_FILE)
            and not any(SETTINGS_FILE.samefile(path) for path in trusted.files)
        )

    def add_local(self, found: FoundSettings, inbox: Path | None) -> None:
        """Add the settings of the current folder, unless others may have put the file there.

        It may lie in a folder that many people share, where nobody is to stop anybody's work.

        Args:
            found: what was read before; values of the current folder's file go before it.
            inbox: the folder that the command reads, where it has one.

        Raises:
            UsageError: the file is faulty, or has settings that only a trusted file may have.
        """
        if inbox and is_inside(SETTINGS_FILE, inbox):
            found.refusal = f"{SETTINGS_FILE} was ignored: it lies in the inbox."
            return
        try:
            tables = read_settings_file(
                SETTINGS_FILE, self._commands, self._called, is_trusted=False
            )
        except ForeignFileError as error:
            found.refusal = str(error)
            return
        if self._called in tables:
            found._add(SETTINGS_FILE, tables[self._called])


def refuse_inbox(trusted: FoundSettings, inbox: Path | None) -> None:
    """Refuse a trusted settings file that lies in the inbox, into which others may write.

    Raises:
        UsageError: one does.
    """
    for path in trusted.files:
        if inbox and is_inside(path, inbox):
            raise UsageError(
                f"{path} is not accepted as a settings file: it lies in the inbox {inbox}."
            )


def is_inside(path: Path, folder: Path) -> bool:
    """Check whether a file lies anywhere in a folder, by its own place or that of its target."""
    try:
        root = folder.stat()
        parents = [*path.parent.resolve().joinpath(path.name).parents, *path.resolve().parents]
        return any(os.path.samestat(parent.stat(), root) for parent in dict.fromkeys(parents))
    except (OSError, ValueError):  # there is no such folder
        return False
