"""Where readings come from: model, settings and versions of the libraries."""

import json
import os
import sys

import ai_edge_litert
import numpy as np
from cv2.version import opencv_version

from batchdigits import __version__
from batchdigits.config import Settings
from batchdigits.inference.engine import Engine
from batchdigits.journal.files import ReaderVersion
from batchdigits.system.filenames import to_display_name

#: Packages in use, as they say themselves: asking for what is installed takes far longer.
VERSIONS = {
    "python": sys.version.split()[0],
    "batchdigits": __version__,
    "ai-edge-litert": getattr(ai_edge_litert, "__version__", None),
    "opencv-python-headless": opencv_version,
    "numpy": np.__version__,
}


def make_reader_version(engine: Engine, settings: Settings) -> ReaderVersion:
    """Describe what decides a reading besides the file; readings of other versions are made anew.

    The model's name is its card's and the first eight digits of the hash that tells it from others.
    """
    card = engine.card
    settings_that_matter: dict[str, object] = {
        "batchdigits": __version__,
        "temperature": card.temperature,
        "review_below": card.review_below,
        "max_megapixels": settings.limits.max_megapixels,
        "max_pages": settings.limits.max_pages,
    }
    if card.input_spec:
        settings_that_matter["convention"] = card.input_spec.to_dict()
    if card.second_look:
        settings_that_matter["second_look"] = card.second_look.to_dict()
    return ReaderVersion(
        f"{card.name}@{card.identity[:8]}", card.identity, json.dumps(settings_that_matter)
    )


def describe_provenance(engine: Engine, settings: Settings) -> dict[str, object]:
    """Return what the JSON reports say of model, versions and settings."""
    card = engine.card
    model = {"name": card.name, "sha256": card.identity}
    if card.second_look:
        model |= {"file_sha256": card.sha256, "committee_sha256": card.second_look.sha256}
    return {
        "model": model,
        "versions": VERSIONS,
        "settings": {
            "inbox": to_display_name(os.path.abspath(settings.inbox)),
            "include": settings.include,
            "exclude": settings.exclude,
            "max_megapixels": settings.limits.max_megapixels,
            "max_pages": settings.limits.max_pages,
            "quarantine": settings.quarantine.value,
            "thumbnails": settings.thumbnails.value,
            "duplicates": settings.duplicates.value,
            "review_below": card.review_below,
        },
    }
