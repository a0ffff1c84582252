"""What the card of a trained model says: from what it was made, how, and with which command."""

import platform
import shlex
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from batchdigits.config import Arch, Ink, InputRange
from batchdigits.datasets import readers
from batchdigits.datasets.split import DataSelection, DataSplit
from batchdigits.inference.model_card import InputSpec, OutputKind
from batchdigits.training.export import BATCH_SIZE
from batchdigits.training.recipe import Recipe, get_default_recipe
from batchdigits.training.request import TrainingRequest
from batchdigits.training.simulator.source_digits import SourceDigits


def build_training_fields(
    request: TrainingRequest,
    split: DataSplit,
    source_digits: SourceDigits | None,
    parameter_count: int,
) -> dict[str, object]:
    """Build the fields of a card that do not depend on how well the model reads.

    Temperature and threshold are those of a model that is not calibrated.

    Args:
        request: what was asked for.
        split: the data.
        source_digits: what images were simulated from, if they were.
        parameter_count: how many numbers were learned.
    """
    recipe = request.recipe
    font_shapes = source_digits.font_shapes if source_digits else None
    return {
        "temperature": 1.0,
        "review_below": 0.5,
        **_build_format_fields(recipe),
        "parameters": parameter_count,
        "trained_on": _list_data_sources(request),
        "digits_learned": split.train_count,
        "typefaces_learned": len(font_shapes) // 10 if font_shapes else 0,
        "digits_calibrated": sum(map(len, split.validation)),
        "command": format_command(request),
        "recipe": asdict(recipe),
        "versions": {"python": platform.python_version(), "tensorflow": version("tensorflow")},
        "licence": "see trained_on for the data's own licences",
    }


def _build_format_fields(recipe: Recipe) -> dict[str, object]:
    if recipe.arch is Arch.CNN:
        return {
            "input": f"({BATCH_SIZE}, 28, 28, 1) uint8, white ink on black, MNIST convention",
            "output": f"({BATCH_SIZE}, 11) logits of the digits 0 to 9 and of no digit",
        }
    input_spec = InputSpec(InputRange.BYTE, Ink.WHITE, OutputKind.LOGITS)
    return {
        "input": "(n, 28, 28, 1) float32 0-255, white ink on black, MNIST convention",
        "output": f"(n, 10) logits of the digits 0 to 9, before the {recipe.output}",
        "convention": input_spec.to_dict(),
    }


def _list_data_sources(request: TrainingRequest) -> list[str]:
    sources = [readers.describe_source(source) for source in request.data.effective_sources]
    sources += [readers.describe_source(str(path)) for path in request.data.no_digit]
    if request.data.fonts:
        sources.append(readers.describe_source(str(request.data.fonts)))
    if request.base_model:
        sources.append(f"begun with the weights of {Path(request.base_model).name}")
    return sources


def format_command(request: TrainingRequest) -> str:
    """Format the command that makes this model again, data named without its folder."""
    words = [*_format_data_options(request.data), *_format_recipe_options(request)]
    words += ["--committee"] if request.committee else []
    if request.base_model:
        words += ["--from", Path(request.base_model).name]
    words += ["--seed", str(request.recipe.seed), "--name", request.files.name]
    return shlex.join(["batchdigits", "train", *words])


def _format_data_options(data: DataSelection) -> list[str]:
    words = []
    for source in data.sources:
        words += ["--data", source if source == readers.MNIST else _strip_folder(Path(source))]
    for option, patterns in (("--exclude", data.exclude), ("--hold-out", data.hold_out)):
        for pattern in patterns:
            words += [option, pattern]
    for path in data.no_digit:
        words += ["--no-digit", _strip_folder(path)]
    for option, optional_path in (("--writers", data.writers), ("--fonts", data.fonts)):
        words += [option, _strip_folder(optional_path)] if optional_path else []
    return words


def _strip_folder(path: Path) -> str:
    return path.resolve().name


def _format_recipe_options(request: TrainingRequest) -> list[str]:
    """Format the options that differ from their default."""
    recipe = request.recipe
    default = get_default_recipe(recipe.arch, bool(request.base_model))
    words = ["--arch", recipe.arch.value] if recipe.arch is not Arch.CNN else []
    if recipe.hidden != default.hidden and not request.base_model:
        words += ["--hidden", *map(str, recipe.hidden)]
    if recipe.output != default.output:
        words += ["--output", recipe.output.value]
    words += ["--epochs", str(recipe.epochs)]
    for name in ("refine", "batch_size", "patience"):
        if getattr(recipe, name) != getattr(default, name):
            words += [f"--{name.replace('_', '-')}", str(getattr(recipe, name))]
    return words
