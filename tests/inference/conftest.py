"""Models that others made."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def foreign_models(tensorflow_samples: Path) -> Path:
    """A folder of models in each format, already imported, and what they say of the digits.

    See :mod:`tests.support.model_makers`.
    """
    return tensorflow_samples / "made"
