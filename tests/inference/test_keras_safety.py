"""Keras files from anywhere: what does more than compute is refused before Keras sees it."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from batchdigits.errors import ModelError
from batchdigits.inference.importing import keras_configuration, keras_safety
from batchdigits.inference.importing.keras_configuration import (
    read_safe_configuration,
    simplify_configuration,
)
from batchdigits.inference.importing.model_formats import ModelFormat
from tests.support.archives import make_zip


def layer(name: str, **config: object) -> dict[str, Any]:
    return {"class_name": name, "config": {"name": "suspect", **config}}


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "digits", "layers": list(layers)}}


def keras_file(path: Path, config: object, **members: bytes) -> Path:
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    metadata = b'{"keras_version": "3.15.1"}'
    default_members = {"config.json": text, "metadata.json": metadata, "model.weights.h5": b""}
    path.write_bytes(make_zip(default_members | members))
    return path


def hdf5_file(path: Path, config: object) -> Path:
    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = config if isinstance(config, bytes) else json.dumps(config)
        file.create_group("model_weights")
    return path


def read_refusal(path: Path, model_format: ModelFormat) -> str:
    with pytest.raises(ModelError) as caught:
        read_safe_configuration(path, model_format)
    message = str(caught.value)
    assert message.startswith(str(path)) and message.endswith(".") and "\n" not in message
    return message


def reference(module: str, name: str) -> dict[str, object]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


FOREIGN = {"module": "os", "class_name": "Dense", "config": {"name": "suspect"}}
#: Layers that do more than compute, and what the error says of them.
SUSPECTS: dict[str, tuple[dict[str, Any], str]] = {
    "lambda": (layer("Lambda", function=["4wEA", None, None]), "holds code, in a Lambda layer"),
    "bare lambda": (layer("Dense", activation={"class_name": "__lambda__"}), "holds code"),
    "wrapped": (layer("TimeDistributed", layer=layer("Lambda")), "holds code"),
    "nested": (model(model(layer("Lambda"))), "holds code"),
    "function": (layer("Dense", activation=reference("os", "system")), "custom function"),
    "known name": (layer("Activation", activation="deserialize"), "custom function"),
    "initializer": (layer("Dense", kernel_initializer="serialization_lib"), "custom function"),
    "any function": (layer("TFOpLambda", function="io.write_file"), "a TensorFlow function"),
    "no function": (layer("SlicingOpLambda"), "a TensorFlow function"),
    "v1 function": (layer("TFOpLambda", function="compat.v1.py_func"), "a TensorFlow function"),
    "graph": (layer("TFSMLayer", filepath="/tmp/x"), "not in the file"),
    "reads files": (layer("StringLookup", vocabulary="/etc/passwd"), "not in the file"),
    "class": (layer("Capsule"), "not one of the Keras classes"),
    "registered": (
        layer("Dense") | {"registered_name": "mine>Dense"},
        "not one of the Keras classes",
    ),
    "module": (FOREIGN, "not one of the Keras classes"),
    "type": ({"class_name": "TypeSpec", "type_spec": "x"}, "not one of the Keras classes"),
    "while": (layer("WhileLoop"), "not one of the Keras classes"),
    "no name": ({"class_name": ["Dense"], "config": {}}, "is damaged"),
}


@pytest.mark.parametrize("model_format", [ModelFormat.KERAS, ModelFormat.HDF5])
@pytest.mark.parametrize("name", SUSPECTS)
def test_what_does_more_than_compute_is_refused(
    tmp_path: Path, name: str, model_format: ModelFormat
) -> None:
    suspect, reason = SUSPECTS[name]
    write = keras_file if model_format is ModelFormat.KERAS else hdf5_file
    path = write(tmp_path / "model", model(layer("Dense"), suspect))
    message = read_refusal(path, model_format)
    assert reason in message
    assert "'suspect'" in message or name in ("bare lambda", "type", "no name")
    if name != "no name":
        assert (
            read_safe_configuration(path, model_format, trusted=True).model["class_name"]
            == "Sequential"
        )


#: Configurations that are none, and what the error says of them.
NO_CONFIGURATIONS: dict[str, tuple[object, str]] = {
    "no json": (b"{", "is damaged"),
    "no text": (b"\xff\xfe\x01", "is damaged"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "deep enough": (b'{"a":' * 300 + b"1" + b"}" * 300, "nested too deeply"),
    "list": ([], "does not say what its model is built of"),
    "number": (b"9" * 9999, "is damaged"),
}


@pytest.mark.parametrize("model_format", [ModelFormat.KERAS, ModelFormat.HDF5])
@pytest.mark.parametrize("name", NO_CONFIGURATIONS)
def test_configurations_that_are_none(tmp_path: Path, name: str, model_format: ModelFormat) -> None:
    config, reason = NO_CONFIGURATIONS[name]
    write = keras_file if model_format is ModelFormat.KERAS else hdf5_file
    assert reason in read_refusal(write(tmp_path / "model", config), model_format)


def test_hostile_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.keras"
    good = model(layer("Dense"))
    assert read_safe_configuration(keras_file(path, good), ModelFormat.KERAS).version == "3.15.1"
    for name in ("../../evil", "/etc/passwd", "a\\..\\..\\evil", "C:evil"):
        assert "outside its own folder" in read_refusal(
            keras_file(path, good, **{name: b""}), ModelFormat.KERAS
        )
    many = {f"m{i}": b"" for i in range(keras_safety.MAX_MEMBERS)}
    assert "too many" in read_refusal(keras_file(path, good, **many), ModelFormat.KERAS)
    bomb = keras_file(path, good, bomb=bytes(9)).read_bytes()
    size = (9).to_bytes(4, "little")
    path.write_bytes(bomb.replace(size + size, size + (2**31).to_bytes(4, "little")))
    assert "2 GiB" in read_refusal(path, ModelFormat.KERAS)
    path.write_bytes(bomb.replace(b'"Sequential"', b'"Sequentiol"'))
    assert "is damaged" in read_refusal(path, ModelFormat.KERAS), "its checksum differs"
    monkeypatch.setattr(keras_configuration, "MAX_CONFIGURATION_BYTES", 99)
    assert "too long a configuration" in read_refusal(keras_file(path, good), ModelFormat.KERAS)


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
    assert HOSTILE[write] in read_refusal(path, ModelFormat.HDF5)
    # The same as the weights of an archive.
    from batchdigits.inference.importing.keras_loader import load_keras

    packed = tmp_path / "model.keras"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("config.json", json.dumps(model(layer("Dense"))))
        archive.write(path, "model.weights.h5")
    with pytest.raises(ModelError, match=HOSTILE[write]):
        load_keras(packed, ModelFormat.KERAS, False)


def test_weights_alone_and_damaged_hdf5(tmp_path: Path) -> None:
    path = hdf5_file(tmp_path / "model.weights.h5", None)
    assert "holds only a model's weights" in read_refusal(path, ModelFormat.HDF5)
    hdf5_file(path, model(layer("Dense")))
    path.write_bytes(path.read_bytes()[:700])
    assert "is damaged" in read_refusal(path, ModelFormat.HDF5)


def test_activations_get_keras_own_names() -> None:
    old = {"module": "tensorflow.python.ops.nn_ops", **reference("x", "softmax_v2")}
    for saved in (old, reference("builtins", "softmax_v2"), "softmax_v2", "softmax"):
        simplified = simplify_configuration(
            model(layer("Dense", activation=saved)) | {"compile_config": {"a": 1}}
        )
        assert simplified == model(layer("Dense", activation="softmax"))
    own = layer("LSTM", recurrent_activation=reference("mine", "squash"))
    assert simplify_configuration(own) == own
