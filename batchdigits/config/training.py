"""The settings of a training."""

from dataclasses import dataclass
from pathlib import Path

from batchdigits.config.choices import Arch, Output
from batchdigits.config.option import option


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What ``batchdigits train`` was told; ``None`` and ``()`` leave the choice to the recipe.

    Attributes:
        data: what to learn from, see :func:`batchdigits.datasets.readers.load_source`.
        arch: the network.
        hidden: neurons of each hidden layer of an ``mlp``.
        output: the last layer of an ``mlp``.
        epochs: rounds from nothing.
        refine: more rounds at half the learning rate.
        batch_size: images learned from at once.
        patience: rounds without gain after which training ends; 0 for never.
        seed: decides all chance there is.
        start: the name or path of a model whose weights to begin with, or empty.
        exclude: patterns of folders that are left out.
        hold_out: patterns of folders kept for calibration.
        fonts: a folder of typefaces to learn from, too.
        name: the model's name.
        into: the folder for the model and its card.
        resume: go on with a training that was stopped.
        overwrite: replace a model of that name.
    """

    data: tuple[str, ...] = option(
        (),
        "What to learn from: mnist, an .npz, IDX files, a folder with sub-folders 0-9; repeatable.",
        shown_default="mnist",
    )
    arch: Arch | None = option(
        None,
        "The network: the bundled one, or dense layers only.",
        shown_default="cnn; that of --from",
    )
    hidden: tuple[int, ...] = option(
        (),
        "Neurons of each hidden layer of an mlp, one number or several.",
        minimum=1,
        shown_default="128 128",
    )
    output: Output | None = option(None, "The last layer of an mlp.", shown_default="softmax")
    epochs: int | None = option(None, "Rounds.", minimum=1, shown_default="36; mlp 10; --from 5")
    refine: int | None = option(
        None, "More rounds at half the learning rate.", minimum=0, shown_default="24; else 0"
    )
    batch_size: int | None = option(
        None, "Images learned from at once.", minimum=1, shown_default="128; mlp 32"
    )
    patience: int | None = option(
        None,
        "Stop after so many rounds without gain; 0: never.",
        minimum=0,
        shown_default="0; mlp 3",
    )
    seed: int = option(1, "Same seed, same machine: same weights.", minimum=0)
    start: str = option(
        "",
        "Begin with this model's weights: fine-tune it.",
        "--from",
        envvar="BATCHDIGITS_TRAIN_FROM",
    )
    exclude: tuple[str, ...] = option((), "Leave out files of folders that match.")
    hold_out: tuple[str, ...] = option((), "Calibrate on files of folders that match.")
    fonts: Path | None = option(None, "A folder of typefaces for the cnn to learn from, too.")
    name: str = option("mine", "Name of the model.")
    into: Path = option(Path("models"), "Folder for the model and its card.")
    resume: bool = option(False, "Go on with a training that was stopped.")
    overwrite: bool = option(False, "Replace a model of that name.")
