"""The configuration of a Keras file: read, brought into one form, and checked.

Keras is not imported for that. What the checks refuse, and why, is in
:mod:`batchdigits.inference.importing.keras_safety`.
"""

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchdigits.inference.importing.keras_allowlist import ACTIVATIONS, OPERATIONS
from batchdigits.inference.importing.keras_safety import (
    MAX_BYTES,
    RejectedModelError,
    check_configuration,
    check_hdf5,
    check_members,
    translate_errors,
)
from batchdigits.inference.importing.model_formats import (
    CONFIG_MEMBER,
    ModelFormat,
    check_zip_directory,
)
from batchdigits.inference.importing.unsupported_files import SAVE_WHOLE_ADVICE

#: Longest configuration that is read, in bytes; a hundred layers take a thousandth of it.
MAX_CONFIGURATION_BYTES = 64 * 2**20
#: Longest ``metadata.json`` that is read, in bytes; Keras writes some hundred.
MAX_METADATA_BYTES = 2**16
#: Deepest nesting of a configuration; a model in a model takes ten levels.
MAX_DEPTH = 100
#: Names of activations in TensorFlow, where they differ, and in Keras.
FUNCTION_ALIASES = {
    "softmax_v2": "softmax",
    "log_softmax_v2": "log_softmax",
    "leaky_relu_v2": "leaky_relu",
}


@dataclass(frozen=True, slots=True)
class KerasConfiguration:
    """What a Keras file says of its model.

    Attributes:
        model: the configuration, rewritten by :func:`simplify_configuration`.
        version: version of the Keras that wrote the file; empty where the file does not say.
    """

    model: dict[str, Any]
    version: str


def read_safe_configuration(
    path: Path, model_format: ModelFormat, trusted: bool = False
) -> KerasConfiguration:
    """Read the configuration of a Keras file, and refuse it unless it is safe to load.

    Args:
        path: the file, from anywhere.
        model_format: ``ModelFormat.KERAS`` or ``ModelFormat.HDF5``.
        trusted: whether all layers are let through, also those that hold code.

    Raises:
        ModelError: the file is damaged, too large, has no configuration, or does more than
            compute; names the first layer that does.
    """
    with translate_errors(path):
        text, version = (_read_zip if model_format is ModelFormat.KERAS else _read_hdf5)(path)
        try:
            model = simplify_configuration(json.loads(text))
        except RecursionError as error:
            raise RejectedModelError("is nested too deeply for a model") from error
        if not isinstance(model, dict) or "class_name" not in model:
            raise RejectedModelError(
                f"does not say what its model is built of: {SAVE_WHOLE_ADVICE}"
            )
        if not trusted:
            check_configuration(model)
        return KerasConfiguration(model, version)


def _read_zip(path: Path) -> tuple[bytes, str]:
    """Read configuration and version of a ``.keras`` archive whose members have sensible sizes."""
    with path.open("rb") as file:
        check_zip_directory(path, file, path.stat().st_size)
        with zipfile.ZipFile(file) as archive:
            check_members(archive)
            # Of several members of this name the last one counts, as for Keras.
            if archive.getinfo(CONFIG_MEMBER).file_size > MAX_CONFIGURATION_BYTES:
                raise RejectedModelError("has too long a configuration for a model of digits")
            text = archive.read(CONFIG_MEMBER)
            return text, _read_keras_version(archive)


def _read_keras_version(archive: zipfile.ZipFile) -> str:
    """Read the version of the Keras that wrote an archive; empty where it does not say."""
    try:
        if archive.getinfo("metadata.json").file_size > MAX_METADATA_BYTES:
            return ""
        return str(json.loads(archive.read("metadata.json"))["keras_version"])
    except (ValueError, KeyError, TypeError):
        return ""


def _read_hdf5(path: Path) -> tuple[bytes | str, str]:
    """Read configuration and version of a whole model in HDF5 whose arrays are all in the file."""
    import h5py

    if path.stat().st_size > MAX_BYTES:
        raise RejectedModelError("is larger than 2 GiB")
    with h5py.File(path, "r", locking=False) as file:
        check_hdf5(file)
        text = file.attrs.get("model_config")
        version = file.attrs.get("keras_version", "")
    if text is None:
        raise RejectedModelError(
            f"holds only a model's weights, not the model: {SAVE_WHOLE_ADVICE}"
        )
    if not isinstance(text, bytes | str) or len(text) > MAX_CONFIGURATION_BYTES:
        raise RejectedModelError("has no readable configuration")
    return text, version.decode() if isinstance(version, bytes) else str(version)


def simplify_configuration(value: Any, key: str = "", depth: int = 0) -> Any:
    """Rewrite a configuration so that both versions of Keras take it, without training settings.

    ``activation=tf.nn.softmax`` is saved as ``"softmax_v2"`` or as a reference to a function of
    that name, depending on the version, and neither Keras finds that again: activations get their
    names in Keras.

    Args:
        value: the configuration as JSON has it, or a part of it.
        key: the key that the part has in the dictionary around it.
        depth: how deep in the configuration the part is.

    Returns:
        A copy.

    Raises:
        RecursionError: it is nested deeper than ``MAX_DEPTH``.
    """
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, list):
        return [simplify_configuration(item, key, depth + 1) for item in value]
    if key.endswith("activation"):
        value = _simplify_activation(value)
    if not isinstance(value, dict):
        return value
    return _update_module(
        {
            item_key: simplify_configuration(item, item_key, depth + 1)
            for item_key, item in value.items()
            if item_key != "compile_config"
        }
    )


def _simplify_activation(value: Any) -> Any:
    """Replace a reference to an activation's function by its name, if it has one in Keras."""
    name = value
    if isinstance(value, dict) and value.get("class_name") == "function":
        name = value.get("config")
    name = FUNCTION_ALIASES.get(name, name) if isinstance(name, str) else name
    return name if isinstance(name, str) and name in ACTIVATIONS else value


def _update_module(value: dict[str, Any]) -> dict[str, Any] | str:
    """Set the module of an object where it has changed since, or was not saved."""
    module, class_name = value.get("module"), value.get("class_name")
    if class_name in ("DTypePolicy", "Policy"):
        # Half precision was for the graphics card that trained; it cannot be converted.
        return "float32"
    if isinstance(module, str):
        # Before Keras 2.13 there was no ``src`` in the name.
        return value | {
            "module": re.sub(r"^keras\.(?=engine\.|layers\.\w+\.)", "keras.src.", module)
        }
    # Arithmetic that Keras 3 saves in HDF5 has no module, and it does not find it again. Layers of
    # the same names are told by their settings.
    if class_name in OPERATIONS and "trainable" not in value["config"]:
        return value | {"module": OPERATIONS[class_name]}
    return value
