"""Labelled digits from archives and folders."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from batchdigits.datasets.archives import load_npz
from batchdigits.datasets.labelled import (
    MAX_SIDE,
    digit_from_label,
    hold_back,
    list_labelled_files,
    load_folder,
)
from batchdigits.errors import DataError
from tests.support.labelled_samples import Digits, make_labelled, write_folder


def test_npz_parts_and_wrong_shapes(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    images = np.zeros((3, 28, 28), np.uint8)
    np.savez(path, x_train=images, y_train=[1, 2, 3], x_test=images[:1], y_test=[9])
    assert len(load_npz(path)) == 3 and load_npz(path, "test").digits.tolist() == [9]
    np.savez(path, x=images[:2], y=[4, 5])
    assert load_npz(path).digits.tolist() == [4, 5]
    ramp = np.arange(3 * 784, dtype=np.float64).reshape(3, 784) / (3 * 784 - 1)
    shapes = ramp, ramp.reshape(3, 28, 28), ramp.reshape(3, 28, 28, 1), (ramp * 255).astype(int)
    whole = np.array([1, 2, 3])
    for x, y in zip(shapes, (whole, np.eye(10)[whole], whole * 1.0, whole + 6), strict=True):
        np.savez(path, x=x, y=y)
        found = load_npz(path)
        assert found.pages[2].shape == (28, 28) and found.pages[2].dtype == np.uint8
        assert found.pages[2].max() == 255 and found.digits[0] in (1, 7)
    for x, wrong in (
        (images, [1, 2]),
        (images, [1, 2, 10]),
        (images, [1.5, 2, 3]),
        (images.astype(float) - 1, [1, 2, 3]),
        (images[..., :27].reshape(3, -1), [1, 2, 3]),
    ):
        np.savez(path, x=x, y=np.array(wrong))
        with pytest.raises(DataError):
            load_npz(path)


def archive(*members: tuple[str, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


def npy(array: ArrayLike) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def boundless() -> bytes:
    """An array of 255 TiB, as its header has it."""
    file = io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (2**28, 1000, 1000)}
    np.lib.format.write_array_header_1_0(file, shape)
    return file.getvalue()


X, Y = npy(np.full((3, 28, 28), 7, np.uint8)), npy([1, 2, 3])
PACKED = archive(("x.npy", X), ("y.npy", Y), kind=zipfile.ZIP_DEFLATED)
START = PACKED.index(b"x.npy") + len("x.npy")
#: Archives from anywhere, and what the error says of them.
BAD_ARCHIVES = {
    "deflate": (PACKED[:START] + b"\xff" * 8 + PACKED[START + 8 :], "is no .npz"),
    "encrypted": (
        archive(("x.npy", X), ("y.npy", Y))
        .replace(b"PK\3\4\x14\0\0", b"PK\3\4\x14\0\1")
        .replace(b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1"),
        "encrypted",
    ),
    "boundless": (archive(("x.npy", boundless()), ("y.npy", Y)), "is no .npz"),
    "one label": (archive(("x.npy", X), ("y.npy", npy(3))), "one whole number an image"),
    "no height": (archive(("x.npy", npy(np.zeros((3, 0, 28), np.uint8))), ("y.npy", Y)), "1 to"),
    "no width": (archive(("x.npy", npy(np.zeros((3, 28, 0), np.uint8))), ("y.npy", Y)), "1 to"),
    "wide": (
        archive(("x.npy", npy(np.zeros((3, 1, 1_000_001), np.uint8))), ("y.npy", Y)),
        "images must have 1 to 10,000 pixels a side",
    ),
    "words": (archive(("x", b"no array"), ("y", b"nor this")), "must be arrays"),
    "objects": (archive(("x.npy", npy(np.array([None]))), ("y.npy", Y)), "is no .npz"),
}


@pytest.mark.parametrize("kind", BAD_ARCHIVES)
def test_an_archive_from_anywhere_is_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    content, reason = BAD_ARCHIVES[kind]
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_npz(tmp_path / "bad.npz")
    assert reason in str(caught.value) and "\n" not in str(caught.value)


def test_images_of_any_fair_size_are_taken(tmp_path: Path) -> None:
    for shape in ((1, 1, 1), (1, 1, MAX_SIDE), (1, MAX_SIDE, 1)):
        np.savez(tmp_path / "x.npz", x=np.zeros(shape, np.uint8), y=[7])
        assert load_npz(tmp_path / "x.npz").pages[0].shape == shape[1:]


def test_a_label_is_one_plain_digit() -> None:
    assert [digit_from_label(label) for label in "0123456789"] == list(range(10))
    for label in ("", "10", "07", "a", " 3", "-1", "٣", "²", "01234"):
        assert digit_from_label(label) is None


def test_folders_are_labelled_by_their_nearest_name(tmp_path: Path, digits: Digits) -> None:
    write_folder(tmp_path, digits)
    (tmp_path / "w1" / "notes.txt").write_text("x")
    assert len(load_folder(tmp_path)) == len(digits)
    kept = list_labelled_files(tmp_path, exclude=("w0/*", "w1/*"))
    assert {path.parent.parent.name for path, _ in kept} == {"w2", "w3"}
    assert all(str(digit) == path.parent.name for path, digit in kept)


def test_nothing_held_back_is_learned(digits: Digits) -> None:
    data = make_labelled(digits)
    rest, held = hold_back(data, 0.25, seed=1)
    assert len(rest) + len(held) == len(data) and len(held) == 4
    assert not {id(page) for page in rest.pages} & {id(page) for page in held.pages}
