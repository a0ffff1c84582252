"""What ``--data`` names, and how it is split."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from batchdigits.datasets import readers
from batchdigits.datasets.split import DataSelection, load_data_split
from batchdigits.errors import DataError
from tests.support.labelled_samples import Digits, write_folder, write_idx


def test_idx_files_are_read_with_their_labels(tmp_path: Path, digits: Digits) -> None:
    write_idx(tmp_path / "idx", digits)
    train, test = (readers.load_source(str(tmp_path / "idx"), part) for part in ("train", "test"))
    assert train is not None and test is not None and (len(train), len(test)) == (200, 40)
    assert train.digits[:3].tolist() == [int(true) for _, true in digits[:3]]
    one = readers.load_source(str(tmp_path / "idx" / "t10k-images-idx3-ubyte.gz"), "train")
    assert one is not None and np.array_equal(one.pages[39], test.pages[39])
    labels = tmp_path / "idx" / "train-labels-idx1-ubyte"
    for content in (labels.read_bytes()[:-1], labels.read_bytes() + b"x", b"", b"junk"):
        labels.write_bytes(content)
        with pytest.raises(DataError):
            readers.load_source(str(tmp_path / "idx"), "train")


def test_no_digit_is_learned_from_and_looked_at(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path / "scans", digits)
    shutil.copytree(tmp_path / "scans", tmp_path / "copies")
    random = np.random.default_rng(1).integers(0, 255, (120, 28, 28), np.uint8)
    np.savez(tmp_path / "x.npz", x=random, y=np.arange(120) % 10)
    named = tuple(str(tmp_path / name) for name in ("scans", "copies", "x.npz"))
    parts = load_data_split(DataSelection(named), seed=1)
    learned, checked, tested = (
        {page.tobytes() for part in some for page in part.pages}
        for some in ([part for part, _ in parts.train], parts.validation, parts.test)
    )
    assert learned and checked and tested
    assert not (learned & checked or learned & tested or checked & tested)
    assert parts.fingerprint() == load_data_split(DataSelection(named), seed=1).fingerprint()
    assert parts.fingerprint() != load_data_split(DataSelection(named), seed=2).fingerprint()
