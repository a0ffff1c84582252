"""``batchdigits train``: data in, a model with its card out."""

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from batchdigits.engine import Engine, load
from batchdigits.training.augment import plain
from batchdigits.training.data import Labelled, hold_back, join, load_folder, load_mnist, load_npz
from batchdigits.training.export import BATCH, to_tflite, write_model
from batchdigits.training.train import Recipe, fit_temperature, train

#: Share of each data set kept for choosing and calibrating.
HELD_BACK = 1 / 12
#: A folder of scans counts this many times, being small beside MNIST.
FOLDER_WEIGHT = 3
#: The share of held-back digits whose confidence sends them to a person.
REVIEWED = 0.03
SAMPLES = 2048

SOURCES = {
    "mnist": "MNIST (LeCun, Cortes, Burges), https://yann.lecun.com/exdb/mnist/, CC BY-SA 3.0",
    "scans": "kensanata/numbers, https://github.com/kensanata/numbers, public domain",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What to train on and where to put the model.

    Attributes:
        data: ``.npz`` files and labelled folders; none means Keras' own MNIST loader.
        exclude: patterns inside folders that are left out altogether, kept for measuring.
        hold_out: patterns inside folders kept for choosing and calibrating.
        name: the model's name; ``NAME.tflite``, ``NAME.json`` and ``NAME.keras`` are written.
        into: the folder for them.
        recipe: everything else that decides the weights.
    """

    data: tuple[Path, ...]
    exclude: tuple[str, ...]
    hold_out: tuple[str, ...]
    name: str
    into: Path
    recipe: Recipe


def train_command(order: Order, say: Callable[[str], None]) -> Path:
    """Train, convert, calibrate, and write the model with its card; returns its path.

    Raises:
        DataError: data that cannot be used.
    """
    learn, check = gather(order)
    distinct = len({id(page) for page in learn.pages})
    say(f"training on {distinct} digits, calibrating on {len(check)} others")
    # Before the hours of training, not after them.
    order.into.mkdir(parents=True, exist_ok=True)
    model = train(learn, check, order.recipe, say)
    model.save(order.into / f"{order.name}.keras")
    random = np.random.default_rng(order.recipe.seed)
    samples, _ = plain(learn.take(random.permutation(len(learn))[:SAMPLES]))
    content = to_tflite(model, samples)
    about = _about(order, distinct, len(check), model.count_params())
    path = write_model(order.into, order.name, content, about)
    calibrated = _calibration(load(path), check)
    say(f"held back: {calibrated['held_back']}")
    return write_model(order.into, order.name, content, about | calibrated)


def gather(order: Order) -> tuple[Labelled, Labelled]:
    """The digits to learn from and the digits to calibrate on, none in both."""
    learn, check = [], []
    for path in order.data or (None,):
        if path is not None and path.is_dir():
            out = (*order.exclude, *order.hold_out)
            part = load_folder(path, exclude=out)
            if order.hold_out:
                held_back = load_folder(path, order.hold_out, order.exclude)
            else:
                part, held_back = hold_back(part, HELD_BACK, order.recipe.seed)
            learn += [part] * FOLDER_WEIGHT
        else:
            whole = load_npz(path) if path else load_mnist()
            part, held_back = hold_back(whole, HELD_BACK, order.recipe.seed)
            learn.append(part)
        check.append(held_back)
    return join(learn), join(check)


def _calibration(engine: Engine, check: Labelled) -> dict[str, object]:
    """Temperature and review threshold of the converted model, fitted on held-back digits."""
    images, digits = plain(check)
    logits = np.log(np.maximum(engine.predict(images), 1e-30))
    temperature = fit_temperature(logits, digits)
    scaled = np.exp((logits - logits.max(1, keepdims=True)) / temperature)
    scores = scaled / scaled.sum(1, keepdims=True)
    right = scores.argmax(1) == digits
    below = review_threshold(scores.max(1))
    return {
        "temperature": round(temperature, 4),
        "review_below": round(below, 4),
        "held_back": {
            "digits": len(digits),
            "accuracy": round(float(right.mean()), 5),
            "accuracy_without_review": round(float(right[scores.max(1) >= below].mean()), 5),
        },
    }


def review_threshold(confidence: NDArray[np.float64]) -> float:
    """The confidence that a share of :data:`REVIEWED` of these readings does not reach."""
    return float(np.quantile(confidence, REVIEWED))


def _about(order: Order, learned: int, checked: int, parameters: int) -> dict[str, object]:
    return {
        "temperature": 1.0,
        "review_below": 0.5,
        "input": f"({BATCH}, 28, 28, 1) uint8, white ink on black, MNIST convention",
        "output": f"({BATCH}, 10) logits of the digits 0 to 9",
        "parameters": parameters,
        "trained_on": [_source(path) for path in order.data] or [SOURCES["mnist"]],
        "digits_learned": learned,
        "digits_calibrated": checked,
        "command": command_line(order),
        "recipe": asdict(order.recipe),
        "versions": {"python": platform.python_version(), "tensorflow": version("tensorflow")},
        "licence": "weights MIT; see trained_on for the data's own licences",
    }


def _source(path: Path) -> str:
    return SOURCES.get(path.stem, path.name)


def command_line(order: Order) -> str:
    """The command that makes this model again, data named without its folder."""
    parts = ["batchdigits train"]
    parts += [f"--data {path.name}" for path in order.data]
    parts += [f"--exclude '{pattern}'" for pattern in order.exclude]
    parts += [f"--hold-out '{pattern}'" for pattern in order.hold_out]
    parts += [f"--epochs {order.recipe.epochs} --seed {order.recipe.seed} --name {order.name}"]
    return " ".join(parts)
