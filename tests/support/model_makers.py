"""Models as people make them elsewhere, in each format and convention, with their own readings.

``main`` makes one file or folder each, has it taken in, and writes ``expected.npz``: what Keras
itself says of the images, prepared as each model's maker would. TensorFlow takes long to load, so
this is part of the one program of the tests that does.
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
class Made:
    """A file, how its maker prepares images, and what then answers."""

    name: str
    prepare: Callable[[Array], Array]
    answer: Callable[[Array], Array]
    trusted: bool = False


def unit(images: Array) -> Array:
    return (images / 255.0).astype(np.float32)


def main(folder: Path, images: Array) -> None:
    from batchdigits.config import Model
    from batchdigits.inference.importing.import_model import import_model
    from batchdigits.inference.importing.import_process import probe_model

    expected = {}
    for made in make_all(folder):
        answers = np.asarray(made.answer(made.prepare(images)), np.float32)
        expected[made.name] = answers.reshape(len(images), -1)
        import_model(Model(str(folder / made.name), trusted=made.trusted), probe=probe_model)
    np.savez(folder / "expected.npz", allow_pickle=False, **expected)


def make_all(folder: Path) -> list[Made]:
    import keras

    from batchdigits.inference.importing.probe_digits import load_probe_digits

    images, digits = load_probe_digits()
    # Not all of them: a model that knows every sample by heart would be the surer, the louder its
    # levels are.
    learned = np.arange(len(digits)) % 3 > 0
    images, digits = images[learned], digits[learned]
    weights = trained(unit(images), digits)
    columns = trained(keras.utils.normalize(images.astype(np.float32), axis=1), digits)
    return [
        *keras_files(folder, weights, columns),
        *keras_2_files(folder, weights),
        *other_formats(folder, weights),
    ]


def trained(values: Array, digits: Array) -> list[Array]:
    """Weights of a network of one hidden layer, ``(784, 64), (64,), (64, 10), (10,)``."""
    import keras

    keras.utils.set_random_seed(1)
    model = network((28, 28), "softmax")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(values, digits, epochs=25, batch_size=50, verbose=0)
    return list(model.get_weights())


def network(shape: tuple[int, ...], output: Any, keras: Any = None, first: Any = ()) -> Any:
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


def of_255(weights: list[Array]) -> list[Array]:
    return [weights[0] / 255, *weights[1:]]


def of_black_ink(weights: list[Array]) -> list[Array]:
    return [-weights[0], weights[1] + weights[0].sum(0), *weights[2:]]


def of_three_channels(weights: list[Array]) -> list[Array]:
    return [np.repeat(weights[0], 3, axis=0) / 3, *weights[1:]]


def keras_files(folder: Path, weights: list[Array], columns: list[Array]) -> list[Made]:
    import cv2
    import keras
    import tensorflow as tf

    made = []

    def save(name: str, model: Any, own: list[Array], prepare: Callable[[Array], Array]) -> None:
        model.set_weights(own)
        ending = "" if name.endswith((".keras", ".h5")) else ".h5"
        model.save(folder / f"{name}{ending}")
        os.rename(folder / f"{name}{ending}", folder / name)
        made.append(Made(name, prepare, model))

    save("plain.keras", network((28, 28), "softmax"), weights, unit)
    save("classic.h5", network((28, 28, 1), "sigmoid"), of_255(weights), lambda x: x[..., None])
    save(
        "handwritten_digits.model",
        network((28, 28), tf.nn.softmax),
        columns,
        lambda x: keras.utils.normalize(x.astype(np.float32), axis=1),
    )
    save(
        "functions.keras",
        network((784,), tf.nn.softmax),
        of_black_ink(weights),
        lambda x: 1 - unit(x).reshape(-1, 784),
    )
    save("first.keras", network((1, 28, 28), None), weights, lambda x: unit(x)[:, None])
    pooled = network((56, 56, 1), "softmax", first=[keras.layers.AveragePooling2D(2)])
    save(
        "large.keras",
        pooled,
        of_255(weights),
        lambda x: np.stack([cv2.resize(i, (56, 56), interpolation=cv2.INTER_CUBIC) for i in x])[
            ..., None
        ],
    )
    coloured = network((28, 28, 3), "softmax")
    coloured.set_weights(of_three_channels(weights))
    coloured.export(folder / "saved", verbose=False)
    made.append(Made("saved", lambda x: np.repeat(unit(x)[..., None], 3, 3), coloured, True))
    return made


def keras_2_files(folder: Path, weights: list[Array]) -> list[Made]:
    import tensorflow as tf
    import tf_keras

    made = []
    for name, output in (("keras2.h5", tf.nn.softmax), ("keras2.keras", "softmax")):
        model = network((28, 28, 1), output, tf_keras)
        model.set_weights(of_255(weights))
        model.save(folder / name)
        made.append(Made(name, lambda x: x[..., None].astype(np.float32), model))
    return made


def other_formats(folder: Path, weights: list[Array]) -> list[Made]:
    import tensorflow as tf

    from batchdigits.inference.importing.probe_digits import load_probe_digits

    model = network((28, 28), "softmax")
    model.set_weights(weights)
    model.export(folder / "to-convert", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "to-convert"))
    (folder / "float.tflite").write_bytes(converter.convert())
    images = unit(load_probe_digits()[0])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in images[::6])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (folder / "quantised.tflite").write_bytes(converter.convert())
    write_onnx(folder / "torch.onnx", weights)
    return [
        Made("float.tflite", unit, model),
        Made("quantised.tflite", unit, model),
        # As PyTorch's example has it: channels first, less the mean, by the deviation.
        Made("torch.onnx", unit, lambda x: np.log(np.maximum(np.asarray(model(x)), 1e-30))),
    ]


def write_onnx(path: Path, weights: list[Array]) -> None:
    """The network for ``(n, 1, 28, 28)`` levels less 0.1307, by 0.3081; it gives logits."""
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
