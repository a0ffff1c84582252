"""Every command of the command line: its options, its help, and what it calls.

What a command does lies in :mod:`batchdigits.cli.commands` and is imported when it runs, so that
help answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from batchdigits import __version__
from batchdigits.cli.options import (
    OutboxOption,
    QuietOption,
    SeveralNumbers,
    as_shown,
    takes_settings,
)
from batchdigits.config import (
    EvaluationSettings,
    Logging,
    PredictSettings,
    ReportChanges,
    RunSettings,
    Settings,
    TrainingSettings,
    Watching,
)
from batchdigits.errors import ExitCode
from batchdigits.reasons import Reason, Status

app = typer.Typer(
    name="batchdigits",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: drawing boxes takes longer than all else help does
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "BATCHDIGITS",
        "max_content_width": 100,
    },
    help="A folder of scanned handwritten digits goes in, a spreadsheet comes out.",
    epilog=f"Exit codes: {'; '.join(f'{code:d} {code.meaning}' for code in ExitCode)}.",
)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"batchdigits {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Take the options of the program itself."""


@app.command()
@takes_settings
def run(settings: RunSettings, logging: Logging) -> int:
    """Read every scan of INBOX and write a spreadsheet to OUTBOX."""
    from batchdigits.cli.commands.run import run_command

    return run_command(settings, logging)


@app.command()
@takes_settings
def watch(settings: Settings, watching: Watching, logging: Logging) -> int:
    """Read what is in INBOX and every scan that arrives, until Ctrl-C."""
    from batchdigits.cli.commands.watch import watch_command

    return watch_command(settings, watching, logging)


@app.command()
@takes_settings
def predict(settings: PredictSettings) -> int:
    """Read a few images and tell their digits here; nothing is moved or put on record."""
    from batchdigits.cli.commands.predict.command import predict_command

    return predict_command(settings)


@app.command()
@takes_settings
def status(
    outbox: OutboxOption = Path("outbox"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the heartbeat as JSON.")] = False,
) -> int:
    """Tell how the watcher of OUTBOX is; the exit code is 8 where it is stuck or gone."""
    from batchdigits.cli.commands.status import status_command

    return status_command(outbox, as_json)


@app.command()
@takes_settings
def correct(
    outbox: OutboxOption = Path("outbox"),
    spreadsheet: Annotated[
        Path | None,
        typer.Argument(help="A corrected table: CSV, XLSX or ODS.", show_default=False),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="New folder for a labelled copy of all that was checked.")
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """Take corrections back from a spreadsheet, and tell how well was read."""
    from batchdigits.cli.commands.correct import correct_command

    return correct_command(outbox, spreadsheet, export, quiet)


@app.command()
@takes_settings
def report(
    changes: ReportChanges,
    outbox: OutboxOption = Path("outbox"),
    since: Annotated[
        str, typer.Option(help="Only what was read since then, e.g. 2026-11-21.")
    ] = "",
    status: Annotated[list[Status] | None, typer.Option(help="Only rows with that status.")] = None,
    where: Annotated[
        str, typer.Option(help="Only rows for which that is so, e.g. 'digit = 7'.")
    ] = "",
    to: Annotated[
        Path | None, typer.Option(help="New folder for a part; OUTBOX stays as it is.")
    ] = None,
) -> int:
    """Draw reports again, whole or in part, without reading an image."""
    from batchdigits.cli.commands.report import report_command

    return report_command(outbox, changes, since, tuple(status or ()), where, to)


@app.command()
@takes_settings
def requeue(
    outbox: OutboxOption = Path("outbox"),
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Names or patterns; all where none is given.", show_default=False),
    ] = None,
    reason: Annotated[
        list[Reason] | None, typer.Option(help="Only files that were set aside for that reason.")
    ] = None,
) -> int:
    """Put files in quarantine back to where they came from, to be read again."""
    from batchdigits.cli.commands.requeue import requeue_command

    return requeue_command(outbox, tuple(reason or ()), as_shown(files))


@app.command()
@takes_settings
def evaluate(settings: EvaluationSettings, quiet: QuietOption = False) -> int:
    """Read digits whose truth is known, and tell how well."""
    from batchdigits.cli.commands.evaluate import evaluate_command

    return evaluate_command(settings, quiet)


@app.command(cls=SeveralNumbers)
@takes_settings
def train(settings: TrainingSettings, quiet: QuietOption = False) -> int:
    """Train a model, and test it: run reads with it by its name."""
    from batchdigits.cli.commands.train import train_command

    return train_command(settings, quiet)


@app.command()
@takes_settings
def explore(
    data: Annotated[
        str,
        typer.Argument(help="What train takes: mnist, an .npz, IDX files, a labelled folder."),
    ] = "mnist",
    save: Annotated[Path, typer.Option(help="File for the picture.")] = Path("explore.png"),
    show: Annotated[
        bool, typer.Option("--show", help="Open it in a window instead of saving it.")
    ] = False,
) -> int:
    """Look at a data set: counts of each digit, and samples."""
    from batchdigits.cli.commands.explore import explore_command

    return explore_command(data, save, show)


models = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode=None,
    help="List models, show one, set the default, export.",
)
app.add_typer(models, name="models")


@models.callback()
def list_models(context: typer.Context) -> None:
    """List the models that have a name: those of ./models, and the shipped one."""
    if context.invoked_subcommand is None:
        from batchdigits.cli.commands.models import list_command

        raise typer.Exit(list_command())


@models.command("list")
@takes_settings
def list_again() -> int:
    """List all models; the default has a star."""
    from batchdigits.cli.commands.models import list_command

    return list_command()


@models.command("show")
@takes_settings
def show_model(name: Annotated[str, typer.Argument(help="A model's name or path.")]) -> int:
    """Tell what is known of a model: card, size, accuracy, hash."""
    from batchdigits.cli.commands.models import show_command

    return show_command(name)


@models.command("default")
@takes_settings
def set_default_model(
    name: Annotated[
        str | None,
        typer.Argument(help="A model's name; digits is the shipped one.", show_default=False),
    ] = None,
) -> int:
    """Set, or tell, what reads in this folder unless told otherwise."""
    from batchdigits.cli.commands.models import default_command

    return default_command(name)


@models.command("export")
@takes_settings
def export_model(
    name: Annotated[str, typer.Argument(help="A model's name or path.")],
    to: Annotated[Path, typer.Argument(help="Folder for copies.")],
) -> int:
    """Copy a model, with its card and whatever else belongs to it."""
    from batchdigits.cli.commands.models import export_command

    return export_command(name, to)


#: Commands that a settings file may have a table for.
SET_BY_FILE = (run, watch, predict, correct, report, evaluate, train, explore)
