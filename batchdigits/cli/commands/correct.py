"""``batchdigits correct``: corrections from a spreadsheet, put on record and measured."""

from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command, open_console
from batchdigits.config import Logging
from batchdigits.corrections import summary_text
from batchdigits.corrections.apply import apply_corrections
from batchdigits.errors import ExitCode
from batchdigits.system.logs import LOG


def correct_command(
    outbox: Path,
    spreadsheet: Path | None,
    export_folder: Path | None,
    trust_outbox: bool,
    quiet: bool,
) -> int:
    """Apply corrections, and print how well the checked pages were read.

    Returns:
        The exit code.
    """
    begin_command(Logging(quiet=quiet))
    result = apply_corrections(outbox, spreadsheet, export_folder, trust_outbox)
    for problem in summary_text.format_problems(result):
        LOG.warning("%s", problem)
    if not quiet:
        console = open_console()
        for sentence in summary_text.format_summary(result):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)
        if table := summary_text.build_confusion_table(result):
            console.print(table)
    return ExitCode.SOME_UNREAD if result.invalid_rows or result.unknown_rows else ExitCode.OK
