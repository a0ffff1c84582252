"""batchdigits: a folder of scanned handwritten digits in, a spreadsheet out.

From Python: :func:`read` reads paths, folders and arrays, :func:`to_dataframe` makes a table of it.
All errors raised on purpose are a :class:`BatchdigitsError`.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batchdigits.api import read, to_dataframe
    from batchdigits.errors import (
        BatchdigitsError,
        DataError,
        EmptyInboxError,
        MissingExtraError,
        ModelError,
        OutboxBusyError,
        OutboxError,
        StandardOutputError,
        UsageError,
    )
    from batchdigits.pipeline.result import Reading

__version__ = "0.1.0"
__all__ = [
    "BatchdigitsError",
    "DataError",
    "EmptyInboxError",
    "MissingExtraError",
    "ModelError",
    "OutboxBusyError",
    "OutboxError",
    "Reading",
    "StandardOutputError",
    "UsageError",
    "__version__",
    "read",
    "to_dataframe",
]

# OpenCV's own limits must not refuse what --max-megapixels allows. It reads them once, as it is
# loaded, which any of many modules may be the first to do.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**40))
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_WIDTH", str(2**31 - 1))
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_HEIGHT", str(2**31 - 1))

if not TYPE_CHECKING:  # to type checkers, a name that is not above does not exist

    def __getattr__(name: str) -> object:
        """Load what is behind a name when it is first used: the command line never does."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        modules = {"Reading": "pipeline.result", "read": "api", "to_dataframe": "api"}
        module = import_module(f"{__name__}.{modules.get(name, 'errors')}")
        value = globals()[name] = getattr(module, name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
