"""What people name instead of a model, recognised by content: pickles, weights, web pages, ..."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

SAVE_WHOLE_ADVICE = "save the whole model with model.save"
RESAVE_ADVICE = f"load it where it was made and {SAVE_WHOLE_ADVICE} or export it to ONNX"
CHECKPOINT_DESCRIPTION = (
    f"is part of a TensorFlow checkpoint, which holds only weights: {SAVE_WHOLE_ADVICE}"
)
UNSAFE_DESCRIPTION = "which may run code when loaded and is never opened"


def describe_unsupported(path: Path, head: bytes, file: BinaryIO, size: int) -> str:
    """Say what a file is instead of a model.

    Args:
        path: the file.
        head: its beginning.
        file: the file, open; left at any position.
        size: its length in bytes.

    Returns:
        The end of the sentence that begins with the file's name; empty where it is not known.
    """
    for is_recognised, description in UNSUPPORTED_FILES:
        if is_recognised(head):
            return description
    file.seek(max(0, size - 8))
    if file.read(8) == CHECKPOINT_MAGIC or re.search(r"\.data-\d{5}-of-\d{5}$", path.name):
        return CHECKPOINT_DESCRIPTION
    return ""


def _is_pickle(head: bytes) -> bool:
    # Protocols 2 to 5 say so; older ones begin with a mark, a class or a list and are text.
    return bool(re.match(rb"\x80[\x02-\x05]|c[\w.]+\n\w+\n|\((?:dp|lp|i)\d*\n|\]q", head))


def _make_prefix_matcher(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(prefixes)


def _make_pattern_matcher(
    pattern: bytes, has_prefix: Callable[[bytes], bool]
) -> Callable[[bytes], bool]:
    return lambda head: has_prefix(head) and re.search(pattern, head) is not None


#: The end of the sorted tables in which TensorFlow keeps the index of a checkpoint.
CHECKPOINT_MAGIC = bytes.fromhex("57fb808b247547db")
#: The pickled number at the beginning of PyTorch's files before they were archives.
TORCH_MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")

#: What recognises a file by its beginning, and what is said of it; the first that fits counts.
UNSUPPORTED_FILES: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (
        _make_prefix_matcher(TORCH_MAGIC),
        "is a PyTorch file (.pt or .pth), which is not read: export the model to ONNX",
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
        "is compressed: if it is a model, unpack it first; a joblib or pickle file is not read",
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
        "is only a Git LFS pointer to the model: fetch it with git lfs pull",
    ),
    (
        _make_prefix_matcher(b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML", b"<?xml"),
        "is a web page, not a model: the download did not fetch the file itself",
    ),
    (
        _make_pattern_matcher(rb"(?s)\A.{4}\0{4}\{\"", bool),
        f"is a safetensors file, which holds only weights: {RESAVE_ADVICE}",
    ),
)
