"""Every command of the command line: its options, its help, and the function that it calls.

That function is in :mod:`batchdigits.cli.commands` and imported when the command runs, so that
help answers at once. For the same reason annotations are resolved, and the settings they name
imported, only for the command that is called.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from batchdigits.cli.environment import Command, CommandGroup
from batchdigits.cli.hidden_layers import HiddenLayersCommand
from batchdigits.cli.labelled_data_app import evaluate, explore, train
from batchdigits.cli.models_app import MODELS_HELP, build_models_app
from batchdigits.cli.root_options import root
from batchdigits.errors import ExitCode

if TYPE_CHECKING:
    from batchdigits.cli.options import (
        OutboxArgument,
        QuietOption,
        RequeueFilesArgument,
        RequeueInboxOption,
        TrustOutboxOption,
    )
    from batchdigits.config import (
        Logging,
        PredictSettings,
        ReportChanges,
        RunSettings,
        Settings,
        Shell,
        VerifySettings,
        Watching,
    )
    from batchdigits.reasons import PermanentReason, Status


def build_app(names: Collection[str]) -> typer.Typer:
    """Build the command line, with the options of some commands.

    Args:
        names: the commands that may be called, e.g. all words of the command line. The others are
            there with their help alone: building all options takes a fifth of the start.
    """
    app = typer.Typer(
        name="batchdigits",
        cls=CommandGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: drawing boxes takes longer than all else help does
        context_settings={
            "help_option_names": ["-h", "--help"],
            "auto_envvar_prefix": "BATCHDIGITS",
            "max_content_width": 100,
        },
        help="\b\nA folder of scanned handwritten digits goes in, a spreadsheet comes out.\n"
        "One image holds one digit: no numbers, no letters, no whole forms.",
        # \b keeps the lines as they are.
        epilog="\b\nExit codes:\n" + "\n".join(f"  {code:<5d}{code.meaning}" for code in ExitCode),
    )
    app.callback()(root)
    for command in COMMANDS:
        name = command.__name__
        cls = HiddenLayersCommand if name == "train" else Command
        app.command(name, cls=cls)(_complete(command) if name in names else _outline(command))
    if "models" in names:
        app.add_typer(build_models_app(), name="models")
    else:
        app.command("models", help=MODELS_HELP)(_do_nothing)
    return app


def _complete(command: Callable[..., int]) -> Callable[..., None]:
    """Make a command with all its options."""
    from batchdigits.cli.options import takes_settings

    return takes_settings(command)


def _outline(command: Callable[..., int]) -> Callable[[], None]:
    """Make a command of which nothing but the help is needed."""

    def outlined() -> None:
        """Do nothing."""

    outlined.__doc__ = command.__doc__
    return outlined


def _do_nothing() -> None:
    """Stand for a command that is not called."""


def run(settings: RunSettings, logging: Logging) -> int:
    """Read every scan in INBOX and write a spreadsheet to OUTBOX."""
    from batchdigits.cli.commands.run import run_command

    return run_command(settings, logging)


def watch(settings: Settings, watching: Watching, logging: Logging) -> int:
    """Read INBOX and every scan that arrives, until Ctrl-C."""
    from batchdigits.cli.commands.watch import watch_command

    return watch_command(settings, watching, logging)


def predict(settings: PredictSettings) -> int:
    """Read a few images and print their digits.

    No image is moved or changed, and none is recorded.
    """
    from batchdigits.cli.commands.predict.command import predict_command

    return predict_command(settings)


def status(
    outbox: OutboxArgument = Path("outbox"),
    json: Annotated[bool, typer.Option("--json", help="Print the status as JSON.")] = False,
) -> int:
    """Show how the watcher of OUTBOX is doing, or what runs left.

    The exit code is 8 if it is stuck or gone.
    """
    from batchdigits.cli.commands.status import status_command

    return status_command(outbox, json)


def correct(
    outbox: OutboxArgument = Path("outbox"),
    spreadsheet: Annotated[
        Path | None,
        typer.Argument(
            help="The corrected table: CSV, XLSX, XLS or ODS.",
            metavar="SPREADSHEET",
            show_default=False,
        ),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="New folder for labelled copies of all checked scans.")
    ] = None,
    trust_outbox: TrustOutboxOption = False,
    quiet: QuietOption = False,
) -> int:
    """Apply corrections from a spreadsheet, and show the accuracy."""
    from batchdigits.cli.commands.correct import correct_command

    return correct_command(outbox, spreadsheet, export, trust_outbox, quiet)


def review(
    outbox: OutboxArgument = Path("outbox"),
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 for any free one.")
    ] = 0,
    trust_outbox: TrustOutboxOption = False,
) -> int:
    """Correct scans in the browser, on record at once."""
    from batchdigits.cli.commands.review import review_command

    return review_command(outbox, port, browser, trust_outbox)


def report(
    changes: ReportChanges,
    outbox: OutboxArgument = Path("outbox"),
    since: Annotated[
        str, typer.Option(help="Only rows read since this time (UTC), e.g. 2026-11-21.")
    ] = "",
    status: Annotated[
        list[Status] | None, typer.Option(help="Only rows with this status; repeatable.")
    ] = None,
    where: Annotated[
        str, typer.Option(help="Only rows that meet this SQL condition, e.g. 'digit = 7'.")
    ] = "",
    to: Annotated[
        Path | None,
        typer.Option(help="New folder for reports of only these rows; OUTBOX stays as it is."),
    ] = None,
    trust_outbox: TrustOutboxOption = False,
) -> int:
    """Write reports again, of all rows or only some.

    No image is read for that.
    """
    from batchdigits.cli.commands.report import report_command

    return report_command(outbox, changes, since, tuple(status or ()), where, to, trust_outbox)


def requeue(
    outbox: OutboxArgument = Path("outbox"),
    files: RequeueFilesArgument = None,
    reason: Annotated[
        list[PermanentReason] | None,
        typer.Option(help="Only files quarantined for this reason; repeatable."),
    ] = None,
    inbox: RequeueInboxOption = None,
    trust_outbox: TrustOutboxOption = False,
) -> int:
    """Move files from quarantine back to the inbox.

    The next run reads them again.
    """
    from batchdigits.cli.commands.requeue import requeue_command
    from batchdigits.cli.options import to_display_names
    from batchdigits.reasons import Reason

    reasons = tuple(map(Reason, reason or ()))
    return requeue_command(outbox, reasons, to_display_names(files), inbox, trust_outbox)


def verify(
    settings: VerifySettings,
    outbox: OutboxArgument = Path("outbox"),
    trust_outbox: TrustOutboxOption = False,
) -> int:
    """Compare OUTBOX with its journal and its inbox.

    Nothing is changed without --repair. The exit code is 11 if there is a difference.
    """
    from batchdigits.cli.commands.verify import verify_command

    return verify_command(outbox, settings, trust_outbox)


def completion(
    shell: Annotated[
        Shell | None, typer.Argument(help="Shell; yours if left out.", show_default=False)
    ] = None,
) -> int:
    """Print a script that completes commands and options.

    Put it where your shell looks for such scripts, or load it with eval.
    """
    from batchdigits.cli.commands.completion import completion_command

    names = [command.__name__ for command in COMMANDS]
    return completion_command(shell, build_app([*names, "models"]))


#: The commands beside ``models``, as help lists them.
COMMANDS: tuple[Callable[..., int], ...] = (
    run,
    watch,
    predict,
    status,
    correct,
    review,
    report,
    requeue,
    verify,
    evaluate,
    train,
    explore,
    completion,
)
#: Commands whose options may be set in the settings file.
COMMANDS_WITH_SETTINGS = (run, watch, predict, correct, report, evaluate, train, explore)
