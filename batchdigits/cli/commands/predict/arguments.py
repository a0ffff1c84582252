"""What ``predict`` was told to read: files, folders and standard input, as sources of the road."""

import sys
from collections.abc import Iterable
from pathlib import Path

from batchdigits.errors import UsageError
from batchdigits.pipeline.sources import sources_from_path
from batchdigits.records import Source
from batchdigits.system.filenames import to_display_name

STDIN = "-"
STDIN_NAME = "standard input"


def parse_arguments(files: Iterable[str]) -> tuple[list[Source], list[str]]:
    """Sources in the order given, and the names of folders in which there is nothing to read.

    Raises:
        UsageError: a name is empty, or standard input is a terminal, for which nobody would know
            that it is waited.
    """
    sources: list[Source] = []
    empty: list[str] = []
    piped: Source | None = None
    for name in files:
        if not name:
            raise UsageError("The name of a file is empty.")
        if name == STDIN:
            piped = piped or _read_stdin()
            sources.append(piped)
        elif found := sources_from_path(name):
            sources += found
        else:
            empty.append(to_display_name(name))
    return sources, empty


def _read_stdin() -> Source:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(f"'{STDIN}' reads an image that is piped in; nothing is.")
    return Source("", STDIN_NAME, content=sys.stdin.buffer.read())


def refuse_to_overwrite(picture: Path, sources: Iterable[Source]) -> None:
    """Keep files as they are, also from a picture that would take a scan's place.

    Raises:
        UsageError: the picture is one of the files to be read.
    """
    target = picture.resolve()
    if any(source.path and Path(source.path).resolve() == target for source in sources):
        raise UsageError(f"{picture} is to be read: name another file with --save.")
