"""What to train, from what, and where to put it."""

from dataclasses import dataclass
from pathlib import Path

from batchdigits.datasets.split import DataSelection
from batchdigits.training.recipe import Recipe

#: What a training leaves: the model for Keras, for reading with, its card, its learning curves.
OUTPUT_ENDINGS = (".keras", ".tflite", ".json", ".png")
#: And what it has while it goes on.
CHECKPOINT_ENDING = ".checkpoint"


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What to train on and where to put the model.

    Attributes:
        data: what to learn from.
        recipe: everything else that decides the weights.
        name: the model's name; see ``OUTPUT_ENDINGS`` for the files that are written.
        into: the folder for them.
        start: the name or path of a model of batchdigits' own whose weights to begin with.
        resume: go on with a training of that name that was stopped.
        overwrite: replace a model of that name.
    """

    data: DataSelection
    recipe: Recipe
    name: str
    folder: Path
    base_model: str = ""
    resume: bool = False
    overwrite: bool = False

    def get_path(self, ending: str) -> Path:
        """A file of this model."""
        return self.folder / f"{self.name}{ending}"
