"""The folder with the data that the sets are made from."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batchdigits.datasets.archives import load_npz
from batchdigits.datasets.labelled import LabelledImages, list_labelled_files, load_folder
from batchdigits.errors import DataError
from benchmarks.accuracy.writers import WRONG_LABELS

_SHAPES_SEED = 1927
MNIST, SCANS, OPTDIGITS, SEMEION = "mnist.npz", "scans", "optdigits.npz", "semeion.npz"


@dataclass(frozen=True, slots=True)
class Data:
    """The files that the sets are made from.

    Attributes:
        folder: where they are.
        workspace: where an archive is unpacked.
        divide: only every ``divide``-th item is taken.
        writers: patterns of the scans that are read; none where the test parts of others are.
    """

    folder: Path
    workspace: Path
    divide: int = 1
    writers: tuple[str, ...] = ()

    def explain_missing(self, name: str) -> str:
        """Return why a file or folder is missing; empty if it is there."""
        if name == SCANS:
            exists = (self.folder / SCANS).is_dir() or (self.folder / "scans.tar").is_file()
            return "" if exists else f"neither scans/ nor scans.tar is in {self.folder}"
        return "" if (self.folder / name).is_file() else f"{name} is not in {self.folder}"

    def load_archive(self, name: str, part: str = "test") -> LabelledImages:
        """Load the images and digits of an ``.npz``, of MNIST one of its parts."""
        whole = load_npz(self.folder / name, part)
        return whole.take(np.arange(0, len(whole), self.divide))

    def list_scans(self) -> tuple[Path, list[tuple[Path, int]]]:
        """List the scans of the writers, without those in the folder of another digit.

        Returns:
            The folder ``scans/``, and the files with their digits.

        Raises:
            DataError: there are none.
        """
        root = self._unpack()
        files = list_labelled_files(root, self.writers, WRONG_LABELS)[:: self.divide]
        if not files:
            raise DataError(f"{root} holds no scans of the writers {', '.join(self.writers)}")
        return root, files

    def load_scans(self) -> LabelledImages:
        """Load the scans of :meth:`list_scans` as gray pages."""
        whole = load_folder(self._unpack(), self.writers, WRONG_LABELS)
        return whole.take(np.arange(0, len(whole), self.divide))

    def load_shapes(self, count: int) -> LabelledImages:
        """Load ``count`` random digits to draw anew: scans of the writers, or MNIST's test part.

        Whose digits are drawn is all that changes from one model to the next that reads them.
        """
        whole = self.load_scans() if self.writers else self.load_archive(MNIST)
        random = np.random.default_rng(_SHAPES_SEED)
        return whole.take(random.permutation(len(whole))[: max(1, count // self.divide)])

    def _unpack(self) -> Path:
        if (self.folder / SCANS).is_dir():
            return self.folder / SCANS
        unpacked = self.workspace / "unpacked"
        if not unpacked.is_dir():
            with tarfile.open(self.folder / "scans.tar") as archive:
                archive.extractall(unpacked, filter="data")
        return unpacked / SCANS
