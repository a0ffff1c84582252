"""Models kept in memory between the calls of a program."""

import os
from functools import lru_cache
from pathlib import Path

from batchdigits.config import Model
from batchdigits.inference.engine import CARD_SUFFIX, Engine
from batchdigits.inference.model_card import IMPORTED_CARD_SUFFIX
from batchdigits.inference.registry import find_model, open_engine, read_default_model


def load_cached_engine(model: Model) -> Engine:
    """Load a model, once as long as its files stay the same.

    Args:
        model: which one, and what is known of it; the default model where it has no name.

    Raises:
        ModelError: there is no usable model.
        MissingExtraError: opening it needs a library that is not installed.
    """
    path = find_model(model.name or read_default_model())
    cards = path.with_suffix(CARD_SUFFIX), path.with_name(path.name + IMPORTED_CARD_SUFFIX)
    return _load_engine(model, os.path.abspath(path), *map(_get_mtime_and_size, (path, *cards)))


def _get_mtime_and_size(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0  # loading says what is wrong with it
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4)
def _load_engine(model: Model, _path: str, *_file_stats: tuple[int, int]) -> Engine:
    return open_engine(model)
