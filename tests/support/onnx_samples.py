"""ONNX models made node by node, as exporters of other libraries lay them out."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from batchdigits.inference.importing.probe_digits import load_probe_digits
from batchdigits.inference.input_format import turn
from batchdigits.inference.model_card import DIGITS_IN_ORDER, Orientation

ML = "ai.onnx.ml"
#: Weights ``(784, 10)`` and intercepts ``(10,)`` for levels 0 to 1.
Linear = tuple[NDArray[np.float32], NDArray[np.float32]]


def fit_linear(
    orientation: Orientation = Orientation.UPRIGHT, digit_order: Sequence[int] = DIGITS_IN_ORDER
) -> Linear:
    """Fit a ridge regression to the sample digits, turned, with outputs in some order."""
    images, digits = load_probe_digits()
    values = turn(images, orientation).reshape(-1, 784) / 255
    values = np.column_stack([values, np.ones(len(values))])
    targets = np.eye(10)[np.argsort(digit_order)[digits]] * 10
    weights = np.linalg.solve(values.T @ values + 30 * np.eye(785), values.T @ targets)
    return weights[:-1].astype(np.float32), weights[-1].astype(np.float32)


def encode(
    nodes: Iterable[NodeProto],
    shape: Sequence[int | str | None],
    outputs: Sequence[ValueInfoProto],
    weights: Iterable[tuple[str, NDArray[np.float32]]] = (),
    dtype: int = TensorProto.FLOAT,
) -> bytes:
    """Encode a model with the input ``X``, which its nodes have as ``flat``, ``(n, 784) float``."""
    begin = [
        helper.make_node("Cast", ["X"], ["levels"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["levels"], ["flat"]),
    ]
    graph = helper.make_graph(
        [*begin, *nodes],
        "digits",
        [helper.make_tensor_value_info("X", dtype, list(shape))],
        outputs,
        [numpy_helper.from_array(array, name) for name, array in weights],
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(ML, 3)]
    model: ModelProto = helper.make_model(graph, opset_imports=versions, ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def describe_tensor(name: str, dtype: int = TensorProto.FLOAT) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, None)


def make_classifier(
    linear: Linear,
    classes: Sequence[int] | Sequence[str] = DIGITS_IN_ORDER,
    zipmap: bool = False,
    shape: Sequence[int | str | None] = ("n", 784),
    dtype: int = TensorProto.FLOAT,
) -> bytes:
    """Make a classifier as skl2onnx does: the label first, then probabilities, zipped or not."""
    are_words = isinstance(classes[0], str)
    labels: dict[str, Any] = {
        "classlabels_strings" if are_words else "classlabels_ints": list(classes)
    }
    nodes = [
        helper.make_node(
            "LinearClassifier", ["flat"], ["label", "probabilities"], domain=ML,
            coefficients=linear[0].T.ravel().tolist(), intercepts=linear[1].tolist(),
            post_transform="SOFTMAX",
            **labels,
        )
    ]  # fmt: skip
    outputs = [
        describe_tensor("label", TensorProto.STRING if are_words else TensorProto.INT64),
        describe_tensor("probabilities"),
    ]
    if zipmap:
        nodes.append(make_zipmap("probabilities", classes))
        outputs[1] = describe_maps(classes)
    return encode(nodes, shape, outputs, dtype=dtype)


def make_zipmap(name: str, classes: Sequence[int] | Sequence[str]) -> NodeProto:
    kind = "classlabels_strings" if isinstance(classes[0], str) else "classlabels_int64s"
    labels: dict[str, Any] = {kind: list(classes)}
    return helper.make_node("ZipMap", [name], ["maps"], domain=ML, **labels)


def describe_maps(classes: Sequence[int] | Sequence[str]) -> ValueInfoProto:
    key = TensorProto.STRING if isinstance(classes[0], str) else TensorProto.INT64
    numbers = helper.make_tensor_type_proto(TensorProto.FLOAT, None)
    maps = helper.make_map_type_proto(key, numbers)
    return helper.make_value_info("maps", helper.make_sequence_type_proto(maps))


def make_trees() -> bytes:
    """Make an ensemble of trees as converters of LightGBM and XGBoost do: a stump per pixel.

    Each stump votes for the digits that the ridge regression gives the pixel's ink.
    """
    weights, intercepts = fit_linear()
    pixels = np.flatnonzero(np.abs(weights).max(1))
    nodes = [(tree, node) for tree in range(len(pixels)) for node in range(3)]
    leaves = [(tree, digit) for tree in range(len(pixels)) for digit in range(10)]
    node = helper.make_node(
        "TreeEnsembleClassifier", ["flat"], ["label", "scores"], domain=ML,
        nodes_treeids=[tree for tree, _ in nodes], nodes_nodeids=[node for _, node in nodes],
        nodes_featureids=[int(pixels[tree]) * (node == 0) for tree, node in nodes],
        nodes_modes=["BRANCH_GT" if node == 0 else "LEAF" for _, node in nodes],
        nodes_values=[0.5 * (node == 0) for _, node in nodes],
        nodes_truenodeids=[1 * (node == 0) for _, node in nodes],
        nodes_falsenodeids=[2 * (node == 0) for _, node in nodes],
        class_treeids=[tree for tree, _ in leaves], class_nodeids=[1] * len(leaves),
        class_ids=[digit for _, digit in leaves],
        class_weights=[float(weights[pixels[tree], digit]) for tree, digit in leaves],
        base_values=intercepts.tolist(), classlabels_int64s=list(range(10)),
        post_transform="SOFTMAX",
    )  # fmt: skip
    outputs = [describe_tensor("label", TensorProto.INT64), describe_tensor("scores")]
    return encode([node], ["n", 784], outputs)


def make_network(
    linear: Linear, outputs: Sequence[str], shape: Sequence[int | str | None] = ("n", 784)
) -> bytes:
    """Make a network with some of many outputs.

    They are ``logits``, ``shares`` (their softmax), ``features`` (64 numbers), ``other`` (ten
    numbers that say nothing of digits), ``best`` (the label), ``words`` (a text an image),
    ``broken`` (ten that are not finite), ``half`` (ten for half of the images), ``maps5`` (maps
    of five classes).
    """
    rng = np.random.default_rng(1)
    arrays = {
        "w": linear[0], "b": linear[1], "zero": np.zeros(1, np.float32),
        "w64": rng.normal(size=(784, 64)).astype(np.float32),
        "w10": rng.normal(size=(784, 10)).astype(np.float32),
    }  # fmt: skip
    all_nodes = {
        "logits": [helper.make_node("Gemm", ["flat", "w", "b"], ["logits"])],
        "shares": [helper.make_node("Softmax", ["logits"], ["shares"])],
        "features": [helper.make_node("MatMul", ["flat", "w64"], ["features"])],
        "other": [helper.make_node("MatMul", ["flat", "w10"], ["other"])],
        "best": [helper.make_node("ArgMax", ["logits"], ["best"], axis=1, keepdims=0)],
        "words": [helper.make_node("Cast", ["best"], ["words"], to=TensorProto.STRING)],
        "broken": [helper.make_node("Div", ["logits", "zero"], ["broken"])],
        "half": [helper.make_node("Split", ["logits"], ["half", "rest"], axis=0)],
        "maps5": [
            helper.make_node("Split", ["shares"], ["five", "more"], axis=1),
            make_zipmap("five", range(5)),
        ],
    }
    kinds = {"best": TensorProto.INT64, "words": TensorProto.STRING}
    described = [
        describe_maps(range(5))
        if name == "maps5"
        else describe_tensor(name, kinds.get(name, TensorProto.FLOAT))
        for name in outputs
    ]
    needed = set(outputs) | {"logits", "shares", "best"}
    nodes = [node for name in all_nodes if name in needed for node in all_nodes[name]]
    return encode(nodes, shape, described, arrays.items())
