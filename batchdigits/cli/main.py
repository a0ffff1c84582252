"""The entry point: runs the command line, and turns every error into one line and an exit code."""

import os
import sys
from contextlib import suppress

from batchdigits.cli.app import COMMANDS_WITH_SETTINGS, build_app
from batchdigits.errors import BatchdigitsError, ExitCode, StandardOutputError
from batchdigits.system.invocation import get_program_name


def main() -> None:
    """Run the command line; every error that a person can cause becomes one line on stderr."""
    from batchdigits.system.logs import exit_on_termination, prepare_standard_streams

    # NumPy's linear algebra is not used, and its threads cost time to start.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    prepare_standard_streams()
    exit_on_termination()
    try:
        code = _run(sys.argv[1:] or _ask_for_arguments())
        sys.stdout.flush()
    except Exception as error:
        code = _report_error(error)
    finally:
        with suppress(StandardOutputError):
            sys.stdout.flush()
    sys.exit(int(code))


def _run(arguments: list[str]) -> int:
    app = build_app(arguments)
    code: int = app(
        arguments,
        prog_name=get_program_name(),
        standalone_mode=False,
        obj=COMMANDS_WITH_SETTINGS,
        complete_var="",  # there is no completion that the environment could ask for
    )
    return code


def _ask_for_arguments() -> list[str]:
    """Ask a person at a terminal what to do; elsewhere there are no arguments."""
    if not all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return []
    from batchdigits.cli.prompt import ask_for_arguments

    return ask_for_arguments()


def _report_error(error: Exception) -> int:
    """Print what went wrong in one line.

    Returns:
        The exit code.

    Raises:
        Exception: the error itself, where it is a fault of the program.
    """
    from batchdigits.system.filenames import escape_for_terminal

    if type(error).__name__ == "Abort":  # what Typer makes of Ctrl-C
        return ExitCode.INTERRUPTED
    code: int
    if isinstance(error, BatchdigitsError):
        message, code = str(error), error.exit_code
        if code == ExitCode.PIPE_CLOSED:  # as other programs do: without a word
            return code
    elif hasattr(error, "format_message"):  # wrong arguments, as Typer sees it
        code = ExitCode.USAGE
        if type(error).__name__ == "NoArgsIsHelpError":  # the help itself is its message
            print(error.format_message(), file=sys.stderr)
            return code
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "batchdigits"
        problem = error.format_message().rstrip(". ")
        end = "" if problem.endswith("?") else "."  # a question is one sentence already
        message = f"{problem}{end} See {command} --help."
    elif isinstance(error, FileNotFoundError) and _is_current_folder_gone():
        code, message = ExitCode.USAGE, "The current folder was removed: go to another one."
    elif isinstance(error, PermissionError) and error.filename:
        code, message = ExitCode.USAGE, f"{error.filename} cannot be used: {error.strerror}."
    else:
        raise error
    print(f"batchdigits: {escape_for_terminal(' '.join(message.split()))}", file=sys.stderr)
    return code


def _is_current_folder_gone() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False
