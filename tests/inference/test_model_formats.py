"""Model files from anywhere, told apart by their content."""

import io
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from batchdigits.errors import ModelError
from batchdigits.inference.engine import find_bundled_models
from batchdigits.inference.importing.model_formats import ModelFormat, identify_model_format
from tests.conftest import ROOT, UNPRIVILEGED
from tests.support.archives import make_zip


def encode_varint(value: int) -> bytes:
    """Encode a number as protobuf does."""
    more = value >> 7
    return bytes([value & 0x7F | (0x80 if more else 0)]) + (encode_varint(more) if more else b"")


def encode_field(key: int, content: bytes) -> bytes:
    """Encode a field of bytes as protobuf does."""
    return encode_varint(key << 3 | 2) + encode_varint(len(content)) + content


#: An ONNX model: ir_version 8, who made it, an operator set, and a graph of 300 bytes.
ONNX = (
    b"\x08\x08"
    + encode_field(2, b"me")
    + encode_field(8, b"\x10\x11")
    + encode_field(7, encode_field(2, b"g" * 300))
)


def make_npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


class Hostile:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch code-has-run",)


MODELS = {
    ModelFormat.KERAS: make_zip({"config.json": b"{}", "model.weights.h5": b""}),
    ModelFormat.HDF5: b"\x89HDF\r\n\x1a\n" + bytes(99),
    ModelFormat.ONNX: ONNX,
}


@pytest.mark.parametrize("model_format", MODELS)
@pytest.mark.parametrize("name", ["handwritten_digits.model", "wrong.onnx", "model"])
def test_a_format_is_recognised_by_content(
    tmp_path: Path, model_format: ModelFormat, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(MODELS[model_format])
    assert identify_model_format(path) is model_format


def test_real_files_are_recognised(tmp_path: Path) -> None:
    assert identify_model_format(find_bundled_models() / "digits.tflite") is ModelFormat.TFLITE
    # TensorFlow Lite's metadata make an archive of its end.
    path = tmp_path / "with metadata.zip"
    path.write_bytes(
        (find_bundled_models() / "digits.tflite").read_bytes() + make_zip({"labels.txt": b"0"})
    )
    assert identify_model_format(path) is ModelFormat.TFLITE
    with h5py.File(tmp_path / "x", "w") as file:
        file.attrs["model_config"] = "{}"
    assert identify_model_format(tmp_path / "x") is ModelFormat.HDF5
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    assert identify_model_format(tmp_path) is ModelFormat.SAVED_MODEL


TABLE = bytes(40) + bytes.fromhex("57fb808b247547db")
TORCH_NUMBER = 0x1950A86A20F9469CFC6C
#: Files that are no models, by their names, and what the error says of them.
UNSUPPORTED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "words.h5": (b"not a model", "is not a model in a known format"),
    "digits.keras": (b"PK\x03\x04 cut off", "damaged ZIP archive"),
    "cut.keras": (MODELS[ModelFormat.KERAS][:-9], "damaged ZIP archive"),
    "notes.zip": (make_zip({"notes.txt": b""}), "no Keras model: it has no config.json"),
    "no weights.keras": (make_zip({"config.json": b"{}"}), "without model.weights.h5"),
    "packed.zip": (make_zip({"digits/saved_model.pb": b""}), "unpack it"),
    "model.pt": (make_zip({"archive/data.pkl": b"", "archive/data/0": b""}), "PyTorch"),
    "old.pth": (pickle.dumps(TORCH_NUMBER, 2), "PyTorch"),
    "weights.npz": (make_zip({"w.npy": make_npy()}), "NumPy arrays .* save the whole model"),
    "weights.npy": (make_npy(), "NumPy array"),
    "svm.pkl": (b"\x80\x04csklearn.svm\nSVC\n.", "pickled scikit-learn model"),
    "any.pkl": (pickle.dumps({"a": 1}), "Python pickle"),
    "oldest.pkl": (pickle.dumps({"a": 1}, 0), "Python pickle"),
    "svm.joblib": (b"x\x9c" + bytes(9), "joblib"),
    "model.json": (b'{"class_name": "Sequential"}', "architecture .* without its weights"),
    "js.json": (b'{"format": "layers-model", "modelTopology": {}}', "TensorFlow.js"),
    "checkpoint": (b'model_checkpoint_path: "x"', "TensorFlow checkpoint"),
    "x.ckpt.index": (TABLE, "TensorFlow checkpoint"),
    "x.ckpt.data-00000-of-00001": (b"\0" * 99, "TensorFlow checkpoint"),
    "saved_model.pb": (b"\x08\x01", "name its folder"),
    "pointer.keras": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "page.onnx": (b"<!DOCTYPE html><html>", "web page"),
    "weights.safetensors": (b"\x20" + bytes(7) + b'{"a":1}', "safetensors"),
    "cut.onnx": (ONNX[:-1], "is not a model"),
    "longer.onnx": (ONNX + b"\x08", "is not a model"),
    "no graph.onnx": (b"\x08\x08" + encode_field(2, b"me"), "is not a model"),
    "frozen graph.pb": (encode_field(1, b"node") * 3, "is not a model"),
    "other version.onnx": (b"\x08\xff\xff\x7f" + ONNX[2:], "is not a model"),
    "endless.onnx": (b"\x08\x08" * 20_000, "is not a model"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_is_no_model_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    content, reason = UNSUPPORTED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=reason) as caught:
        identify_model_format(tmp_path / name)
    message = str(caught.value)
    assert str(tmp_path / name) in message and message.endswith(".") and "\n" not in message


def test_a_pickle_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.pkl").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ModelError, match="may run code when loaded and is never opened"):
        identify_model_format(Path("model.pkl"))
    assert os.listdir() == ["model.pkl"]


def test_folders_and_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_error(path: Path) -> str:
        with pytest.raises(ModelError) as caught:
            identify_model_format(path)
        return str(caught.value)

    assert read_error(tmp_path / "absent") == f"No model at {tmp_path / 'absent'}."
    assert "has no saved_model.pb, so" in read_error(tmp_path)
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "saved_model.pb").touch()
    assert f"name {tmp_path / '2'} instead" in read_error(tmp_path)
    (tmp_path / "digits.ckpt.index").write_bytes(TABLE)
    assert "checkpoint" in read_error(tmp_path) and "checkpoint" in read_error(
        tmp_path / "digits.ckpt"
    )
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)
        server.bind("socket")
        assert "neither a file nor a folder" in read_error(tmp_path / "pipe")
        assert "neither a file nor a folder" in read_error(tmp_path / "socket")
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be read" in read_error(tmp_path / "loop")


@pytest.mark.integration
def test_a_forbidden_file_is_an_error_and_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(ONNX)
    (tmp_path / "secret").chmod(0)
    script = (
        "import sys; from pathlib import Path\n"
        "from batchdigits.inference.importing.model_formats import identify_model_format\n"
        "try: identify_model_format(Path('secret'))\n"
        "except Exception as error: print(error)\n"
        "print({'numpy', 'h5py', 'keras', 'tensorflow'} & set(sys.modules))"
    )
    command = [*UNPRIVILEGED, sys.executable, "-c", script]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "The model secret cannot be read: Permission denied.\nset()\n"


def test_a_huge_file_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(b"\x08\x08")
        file.truncate(2**40)
    with pytest.raises(ModelError, match="is not a model"):
        identify_model_format(path)
    # An archive that says that its list of members is 3 GiB long.
    with path.open("r+b") as file:
        file.write(b"PK\x03\x04")
        file.seek(-22, os.SEEK_END)
        file.write(b"PK\x05\x06" + bytes(8) + (3 * 2**30).to_bytes(4, "little") + bytes(6))
    with pytest.raises(ModelError, match="too large"):
        identify_model_format(path)
