r"""Paths of files as people type them: with ``\`` from Windows, composed otherwise than on disk."""

import unicodedata


def list_typed_paths(cell: str) -> list[str]:
    r"""List the paths that a cell of a table may mean, the likeliest first.

    A cell is the path itself, or has spaces or quotes around it, or ``\`` in place of ``/``.
    """
    stripped = cell.strip()
    unquoted = stripped.strip("\"'`") if stripped[:1] == stripped[-1:] else stripped
    paths = [cell, stripped, unquoted]
    paths += [path.replace("\\", "/") for path in paths]
    return [path for path in dict.fromkeys(paths) if path]


def compose(path: str) -> str:
    """Return a path with composed characters (NFC).

    ``é`` is one character or two, and looks the same: Macs and their copies have two in the names
    of files, keyboards of Windows and Linux type one.
    """
    return unicodedata.normalize("NFC", path)
