"""A training on disk after each epoch, so that one that was stopped goes on as if it never was."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batchdigits.errors import DataError, UsageError
from batchdigits.system.atomic_files import stage_atomic_file
from batchdigits.system.safe_files.safe_open import open_file
from batchdigits.training.loop.history import EpochMetrics
from batchdigits.training.loop.trainer import Trainer
from batchdigits.training.recipe import Recipe

#: Settings that a training may be resumed with other values of.
_EXTENDABLE_SETTINGS = ("epochs",)

Weights = list[NDArray[Any]]


class Checkpoint:
    """``NAME.checkpoint``: all variables of a training, its recipe and what became of each epoch.

    Attributes:
        path: the file.
        history: the epochs on record.
        best_weights: those that read held-back digits best, where training may end early.

    Args:
        path: the file.
        recipe: how the network is trained.
        data_fingerprint: what tells the digits, and the weights to begin with, from any others.
    """

    def __init__(self, path: Path, recipe: Recipe, data_fingerprint: str) -> None:
        self.path = path
        self.history: list[EpochMetrics] = []
        self.best_weights: Weights = []
        self._metadata = {
            "recipe": json.loads(json.dumps(asdict(recipe))),
            "data": data_fingerprint,
        }
        self._total_epochs = recipe.total_epochs
        self._variables: Weights = []

    def load(self) -> None:
        """Load the training on disk, to go on with it.

        Raises:
            UsageError: there is none, it is of another recipe or other data, or it is longer.
            DataError: the file is damaged.
        """
        if not self.path.exists():
            raise UsageError(f"There is no {self.path} to resume: leave out --resume.")
        try:
            with open_file(self.path) as file, np.load(file, allow_pickle=False) as archive:
                metadata = json.loads(str(archive["about"]))
                self._variables = _read_numbered_arrays(archive, "variable")
                self.best_weights = _read_numbered_arrays(archive, "best")
            self.history = [EpochMetrics(**epoch) for epoch in metadata.pop("history")]
            differing = _find_differing_settings(self._metadata, metadata)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as e:
            raise DataError(f"{self.path} is damaged: leave out --resume.") from e
        if len(self.history) > self._total_epochs:
            raise UsageError(
                f"{self.path} already has {len(self.history)} epochs: ask for at least as many."
            )
        if differing:
            raise UsageError(
                f"{self.path} was started with a different {differing[0]}: use the same one, "
                "or leave out --resume."
            )

    def restore(self, trainer: Trainer) -> None:
        """Put the variables on record into a trainer.

        Raises:
            DataError: they are of another network.
        """
        try:
            for variable, value in zip(trainer.variables, self._variables, strict=True):
                variable.assign(value)
        except ValueError as error:
            raise DataError(f"{self.path} belongs to another network.") from error

    def save(self, trainer: Trainer) -> None:
        """Write a trainer's variables to disk, all or none of them."""
        metadata = self._metadata | {"history": [asdict(epoch) for epoch in self.history]}
        arrays = {f"variable{i}": value.numpy() for i, value in enumerate(trainer.variables)}
        arrays |= {f"best{i}": weights for i, weights in enumerate(self.best_weights)}
        with stage_atomic_file(self.path) as staged, staged.open("wb") as file:
            np.savez(file, about=json.dumps(metadata), **arrays)


def _read_numbered_arrays(archive: Any, name: str) -> Weights:
    count = sum(member.startswith(name) for member in archive)
    return [archive[f"{name}{i}"] for i in range(count)]


def _find_differing_settings(own: dict[str, Any], other: dict[str, Any]) -> Sequence[str]:
    """Find the settings that differ, but for those that may.

    A learning rate that falls to the end knows its end, so such a training cannot be made longer.
    """
    settings, other_settings = (
        metadata["recipe"] | {"data": metadata["data"]} for metadata in (own, other)
    )
    may_differ = () if settings["anneal"] else _EXTENDABLE_SETTINGS
    return [
        name
        for name, value in settings.items()
        if name not in may_differ and value != other_settings.get(name)
    ]
