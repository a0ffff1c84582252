"""Write Keras models of every version and kind as files, and load them again.

Run as a program in a process of its own, since TensorFlow has threads, and tests that fork must
not share a process with them. It writes the files into the current folder and prints as JSON what
loading each of them gave.
"""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf
import tf_keras

import batchdigits
from batchdigits.errors import ModelError
from batchdigits.inference.importing.keras_loader import load_keras
from batchdigits.inference.importing.model_formats import identify_model_format
from tests.conftest import ROOT
from tests.support.model_makers import main as make_models

SHAPE = (28, 28, 1)
FUNCTIONS = [
    *(tf.nn.softmax, tf.nn.relu, tf.nn.sigmoid, tf.nn.tanh, tf.nn.relu6, tf.nn.leaky_relu),
    *(tf.nn.elu, tf.nn.selu, tf.nn.swish, tf.nn.silu, tf.nn.gelu, tf.nn.log_softmax),
    *(tf.nn.softplus, tf.nn.softsign),
]
MARK = "code-has-run"


def build_plain(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            k.Input(SHAPE),
            layers.Rescaling(1 / 255),
            layers.RandomRotation(0.1),
            layers.Conv2D(2, 3, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(10, activation=tf.nn.softmax, kernel_constraint=k.constraints.MaxNorm(2)),
        ]
    )


def build_activations(k: Any) -> Any:
    inputs = k.Input(SHAPE)
    flat = k.layers.Flatten()(inputs)
    outputs = [k.layers.Dense(3, activation=function)(flat) for function in FUNCTIONS]
    outputs += [k.layers.Activation(function)(flat) for function in FUNCTIONS]
    outputs += [k.layers.Dense(3, activation=k.layers.LeakyReLU())(flat)]
    return k.Model(inputs, k.layers.Dense(10)(k.layers.Concatenate()(outputs)))


def build_arithmetic(k: Any) -> Any:
    inputs = k.Input(SHAPE)
    x = k.layers.Flatten()((inputs / 255.0 - 0.5) * 2)
    x = 1 - x[:, 1:101] + x[:, :100]
    return k.Model(inputs, k.layers.Dense(10)(x))


def build_recurrent(k: Any) -> Any:
    layers = k.layers
    inputs = k.Input(SHAPE)
    x = layers.Reshape((4, 196))(inputs)
    x = layers.Bidirectional(
        layers.LSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid")
    )(x)
    x = layers.TimeDistributed(layers.Dense(4))(x)
    x = layers.MultiHeadAttention(2, 2)(x, x)
    x = layers.LayerNormalization()(x)
    return k.Model(inputs, layers.Dense(10)(layers.GRU(3)(x)))


def build_nested(k: Any) -> Any:
    inputs = k.Input(SHAPE)
    inner = build_plain(k)
    inner.compile("sgd", "mse")
    return k.Model(inputs, k.layers.Softmax()(inner(inputs)))


def build_two_inputs(k: Any) -> Any:
    inputs = [k.Input((4,)), k.Input((4,))]
    return k.Model(inputs, k.layers.Add()(inputs))


def build_with_code(k: Any) -> Any:
    """Build a layer that creates a file wherever it runs; building it here creates one, too."""
    evil = eval(f"lambda x: (open({MARK!r}, 'w').close(), x)[1]")
    layers = k.layers
    return k.Sequential([k.Input(SHAPE), layers.Flatten(), layers.Lambda(evil), layers.Dense(10)])


def rewrite_zip(path: Path, old: bytes, new: bytes, copy: Path) -> None:
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as new_archive:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "config.json":
                content = content.replace(old, new)
            new_archive.writestr(name, content)


def make_list_of_layers(path: Path) -> None:
    """Rewrite a Sequential model in HDF5 as Keras saved it until 2.2.2."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        layers = config["config"]["layers"]
        config["config"] = [layer for layer in layers if layer["class_name"] != "InputLayer"]
        del file.attrs["model_config"]
        config["config"][0]["config"]["batch_input_shape"] = [None, *SHAPE]
        file.attrs["model_config"] = json.dumps(config).encode()
        file.attrs["keras_version"] = b"2.1.6"


def compute_scores(model: Any) -> Any:
    if len(model.inputs) > 1:
        return None
    images = np.random.default_rng(1).random((2, *SHAPE), np.float32) * 9
    # training=False, or Keras 3 would turn images at random.
    return np.asarray(model(images, training=False))


def save_all(folder: Path) -> dict[str, Any]:
    """Write every sample; return the scores of the models in the files by file name."""
    expected = {}
    builders = (
        build_plain,
        build_activations,
        build_arithmetic,
        build_recurrent,
        build_nested,
        build_two_inputs,
        build_with_code,
    )
    for package, version in ((keras, 3), (tf_keras, 2)):
        for build in builders:
            model = build(package)
            model.compile("adam", "mse")
            scores = compute_scores(model)
            for ending in ("keras", "h5"):
                name = f"{build.__name__.removeprefix('build_')}.{version}.{ending}"
                model.save(folder / name)
                expected[name] = scores
    # As Keras 2 named its modules in TensorFlow 2.12, and from 2.13 on.
    for name, module in (("arithmetic.2.12", b"keras."), ("arithmetic.2.13", b"keras.src.")):
        source = folder / "arithmetic.2.keras"
        rewrite_zip(source, b"tf_keras.src.", module, folder / name)
        expected[name] = expected[source.name]
    rewrite_zip(folder / "plain.3.keras", b'"units": 10', b'"units": 11', folder / "other size")
    keras.Sequential([keras.layers.Dense(10)]).save(folder / "unbuilt.keras")
    expected |= {"other size": None, "unbuilt.keras": None}
    for name in ("handwritten_digits.model", "list of layers"):
        shutil.copy(folder / "plain.2.h5", folder / name)
        expected[name] = expected["plain.2.h5"]
    make_list_of_layers(folder / "list of layers")
    return expected


def load_again(path: Path, expected: Any, trust: bool) -> dict[str, object]:
    """Load a file and describe the outcome, for the tests to check."""
    Path(MARK).unlink(missing_ok=True)
    outcome: dict[str, object]
    try:
        model = load_keras(path, identify_model_format(path), trust)
        same = np.allclose(compute_scores(model), expected, atol=1e-6)
        package = type(model).__module__.partition(".")[0]
        compiled = getattr(model, "compiled", False)
        outcome = {"by": package, "same": bool(same), "compiled": compiled}
    except ModelError as error:
        outcome = {"error": str(error)}
    return outcome | {"code_ran": Path(MARK).exists()}


def normalise_samples() -> np.ndarray:
    """Normalise the forms of the sample inbox; return the digit images, ``(n, 28, 28) uint8``."""
    images = [reading.image for reading in batchdigits.read(ROOT / "inbox" / "forms")]
    return np.stack([image for image in images if image is not None])


def main() -> None:
    """Write the samples into the current folder, load each, and print the outcomes.

    Models that read digits are written into ``made``, see :mod:`tests.support.model_makers`.
    """
    folder = Path.cwd()
    expected = save_all(folder)
    outcomes = {name: load_again(folder / name, scores, False) for name, scores in expected.items()}
    for name in (name for name in expected if name.startswith("with_code")):
        outcomes[f"trusted {name}"] = load_again(folder / name, expected[name], True)
    (folder / "made").mkdir()
    make_models(folder / "made", normalise_samples())
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
