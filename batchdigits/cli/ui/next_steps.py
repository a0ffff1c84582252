"""What a person does after a run: which file to open, and what lies where."""

from collections.abc import Iterator

from batchdigits.config import Settings
from batchdigits.execution.jobs import SHEETS_FOLDER
from batchdigits.reports.formats import CSV, DOCUMENTS
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.invocation import format_command

#: What lies in an outbox beside the page, as lines of a list.
_CONTENTS = {
    CSV.name: "the table, one row per page",
    "results.xlsx": "the same as a workbook",
    "results.parquet": "the same for pandas",
    "summary.png": "charts",
    "thumbnails": "a picture of each page",
    SHEETS_FOLDER: "contact sheets, a hundred pages each",
}
_PAGE = DOCUMENTS[0].name


def list_next_steps(summary: Summary, settings: Settings) -> Iterator[str]:
    """Yield a line on what to open, and one for each thing that lies in the outbox.

    Args:
        summary: the counts of the run.
        settings: of the run.
    """
    outbox = settings.outbox
    page = outbox / (_PAGE if (outbox / _PAGE).exists() else CSV.name)
    yield f"Now open {escape_for_terminal(str(page))}: {describe_left_to_check(summary)}."
    if summary.left_to_check:
        command = format_command("review", str(outbox))
        yield f"To correct them in the browser, saved at once: {escape_for_terminal(command)}"
    found = {name: text for name, text in _CONTENTS.items() if (outbox / name).exists()}
    found.pop(page.name, None)
    for name, text in found.items():
        shown = f"{name}/" if (outbox / name).is_dir() else name
        yield f"  {shown:<17}{text}"


def describe_left_to_check(summary: Summary) -> str:
    """Say how many pages of an outbox are in doubt, and not checked by a person yet."""
    count = summary.left_to_check
    if not count:
        return "no page is left to check"
    return "1 page is left to check" if count == 1 else f"{count:,} pages are left to check"
