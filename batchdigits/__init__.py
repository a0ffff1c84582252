"""batchdigits: a folder of scanned handwritten digits in, a spreadsheet out.

From Python: :func:`read` reads paths, folders, arrays and PIL images, :func:`iread` one after the
other; :func:`to_dataframe` makes a table of it, and :func:`load` one of a folder of results.
All errors raised on purpose are a :class:`BatchdigitsError`.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batchdigits.api.reading import iread, read
    from batchdigits.api.tables import load, to_dataframe
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
    from batchdigits.pipeline.result import Reading, Readings

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
    "Readings",
    "StandardOutputError",
    "UsageError",
    "__version__",
    "iread",
    "load",
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

        modules = {
            "Reading": "pipeline.result",
            "Readings": "pipeline.result",
            "iread": "api.reading",
            "load": "api.tables",
            "read": "api.reading",
            "to_dataframe": "api.tables",
        }
        module = import_module(f"{__name__}.{modules.get(name, 'errors')}")
        value = globals()[name] = getattr(module, name)
        return value

    def __dir__() -> list[str]:
        return list(__all__)
