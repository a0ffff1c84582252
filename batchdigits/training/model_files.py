"""The files of a trained model, and whether they can be written."""

import os
from dataclasses import dataclass
from pathlib import Path

from batchdigits.errors import UsageError
from batchdigits.inference.engine import DEFAULT_MODEL
from batchdigits.inference.model_card import COMMITTEE_SUFFIX
from batchdigits.inference.second_look import COMMITTEE_SIZE


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where a training puts its model: files of one name in one folder."""

    folder: Path
    name: str

    @property
    def keras(self) -> Path:
        """The model as Keras saves it."""
        return self._get_path(".keras")

    @property
    def tflite(self) -> Path:
        """The model that scans are read with."""
        return self._get_path(".tflite")

    @property
    def committee(self) -> Path:
        """The networks that look once more at doubtful images."""
        return self._get_path(COMMITTEE_SUFFIX)

    @property
    def card(self) -> Path:
        """What is known of the model, as JSON."""
        return self._get_path(".json")

    @property
    def curves(self) -> Path:
        """The picture of the learning curves."""
        return self._get_path(".png")

    @property
    def checkpoint(self) -> Path:
        """The training itself, for as long as it goes on."""
        return self._get_path(".checkpoint")

    def get_committee_checkpoint(self, number: int) -> Path:
        """Get the path of the training of one network of the committee, numbered from 1."""
        return self._get_path(f".second-{number}.checkpoint")

    def remove_checkpoints(self) -> None:
        """Remove the training of every network, as it is over or begins anew."""
        self.checkpoint.unlink(missing_ok=True)
        for number in range(1, COMMITTEE_SIZE + 1):
            self.get_committee_checkpoint(number).unlink(missing_ok=True)

    def _get_path(self, ending: str) -> Path:
        return self.folder / f"{self.name}{ending}"

    def prepare(self, overwrite: bool, resume: bool) -> None:
        """Make the folder, and find out before the training whether the model can be written.

        Args:
            overwrite: a model of that name may be replaced.
            resume: a training of that name goes on.

        Raises:
            UsageError: the name cannot be used, or is taken.
            OSError: the folder cannot be written.
        """
        self._check_name()
        if not (overwrite or resume) and self.name == DEFAULT_MODEL:
            raise UsageError(
                f"{self.name} is the name of the bundled model: choose another --name, "
                "or add --overwrite."
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (overwrite or resume):
            self._check_free()
        probe = self._get_path(".checkpoint.tmp")
        probe.touch()
        probe.unlink()

    def _check_name(self) -> None:
        name = self.name
        if os.path.basename(name) != name or name[:1] in ("", ".") or not name.isprintable():
            raise UsageError(
                f"{name!r} cannot be the name of a model: it must be usable as a file name."
            )

    def _check_free(self) -> None:
        if self.checkpoint.exists():
            raise UsageError(
                f"{self.checkpoint} is from a training run that was stopped: continue it with "
                "--resume, or start over with --overwrite."
            )
        for path in (self.keras, self.tflite, self.committee, self.card, self.curves):
            if os.path.lexists(path):
                raise UsageError(
                    f"{path} already exists: choose another --name, or add --overwrite."
                )
