"""``batchdigits correct``: corrections from a spreadsheet put on record."""

from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command, open_console
from batchdigits.config import Logging
from batchdigits.corrections import apply, summary_text
from batchdigits.errors import ExitCode
from batchdigits.system.logs import LOG


def correct_command(
    outbox: Path, spreadsheet: Path | None, export_to: Path | None, quiet: bool
) -> int:
    """Apply corrections and tell how well was read; returns the exit code."""
    begin_command(Logging(quiet=quiet))
    outcome = apply.apply_corrections(outbox, spreadsheet, export_to)
    for problem in summary_text.format_problems(outcome):
        LOG.warning("%s", problem)
    if not quiet:
        console = open_console()
        for sentence in summary_text.format_summary(outcome):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)
        if (matrix := summary_text.build_confusion_table(outcome)) is not None:
            console.print(matrix)
    return ExitCode.SOME_UNREAD if outcome.invalid_rows or outcome.unknown_rows else ExitCode.OK
