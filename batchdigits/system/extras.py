"""Libraries that only come with an extra, and what is said where one is missing."""

from importlib.util import find_spec
from typing import Literal

from batchdigits.errors import MissingExtraError

#: The extras of the package, as ``pip install 'batchdigits[train]'`` names them.
Extra = Literal["train", "charts", "dataframe", "parquet", "onnx", "review"]

#: What people call a library, where that differs from the module's name.
_LIBRARY_NAMES = {
    "tensorflow": "TensorFlow",
    "tf_keras": "tf-keras",
    "onnxruntime": "ONNX Runtime",
    "starlette": "Starlette",
    "uvicorn": "Uvicorn",
}


def require_extra(module: str, extra: Extra, purpose: str) -> None:
    """Check that a library is installed, before any work that needs it begins.

    The library is only looked for, not imported.

    Args:
        module: name of its top-level module, e.g. ``"tensorflow"``.
        extra: the extra that installs it.
        purpose: what needs it, as the beginning of a sentence in the singular, e.g.
            ``"Opening Keras models"`` or ``"--parquet"``.

    Raises:
        MissingExtraError: it is not installed; the sentence has the pip line.
    """
    if not is_installed(module):
        library = _LIBRARY_NAMES.get(module, module)
        raise MissingExtraError(f"{purpose} needs {library}: pip install 'batchdigits[{extra}]'.")


def is_installed(module: str) -> bool:
    """Check whether a top-level module could be imported, without importing it."""
    return find_spec(module) is not None
