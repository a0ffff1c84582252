"""Load a Keras model of any age, with the Keras that saved it or with the other one.

Neither Keras sees the file itself, only a copy of what was checked: configuration and weights, and
nothing about training. This belongs into a process of its own: TensorFlow takes seconds to load,
and damaged weights may crash HDF5.
"""

import json
import logging
import re
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batchdigits.errors import ModelError
from batchdigits.inference.importing.keras_configuration import (
    KerasConfiguration,
    read_safe_configuration,
)
from batchdigits.inference.importing.keras_safety import check_hdf5, translate_errors
from batchdigits.inference.importing.model_formats import CONFIG_MEMBER, WEIGHTS_MEMBER, ModelFormat

#: Characters that are kept of a reason that Keras gives; it may quote a whole configuration.
MAX_REASON_LENGTH = 200
#: What stands before the original reason where one error quotes another.
QUOTED_REASON = re.compile(r"Exception encountered:|Example error message for object .*:\n")


def load_keras(path: Path, model_format: ModelFormat, trusted: bool) -> Any:
    """Load a model with one input, for predicting only.

    Args:
        path: a file from anywhere.
        model_format: ``ModelFormat.KERAS`` or ``ModelFormat.HDF5``.
        trusted: whether layers that hold code are loaded, too; that code may do anything.

    Returns:
        A model of Keras 3 or of ``tf_keras``, built and never compiled.

    Raises:
        ModelError: it is refused, damaged, has several inputs, or neither Keras can load it.
    """
    configuration = read_safe_configuration(path, model_format, trusted)
    with tempfile.TemporaryDirectory(prefix="batchdigits-") as folder, _silence_keras():
        write_copy = _copy_zip if model_format is ModelFormat.KERAS else _copy_hdf5
        with translate_errors(path):
            copy = write_copy(path, configuration, Path(folder), trusted)
        model = _load_with_either_keras(path, copy, configuration.version, safe_mode=not trusted)
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise ModelError(f"{path} does not say what it reads: give its first layer an input_shape.")
    if len(inputs) > 1:
        raise ModelError(f"{path} reads {len(inputs)} inputs, not one image of a digit.")
    return model


def _copy_zip(path: Path, configuration: KerasConfiguration, folder: Path, trusted: bool) -> Path:
    """Write a ``.keras`` archive of what was checked, and check the weights once unpacked."""
    import h5py

    weights, copy = folder / WEIGHTS_MEMBER, folder / "model.keras"
    with (
        zipfile.ZipFile(path) as archive,
        archive.open(WEIGHTS_MEMBER) as packed,
        weights.open("wb") as unpacked,
    ):
        shutil.copyfileobj(packed, unpacked, 2**20)
    if not trusted:
        with h5py.File(weights, "r", locking=False) as file:
            check_hdf5(file)
    with zipfile.ZipFile(copy, "w") as archive:
        archive.writestr(CONFIG_MEMBER, json.dumps(configuration.model))
        archive.writestr("metadata.json", json.dumps({"keras_version": configuration.version}))
        archive.write(weights, WEIGHTS_MEMBER)
    weights.unlink()
    return copy


def _copy_hdf5(path: Path, configuration: KerasConfiguration, folder: Path, trusted: bool) -> Path:
    """Write a whole model in HDF5 of what was checked."""
    import h5py

    copy = folder / "model.h5"
    with h5py.File(path, "r", locking=False) as source, h5py.File(copy, "w") as target:
        # Once more, as the file may have been replaced since.
        if not trusted:
            check_hdf5(source)
        for name in ("keras_version", "backend"):
            if name in source.attrs:
                target.attrs[name] = source.attrs[name]
        target.attrs["model_config"] = json.dumps(configuration.model)
        source.copy("model_weights", target)
    return copy


def _load_with_either_keras(path: Path, copy: Path, version: str, safe_mode: bool) -> Any:
    """Load with the Keras that saved the model, or else with the other one.

    The order matters: both load many files of Keras 2 and do not compute the same, as
    ``hard_sigmoid``, for example, is another function in Keras 3.
    """
    loaders = [_load_with_keras_3, _load_with_keras_2]
    if version.startswith(("1.", "2.")):
        loaders.reverse()
    reasons = []
    for loader in loaders:
        try:
            return loader(copy, safe_mode)
        except Exception as error:  # Keras, TensorFlow and h5py raise many types
            reasons.append(_extract_reason(error))
    raise ModelError(f"{path} cannot be loaded with Keras: {reasons[0]}.")


def _load_with_keras_3(copy: Path, safe_mode: bool) -> Any:
    import keras

    return keras.saving.load_model(copy, compile=False, safe_mode=safe_mode)


def _load_with_keras_2(copy: Path, safe_mode: bool) -> Any:
    import tf_keras

    # It has no safe mode for HDF5, which is why only what is on the allowlist gets here.
    return tf_keras.models.load_model(copy, compile=False, safe_mode=safe_mode)


def _extract_reason(error: Exception) -> str:
    """Find the original reason in an error of Keras, without the configurations that it quotes."""
    text = QUOTED_REASON.split(str(error))[-1]
    text = " ".join(text.split()) or type(error).__name__
    text = re.split(r"(?<=[.\w])\.? (?:Full object config|config=)|\. ", text)[0]
    return text[:MAX_REASON_LENGTH].rstrip(" .:")


@contextmanager
def _silence_keras() -> Iterator[None]:
    """Silence both Keras, which warn of old formats and of training that nobody asks for."""
    loggers = [logging.getLogger(name) for name in ("absl", "tensorflow", "keras", "tf_keras")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
