"""Models as people make them elsewhere, in each format and input format, with their own scores.

``main`` makes one file or folder for each, imports it, and writes ``expected.npz``: the scores that
Keras gives for the images, prepared as each model's maker would. TensorFlow takes long to load, so
:mod:`tests.support.keras_samples` calls this, the only program of the tests that loads it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NEURONS = 64


@dataclass(frozen=True)
class SampleModel:
    """A model file.

    Attributes:
        name: of the file.
        prepare: turns ``(n, 28, 28) uint8`` images into the model's inputs.
        predict: turns inputs into scores.
        trusted: whether the model must be imported as trusted.
    """

    name: str
    prepare: Callable[[Array], Array]
    predict: Callable[[Array], Array]
    trusted: bool = False


def scale_to_unit(images: Array) -> Array:
    return (images / 255.0).astype(np.float32)


def main(folder: Path, images: Array) -> None:
    from batchdigits.config import Model
    from batchdigits.inference.importing.import_model import import_model
    from batchdigits.inference.importing.import_process import probe_model

    expected = {}
    for sample in make_all(folder):
        scores = np.asarray(sample.predict(sample.prepare(images)), np.float32)
        expected[sample.name] = scores.reshape(len(images), -1)
        import_model(Model(str(folder / sample.name), trusted=sample.trusted), probe=probe_model)
    np.savez(folder / "expected.npz", allow_pickle=False, **expected)


def make_all(folder: Path) -> list[SampleModel]:
    import keras

    from batchdigits.inference.importing.probe_digits import load_probe_digits

    images, digits = load_probe_digits()
    # Not with all of them: a model that knows every probe by heart is the surer, the larger its
    # inputs are, whatever range they should have.
    for_training = np.arange(len(digits)) % 3 > 0
    images, digits = images[for_training], digits[for_training]
    weights = train(scale_to_unit(images), digits)
    columns = train(keras.utils.normalize(images.astype(np.float32), axis=1), digits)
    return [
        *make_keras_files(folder, weights, columns),
        *make_keras_2_files(folder, weights),
        *make_other_formats(folder, weights),
    ]


def train(values: Array, digits: Array) -> list[Array]:
    """Train a network of one hidden layer; return its weights.

    Returns:
        Arrays of ``(784, 64), (64,), (64, 10), (10,)``.
    """
    import keras

    keras.utils.set_random_seed(1)
    model = build_network((28, 28), "softmax")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(values, digits, epochs=25, batch_size=50, verbose=0)
    return list(model.get_weights())


def build_network(shape: tuple[int, ...], output: Any, keras: Any = None, first: Any = ()) -> Any:
    if keras is None:
        import keras  # type: ignore[no-redef]
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape) if hasattr(keras, "Input") else layers.InputLayer(shape),
            *first,
            layers.Flatten(),
            layers.Dense(NEURONS, activation="relu"),
            layers.Dense(10, activation=output),
        ]
    )


def adapt_to_255(weights: list[Array]) -> list[Array]:
    return [weights[0] / 255, *weights[1:]]


def adapt_to_black_ink(weights: list[Array]) -> list[Array]:
    return [-weights[0], weights[1] + weights[0].sum(0), *weights[2:]]


def adapt_to_three_channels(weights: list[Array]) -> list[Array]:
    return [np.repeat(weights[0], 3, axis=0) / 3, *weights[1:]]


def make_keras_files(folder: Path, weights: list[Array], columns: list[Array]) -> list[SampleModel]:
    import cv2
    import keras
    import tensorflow as tf

    samples = []

    def save(name: str, model: Any, own: list[Array], prepare: Callable[[Array], Array]) -> None:
        model.set_weights(own)
        ending = "" if name.endswith((".keras", ".h5")) else ".h5"
        model.save(folder / f"{name}{ending}")
        os.rename(folder / f"{name}{ending}", folder / name)
        samples.append(SampleModel(name, prepare, model))

    save("plain.keras", build_network((28, 28), "softmax"), weights, scale_to_unit)
    save(
        "classic.h5",
        build_network((28, 28, 1), "sigmoid"),
        adapt_to_255(weights),
        lambda x: x[..., None],
    )
    save(
        "handwritten_digits.model",
        build_network((28, 28), tf.nn.softmax),
        columns,
        lambda x: keras.utils.normalize(x.astype(np.float32), axis=1),
    )
    save(
        "functions.keras",
        build_network((784,), tf.nn.softmax),
        adapt_to_black_ink(weights),
        lambda x: 1 - scale_to_unit(x).reshape(-1, 784),
    )
    save(
        "first.keras",
        build_network((1, 28, 28), None),
        weights,
        lambda x: scale_to_unit(x)[:, None],
    )
    pooled = build_network((56, 56, 1), "softmax", first=[keras.layers.AveragePooling2D(2)])
    save(
        "large.keras",
        pooled,
        adapt_to_255(weights),
        lambda x: np.stack([cv2.resize(i, (56, 56), interpolation=cv2.INTER_CUBIC) for i in x])[
            ..., None
        ],
    )
    coloured = build_network((28, 28, 3), "softmax")
    coloured.set_weights(adapt_to_three_channels(weights))
    coloured.export(folder / "saved", verbose=False)
    samples.append(
        SampleModel("saved", lambda x: np.repeat(scale_to_unit(x)[..., None], 3, 3), coloured, True)
    )
    return samples


def make_keras_2_files(folder: Path, weights: list[Array]) -> list[SampleModel]:
    import tensorflow as tf
    import tf_keras

    samples = []
    for name, output in (("keras2.h5", tf.nn.softmax), ("keras2.keras", "softmax")):
        model = build_network((28, 28, 1), output, tf_keras)
        model.set_weights(adapt_to_255(weights))
        model.save(folder / name)
        samples.append(SampleModel(name, lambda x: x[..., None].astype(np.float32), model))
    return samples


def make_other_formats(folder: Path, weights: list[Array]) -> list[SampleModel]:
    import tensorflow as tf

    from batchdigits.inference.importing.probe_digits import load_probe_digits

    model = build_network((28, 28), "softmax")
    model.set_weights(weights)
    model.export(folder / "to-convert", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "to-convert"))
    (folder / "float.tflite").write_bytes(converter.convert())
    images = scale_to_unit(load_probe_digits()[0])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images[::6])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (folder / "quantised.tflite").write_bytes(converter.convert())
    write_onnx(folder / "torch.onnx", weights)
    return [
        *make_two_outputs(folder, weights),
        SampleModel("float.tflite", scale_to_unit, model),
        SampleModel("quantised.tflite", scale_to_unit, model),
        # Its logits differ from these log-probabilities only by a constant per image.
        SampleModel(
            "torch.onnx", scale_to_unit, lambda x: np.log(np.maximum(np.asarray(model(x)), 1e-30))
        ),
    ]


def make_two_outputs(folder: Path, weights: list[Array]) -> list[SampleModel]:
    """Make a network that gives what it saw first, wants images as EMNIST has them, 0 as the last.

    Its ten outputs stand for 1 to 9 and then 0, as where classes are counted from 1.
    """
    import keras
    import tensorflow as tf

    first, bias, last, last_bias = weights
    turned = first.reshape(28, 28, NEURONS).swapaxes(0, 1).reshape(784, NEURONS)
    inputs = keras.Input((28, 28), name="scan")
    hidden = keras.layers.Dense(NEURONS, "relu")(keras.layers.Flatten()(inputs))
    digits = keras.layers.Dense(10, "softmax", name="digit")(hidden)
    model = keras.Model(inputs, [hidden, digits])
    model.set_weights([turned, bias, np.roll(last, -1, 1), np.roll(last_bias, -1)])
    model.save(folder / "two.keras")
    model.export(folder / "two-to-convert", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "two-to-convert"))
    (folder / "two.tflite").write_bytes(converter.convert())

    def prepare(images: Array) -> Array:
        return scale_to_unit(images).swapaxes(1, 2)

    def predict(values: Array) -> Array:
        return np.roll(np.asarray(model(values)[1]), 1, 1)

    return [SampleModel(name, prepare, predict) for name in ("two.keras", "two.tflite")]


def write_onnx(path: Path, weights: list[Array]) -> None:
    """Write the network as ONNX, for inputs as in PyTorch's MNIST example, with logits as output.

    Its inputs are ``(n, 1, 28, 28)``, ``(level - 0.1307) / 0.3081`` with levels from 0 to 1.
    """
    from onnx import TensorProto, checker, helper, numpy_helper, save

    first, bias, *last = weights
    shifted = [first * 0.3081, bias + 0.1307 * first.sum(0), *last]
    names = ["w1", "b1", "w2", "b2"]
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["sums"]),
        helper.make_node("Relu", ["sums"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "w2", "b2"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
        [
            numpy_helper.from_array(w.astype(np.float32), n)
            for n, w in zip(names, shifted, strict=True)
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, path)
