"""The settings of a training."""

from dataclasses import dataclass
from pathlib import Path

from batchdigits.config.choices import Arch, Output
from batchdigits.config.option import option


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """What ``batchdigits train`` does; ``None`` and ``()`` leave the choice to the recipe.

    Attributes:
        data: the training data, see :func:`batchdigits.datasets.readers.load_source`.
        arch: the network.
        hidden: neurons in each hidden layer of an ``mlp``.
        output: the activation of the last layer of an ``mlp``.
        epochs: epochs at the full learning rate.
        refine: further epochs at half the learning rate.
        batch_size: images per training step.
        patience: epochs without improvement after which training ends; 0 for never.
        seed: decides everything random.
        start: the name or path of the model whose weights to start from; empty for none.
        exclude: patterns of folders that are left out.
        hold_out: patterns of folders that are kept for calibration.
        fonts: a folder of typefaces to learn from as well; ``None`` for none.
        no_digit: files of images that hold no digit.
        writers: a file that says who wrote each digit of one of the sets; ``None`` for none.
        committee: train further networks that look once more at doubtful images.
        name: the model's name.
        into: the folder for the model and its card.
        resume: continue a training that was stopped.
        overwrite: replace a model of that name.
    """

    data: tuple[str, ...] = option(
        (),
        "Training data: mnist, an .npz, IDX files or a folder with sub-folders 0-9; repeatable.",
        shown_default="mnist",
        is_trusted_only=True,
    )
    arch: Arch | None = option(
        None,
        "Network: cnn is the bundled one, mlp has dense layers only.",
        shown_default="cnn; that of --from",
    )
    hidden: tuple[int, ...] = option(
        (),
        "Neurons in each hidden layer of an mlp: one number or several.",
        minimum=1,
        shown_default="128 128",
    )
    output: Output | None = option(
        None, "Activation of the last layer of an mlp.", shown_default="softmax"
    )
    epochs: int | None = option(
        None, "Number of epochs.", minimum=1, shown_default="70; mlp: 10; --from: 5"
    )
    refine: int | None = option(
        None,
        "Further epochs at half the learning rate.",
        minimum=0,
        shown_default="36; mlp and --from: 0",
    )
    batch_size: int | None = option(
        None, "Images per training step.", minimum=1, shown_default="128; mlp: 32"
    )
    patience: int | None = option(
        None,
        "Stop after this many epochs without improvement; 0: never.",
        minimum=0,
        shown_default="0; mlp: 3",
    )
    seed: int = option(
        1, "Random seed: the same seed on the same machine gives the same weights.", minimum=0
    )
    start: str = option(
        "",
        "Start from the weights of this model, to fine-tune it.",
        "--from",
        envvar="BATCHDIGITS_TRAIN_FROM",
        is_trusted_only=True,
    )
    exclude: tuple[str, ...] = option(
        (), "Leave out files that match this pattern, e.g. 'writer3/*'; repeatable."
    )
    hold_out: tuple[str, ...] = option(
        (), "Keep files that match this pattern for calibration; repeatable."
    )
    fonts: Path | None = option(None, "Folder of typefaces from which a cnn learns as well.")
    no_digit: tuple[str, ...] = option(
        (), "An .npz of images that hold no digit, for a cnn; repeatable.", is_trusted_only=True
    )
    writers: Path | None = option(
        None, "An .npz that says who wrote each digit of a set: whole writers are held back."
    )
    committee: bool = option(
        False, "Train three more networks, which decide where the first one is unsure."
    )
    name: str = option("mine", "Name of the model.", is_trusted_only=True)
    into: Path = option(Path("models"), "Folder for the model and its card.")
    resume: bool = option(False, "Continue a training that was stopped.", is_trusted_only=True)
    overwrite: bool = option(False, "Replace a model of that name.", is_trusted_only=True)
