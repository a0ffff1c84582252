"""What a card says of a model that was trained: of what, how, and with which command."""

import platform
import shlex
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from batchdigits.config import Arch, Ink, InputRange
from batchdigits.datasets import readers
from batchdigits.datasets.split import DataSelection, DataSplit
from batchdigits.inference.model_card import InputSpec, OutputKind
from batchdigits.training.export import BATCH
from batchdigits.training.recipe import Recipe, usual_recipe
from batchdigits.training.request import Order
from batchdigits.training.simulator.augment import Material


def description(
    order: Order, parts: DataSplit, material: Material | None, parameters: int
) -> dict[str, object]:
    """The fields of a card that do not depend on how well the model reads.

    Args:
        order: what was asked for.
        parts: the data.
        material: what images were varied from, if they were.
        parameters: numbers that were learned.
    """
    recipe = order.recipe
    typefaces = len(material.typed) // 10 if material and material.typed else 0
    return {
        "temperature": 1.0,
        "review_below": 0.5,
        **_convention(recipe),
        "parameters": parameters,
        "trained_on": _trained_on(order),
        "digits_learned": parts.train_count,
        "typefaces_learned": typefaces,
        "digits_calibrated": sum(map(len, parts.validation)),
        "command": command_line(order),
        "recipe": asdict(recipe),
        "versions": {"python": platform.python_version(), "tensorflow": version("tensorflow")},
        "licence": "see trained_on for the data's own licences",
    }


def _convention(recipe: Recipe) -> dict[str, object]:
    if recipe.arch is Arch.CNN:
        return {
            "input": f"({BATCH}, 28, 28, 1) uint8, white ink on black, MNIST convention",
            "output": f"({BATCH}, 11) logits of the digits 0 to 9 and of no digit",
        }
    convention = InputSpec(InputRange.BYTE, Ink.WHITE, OutputKind.LOGITS)
    return {
        "input": "(n, 28, 28, 1) float32 0-255, white ink on black, MNIST convention",
        "output": f"(n, 10) logits of the digits 0 to 9, before the {recipe.output}",
        "convention": convention.to_dict(),
    }


def _trained_on(order: Order) -> list[str]:
    named = [readers.describe_source(each) for each in order.data.effective_sources]
    fonts = [readers.describe_source(str(order.data.fonts))] if order.data.fonts else []
    start = [f"begun with the weights of {Path(order.start).name}"] if order.start else []
    return [*named, *fonts, *start]


def command_line(order: Order) -> str:
    """The command that makes this model again, data named without its folder."""
    words = [*_data(order.data), *_recipe(order)]
    if order.start:
        words += ["--from", Path(order.start).name]
    words += ["--seed", str(order.recipe.seed), "--name", order.name]
    return shlex.join(["batchdigits", "train", *words])


def _data(data: DataSelection) -> list[str]:
    words = []
    for source in data.sources:
        known = source if source == readers.MNIST else _name(Path(source))
        words += ["--data", known]
    for option, patterns in (("--exclude", data.exclude), ("--hold-out", data.hold_out)):
        for pattern in patterns:
            words += [option, pattern]
    return words + (["--fonts", _name(data.fonts)] if data.fonts else [])


def _name(path: Path) -> str:
    return path.resolve().name


def _recipe(order: Order) -> list[str]:
    """Options for what differs from what it is without being said."""
    recipe = order.recipe
    usual = usual_recipe(recipe.arch, bool(order.start))
    words = ["--arch", recipe.arch.value] if recipe.arch is not Arch.CNN else []
    if recipe.hidden != usual.hidden and not order.start:
        words += ["--hidden", *map(str, recipe.hidden)]
    if recipe.output != usual.output:
        words += ["--output", recipe.output.value]
    words += ["--epochs", str(recipe.epochs)]
    for name in ("refine", "batch_size", "patience"):
        if getattr(recipe, name) != getattr(usual, name):
            words += [f"--{name.replace('_', '-')}", str(getattr(recipe, name))]
    return words
