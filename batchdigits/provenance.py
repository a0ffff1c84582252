"""What made the readings: model, settings and versions."""

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version

from batchdigits.config import Settings
from batchdigits.engine import Engine
from batchdigits.journal.journal import Maker
from batchdigits.names import display_name

_PACKAGES = ("batchdigits", "ai-edge-litert", "opencv-python-headless", "numpy")


def maker_of(engine: Engine, settings: Settings) -> Maker:
    """What decides a reading besides the file; a reading by another maker is made anew.

    The model's name is its card's and the first eight digits of its file's hash.
    """
    card = engine.card
    decisive = {
        "batchdigits": _version("batchdigits"),
        "max_megapixels": settings.limits.max_megapixels,
        "max_pages": settings.limits.max_pages,
    }
    return Maker(f"{card.name}@{card.sha256[:8]}", card.sha256, json.dumps(decisive))


def about(engine: Engine, settings: Settings) -> dict[str, object]:
    """What the JSON reports say of model, versions and settings."""
    return {
        "model": {"name": engine.card.name, "sha256": engine.card.sha256},
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in _PACKAGES},
        "settings": {
            "inbox": display_name(os.path.abspath(settings.inbox)),
            "include": settings.include,
            "exclude": settings.exclude,
            "max_megapixels": settings.limits.max_megapixels,
            "max_pages": settings.limits.max_pages,
            "quarantine": settings.quarantine.value,
            "thumbnails": settings.thumbnails.value,
            "duplicates": settings.duplicates.value,
            "review_below": engine.card.review_below,
        },
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
