"""The folder with the data that the sets are made from."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batchdigits.datasets.archives import load_npz
from batchdigits.datasets.labelled import LabelledImages, list_labelled_files, load_folder
from batchdigits.errors import DataError

#: Writers (folders of kensanata/numbers) on whom no bundled model was trained or calibrated.
WRITERS = ("0002_*", "0011_*", "0020_*")
MNIST, SCANS, OPTDIGITS, SEMEION = "mnist.npz", "scans", "optdigits.npz", "semeion.npz"


@dataclass(frozen=True, slots=True)
class Data:
    """The files that the sets are made from.

    Attributes:
        folder: where they are.
        workspace: where an archive is unpacked.
        divide: only every ``divide``-th item is taken.
    """

    folder: Path
    workspace: Path
    divide: int = 1

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
        """List the measured writers' scans.

        Returns:
            The folder ``scans/``, and the files with their digits.

        Raises:
            DataError: there are none.
        """
        root = self._unpack()
        files = list_labelled_files(root, WRITERS)[:: self.divide]
        if not files:
            raise DataError(f"{root} holds no scans of the writers {', '.join(WRITERS)}")
        return root, files

    def load_scans(self) -> LabelledImages:
        """Load the measured writers' scans as gray pages."""
        whole = load_folder(self._unpack(), WRITERS)
        return whole.take(np.arange(0, len(whole), self.divide))

    def _unpack(self) -> Path:
        if (self.folder / SCANS).is_dir():
            return self.folder / SCANS
        unpacked = self.workspace / "unpacked"
        if not unpacked.is_dir():
            with tarfile.open(self.folder / "scans.tar") as archive:
                archive.extractall(unpacked, filter="data")
        return unpacked / SCANS
