"""From the settings of a training to a request that leaves no choice open."""

from pathlib import Path

import pytest

from batchdigits.config import Arch, Output, TrainingSettings
from batchdigits.errors import UsageError
from batchdigits.training.card_fields import format_command
from batchdigits.training.model_files import ModelFiles
from batchdigits.training.recipe import FINE_TUNING_RECIPE, MLP_RECIPE, Recipe
from batchdigits.training.request import TrainingRequest


def test_settings_that_say_nothing_are_the_recipe_of_the_network() -> None:
    assert TrainingRequest.from_settings(TrainingSettings()).recipe == Recipe()
    assert TrainingRequest.from_settings(TrainingSettings(arch=Arch.MLP)).recipe == MLP_RECIPE
    request = TrainingRequest.from_settings(TrainingSettings(start="digits"))
    assert request.recipe == FINE_TUNING_RECIPE and request.base_model == "digits"


def test_settings_replace_what_they_name() -> None:
    settings = TrainingSettings(
        arch=Arch.MLP, hidden=(7,), output=Output.SIGMOID, patience=0, seed=0, name="a"
    )
    request = TrainingRequest.from_settings(settings)
    recipe = request.recipe
    assert (recipe.hidden, recipe.output) == ((7,), Output.SIGMOID)
    assert (recipe.patience, recipe.seed, recipe.epochs) == (0, 0, MLP_RECIPE.epochs)
    assert request.files.card == Path("models/a.json")


def test_the_command_on_the_card_names_all_data() -> None:
    settings = TrainingSettings(
        data=("data/mnist.npz", "data/pen.npz"),
        no_digit=("data/letters.npz",),
        writers=Path("data/who.npz"),
        name="a",
    )
    request = TrainingRequest.from_settings(settings)
    assert request.data.no_digit == (Path("data/letters.npz"),)
    assert format_command(request).startswith(
        "batchdigits train --data mnist.npz --data pen.npz --no-digit letters.npz "
        "--writers who.npz --epochs "
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (TrainingSettings(hidden=(5,)), "for --arch mlp"),
        (TrainingSettings(output=Output.SIGMOID), "for --arch mlp"),
        (TrainingSettings(arch=Arch.MLP, refine=5), "for --arch cnn"),
        (TrainingSettings(committee=True, arch=Arch.MLP), "for --arch cnn without --from"),
        (TrainingSettings(committee=True, start="digits"), "for --arch cnn without --from"),
        (TrainingSettings(start="digits", arch=Arch.MLP), "is --arch cnn"),
        (TrainingSettings(start="digits", output=Output.SOFTMAX), "network cannot be changed"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: TrainingSettings, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        TrainingRequest.from_settings(settings)


def test_a_folder_is_prepared_for_a_name_that_is_free(tmp_path: Path) -> None:
    files = ModelFiles(tmp_path / "models", "mine")
    files.prepare(overwrite=False, resume=False)
    assert list(files.folder.iterdir()) == []
    files.checkpoint.touch()
    with pytest.raises(UsageError, match="--resume"):
        files.prepare(overwrite=False, resume=False)
    files.prepare(overwrite=False, resume=True)
    files.checkpoint.unlink()
    files.curves.symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"mine\.png already exists"):
        files.prepare(overwrite=False, resume=False)
    files.prepare(overwrite=True, resume=False)


@pytest.mark.parametrize("name", ["", ".mine", "a/b", "a\n", "digits"])
def test_some_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        ModelFiles(tmp_path / "models", name).prepare(overwrite=False, resume=False)
    assert not (tmp_path / "models").exists()
