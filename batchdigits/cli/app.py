"""The command line: translates people into calls, and errors into one line and an exit code."""

import os
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from batchdigits import __version__
from batchdigits.cli import modelling, options
from batchdigits.config import (
    FILE_TIMEOUT,
    WORKER_MEMORY,
    CsvDialect,
    Duplicates,
    Limits,
    Processed,
    Quarantine,
    Rotate,
    Settings,
    Thumbnails,
    Watching,
    XlsxImages,
)
from batchdigits.records import Reason, Status

CONFIG_FILE = Path("batchdigits.toml")
INTERRUPTED = 130
#: Settings whose names Python keeps for itself.
_PARAMETERS = {"from": "start"}
_LIMITS, _WATCHING = Limits(), Watching()


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
    epilog="Exit codes: 0 all read; 2 wrong arguments; 3 finished, some files not read; 4 no "
    "usable model; 5 nothing to read; 6 outbox not writable; 7 unusable labelled data; "
    "8 the watcher is stuck or gone; 130 interrupted; 143 terminated.",
)


def main() -> None:
    """Run the command line; every error a person can cause becomes one line on stderr."""
    from batchdigits.system.logs import own_stderr

    # NumPy's linear algebra is not used, and its threads cost time to start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    own_stderr()
    try:
        code = _run(sys.argv[1:] or _asked())
    except Exception as error:
        code = _explain(error)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    code: int = app(arguments, standalone_mode=False, default_map=read_config(CONFIG_FILE))
    return code


def _asked() -> list[str]:
    """What a person at a terminal answers when asked what to do; nothing elsewhere."""
    if not all(each and each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)):
        return []
    from batchdigits.cli.prompt import ask

    return ask()


def _explain(error: Exception) -> int:
    from batchdigits.errors import BatchdigitsError
    from batchdigits.system.filenames import for_terminal

    if type(error).__name__ == "Abort":  # what Typer makes of Ctrl-C
        return INTERRUPTED
    if isinstance(error, BatchdigitsError):
        message, code = str(error), error.exit_code
    elif hasattr(error, "format_message"):  # wrong arguments, told by Typer
        if type(error).__name__ == "NoArgsIsHelpError":  # the help itself is its message
            print(error.format_message(), file=sys.stderr)
            return 2
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "batchdigits"
        message, code = f"{error.format_message().rstrip('.')}. See {command} --help.", 2
    else:
        raise error
    print(f"batchdigits: {for_terminal(' '.join(message.split()))}", file=sys.stderr)
    return code


def read_config(path: Path) -> dict[str, Any]:
    """Options from ``batchdigits.toml``: one table a command, e.g. ``[run]``, with ``-`` or ``_``.

    Raises:
        UsageError: the file cannot be read, is no TOML, or names what does not exist.
    """
    if not path.is_file():
        return {}
    import inspect
    import tomllib

    from batchdigits.errors import UsageError

    try:
        # Notepad puts a byte order mark first.
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    commands: dict[str, Callable[..., None]] = {
        each.__name__: each
        for each in (run, watch, predict, correct, report, *modelling.SET_BY_FILE)
    }
    known = {name: inspect.signature(each).parameters for name, each in commands.items()}
    for command, table in tables.items():
        if command not in known or not isinstance(table, dict):
            tables_known = ", ".join(f"[{name}]" for name in known)
            raise UsageError(f"{path}: [{command}] is no table of settings; use {tables_known}.")
        named = {_PARAMETERS.get(key, key.replace("-", "_")): value for key, value in table.items()}
        tables[command] = {
            key: [value] if _takes_several(known[command].get(key)) and _is_one(value) else value
            for key, value in named.items()
        }
        if unknown := sorted(set(tables[command]) - set(known[command])):
            raise UsageError(f"{path}: [{command}] has no setting {', '.join(unknown)}.")
    return tables


def _takes_several(parameter: Any) -> bool:
    return parameter is not None and "list[" in str(parameter.annotation)


def _is_one(value: object) -> bool:
    return not isinstance(value, list | str)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"batchdigits {__version__}")
        raise typer.Exit


def _settings(given: dict[str, Any]) -> Settings:
    """What ``run`` or ``watch`` was told, by the names that settings and options share."""
    limits = Limits(given["max_megapixels"], given["max_pages"])
    patterns = {name: options.patterns(given[name]) for name in ("include", "exclude")}
    named = {each.name: given[each.name] for each in fields(Settings) if each.name in given}
    return Settings(**named | patterns | {"model": options.model(given)}, limits=limits)


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Name the program's own options."""


@app.command()
def run(
    inbox: options.Inbox = Path("inbox"),
    outbox: options.Outbox = Path("outbox"),
    include: options.Include = None,
    exclude: options.Exclude = None,
    max_megapixels: options.MaxMegapixels = _LIMITS.max_megapixels,
    max_pages: options.MaxPages = _LIMITS.max_pages,
    quarantine: options.QuarantineMode = Quarantine.MOVE,
    model: options.Model = None,
    input_range: options.InputRangeOf = None,
    ink: options.InkOf = None,
    trust_model: options.TrustModel = False,
    thumbnails: options.ThumbnailsMode = Thumbnails.EACH,
    duplicates: options.DuplicatesMode = Duplicates.REPORT,
    force: Annotated[bool, typer.Option("--force", help="Read known files again too.")] = False,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Try unreadable files again, those in quarantine too."),
    ] = False,
    rebind: options.Rebind = False,
    html: options.Html = True,
    xlsx: options.Xlsx = False,
    xlsx_images: options.XlsxImagesMode = XlsxImages.REVIEW,
    csv_dialect: options.CsvDialectMode = CsvDialect.STANDARD,
    parquet: options.Parquet = False,
    charts: options.Charts = False,
    workers: options.Workers = None,
    file_timeout: options.FileTimeout = FILE_TIMEOUT,
    worker_memory: options.WorkerMemory = WORKER_MEMORY,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    log_json: options.LogJson = False,
) -> None:
    """Read every scan of INBOX and write a spreadsheet to OUTBOX."""
    settings = _settings(locals())
    from batchdigits.cli.commands.commands import run_command

    raise typer.Exit(run_command(settings, quiet, verbose, log_json))


@app.command()
def watch(
    inbox: options.Inbox = Path("inbox"),
    outbox: options.Outbox = Path("outbox"),
    settle: Annotated[
        float, typer.Option(min=0.05, help="Seconds a file must be left alone to be read.")
    ] = _WATCHING.settle,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds an empty file, or one still open, is given.")
    ] = _WATCHING.grace,
    rescan: Annotated[
        float, typer.Option(min=0.5, help="Seconds between two looks for missed files.")
    ] = _WATCHING.rescan,
    poll: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="Look every so many seconds, no events.", show_default="where needed"
        ),
    ] = None,
    rotate: Annotated[Rotate, typer.Option(help="Begin a new CSV and JSON.")] = Rotate.NEVER,
    processed: Annotated[
        Processed, typer.Option(help="What becomes of files once they are read.")
    ] = Processed.LEAVE,
    on_batch: Annotated[
        str, typer.Option(help="Shell command that gets new rows as JSON lines on its input.")
    ] = "",
    include: options.Include = None,
    exclude: options.Exclude = None,
    max_megapixels: options.MaxMegapixels = _LIMITS.max_megapixels,
    max_pages: options.MaxPages = _LIMITS.max_pages,
    quarantine: options.QuarantineMode = Quarantine.MOVE,
    model: options.Model = None,
    input_range: options.InputRangeOf = None,
    ink: options.InkOf = None,
    trust_model: options.TrustModel = False,
    thumbnails: options.ThumbnailsMode = Thumbnails.EACH,
    duplicates: options.DuplicatesMode = Duplicates.REPORT,
    rebind: options.Rebind = False,
    html: options.Html = True,
    xlsx: options.Xlsx = False,
    xlsx_images: options.XlsxImagesMode = XlsxImages.REVIEW,
    csv_dialect: options.CsvDialectMode = CsvDialect.STANDARD,
    parquet: options.Parquet = False,
    charts: options.Charts = False,
    workers: options.Workers = None,
    file_timeout: options.FileTimeout = FILE_TIMEOUT,
    worker_memory: options.WorkerMemory = WORKER_MEMORY,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    log_json: options.LogJson = False,
) -> None:
    """Read what is in INBOX and every scan that arrives, until Ctrl-C."""
    settings = _settings(locals())
    watching = Watching(settle, grace, rescan, poll, rotate, processed, on_batch)
    from batchdigits.cli.commands.commands import watch_command

    raise typer.Exit(watch_command(settings, watching, quiet, verbose, log_json))


@app.command()
def predict(
    files: Annotated[
        list[str],
        typer.Argument(help="Images, folders of images, or - for standard input."),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
    save: Annotated[
        Path | None, typer.Option(help="Draw pages, what the model saw and scores into that file.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Open that picture in a window.")] = False,
    max_megapixels: options.MaxMegapixels = _LIMITS.max_megapixels,
    max_pages: options.MaxPages = _LIMITS.max_pages,
    model: options.Model = None,
    input_range: options.InputRangeOf = None,
    ink: options.InkOf = None,
    trust_model: options.TrustModel = False,
) -> None:
    """Read a few images and tell their digits here; nothing is moved or put on record."""
    from batchdigits.cli.commands.commands import predict_command

    reader, limits = options.model(locals()), Limits(max_megapixels, max_pages)
    raise typer.Exit(predict_command(tuple(files), reader, limits, json, save, show))


@app.command()
def status(
    outbox: options.Outbox = Path("outbox"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the heartbeat as JSON.")] = False,
) -> None:
    """Tell how the watcher of OUTBOX is; the exit code is 8 where it is stuck or gone."""
    from batchdigits.cli.commands.commands import status_command

    raise typer.Exit(status_command(outbox, as_json))


@app.command()
def correct(
    outbox: options.Outbox = Path("outbox"),
    spreadsheet: Annotated[
        Path | None,
        typer.Argument(help="A corrected table: CSV, XLSX or ODS.", show_default=False),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="New folder for a labelled copy of all that was checked.")
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Take corrections back from a spreadsheet, and tell how well was read."""
    from batchdigits.cli.commands.commands import correct_command

    raise typer.Exit(correct_command(outbox, spreadsheet, export, quiet))


@app.command()
def report(
    outbox: options.Outbox = Path("outbox"),
    html: Annotated[
        bool | None, typer.Option("--html/--no-html", help="Draw report.html.", show_default=False)
    ] = None,
    xlsx: Annotated[
        bool | None,
        typer.Option("--xlsx/--no-xlsx", help="Write results.xlsx.", show_default=False),
    ] = None,
    xlsx_images: Annotated[
        XlsxImages | None, typer.Option(help="Rows of results.xlsx that hold their picture.")
    ] = None,
    csv_dialect: Annotated[
        CsvDialect | None, typer.Option(help="Decimal comma and semicolons: excel-de.")
    ] = None,
    parquet: Annotated[
        bool | None, typer.Option("--parquet/--no-parquet", help="Write results.parquet.")
    ] = None,
    charts: Annotated[bool, typer.Option("--charts/--no-charts", help="Draw summary.png.")] = True,
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
) -> None:
    """Draw reports again, whole or in part, without reading an image."""
    from batchdigits.cli.commands.commands import report_command
    from batchdigits.reports.rerender import Wishes

    wishes = Wishes(html, xlsx, xlsx_images, csv_dialect, parquet, charts)
    raise typer.Exit(report_command(outbox, wishes, since, tuple(status or ()), where, to))


@app.command()
def requeue(
    outbox: options.Outbox = Path("outbox"),
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Names or patterns; all where none is given.", show_default=False),
    ] = None,
    reason: Annotated[
        list[Reason] | None, typer.Option(help="Only files that were set aside for that reason.")
    ] = None,
) -> None:
    """Put files in quarantine back to where they came from, to be read again."""
    from batchdigits.cli.commands.commands import requeue_command

    raise typer.Exit(requeue_command(outbox, tuple(reason or ()), options.patterns(files)))


app.command()(modelling.evaluate)
app.command(cls=options.SeveralNumbers)(modelling.train)
app.command()(modelling.explore)
app.add_typer(modelling.models, name="models")
