"""Training on disk after each epoch, so that one that was stopped can go on as if it never was."""

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
from batchdigits.training.history import EpochMetrics
from batchdigits.training.recipe import Recipe
from batchdigits.training.trainer import Trainer

#: What a longer training may differ in from the one it goes on with.
_EXTENDABLE_SETTINGS = ("epochs",)

Weights = list[NDArray[Any]]


class Checkpoint:
    """``NAME.checkpoint``: all variables of a training, its recipe and what became of each epoch.

    Attributes:
        history: the epochs on record.
        best: the weights that read held-back digits best, where training may end early.

    Args:
        path: the file.
        recipe: how it is trained.
        data: what tells the digits, and the weights it begins with, from any others.
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
        """Go on with what is on disk.

        Raises:
            UsageError: nothing is, it is of another recipe or other data, or more was done.
            DataError: it is damaged.
        """
        if not self.path.exists():
            raise UsageError(f"There is no {self.path} to go on with: leave out --resume.")
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                about = json.loads(str(archive["about"]))
                self._variables = _read_numbered_arrays(archive, "variable")
                self.best_weights = _read_numbered_arrays(archive, "best")
            self.history = [EpochMetrics(**each) for each in about.pop("history")]
            differing = _find_differing_settings(self._metadata, about)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as e:
            raise DataError(f"{self.path} is damaged: leave out --resume.") from e
        if len(self.history) > self._total_epochs:
            raise UsageError(f"{self.path} has {len(self.history)} epochs already: say no fewer.")
        if differing:
            raise UsageError(
                f"{self.path} was begun with another {differing[0]}: say the same as then, "
                "or leave out --resume."
            )

    def restore(self, trainer: Trainer) -> None:
        """Put the variables on record into a teacher.

        Raises:
            DataError: they are of another network.
        """
        try:
            for variable, value in zip(trainer.variables, self._variables, strict=True):
                variable.assign(value)
        except ValueError as error:
            raise DataError(f"{self.path} is of another network.") from error

    def save(self, trainer: Trainer) -> None:
        """Put a teacher on record, whole or not at all."""
        about = self._metadata | {"history": [asdict(epoch) for epoch in self.history]}
        arrays = {f"variable{i}": each.numpy() for i, each in enumerate(trainer.variables)}
        arrays |= {f"best{i}": each for i, each in enumerate(self.best_weights)}
        with stage_atomic_file(self.path) as half, half.open("wb") as file:
            np.savez(file, about=json.dumps(about), **arrays)

    def remove(self) -> None:
        """Training is over."""
        self.path.unlink(missing_ok=True)


def _read_numbered_arrays(archive: Any, name: str) -> Weights:
    count = sum(each.startswith(name) for each in archive)
    return [archive[f"{name}{i}"] for i in range(count)]


def _find_differing_settings(own: dict[str, Any], other: dict[str, Any]) -> Sequence[str]:
    """Settings that are not those of then; a schedule knows its end, and cannot be made longer."""
    mine, theirs = (each["recipe"] | {"data": each["data"]} for each in (own, other))
    free = () if mine["anneal"] else _EXTENDABLE_SETTINGS
    return [name for name in mine if name not in free and mine[name] != theirs.get(name)]
