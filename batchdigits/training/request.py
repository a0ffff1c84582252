"""What to train, from what, and where to put it."""

from dataclasses import dataclass
from pathlib import Path

from batchdigits.config import Arch, TrainingSettings
from batchdigits.datasets.split import DataSelection
from batchdigits.errors import UsageError
from batchdigits.system.invocation import format_command
from batchdigits.training.fine_tune import read_arch
from batchdigits.training.model_files import ModelFiles
from batchdigits.training.recipe import Recipe, build_recipe


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """A training in all particulars: no choice is left open.

    Attributes:
        data: what to learn from.
        recipe: everything else that decides the weights.
        files: where the model goes.
        base_model: the name or path of a model of ``train`` whose weights to begin with, or empty.
        resume: whether to go on with a training of that name that was stopped.
        overwrite: whether to replace a model of that name.
        committee: whether further networks are trained, to look once more at doubtful images.
    """

    data: DataSelection
    recipe: Recipe
    files: ModelFiles
    base_model: str = ""
    resume: bool = False
    overwrite: bool = False
    committee: bool = False

    @classmethod
    def from_settings(cls, settings: TrainingSettings) -> "TrainingRequest":
        """Complete the settings by what the recipe of the network has.

        Raises:
            ModelError: there is no such model to begin with, or it is none of ``train``.
            UsageError: settings contradict each other, or the model to begin with.
        """
        arch = _choose_arch(settings)
        if settings.committee and (settings.start or arch is not Arch.CNN):
            raise UsageError("--committee is only for --arch cnn without --from.")
        return cls(
            DataSelection(
                settings.data,
                settings.exclude,
                settings.hold_out,
                settings.fonts,
                tuple(map(Path, settings.no_digit)),
                settings.writers,
            ),
            build_recipe(settings, arch),
            ModelFiles(settings.into, settings.name),
            settings.start,
            settings.resume,
            settings.overwrite,
            settings.committee,
        )


def _choose_arch(settings: TrainingSettings) -> Arch:
    if not settings.start:
        return settings.arch or Arch.CNN
    arch = read_arch(settings.start)
    if settings.arch not in (None, arch) or settings.hidden or settings.output:
        raise UsageError(
            f"{settings.start} is --arch {arch}, and its network cannot be changed. "
            f"See {format_command('train', '--help')}."
        )
    return arch
