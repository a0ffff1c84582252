"""What ``predict`` reads: files, folders and standard input, as sources of the pipeline."""

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
    """Make sources of the arguments, in their order.

    Args:
        files: names of files and folders, and ``-`` for standard input.

    Returns:
        The sources, and the names of folders in which there is nothing to read.

    Raises:
        UsageError: a name is empty, or standard input is a terminal, where the program would wait
            for input without anybody knowing.
    """
    sources: list[Source] = []
    empty_folders: list[str] = []
    stdin: Source | None = None
    for name in files:
        if not name:
            raise UsageError("The name of a file is empty.")
        if name == STDIN:
            stdin = stdin or _read_stdin()
            sources.append(stdin)
        elif path_sources := sources_from_path(name):
            sources += path_sources
        else:
            empty_folders.append(to_display_name(name))
    return sources, empty_folders


def _read_stdin() -> Source:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(f"'{STDIN}' reads an image that is piped in, but nothing is piped in.")
    return Source("", STDIN_NAME, content=sys.stdin.buffer.read())


def refuse_to_overwrite(picture: Path, sources: Iterable[Source]) -> None:
    """Refuse a picture that would replace one of the files to be read.

    Raises:
        UsageError: it would.
    """
    target = picture.resolve()
    if any(source.path and Path(source.path).resolve() == target for source in sources):
        raise UsageError(f"{picture} is one of the images to read: name another file with --save.")
