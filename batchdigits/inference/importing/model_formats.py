"""Kinds of model files, told by what they hold and never by how they are named.

Scripts save ``handwritten_digits.model`` and browsers rename what they fetch, so an ending says
little. Only the standard library is used here, and of a file only a few pages are ever read.
"""

import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from batchdigits.errors import ModelError

#: How much of a file's beginning is looked at, in bytes.
HEAD_BYTES = 4096
#: Longest list of members that is read of a ZIP archive, in bytes; Keras writes some hundred.
MAX_DIRECTORY_BYTES = 2**20
#: Most fields at the top of an ONNX file; its exporters write fewer than ten.
MAX_PROTOBUF_FIELDS = 10_000
#: ONNX has counted its versions from 1 since 2017 and has come to 13.
MAX_ONNX_VERSION = 100

SAVED_MODEL_FILE = "saved_model.pb"
CONFIG_MEMBER = "config.json"
WEIGHTS_MEMBER = "model.weights.h5"
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"

SAVE_WHOLE_ADVICE = "save the whole model with model.save"
RESAVE_ADVICE = f"load it where it was made and {SAVE_WHOLE_ADVICE} or export it to ONNX"
CHECKPOINT_DESCRIPTION = (
    f"is part of a TensorFlow checkpoint, which holds only weights: {SAVE_WHOLE_ADVICE}"
)
UNSAFE_DESCRIPTION = "which may run code when loaded and is never opened"
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
    """What kind of model a file or folder is, by its content.

    Raises:
        ModelError: missing, not readable, or no kind of model that is read; says what it is
            where that can be told.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return _identify_folder(path)
        # Whoever opens a pipe waits for somebody to write to it.
        if not stat.S_ISREG(mode):
            raise ModelError(f"{path} is no file and no folder.")
        with path.open("rb") as file:
            return _identify_file(path, file)
    except FileNotFoundError as error:
        raise ModelError(_describe_missing(path)) from error
    except OSError as error:
        raise ModelError(f"The model {path} cannot be read: {error.strerror}.") from error


def _describe_missing(path: Path) -> str:
    # Of a checkpoint, people name what its files' names have in common.
    if path.with_name(f"{path.name}.index").is_file():
        return f"{path} {CHECKPOINT_DESCRIPTION}."
    return f"No model at {path}."


def _identify_folder(path: Path) -> ModelFormat:
    """Tell a SavedModel, or say what the folder is instead."""
    if (path / SAVED_MODEL_FILE).is_file():
        return ModelFormat.SAVED_MODEL
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry, _ in zip(entries, range(HEAD_BYTES), strict=False))
    if any(name == "checkpoint" or name.endswith(".index") for name in names):
        raise ModelError(f"The folder {path} {CHECKPOINT_DESCRIPTION}.")
    # TensorFlow Serving keeps each version in a folder of its own.
    inner = [name for name in names if (path / name / SAVED_MODEL_FILE).is_file()]
    advice = f" itself; name {path / inner[-1]} instead" if inner else ", so it is no SavedModel"
    raise ModelError(f"The folder {path} has no {SAVED_MODEL_FILE}{advice}.")


def _identify_file(path: Path, file: BinaryIO) -> ModelFormat:
    head = file.read(HEAD_BYTES)
    size = os.fstat(file.fileno()).st_size
    if not head:
        raise ModelError(f"The model {path} is empty.")
    if head.startswith(HDF5_SIGNATURE):
        return ModelFormat.HDF5
    # Before ZIP: TensorFlow Lite's metadata are an archive that is appended to the model.
    if head[4:8] == b"TFL3":
        return ModelFormat.TFLITE
    if head.startswith(b"PK\x03\x04"):
        return _identify_zip(path, file, size)
    if _is_onnx(file, size):
        return ModelFormat.ONNX
    raise ModelError(f"{path} {_describe_unsupported(path, head, file, size)}.")


def _identify_zip(path: Path, file: BinaryIO, size: int) -> ModelFormat:
    """Tell a Keras archive, or say what the archive holds instead."""
    check_zip_directory(path, file, size)
    try:
        names = zipfile.ZipFile(file).namelist()
    except Exception as error:  # zipfile raises many types on damaged archives
        raise ModelError(f"{path} is a damaged ZIP archive: {error}.") from error
    if CONFIG_MEMBER in names and WEIGHTS_MEMBER in names:
        return ModelFormat.KERAS
    raise ModelError(f"{path} is a ZIP archive {_describe_archive(names)}.")


def _describe_archive(names: list[str]) -> str:
    """The end of the sentence that begins with ``... is a ZIP archive``."""
    # TorchScript has its data.pkl too.
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return "of PyTorch (.pt or .pth), which is not read: export the model to ONNX"
    if names and all(name.endswith(".npy") for name in names):
        return f"of NumPy arrays (.npz), which holds at most weights: {SAVE_WHOLE_ADVICE}"
    if CONFIG_MEMBER in names:
        return f"of Keras without {WEIGHTS_MEMBER}: {SAVE_WHOLE_ADVICE}"
    models = (SAVED_MODEL_FILE, ".keras", ".h5", ".hdf5", ".tflite", ".onnx")
    if any(name.endswith(models) for name in names):
        return "with a model inside: unpack it and name what was in it"
    return f"but no Keras model: it has no {CONFIG_MEMBER}"


def check_zip_directory(path: Path, file: BinaryIO, size: int) -> None:
    """Refuse an archive whose list of members alone would fill the memory, before it is read.

    Args:
        path: the archive's name, to tell.
        file: the archive, open; left at any place.
        size: its length in bytes.

    Raises:
        ModelError: the list is longer than ``MAX_DIRECTORY_BYTES``, or is not found.
    """
    file.seek(max(0, size - 2**16 - 22))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise ModelError(f"{path} is a damaged ZIP archive: it is cut off.")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    # Where this record stands, another one with longer numbers counts; only giants have it.
    large = tail[max(0, at - 20) : at].startswith(b"PK\x06\x07")
    file.seek(0)
    if large or length > MAX_DIRECTORY_BYTES:
        raise ModelError(f"{path} is a ZIP archive too large for a model of digits.")


def _is_onnx(file: BinaryIO, size: int) -> bool:
    """Whether this is an ONNX ModelProto: a small ``ir_version`` and a ``graph``."""
    version, has_graph = 0, False
    for field, wire, value in _read_protobuf_fields(file, size):
        if field == 0:
            return False
        if (field, wire) == (1, 0):
            version = value
        has_graph |= (field, wire) == (7, 2) and value > 0
    return has_graph and 1 <= version <= MAX_ONNX_VERSION


def _read_protobuf_fields(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """The fields at the top of a protobuf message, as number, wire type, and value or length.

    Whatever does not fit the file to its last byte ends with field 0, which no message has.
    """
    at = 0
    for _ in range(MAX_PROTOBUF_FIELDS):
        if at == size:
            return
        file.seek(at)
        start = file.read(20)
        key, used = _read_varint(start)
        value, more = _read_varint(start[used:])
        length = {0: more, 1: 8, 2: more and more + value, 5: 4}.get(key & 7, 0)
        if not used or not length or at + used + length > size:
            break
        yield key >> 3, key & 7, value
        at += used + length
    yield 0, 0, 0


def _read_varint(data: bytes) -> tuple[int, int]:
    """A number of protobuf, and how many bytes it takes: none where it has no end."""
    value = 0
    for place, byte in enumerate(data[:10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, place + 1
    return 0, 0


def _describe_unsupported(path: Path, head: bytes, file: BinaryIO, size: int) -> str:
    """What a file is that is no model, as the end of the sentence that begins with its name."""
    for recognised, words in UNSUPPORTED_FORMATS:
        if recognised(head):
            return words
    file.seek(max(0, size - 8))
    if file.read(8) == CHECKPOINT_MAGIC or re.search(r"\.data-\d{5}-of-\d{5}$", path.name):
        return CHECKPOINT_DESCRIPTION
    if path.name == SAVED_MODEL_FILE:
        return "is one file of a SavedModel: name its folder instead"
    return f"is no model that can be told: it should be {SUPPORTED_FORMATS}"


def _is_pickle(head: bytes) -> bool:
    # Protocols 2 to 5 say so; older ones begin with a mark, a class or a list and are text.
    return bool(re.match(rb"\x80[\x02-\x05]|c[\w.]+\n\w+\n|\((?:dp|lp|i)\d*\n|\]q", head))


def _make_prefix_matcher(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(prefixes)


def _make_pattern_matcher(
    pattern: bytes, has_prefix: Callable[[bytes], bool]
) -> Callable[[bytes], bool]:
    return lambda head: has_prefix(head) and re.search(pattern, head) is not None


#: How the sorted tables end that TensorFlow keeps the index of a checkpoint in.
CHECKPOINT_MAGIC = bytes.fromhex("57fb808b247547db")
#: The number that PyTorch began its files with before they were archives.
TORCH_MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")

#: What else people have at hand, the first that fits, and what is told of it.
UNSUPPORTED_FORMATS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (
        _make_prefix_matcher(TORCH_MAGIC),
        "is a file of PyTorch (.pt or .pth), which is not read: export the model to ONNX",
    ),
    (
        _make_pattern_matcher(rb"sklearn|scikit-learn", _is_pickle),
        f"is a pickled scikit-learn model, {UNSAFE_DESCRIPTION}: convert it to ONNX with skl2onnx",
    ),
    (_is_pickle, f"is a Python pickle, {UNSAFE_DESCRIPTION}: {RESAVE_ADVICE}"),
    (
        _make_prefix_matcher(
            b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"
        ),
        "is compressed: where it is a model, unpack it first; a joblib or pickle file is not read",
    ),
    (
        _make_prefix_matcher(b"\x93NUMPY"),
        f"is a NumPy array (.npy), which holds at most weights: {SAVE_WHOLE_ADVICE}",
    ),
    (
        _make_pattern_matcher(rb'"modelTopology"', _make_prefix_matcher(b"{")),
        "is a TensorFlow.js model, which is not read: convert it with tensorflowjs_converter",
    ),
    (
        _make_pattern_matcher(rb'"class_name"', _make_prefix_matcher(b"{", b'"{')),
        f"is only a model's architecture (model.to_json), without its weights: {SAVE_WHOLE_ADVICE}",
    ),
    (_make_prefix_matcher(b"model_checkpoint_path:"), CHECKPOINT_DESCRIPTION),
    (
        _make_prefix_matcher(b"version https://git-lfs"),
        "is only a pointer of Git LFS to the model: fetch it with git lfs pull",
    ),
    (
        _make_prefix_matcher(b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML", b"<?xml"),
        "is a web page, not a model: what was fetched was not the file itself",
    ),
    (
        _make_pattern_matcher(rb"(?s)\A.{4}\0{4}\{\"", bool),
        f"is a file of safetensors, which holds only weights: {RESAVE_ADVICE}",
    ),
)
