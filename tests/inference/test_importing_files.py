"""Model files from anywhere: told apart, judged before anything in them is run, loaded."""

import io
import json
import os
import pickle
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from batchdigits.errors import ModelError
from batchdigits.inference.engine import find_bundled_models
from batchdigits.inference.importing import keras_configuration, keras_safety
from batchdigits.inference.importing.keras_configuration import (
    read_safe_configuration,
    simplify_configuration,
)
from batchdigits.inference.importing.model_formats import ModelFormat, identify_model_format
from tests.conftest import ROOT, UNPRIVILEGED

pytestmark = pytest.mark.integration

Outcomes = dict[str, dict[str, Any]]


def archive(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def number(value: int) -> bytes:
    """A number as protobuf has it."""
    more = value >> 7
    return bytes([value & 0x7F | (0x80 if more else 0)]) + (number(more) if more else b"")


def field(key: int, content: bytes) -> bytes:
    return number(key << 3 | 2) + number(len(content)) + content


#: An ONNX model: ir_version 8, who made it, an operator set, and a graph of 300 bytes.
ONNX = b"\x08\x08" + field(2, b"me") + field(8, b"\x10\x11") + field(7, field(2, b"g" * 300))


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


class Hostile:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch code-has-run",)


MODELS = {
    ModelFormat.KERAS: archive({"config.json": b"{}", "model.weights.h5": b""}),
    ModelFormat.HDF5: b"\x89HDF\r\n\x1a\n" + bytes(99),
    ModelFormat.ONNX: ONNX,
}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("name", ["handwritten_digits.model", "wrong.onnx", "model"])
def test_a_kind_is_told_by_content(tmp_path: Path, kind: ModelFormat, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(MODELS[kind])
    assert identify_model_format(path) is kind


def test_real_files_are_told(tmp_path: Path) -> None:
    assert identify_model_format(find_bundled_models() / "digits.tflite") is ModelFormat.TFLITE
    # TensorFlow Lite's metadata make an archive of its end.
    path = tmp_path / "with metadata.zip"
    path.write_bytes(
        (find_bundled_models() / "digits.tflite").read_bytes() + archive({"labels.txt": b"0"})
    )
    assert identify_model_format(path) is ModelFormat.TFLITE
    with h5py.File(tmp_path / "x", "w") as file:
        file.attrs["model_config"] = "{}"
    assert identify_model_format(tmp_path / "x") is ModelFormat.HDF5
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    assert identify_model_format(tmp_path) is ModelFormat.SAVED_MODEL


TABLE = bytes(40) + bytes.fromhex("57fb808b247547db")
TORCH_NUMBER = 0x1950A86A20F9469CFC6C
#: Files that are no models, by their names, and what is told of them.
OTHERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "words.h5": (b"not a model", "is no model that can be told"),
    "digits.keras": (b"PK\x03\x04 cut off", "damaged ZIP archive"),
    "cut.keras": (MODELS[ModelFormat.KERAS][:-9], "damaged ZIP archive"),
    "notes.zip": (archive({"notes.txt": b""}), "no Keras model: it has no config.json"),
    "no weights.keras": (archive({"config.json": b"{}"}), "without model.weights.h5"),
    "packed.zip": (archive({"digits/saved_model.pb": b""}), "unpack it"),
    "model.pt": (archive({"archive/data.pkl": b"", "archive/data/0": b""}), "PyTorch"),
    "old.pth": (pickle.dumps(TORCH_NUMBER, 2), "PyTorch"),
    "weights.npz": (archive({"w.npy": npy()}), "NumPy arrays .* save the whole model"),
    "weights.npy": (npy(), "NumPy array"),
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
    "cut.onnx": (ONNX[:-1], "is no model"),
    "longer.onnx": (ONNX + b"\x08", "is no model"),
    "no graph.onnx": (b"\x08\x08" + field(2, b"me"), "is no model"),
    "frozen graph.pb": (field(1, b"node") * 3, "is no model"),
    "other version.onnx": (b"\x08\xff\xff\x7f" + ONNX[2:], "is no model"),
    "endless.onnx": (b"\x08\x08" * 20_000, "is no model"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_model_is_told(tmp_path: Path, name: str) -> None:
    content, told = OTHERS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=told) as caught:
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
    def told(path: Path) -> str:
        with pytest.raises(ModelError) as caught:
            identify_model_format(path)
        return str(caught.value)

    assert told(tmp_path / "absent") == f"No model at {tmp_path / 'absent'}."
    assert "has no saved_model.pb, so" in told(tmp_path)
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "saved_model.pb").touch()
    assert f"name {tmp_path / '2'} instead" in told(tmp_path)
    (tmp_path / "digits.ckpt.index").write_bytes(TABLE)
    assert "checkpoint" in told(tmp_path) and "checkpoint" in told(tmp_path / "digits.ckpt")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        monkeypatch.chdir(tmp_path)
        made.bind("socket")
        assert "no file and no folder" in told(tmp_path / "pipe")
        assert "no file and no folder" in told(tmp_path / "socket")
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be read" in told(tmp_path / "loop")


def test_no_permission_is_told_and_nothing_heavy_is_loaded(tmp_path: Path) -> None:
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


def test_a_huge_file_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(b"\x08\x08")
        file.truncate(2**40)
    with pytest.raises(ModelError, match="is no model"):
        identify_model_format(path)
    # An archive that says that its list of members is 3 GiB long.
    with path.open("r+b") as file:
        file.write(b"PK\x03\x04")
        file.seek(-22, os.SEEK_END)
        file.write(b"PK\x05\x06" + bytes(8) + (3 * 2**30).to_bytes(4, "little") + bytes(6))
    with pytest.raises(ModelError, match="too large"):
        identify_model_format(path)


def layer(name: str, **config: object) -> dict[str, Any]:
    return {"class_name": name, "config": {"name": "suspect", **config}}


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "digits", "layers": list(layers)}}


def keras_file(path: Path, config: object, **members: bytes) -> Path:
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    about = b'{"keras_version": "3.15.1"}'
    own = {"config.json": text, "metadata.json": about, "model.weights.h5": b""}
    path.write_bytes(archive(own | members))
    return path


def hdf5_file(path: Path, config: object) -> Path:
    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = config if isinstance(config, bytes) else json.dumps(config)
        file.create_group("model_weights")
    return path


def told_of(path: Path, kind: ModelFormat) -> str:
    with pytest.raises(ModelError) as caught:
        read_safe_configuration(path, kind)
    message = str(caught.value)
    assert message.startswith(str(path)) and message.endswith(".") and "\n" not in message
    return message


def reference(module: str, name: str) -> dict[str, object]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


FOREIGN = {"module": "os", "class_name": "Dense", "config": {"name": "suspect"}}
#: Layers that do more than compute, and what is told of them.
SUSPECTS: dict[str, tuple[dict[str, Any], str]] = {
    "lambda": (layer("Lambda", function=["4wEA", None, None]), "holds code, in a Lambda layer"),
    "bare lambda": (layer("Dense", activation={"class_name": "__lambda__"}), "holds code"),
    "wrapped": (layer("TimeDistributed", layer=layer("Lambda")), "holds code"),
    "nested": (model(model(layer("Lambda"))), "holds code"),
    "function": (layer("Dense", activation=reference("os", "system")), "function of its own"),
    "known name": (layer("Activation", activation="deserialize"), "function of its own"),
    "initializer": (layer("Dense", kernel_initializer="serialization_lib"), "function of its own"),
    "any function": (layer("TFOpLambda", function="io.write_file"), "function of TensorFlow"),
    "no function": (layer("SlicingOpLambda"), "function of TensorFlow"),
    "v1 function": (layer("TFOpLambda", function="compat.v1.py_func"), "function of TensorFlow"),
    "graph": (layer("TFSMLayer", filepath="/tmp/x"), "not in the file"),
    "reads files": (layer("StringLookup", vocabulary="/etc/passwd"), "not in the file"),
    "class": (layer("Capsule"), "none of Keras' own"),
    "registered": (layer("Dense") | {"registered_name": "mine>Dense"}, "none of Keras' own"),
    "module": (FOREIGN, "none of Keras' own"),
    "type": ({"class_name": "TypeSpec", "type_spec": "x"}, "none of Keras' own"),
    "while": (layer("WhileLoop"), "none of Keras' own"),
    "no name": ({"class_name": ["Dense"], "config": {}}, "is damaged"),
}


@pytest.mark.parametrize("kind", [ModelFormat.KERAS, ModelFormat.HDF5])
@pytest.mark.parametrize("name", SUSPECTS)
def test_what_does_more_than_compute_is_refused(
    tmp_path: Path, name: str, kind: ModelFormat
) -> None:
    suspect, told = SUSPECTS[name]
    write = keras_file if kind is ModelFormat.KERAS else hdf5_file
    path = write(tmp_path / "model", model(layer("Dense"), suspect))
    message = told_of(path, kind)
    assert told in message
    assert "'suspect'" in message or name in ("bare lambda", "type", "no name")
    if name != "no name":
        assert read_safe_configuration(path, kind, trusted=True).model["class_name"] == "Sequential"


#: Configurations that are none, and what is told of them.
NO_CONFIGURATIONS: dict[str, tuple[object, str]] = {
    "no json": (b"{", "is damaged"),
    "no text": (b"\xff\xfe\x01", "is damaged"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "deep enough": (b'{"a":' * 300 + b"1" + b"}" * 300, "nested too deeply"),
    "list": ([], "does not say what its model is built of"),
    "number": (b"9" * 9999, "is damaged"),
}


@pytest.mark.parametrize("kind", [ModelFormat.KERAS, ModelFormat.HDF5])
@pytest.mark.parametrize("name", NO_CONFIGURATIONS)
def test_configurations_that_are_none(tmp_path: Path, name: str, kind: ModelFormat) -> None:
    config, told = NO_CONFIGURATIONS[name]
    write = keras_file if kind is ModelFormat.KERAS else hdf5_file
    assert told in told_of(write(tmp_path / "model", config), kind)


def test_hostile_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.keras"
    good = model(layer("Dense"))
    assert read_safe_configuration(keras_file(path, good), ModelFormat.KERAS).version == "3.15.1"
    for name in ("../../evil", "/etc/passwd", "a\\..\\..\\evil", "C:evil"):
        assert "outside its own folder" in told_of(
            keras_file(path, good, **{name: b""}), ModelFormat.KERAS
        )
    many = {f"m{i}": b"" for i in range(keras_safety.MAX_MEMBERS)}
    assert "too many" in told_of(keras_file(path, good, **many), ModelFormat.KERAS)
    bomb = keras_file(path, good, bomb=bytes(9)).read_bytes()
    size = (9).to_bytes(4, "little")
    path.write_bytes(bomb.replace(size + size, size + (2**31).to_bytes(4, "little")))
    assert "2 GiB" in told_of(path, ModelFormat.KERAS)
    path.write_bytes(bomb.replace(b'"Sequential"', b'"Sequentiol"'))
    assert "is damaged" in told_of(path, ModelFormat.KERAS), "its checksum differs"
    monkeypatch.setattr(keras_configuration, "MAX_CONFIGURATION_BYTES", 99)
    assert "too long a configuration" in told_of(keras_file(path, good), ModelFormat.KERAS)


def write_external_link(file: h5py.File) -> None:
    file["model_weights/a"] = h5py.ExternalLink("/etc/passwd", "/x")


def write_soft_link(file: h5py.File) -> None:
    file["soft"] = h5py.SoftLink("/model_weights")


def write_external_storage(file: h5py.File) -> None:
    file.create_dataset("model_weights/a", (4,), np.uint8, external=[("/etc/passwd", 0, 4)])


def write_virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), np.uint8)
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (4,))
    file.create_virtual_dataset("model_weights/a", layout)


def write_boundless(file: h5py.File) -> None:
    file.create_dataset("model_weights/a", (2**40,), np.uint8, chunks=(2**20,), compression="gzip")


HOSTILE: dict[Callable[[h5py.File], None], str] = {
    write_external_link: "may lead to another file",
    write_soft_link: "may lead to another file",
    write_external_storage: "in another file",
    write_virtual: "in another file",
    write_boundless: "more than 2 GiB",
}


@pytest.mark.parametrize("write", HOSTILE, ids=lambda write: str(write.__name__))
def test_hostile_hdf5(tmp_path: Path, write: Callable[[h5py.File], None]) -> None:
    path = hdf5_file(tmp_path / "model.h5", model(layer("Dense")))
    with h5py.File(path, "r+") as file:
        write(file)
    assert HOSTILE[write] in told_of(path, ModelFormat.HDF5)
    # The same as the weights of an archive.
    from batchdigits.inference.importing.keras_loader import load_keras

    packed = tmp_path / "model.keras"
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("config.json", json.dumps(model(layer("Dense"))))
        made.write(path, "model.weights.h5")
    with pytest.raises(ModelError, match=HOSTILE[write]):
        load_keras(packed, ModelFormat.KERAS, False)


def test_weights_alone_and_damaged_hdf5(tmp_path: Path) -> None:
    path = hdf5_file(tmp_path / "model.weights.h5", None)
    assert "holds only a model's weights" in told_of(path, ModelFormat.HDF5)
    hdf5_file(path, model(layer("Dense")))
    path.write_bytes(path.read_bytes()[:700])
    assert "is damaged" in told_of(path, ModelFormat.HDF5)


def test_activations_get_keras_own_names() -> None:
    old = {"module": "tensorflow.python.ops.nn_ops", **reference("x", "softmax_v2")}
    for saved in (old, reference("builtins", "softmax_v2"), "softmax_v2", "softmax"):
        made = simplify_configuration(
            model(layer("Dense", activation=saved)) | {"compile_config": {"a": 1}}
        )
        assert made == model(layer("Dense", activation="softmax"))
    own = layer("LSTM", recurrent_activation=reference("mine", "squash"))
    assert simplify_configuration(own) == own


@pytest.fixture(scope="module")
def outcomes(tensorflow_samples: Path) -> Outcomes:
    """What came of real files of both Keras, made and loaded."""
    outcomes: Outcomes = json.loads((tensorflow_samples / "outcomes.json").read_text())
    return outcomes


LOADED = ["plain", "activations", "arithmetic", "recurrent", "nested"]


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("name", LOADED)
def test_each_file_is_loaded_by_the_keras_that_saved_it(
    outcomes: Outcomes, name: str, ending: str
) -> None:
    for age, by in ((3, "keras"), (2, "tf_keras")):
        came = outcomes[f"{name}.{age}.{ending}"]
        assert came == {"by": by, "same": True, "compiled": False, "code_ran": False}


@pytest.mark.parametrize(
    "name", ["arithmetic.2.12", "arithmetic.2.13", "handwritten_digits.model", "list of layers"]
)
def test_old_files_and_odd_names(outcomes: Outcomes, name: str) -> None:
    came = outcomes[name]
    assert came == {"by": "tf_keras", "same": True, "compiled": False, "code_ran": False}


@pytest.mark.parametrize("age", [2, 3])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_code_runs_only_where_it_is_trusted(outcomes: Outcomes, age: int, ending: str) -> None:
    came = outcomes[f"with_code.{age}.{ending}"]
    assert "which is not run for a file from anywhere unless --trust-model" in came["error"]
    assert not came["code_ran"]
    trusted = outcomes[f"trusted with_code.{age}.{ending}"]
    assert trusted["same"] and trusted["code_ran"]


@pytest.mark.parametrize("age", [2, 3])
def test_several_inputs_are_refused(outcomes: Outcomes, age: int) -> None:
    for ending in ("keras", "h5"):
        assert "reads 2 inputs" in outcomes[f"two_inputs.{age}.{ending}"]["error"]


def test_what_keras_refuses_is_told_in_one_sentence(outcomes: Outcomes) -> None:
    told = outcomes["other size"]["error"]
    assert "cannot be loaded with Keras: " in told and "Full object config" not in told
    assert "\n" not in told and len(told) < 400 and told.endswith(".")
    assert "give its first layer an input_shape" in outcomes["unbuilt.keras"]["error"]
