"""Packages that Python does not find, as if they were not installed."""

import os
from pathlib import Path

#: Runs at the start of every Python that finds it, child processes of the program among them.
_SITE_SCRIPT = """
from importlib.machinery import PathFinder

find_spec = PathFinder.find_spec

def find_visible(name, path=None, target=None):
    return None if name.partition(".")[0] in {names!r} else find_spec(name, path, target)

PathFinder.find_spec = find_visible
"""


def hide_packages(folder: Path, *names: str) -> dict[str, str]:
    """Make the environment of a process for which top-level packages are not installed.

    Args:
        folder: a new folder for the script that hides them.
        names: the packages.

    Returns:
        The environment variables.
    """
    folder.mkdir()
    script = _SITE_SCRIPT.format(names=set(names))
    (folder / "sitecustomize.py").write_text(script, encoding="utf-8")
    return os.environ | {"PYTHONPATH": str(folder)}
