"""What is evaluated: a folder that a run can read, and the digit that each file truly is."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from batchdigits.datasets import readers
from batchdigits.datasets.labelled import digit_from_label
from batchdigits.datasets.non_digit_images import NO_DIGIT_FOLDER
from batchdigits.datasets.readers import MNIST
from batchdigits.datasets.typed_digits import NO_DIGIT_LABEL
from batchdigits.errors import DataError, UsageError
from batchdigits.evaluation import array_files, csv_labels
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.session.outbox import check_folders
from batchdigits.system.filenames import to_display_name
from batchdigits.system.tables import TABLE_SUFFIXES

#: Patterns for files in folders named after their digit; others are not read.
_LABELLED_PATTERNS = (
    *("[0-9]/*", "*/[0-9]/*"),
    *(f"{NO_DIGIT_FOLDER}/*", f"*/{NO_DIGIT_FOLDER}/*"),
)


@dataclass(frozen=True, slots=True)
class LabelledInbox:
    """An inbox, and the true digits of the files in it.

    Attributes:
        inbox: the folder to be read.
        include: patterns of files to read, see :class:`batchdigits.config.FileFilter`.
        exclude: patterns of files to leave out.
        digit_of: gives the true digit, 0-9, of a file by its name in the results, or
            :data:`~batchdigits.datasets.typed_digits.NO_DIGIT_LABEL`; ``None`` for a file that has
            no label and does not count.
    """

    inbox: Path
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    digit_of: Callable[[str], int | None]


def prepare_labelled_inbox(
    data: str, include: tuple[str, ...], exclude: tuple[str, ...], temporary_folder: Path
) -> LabelledInbox:
    """Make labelled data ready to be read by a run.

    Args:
        data: a folder with sub-folders 0-9 and ``no_digit`` at any depth, read in place; a table
            (see :mod:`batchdigits.evaluation.csv_labels`), an ``.npz`` (see
            :func:`batchdigits.datasets.archives.load_npz`) or IDX files (see
            :mod:`batchdigits.datasets.idx`), whose images are put into ``temporary_folder``; or
            the word ``mnist``.
        include: patterns of files to read; none means all.
        exclude: patterns of files to leave out.
        temporary_folder: an empty folder.

    Raises:
        DataError: there is no such data, or it cannot be used.
        UsageError: patterns for data that is not made of files.
    """
    path = Path(data)
    if data != MNIST and not path.exists():
        raise DataError(f"There is no {data}.")
    if readers.is_labelled_folder(data):
        return _inbox_from_folder(path, include, exclude)
    if data != MNIST and path.suffix.lower() in TABLE_SUFFIXES:
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
    folder_name = folder.resolve().name

    def digit_of(name: str) -> int | None:
        """Take the label of the nearest folder, as training does."""
        return _parse_folder_name(PurePosixPath(name).parent.name or folder_name)

    # What has no label need not be read; a folder that is a label itself labels all it holds.
    patterns = include or (_LABELLED_PATTERNS if _parse_folder_name(folder_name) is None else ())
    if not any(digit_of(file.name) is not None for file in InboxWalk(folder, patterns, exclude)):
        condition = " that match the patterns" if include or exclude else ""
        raise DataError(f"{folder} has no images{condition} in sub-folders named 0 to 9.")
    return LabelledInbox(folder, patterns, exclude, digit_of)


def _parse_folder_name(name: str) -> int | None:
    return NO_DIGIT_LABEL if name == NO_DIGIT_FOLDER else digit_from_label(name)


def check_outbox(data: str, outbox: Path) -> None:
    """Refuse an output folder in which the labelled data would be at risk.

    Raises:
        UsageError: the labelled folder and the output folder lie in each other, or the labelled
            file lies in the output folder.
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
    """List the folder of a file and, where it is a link, that of the file it leads to."""
    return {os.path.dirname(path) for path in (os.path.abspath(file), os.path.realpath(file))}


def _is_same_folder(path: Path, other: str) -> bool:
    """Check whether two paths are one folder on disk, however they are written."""
    return os.path.isdir(path) and os.path.isdir(other) and os.path.samefile(path, other)


def _check_readable(csv_path: Path, inbox: Path, names: Iterable[str]) -> None:
    """Refuse files that a run would leave alone: they would have no reading.

    Raises:
        DataError: there is one.
    """
    ignored = set(names) - {file.name for file in InboxWalk(inbox)}
    if ignored:
        raise DataError(
            f"{to_display_name(str(csv_path))} names {min(ignored)}, which a run leaves alone: "
            "it is not an image, or is named like a temporary file."
        )
