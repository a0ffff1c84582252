"""Checks of an untrusted Keras file, before Keras sees any of it.

Keras builds whatever a file names: layers that hold code, layers that open files, and in Keras 2
any function of any module, as its loader of HDF5 files has no safe mode. So a configuration
passes only if everything in it is on the allowlist, and a file only if its members and arrays
have a sensible size and lie in the file itself.
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from batchdigits.errors import ModelError
from batchdigits.inference.importing.keras_allowlist import (
    ALLOWED_CLASSES,
    ALLOWED_WORDS_BY_KEY,
    CODE_LAYERS,
    EXTERNAL_LAYERS,
    TENSORFLOW_FUNCTIONS,
    TENSORFLOW_LAYERS,
)

#: Most bytes that a model may unpack to; large readers of digits take a hundredth of it.
MAX_BYTES = 2 * 2**30
#: Most members that an archive may have; Keras writes three.
MAX_MEMBERS = 2000
#: Most groups and arrays that an HDF5 file may have; a layer takes about five.
MAX_OBJECTS = 100_000


class RejectedModelError(Exception):
    """A file is refused; the message is the end of the sentence that begins with its name."""


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Turn whatever reading a hostile or damaged file raises into one sentence.

    Raises:
        ModelError: anything at all was raised inside.
    """
    try:
        yield
    except ModelError:
        raise
    except RejectedModelError as error:
        raise ModelError(f"{path} {error}.") from error
    except Exception as error:  # zipfile, zlib, json and h5py raise many types on damaged files
        # Only the system's errors have a number, such as that of a full disk.
        if isinstance(error, OSError) and error.errno:
            raise ModelError(f"The model {path} cannot be read: {error.strerror}.") from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"{path} is damaged: {reason}.") from error


def check_members(archive: zipfile.ZipFile) -> None:
    """Refuse an archive with too many, too large or misplaced members.

    Raises:
        RejectedModelError: with the reason.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise RejectedModelError(f"holds more than {MAX_MEMBERS:,} members, too many for a model")
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise RejectedModelError("would unpack to more than 2 GiB")
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if ".." in parts or parts[:1] == ("/",) or re.match("[A-Za-z]:", member.filename):
            raise RejectedModelError(
                f"has a member outside its own folder: {member.filename[:80]!r}"
            )


def check_hdf5(file: Any) -> None:
    """Refuse an HDF5 file that refers to other files, or holds too many or too large arrays.

    Args:
        file: an open ``h5py.File``. To be called within :func:`translate_errors`.

    Raises:
        RejectedModelError: with the reason.
    """
    import h5py

    total_bytes = object_count = 0

    def check_object(name: str, node: Any) -> None:
        nonlocal total_bytes, object_count
        object_count += 1
        if isinstance(node, h5py.Dataset):
            total_bytes += node.nbytes
            if node.external or node.is_virtual:
                raise RejectedModelError(f"keeps its array {name[:80]!r} in another file")
        elif isinstance(node, h5py.Group):
            _check_links(node)
        if total_bytes > MAX_BYTES or object_count > MAX_OBJECTS:
            raise RejectedModelError("holds more than 2 GiB or too many arrays")

    _check_links(file)
    # visititems follows only links to objects of this file, and visits each object once.
    file.visititems(check_object)


def _check_links(group: Any) -> None:
    """Refuse links by path, which no Keras writes and which may lead to another file."""
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise RejectedModelError(f"has a link {name[:80]!r} that may lead to another file")


def check_configuration(value: Any, key: str = "", layer: str = "") -> None:
    """Refuse a configuration in which anything is not on the allowlist.

    Args:
        value: the configuration as
            :func:`batchdigits.inference.importing.keras_configuration.simplify_configuration`
            gives it, or a part of it.
        key: the key that the part has in the dictionary around it.
        layer: name of the layer that the part belongs to.

    Raises:
        RejectedModelError: names the first layer that does more than compute.
    """
    if isinstance(value, list):
        for item in value:
            check_configuration(item, key, layer)
    elif isinstance(value, dict):
        layer = _read_layer_name(value) or layer
        if "class_name" in value:
            _check_class(value, layer)
        for item_key, item in value.items():
            check_configuration(item, item_key, layer)
    elif isinstance(value, str):
        allowed_words = ALLOWED_WORDS_BY_KEY.get(key.rpartition("_")[2])
        if allowed_words is not None and value not in allowed_words:
            raise RejectedModelError(
                f"uses a custom function, {value[:80]!r}, in its layer {layer!r}"
            )


def _read_layer_name(value: dict[str, Any]) -> str:
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return name[:80] if isinstance(name, str) else ""


def _check_class(value: dict[str, Any], layer: str) -> None:
    """Refuse an object of a class that is not on the allowlist, with the best reason known."""
    class_name = value["class_name"]
    owner = f"its layer {layer!r}" if layer else "its model"
    if class_name in CODE_LAYERS:
        raise RejectedModelError(
            f"holds code, in {f'a Lambda layer {layer!r}' if layer else 'a Lambda layer'},"
            " which runs only with --trust-model"
        )
    if class_name == "function":
        raise RejectedModelError(
            f"uses a custom function, {str(value.get('config'))[:80]!r}, in {owner}"
        )
    if class_name in EXTERNAL_LAYERS:
        raise RejectedModelError(
            f"needs something that is not in the file, in {owner}, a {class_name}"
        )
    if class_name not in ALLOWED_CLASSES or not _is_builtin(value):
        raise RejectedModelError(
            f"needs the class {str(class_name)[:80]!r} in {owner}, which is not one of the"
            " Keras classes that only compute: export it where it was made, as a SavedModel"
            " (model.export) or to ONNX"
        )
    if class_name in TENSORFLOW_LAYERS and not _calls_allowed_function(value.get("config")):
        raise RejectedModelError(f"calls a TensorFlow function that is not allowed, in {owner}")


def _is_builtin(value: dict[str, Any]) -> bool:
    """Check whether the class is one of Keras' own and no other of the same name."""
    module, registered_name = value.get("module"), value.get("registered_name")
    is_own = module is None or (isinstance(module, str) and bool(OWN_MODULE.fullmatch(module)))
    return is_own and registered_name in (None, value["class_name"])


#: Modules of Keras' own classes; Keras 2 would take any class of any module.
OWN_MODULE = re.compile(r"(tf_)?keras(\.\w+)*")


def _calls_allowed_function(config: Any) -> bool:
    function = config.get("function") if isinstance(config, dict) else None
    return isinstance(function, str) and function.removeprefix("compat.v1.") in TENSORFLOW_FUNCTIONS
