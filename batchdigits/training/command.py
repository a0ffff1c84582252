"""``batchdigits train``: data in, a model with its card out."""

import platform
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from batchdigits.engine import load
from batchdigits.training.augment import Material, make
from batchdigits.training.calibrate import HeldBack, calibrate
from batchdigits.training.data import Labelled, hold_back, join, load_folder, load_mnist, load_npz
from batchdigits.training.export import BATCH, to_tflite, write_model
from batchdigits.training.fonts import load_fonts
from batchdigits.training.glyphs import Glyphs
from batchdigits.training.train import Recipe, logits_of, train

#: Share of each data set kept for choosing and calibrating.
HELD_BACK = 1 / 12
#: The share of the images that folders of scans get beside MNIST, though they are smaller.
FOLDER_SHARE = 0.38
#: Images from which the ranges of 8-bit activations are taken.
SAMPLES = 4096

SOURCES = {
    "mnist": "MNIST (LeCun, Cortes, Burges), https://yann.lecun.com/exdb/mnist/, CC BY-SA 3.0",
    "scans": "kensanata/numbers, https://github.com/kensanata/numbers, public domain",
    "fonts": "digits of typefaces published by Fontsource, SIL OFL 1.1, Apache 2.0 or MIT",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What to train on and where to put the model.

    Attributes:
        data: ``.npz`` files and labelled folders; none means Keras' own MNIST loader.
        exclude: patterns inside folders that are left out altogether, kept for measuring.
        hold_out: patterns inside folders kept for choosing and calibrating.
        fonts: folder of typefaces whose digits are learned from, too.
        name: the model's name; ``NAME.tflite``, ``NAME.json`` and ``NAME.keras`` are written.
        into: the folder for them.
        recipe: everything else that decides the weights.
        resume: whether ``NAME.keras`` holds the model after the first cycle already.
    """

    data: tuple[Path, ...]
    exclude: tuple[str, ...]
    hold_out: tuple[str, ...]
    fonts: Path | None
    name: str
    into: Path
    recipe: Recipe
    resume: bool = False


def train_command(order: Order, say: Callable[[str], None]) -> Path:
    """Train, convert, calibrate, and write the model with its card; returns its path.

    Raises:
        DataError: data that cannot be used.
    """
    parts, check = gather(order)
    learned = sum(len(part) for part, _ in parts)
    typed = load_fonts(order.fonts) if order.fonts else None
    say(f"training on {learned} digits, calibrating on {len(check)} others")
    # Before the hours of training, not after them.
    order.into.mkdir(parents=True, exist_ok=True)
    held_back = HeldBack.of(check, order.recipe.seed)
    material = Material.of(parts, typed)
    keep = order.into / f"{order.name}.keras"
    model = train(
        material, lambda model: progress(model, held_back), order.recipe, keep, say, order.resume
    )
    samples, _ = make(material, SAMPLES, [order.recipe.seed, -1 % 2**32])
    content = to_tflite(model, samples)
    about = _about(order, learned, len(check), typed, model.count_params())
    path = write_model(order.into, order.name, content, about)
    calibrated = calibrate(load(path), held_back)
    say(f"held back: {calibrated['held_back']}")
    return write_model(order.into, order.name, content, about | calibrated)


def progress(model: Any, held_back: HeldBack) -> str:
    """How the network does on held-back digits, while it is trained."""
    shares = [
        float((logits_of(model, images)[:, :10].argmax(1) == digits).mean())
        for images, digits in (held_back.real, held_back.simulated)
    ]
    return "held back: {:.2%} of real, {:.2%} of simulated digits".format(*shares)


def gather(order: Order) -> tuple[list[tuple[Labelled, float]], Labelled]:
    """What to learn from, each with its share, and what to calibrate on; no digit in both."""
    learn, check = [], []
    paths = order.data or (None,)
    folders = sum(path is not None and path.is_dir() for path in paths)
    share = FOLDER_SHARE if 0 < folders < len(paths) else folders / len(paths)
    for path in paths:
        if path is not None and path.is_dir():
            part, held_back = _from_folder(path, order)
            learn.append((part, share / folders))
        else:
            whole = load_npz(path) if path else load_mnist()
            part, held_back = hold_back(whole, HELD_BACK, order.recipe.seed)
            learn.append((part, (1 - share) / (len(paths) - folders)))
        check.append(held_back)
    return learn, join(check)


def _from_folder(path: Path, order: Order) -> tuple[Labelled, Labelled]:
    part = load_folder(path, exclude=(*order.exclude, *order.hold_out))
    if order.hold_out:
        return part, load_folder(path, order.hold_out, order.exclude)
    return hold_back(part, HELD_BACK, order.recipe.seed)


def _about(
    order: Order, learned: int, checked: int, typed: Glyphs | None, parameters: int
) -> dict[str, object]:
    return {
        "temperature": 1.0,
        "review_below": 0.5,
        "input": f"({BATCH}, 28, 28, 1) uint8, white ink on black, MNIST convention",
        "output": f"({BATCH}, 11) logits of the digits 0 to 9 and of no digit",
        "parameters": parameters,
        "trained_on": _sources(order),
        "digits_learned": learned,
        "typefaces_learned": len(typed) // 10 if typed else 0,
        "digits_calibrated": checked,
        "command": command_line(order),
        "recipe": asdict(order.recipe),
        "versions": {"python": platform.python_version(), "tensorflow": version("tensorflow")},
        "licence": "weights MIT; see trained_on for the data's own licences",
    }


def _sources(order: Order) -> list[str]:
    paths = (*(order.data or (Path("mnist"),)), *([order.fonts] if order.fonts else []))
    return [SOURCES.get(path.stem, path.name) for path in paths]


def _named(path: Path) -> str:
    return shlex.quote(path.resolve().name)


def command_line(order: Order) -> str:
    """The command that makes this model again, data named without its folder.

    With ``--resume`` it goes on from the ``.keras`` file that the first cycle left.
    """
    parts = ["batchdigits train"]
    parts += [f"--data {_named(path)}" for path in order.data]
    parts += [f"--exclude '{pattern}'" for pattern in order.exclude]
    parts += [f"--hold-out '{pattern}'" for pattern in order.hold_out]
    parts += [f"--fonts {_named(order.fonts)}"] if order.fonts else []
    parts += [f"--epochs {order.recipe.epochs} --refine {order.recipe.refine}"]
    parts += ["--resume"] if order.resume else []
    parts += [f"--seed {order.recipe.seed} --name {order.name}"]
    return " ".join(parts)
