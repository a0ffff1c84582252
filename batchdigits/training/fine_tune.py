"""Weights to begin with: a model that was trained before."""

from dataclasses import replace
from typing import Any

from batchdigits.config import Arch, Output
from batchdigits.errors import ModelError
from batchdigits.inference.engine import CARD_SUFFIX
from batchdigits.inference.importing.keras_loader import load_keras
from batchdigits.inference.importing.model_formats import ModelFormat, identify_model_format
from batchdigits.inference.model_card import read_card
from batchdigits.inference.registry import find_model
from batchdigits.training.networks import CLASS_COUNT, DIGIT_COUNT
from batchdigits.training.recipe import Recipe


def load_base_model(name: str, arch: Arch) -> Any:
    """Load a Keras model that ``train`` made.

    Args:
        name: the model's name or path.
        arch: the network that it must be of.

    Raises:
        ModelError: there is no such model, or it is not of that network.
    """
    path = find_model(name)
    if path.suffix == ".tflite":
        path = path.with_suffix(".keras")
    model_format = identify_model_format(path)
    if model_format is not ModelFormat.KERAS:
        raise ModelError(f"{path} is not a .keras file, and only those can be trained further.")
    model = load_keras(path, model_format, trusted=False)
    outputs = CLASS_COUNT if arch is Arch.CNN else DIGIT_COUNT
    if tuple(model.input_shape[1:]) != (28, 28, 1) or model.output_shape[1] != outputs:
        raise ModelError(
            f"{path} is not an --arch {arch} model made by batchdigits train, "
            "so it cannot be trained further."
        )
    return model


def recipe_from_model(recipe: Recipe, model: Any) -> Recipe:
    """Put the layers that a loaded model has, which no option changes, into the recipe."""
    if recipe.arch is Arch.CNN:
        return recipe
    *hidden, last = [layer for layer in model.layers if hasattr(layer, "units")]
    neurons = tuple(int(layer.units) for layer in hidden)
    return replace(recipe, hidden=neurons, output=Output(last.activation.__name__))


def read_arch(name: str) -> Arch:
    """Read from its card of which network a model is that ``train`` made.

    Args:
        name: the model's name or path.

    Raises:
        ModelError: there is no such model, or it has no card that says so.
    """
    path = find_model(name).with_suffix(CARD_SUFFIX)
    if not path.is_file():
        raise ModelError(
            f"{name} has no card from batchdigits train, so it cannot be trained further."
        )
    recipe = read_card(path).fields.get("recipe")
    try:
        return Arch(recipe.get("arch", Arch.CNN)) if isinstance(recipe, dict) else Arch.CNN
    except ValueError as error:
        raise ModelError(f"The card {path} names no network that can be trained.") from error
