"""batchdigits: a folder of scanned handwritten digits in, a spreadsheet out.

From Python: :func:`read` reads paths, folders and arrays, :func:`to_dataframe` makes a table of it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batchdigits.api import read, to_dataframe
    from batchdigits.pipeline.result import Reading

__version__ = "0.1.0"
__all__ = ["Reading", "__version__", "read", "to_dataframe"]

if not TYPE_CHECKING:  # to type checkers, a name that is not above does not exist

    def __getattr__(name: str) -> object:
        """Load what is behind a name when it is first asked for: the command line never does."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from batchdigits import api
        from batchdigits.pipeline import result

        globals().update(Reading=result.Reading, read=api.read, to_dataframe=api.to_dataframe)
        return globals()[name]

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
