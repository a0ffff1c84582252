"""The command line's part about models: measuring, training, data to learn from, the library."""

from pathlib import Path
from typing import Annotated

import typer

from batchdigits.cli import options
from batchdigits.config import Arch, Output


def evaluate(
    data: Annotated[
        str,
        typer.Argument(
            help="A folder with sub-folders 0-9, a CSV of file and digit, .npz, IDX, or: mnist."
        ),
    ],
    outbox: options.Outbox = Path("evaluation"),
    include: options.Include = None,
    exclude: options.Exclude = None,
    model: options.Model = None,
    input_range: options.InputRangeOf = None,
    ink: options.InkOf = None,
    trust_model: options.TrustModel = False,
    workers: options.Workers = None,
    quiet: options.Quiet = False,
) -> None:
    """Read digits whose truth is known, and tell how well."""
    from batchdigits.cli.commands.commands import evaluate_command

    patterns = options.patterns(include), options.patterns(exclude)
    reader = options.model(locals())
    raise typer.Exit(evaluate_command(data, outbox, *patterns, reader, workers, quiet))


def train(
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="What to learn from: mnist, an .npz, IDX files, a folder with sub-folders 0-9; "
            "repeatable.",
            show_default="mnist",
        ),
    ] = None,
    arch: Annotated[
        Arch | None,
        typer.Option(
            help="The network: the bundled one, or dense layers only.",
            show_default="cnn; that of --from",
        ),
    ] = None,
    hidden: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            help="Neurons of each hidden layer of an mlp, one number or several.",
            show_default="128 128",
        ),
    ] = None,
    output: Annotated[
        Output | None,
        typer.Option(help="The last layer of an mlp.", show_default="softmax"),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Rounds.", show_default="36; mlp 10; --from 5")
    ] = None,
    refine: Annotated[
        int | None,
        typer.Option(
            min=0, help="More rounds at half the learning rate.", show_default="24; else 0"
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Images learned from at once.", show_default="128; mlp 32"),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=0, help="Stop after so many rounds without gain; 0: never.", show_default="0; mlp 3"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same machine: same weights.")] = 1,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            envvar="BATCHDIGITS_TRAIN_FROM",
            help="Begin with this model's weights: fine-tune it.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out files of folders that match.")
    ] = None,
    hold_out: Annotated[
        list[str] | None, typer.Option(help="Calibrate on files of folders that match.")
    ] = None,
    fonts: Annotated[
        Path | None, typer.Option(help="A folder of typefaces for the cnn to learn from, too.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the model.")] = "mine",
    into: Annotated[Path, typer.Option(help="Folder for the model and its card.")] = Path("models"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a training that was stopped.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a model of that name.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a model, and test it: run reads with it by its name."""
    from batchdigits.cli.commands.commands import train_command
    from batchdigits.datasets.split import Data
    from batchdigits.training.recipe import recipe_of
    from batchdigits.training.request import Order

    if start:
        from batchdigits.training.fine_tune import arch_of

        found = arch_of(start)
        if arch not in (None, found) or hidden or output:
            raise typer.BadParameter(f"{start} is of --arch {found}, and stays as it is built.")
        arch = found
    recipe = recipe_of(
        arch or Arch.CNN, begun=start is not None, hidden=tuple(hidden or ()) or None,
        output=output, epochs=epochs, refine=refine, batch_size=batch_size, patience=patience,
        seed=seed,
    )  # fmt: skip
    sources = Data(tuple(data or ()), tuple(exclude or ()), tuple(hold_out or ()), fonts)
    order = Order(sources, recipe, name, into, start or "", resume, overwrite)
    raise typer.Exit(train_command(order, quiet))


def explore(
    data: Annotated[
        str,
        typer.Argument(help="What train takes: mnist, an .npz, IDX files, a labelled folder."),
    ] = "mnist",
    save: Annotated[Path, typer.Option(help="File for the picture.")] = Path("explore.png"),
    show: Annotated[
        bool, typer.Option("--show", help="Open it in a window instead of saving it.")
    ] = False,
) -> None:
    """Look at a data set: counts of each digit, and samples."""
    from batchdigits.cli.commands.commands import explore_command

    raise typer.Exit(explore_command(data, save, show))


#: What a settings file may have a table for.
SET_BY_FILE = (evaluate, train, explore)

models = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    help="List models, show one, set the default, export.",
)


@models.callback()
def list_models(context: typer.Context) -> None:
    """List the models that have a name: those of ./models, and the shipped one."""
    if context.invoked_subcommand is None:
        from batchdigits.cli.commands.commands import list_command

        raise typer.Exit(list_command())


@models.command("list")
def list_again() -> None:
    """List all models; the default has a star."""
    from batchdigits.cli.commands.commands import list_command

    raise typer.Exit(list_command())


@models.command("show")
def show_model(name: Annotated[str, typer.Argument(help="A model's name or path.")]) -> None:
    """Tell what is known of a model: card, size, accuracy, hash."""
    from batchdigits.cli.commands.commands import show_command

    raise typer.Exit(show_command(name))


@models.command("default")
def set_default_model(
    name: Annotated[
        str | None,
        typer.Argument(help="A model's name; digits is the shipped one.", show_default=False),
    ] = None,
) -> None:
    """Set, or tell, what reads in this folder unless told otherwise."""
    from batchdigits.cli.commands.commands import default_command

    raise typer.Exit(default_command(name))


@models.command("export")
def export_model(
    name: Annotated[str, typer.Argument(help="A model's name or path.")],
    to: Annotated[Path, typer.Argument(help="Folder for copies.")],
) -> None:
    """Copy a model, with its card and whatever else belongs to it."""
    from batchdigits.cli.commands.commands import export_command

    raise typer.Exit(export_command(name, to))
