"""Formats of model files, told by their content and never by their name.

Scripts save ``handwritten_digits.model`` and browsers rename what they download, so an ending
says little. Only the standard library is used here, and only a few pages of a file are read.
"""

import os
import stat
import zipfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from batchdigits.errors import ModelError
from batchdigits.inference.importing.unsupported_files import (
    CHECKPOINT_DESCRIPTION,
    SAVE_WHOLE_ADVICE,
    describe_unsupported,
)

#: Bytes read of the beginning of a file.
HEAD_BYTES = 4096
#: Longest list of members that a ZIP archive may have, in bytes; Keras writes some hundred.
MAX_DIRECTORY_BYTES = 2**20
#: Most fields at the top of an ONNX file; exporters write fewer than ten.
MAX_PROTOBUF_FIELDS = 10_000
#: Highest version of ONNX files; they have been counted from 1 since 2017 and have come to 13.
MAX_ONNX_VERSION = 100

SAVED_MODEL_FILE = "saved_model.pb"
CONFIG_MEMBER = "config.json"
WEIGHTS_MEMBER = "model.weights.h5"
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"

SUPPORTED_FORMATS = "Keras (.keras or .h5), a TensorFlow SavedModel folder, TensorFlow Lite or ONNX"


class ModelFormat(StrEnum):
    """What a model file is."""

    #: The ``.keras`` archive of Keras 3 and of Keras 2.12 and later.
    KERAS = "keras"
    #: A whole model in one HDF5 file, from any Keras.
    HDF5 = "hdf5"
    #: A folder with ``saved_model.pb``.
    SAVED_MODEL = "saved_model"
    TFLITE = "tflite"
    ONNX = "onnx"


def identify_model_format(path: Path) -> ModelFormat:
    """Find the format of a model file or folder by its content.

    Raises:
        ModelError: it is missing, cannot be read, or has no format that is supported; says what
            it is instead where that is known.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _identify_folder(path)
        # Opening a pipe would wait for somebody to write to it.
        if not stat.S_ISREG(mode):
            raise ModelError(f"{path} is neither a file nor a folder.")
        with path.open("rb") as file:
            return _identify_file(path, file)
    except FileNotFoundError as error:
        raise ModelError(_describe_missing(path)) from error
    except OSError as error:
        raise ModelError(f"The model {path} cannot be read: {error.strerror}.") from error


def _describe_missing(path: Path) -> str:
    # People name a checkpoint by what the names of its files have in common.
    if path.with_name(f"{path.name}.index").is_file():
        return f"{path} {CHECKPOINT_DESCRIPTION}."
    return f"No model at {path}."


def _identify_folder(path: Path) -> ModelFormat:
    """Recognise a SavedModel, or say what the folder is instead."""
    if (path / SAVED_MODEL_FILE).is_file():
        return ModelFormat.SAVED_MODEL
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry, _ in zip(entries, range(HEAD_BYTES), strict=False))
    if any(name == "checkpoint" or name.endswith(".index") for name in names):
        raise ModelError(f"The folder {path} {CHECKPOINT_DESCRIPTION}.")
    # TensorFlow Serving keeps each version in a folder of its own.
    versions = [name for name in names if (path / name / SAVED_MODEL_FILE).is_file()]
    advice = ", so it is not a SavedModel"
    if versions:
        advice = f" itself; name {path / versions[-1]} instead"
    raise ModelError(f"The folder {path} has no {SAVED_MODEL_FILE}{advice}.")


def _identify_file(path: Path, file: BinaryIO) -> ModelFormat:
    head = file.read(HEAD_BYTES)
    size = os.fstat(file.fileno()).st_size
    if not head:
        raise ModelError(f"The model {path} is empty.")
    if head.startswith(HDF5_SIGNATURE):
        return ModelFormat.HDF5
    # Before ZIP: TensorFlow Lite appends its metadata to the model as an archive.
    if head[4:8] == b"TFL3":
        return ModelFormat.TFLITE
    if head.startswith(b"PK\x03\x04"):
        return _identify_zip(path, file, size)
    if _is_onnx(file, size):
        return ModelFormat.ONNX
    description = describe_unsupported(path, head, file, size)
    if not description and path.name == SAVED_MODEL_FILE:
        description = "is one file of a SavedModel: name its folder instead"
    if not description:
        description = f"is not a model in a known format: it should be {SUPPORTED_FORMATS}"
    raise ModelError(f"{path} {description}.")


def _identify_zip(path: Path, file: BinaryIO, size: int) -> ModelFormat:
    """Recognise a Keras archive, or say what the archive holds instead."""
    check_zip_directory(path, file, size)
    try:
        names = zipfile.ZipFile(file).namelist()
    except Exception as error:  # zipfile raises many types on damaged archives
        raise ModelError(f"{path} is a damaged ZIP archive: {error}.") from error
    if CONFIG_MEMBER in names and WEIGHTS_MEMBER in names:
        return ModelFormat.KERAS
    raise ModelError(f"{path} is a ZIP archive {_describe_archive(names)}.")


def _describe_archive(names: list[str]) -> str:
    """Say what an archive holds: the end of the sentence that begins "... is a ZIP archive"."""
    # TorchScript archives have a data.pkl, too.
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return "of PyTorch (.pt or .pth), which is not read: export the model to ONNX"
    if names and all(name.endswith(".npy") for name in names):
        return f"of NumPy arrays (.npz), which holds at most weights: {SAVE_WHOLE_ADVICE}"
    if CONFIG_MEMBER in names:
        return f"of Keras without {WEIGHTS_MEMBER}: {SAVE_WHOLE_ADVICE}"
    endings = (SAVED_MODEL_FILE, ".keras", ".h5", ".hdf5", ".tflite", ".onnx")
    if any(name.endswith(endings) for name in names):
        return "with a model inside: unpack it and name what was in it"
    return f"but no Keras model: it has no {CONFIG_MEMBER}"


def check_zip_directory(path: Path, file: BinaryIO, size: int) -> None:
    """Refuse an archive whose list of members alone would fill the memory, before it is read.

    Args:
        path: name of the archive, for messages.
        file: the archive, open; left at its beginning.
        size: its length in bytes.

    Raises:
        ModelError: the list is longer than ``MAX_DIRECTORY_BYTES``, or is not there.
    """
    file.seek(max(0, size - 2**16 - 22))
    tail = file.read()
    position = tail.rfind(b"PK\x05\x06")
    if position < 0 or len(tail) < position + 22:
        raise ModelError(f"{path} is a damaged ZIP archive: it is cut off.")
    length = int.from_bytes(tail[position + 12 : position + 16], "little")
    # This record before it means that another one with longer numbers counts; only giants have it.
    is_zip64 = tail[max(0, position - 20) : position].startswith(b"PK\x06\x07")
    file.seek(0)
    if is_zip64 or length > MAX_DIRECTORY_BYTES:
        raise ModelError(f"{path} is a ZIP archive too large for a model of digits.")


def _is_onnx(file: BinaryIO, size: int) -> bool:
    """Check whether this is an ONNX ModelProto: a small ``ir_version`` and a ``graph``."""
    version, has_graph = 0, False
    for field, wire_type, value in _read_protobuf_fields(file, size):
        if field == 0:
            return False
        if (field, wire_type) == (1, 0):
            version = value
        has_graph |= (field, wire_type) == (7, 2) and value > 0
    return has_graph and 1 <= version <= MAX_ONNX_VERSION


def _read_protobuf_fields(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """Read the fields at the top of a protobuf message, without what they hold.

    Yields:
        Field number, wire type, and value or length. Field 0, which no message has, comes last
        where the fields do not fill the file exactly to its last byte.
    """
    position = 0
    for _ in range(MAX_PROTOBUF_FIELDS):
        if position == size:
            return
        file.seek(position)
        data = file.read(20)
        key, key_size = _read_varint(data)
        value, value_size = _read_varint(data[key_size:])
        length = {0: value_size, 1: 8, 2: value_size and value_size + value, 5: 4}.get(key & 7, 0)
        if not key_size or not length or position + key_size + length > size:
            break
        yield key >> 3, key & 7, value
        position += key_size + length
    yield 0, 0, 0


def _read_varint(data: bytes) -> tuple[int, int]:
    """Read a number of protobuf; return it and the bytes it takes, none where it has no end."""
    value = 0
    for index, byte in enumerate(data[:10]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, index + 1
    return 0, 0
