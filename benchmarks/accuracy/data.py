"""The folder with what the sets are made from."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from batchdigits.datasets.labelled import LabelledImages, list_labelled_files, load_folder, load_npz
from batchdigits.errors import DataError

#: Writers (folders of kensanata/numbers) that no bundled model is trained, chosen or calibrated on.
WRITERS = ("0002_*", "0011_*", "0020_*")
MNIST, SCANS, OPTDIGITS, SEMEION = "mnist.npz", "scans", "optdigits.npz", "semeion.npz"


@dataclass(frozen=True, slots=True)
class Data:
    """The files in ``folder``; every ``divide``-th item is taken; ``root`` is for unpacking."""

    folder: Path
    root: Path
    divide: int = 1

    def lacks(self, needed: str) -> str:
        """Why a file or folder is missing, or nothing."""
        if needed == SCANS:
            there = self.folder / SCANS, self.folder / "scans.tar"
            found = there[0].is_dir() or there[1].is_file()
            return "" if found else f"neither scans/ nor scans.tar is in {self.folder}"
        found = (self.folder / needed).is_file()
        return "" if found else f"{needed} is not in {self.folder}"

    def npz(self, name: str, part: str = "test") -> LabelledImages:
        """Images and digits of an ``.npz``; of MNIST the test part unless told otherwise."""
        whole = load_npz(self.folder / name, part)
        return whole.take(np.arange(0, len(whole), self.divide))

    def scans(self) -> tuple[Path, list[tuple[Path, int]]]:
        """The unpacked ``scans/``, and the measured writers' files with their digits."""
        root = self._unpacked()
        files = list_labelled_files(root, WRITERS)[:: self.divide]
        if not files:
            raise DataError(f"{root} holds no scans of the writers {', '.join(WRITERS)}")
        return root, files

    def scanned(self) -> LabelledImages:
        """The measured writers' scans as gray pages."""
        whole = load_folder(self._unpacked(), WRITERS)
        return whole.take(np.arange(0, len(whole), self.divide))

    def _unpacked(self) -> Path:
        if (self.folder / SCANS).is_dir():
            return self.folder / SCANS
        unpacked = self.root / "unpacked"
        if not unpacked.is_dir():
            with tarfile.open(self.folder / "scans.tar") as archive:
                archive.extractall(unpacked, filter="data")
        return unpacked / SCANS
