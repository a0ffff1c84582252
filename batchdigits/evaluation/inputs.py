"""What is evaluated: files that the program can read, and the digit each truly is."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from batchdigits.datasets import readers
from batchdigits.datasets.labelled import digit_from_label
from batchdigits.datasets.readers import MNIST
from batchdigits.errors import DataError, UsageError
from batchdigits.evaluation import array_files, csv_labels
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.session.outbox import check_folders
from batchdigits.system.filenames import to_display_name

#: Files in folders named by their digit, as the scan's patterns have it; others are not read.
_LABELLED_PATTERNS = ("[0-9]/*", "*/[0-9]/*")


@dataclass(frozen=True, slots=True)
class LabelledInbox:
    """An inbox, and the truth of what lies in it.

    ``include`` and ``exclude`` are those of :class:`batchdigits.config.Settings`; ``digit_of``
    gives the true digit, 0-9, of a file's name as results have it, ``None`` for a file that has
    no label and does not count.
    """

    inbox: Path
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    digit_of: Callable[[str], int | None]


def prepare_labelled_inbox(
    data: str, include: tuple[str, ...], exclude: tuple[str, ...], temporary_folder: Path
) -> LabelledInbox:
    """Make what ``data`` names ready to be read.

    Args:
        data: a folder with sub-folders 0-9 at any depth, read in place; a CSV (see
            :mod:`batchdigits.evaluation.csv_labels`), an ``.npz`` (see
            :func:`batchdigits.datasets.labelled.load_npz`) or IDX files (see
            :mod:`batchdigits.datasets.idx`), whose images are put into ``temporary``; or the
            word ``mnist``.
        include: patterns of files to read; none means all.
        exclude: patterns of files to leave out.
        temporary: an empty folder.

    Raises:
        DataError: there is no such data, or it cannot be used.
        UsageError: patterns for data that is not made of files.
    """
    path = Path(data)
    if data != MNIST and not path.exists():
        raise DataError(f"There is no {data}.")
    if readers.is_labelled_folder(data):
        return _inbox_from_folder(path, include, exclude)
    if data != MNIST and path.suffix.lower() == ".csv":
        truth = csv_labels.copy_labelled_files(path, include, exclude, temporary_folder)
        _check_readable(path, temporary_folder, truth)
        return LabelledInbox(temporary_folder, (), (), truth.get)
    if include or exclude:
        raise UsageError("--include and --exclude choose among files, and this data holds arrays.")
    truth = (
        array_files.write_mnist_images(temporary_folder)
        if data == MNIST
        else array_files.write_images(path, temporary_folder)
    )
    return LabelledInbox(temporary_folder, (), (), truth.get)


def _inbox_from_folder(
    folder: Path, include: tuple[str, ...], exclude: tuple[str, ...]
) -> LabelledInbox:
    own = folder.resolve().name

    def digit_of(name: str) -> int | None:
        """Take the digit of the nearest folder, as training does."""
        return digit_from_label(PurePosixPath(name).parent.name or own)

    # What has no label need not be read; a folder that is a label itself labels all it holds.
    wanted = include or (_LABELLED_PATTERNS if digit_from_label(own) is None else ())
    scan = InboxWalk(folder, wanted, exclude)
    if not any(digit_of(name) is not None for name, _, _ in scan):
        chosen = " that the patterns let through" if include or exclude else ""
        raise DataError(f"{folder} has no images{chosen} in sub-folders named 0 to 9.")
    return LabelledInbox(folder, wanted, exclude, digit_of)


def check_outbox(data: str, outbox: Path) -> None:
    """Refuse an output folder inside a labelled folder, the other way round, or beside a file.

    Raises:
        UsageError: with the sentence to show.
    """
    if data != MNIST and os.path.isdir(data):
        check_folders(Path(data), outbox)
    elif data != MNIST and any(
        _is_same_folder(outbox, folder) for folder in _list_parent_folders(data)
    ):
        raise UsageError(
            f"The output folder {outbox} is the folder of {data}, which is left as it is: "
            "choose another."
        )


def _list_parent_folders(file: str) -> set[str]:
    """The folders of a file and of what it leads to, where it is a link."""
    return {os.path.dirname(path) for path in (os.path.abspath(file), os.path.realpath(file))}


def _is_same_folder(path: Path, other: str) -> bool:
    """Whether both are one folder on disk, whatever ``..``, links or letters they are named by."""
    return os.path.isdir(path) and os.path.isdir(other) and os.path.samefile(path, other)


def _check_readable(csv_path: Path, inbox: Path, names: Iterable[str]) -> None:
    """A file that a run would leave alone has no reading to be judged."""
    left = set(names) - {name for name, _, _ in InboxWalk(inbox)}
    if left:
        raise DataError(
            f"{to_display_name(str(csv_path))} names {min(left)}, which a run leaves alone: "
            "it is no image, or is named like a temporary file."
        )
