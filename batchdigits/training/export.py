"""From Keras to a ``.tflite`` file of one fixed batch size, with its card beside it."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.system.atomic_files import open_atomic_file, stage_atomic_file
from batchdigits.system.hashing import hash_bytes, hash_file
from batchdigits.training.model_files import ModelFiles

#: Images predicted in one call; fixed in the file, so that LiteRT plans its memory once. More cost
#: as much an image, and a page by itself would wait for all of them.
BATCH_SIZE = 8


def to_tflite(model: Any, samples: NDArray[np.uint8], batch_size: int = BATCH_SIZE) -> bytes:
    """Convert a trained network to 8-bit integers.

    Such networks run up to three times as fast where the processor has instructions for them.
    Integer arithmetic is exact, so an image's scores are the same bit for bit wherever it lies in a
    batch. The weights' ranges are known; the activations' are taken from ``samples``
    (Jacob et al., CVPR 2018). The conversion goes through a SavedModel, whose variables are
    frozen: otherwise batch normalisation is not folded and everything runs several times slower.

    Args:
        model: ``(n, 28, 28, 1)`` levels 0-255 in, ``(n, 11)`` logits out.
        samples: ``(n, 28, 28) uint8`` normalised training images, a few hundred or more.
        batch_size: images predicted in one call.

    Returns:
        The content of the file.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        model.export(
            folder,
            input_signature=[tf.TensorSpec((batch_size, 28, 28, 1), tf.float32)],
            verbose=False,
        )
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _iterate_batches(samples, batch_size)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        return bytes(converter.convert())


def _iterate_batches(samples: NDArray[np.uint8], batch_size: int) -> Any:
    for start in range(0, len(samples) - batch_size + 1, batch_size):
        yield [samples[start : start + batch_size, ..., None].astype(np.float32)]


def build_file_fields(files: ModelFiles, content: bytes) -> dict[str, object]:
    """Build the fields of a card that tell the ``.tflite`` file it describes."""
    sha256 = hash_bytes(content)
    return {"name": files.name, "file": files.tflite.name, "sha256": sha256}


def write_model(
    files: ModelFiles,
    content: bytes,
    fields: dict[str, object],
    committee: bytes | None = None,
) -> None:
    """Write the ``.tflite`` files and their card, each whole or not at all.

    The card holds for the ``.keras`` file as well, if there is one.

    Args:
        files: where to write.
        content: of the ``.tflite`` file.
        fields: of the card.
        committee: content of the file for the second look; without it, that of a model which this
            one takes the place of is removed.
    """
    card = build_file_fields(files, content) | fields
    if files.keras.is_file():
        card["keras_sha256"] = hash_file(files.keras)
    if committee is not None:
        _write(files.committee, committee)
    _write(files.tflite, content)
    with open_atomic_file(files.card) as file:
        file.write(json.dumps(card, indent=2) + "\n")
    if committee is None:
        files.committee.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with stage_atomic_file(path) as staged:
        staged.write_bytes(content)
