"""The small table at the end of a run, and the sentences around it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from batchdigits.config import Settings
from batchdigits.pipeline.inbox_walk import InboxWalk
from batchdigits.reasons import REASON_PHRASES, REASON_TEXTS, Reason, Status
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.invocation import format_command

if TYPE_CHECKING:  # rich takes a while to load, and a quiet run does not need it
    from rich.table import Table

#: Colours of statuses, as rich names them.
STATUS_STYLES = {
    Status.OK: "green",
    Status.REVIEW: "yellow",
    Status.QUARANTINED: "red",
    Status.FAILED: "red",
}
#: Most names of ignored files that the table spells out.
MAX_NAMES = 5
#: Most files that a dry run lists one by one.
MAX_LISTED_FILES = 50


def build_run_table(summary: Summary, walk: InboxWalk) -> "Table":
    """Build the table of what the run did: pages by status and reason, and ignored files.

    Args:
        summary: the counts of the run.
        walk: what was found in the inbox.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(_format_title(summary), "bold"), title_justify="left")
    table.add_column("status")
    table.add_column("pages", justify="right")
    table.add_column("why", overflow="fold")
    for status, style in STATUS_STYLES.items():
        checked = summary.checked.total() if status is Status.REVIEW else 0
        if count := summary.statuses[status] - checked:
            table.add_row(Text(status, style), str(count), Text(_format_reasons(summary, status)))
        if checked:
            why = "in doubt, but a person has already checked them"
            table.add_row(Text("checked", "green"), str(checked), Text(why))
    if summary.skipped:
        skipped = f"{_format_file_count(summary.skipped)} known from an earlier run, unchanged"
        if summary.unread and not summary.files:
            skipped += f"; {summary.unread} of them could not be read (--retry-failed tries again)"
        table.add_row(Text("skipped", "dim"), "", Text(skipped))
    if summary.gone:
        gone = f"{_format_file_count(summary.gone)} no longer in the inbox, kept in the table"
        table.add_row(Text("gone", "dim"), "", Text(gone))
    if ignored := "; ".join(list_ignored_files(walk)):
        table.add_row(Text("left alone", "dim"), "", Text(ignored))
    return table


def _format_title(summary: Summary) -> str:
    pages = "page" if summary.rows == 1 else "pages"
    title = f"{_format_file_count(summary.files)}, {summary.rows} {pages}"
    if summary.interrupted_by:
        return f"Stopped early after {title}"
    return "Nothing new to read" if summary.skipped and not summary.files else title


def _format_file_count(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _format_reasons(summary: Summary, status: Status) -> str:
    checked = summary.checked if status is Status.REVIEW else Counter()
    counts = Counter(
        {
            reason: summary.outcomes[str(status), str(reason)] - checked[str(reason)]
            for reason in Reason
        }
    )
    return ", ".join(
        f"{REASON_PHRASES[reason]} ({count:,}{_format_advice(status, reason)})"
        for reason, count in counts.most_common()
        if count > 0
    )


def _format_advice(status: Status, reason: Reason) -> str:
    """Format what to do about files that stay in place, as there is no note beside them."""
    return f": {REASON_TEXTS[reason][1].rstrip('.')}" if status is Status.FAILED else ""


def list_ignored_files(walk: InboxWalk) -> Iterator[str]:
    """Yield a phrase on each kind of files that were not looked at."""
    if count := len(walk.not_images):
        kind = "file that is not an image" if count == 1 else "files that are not images"
        yield f"{count} {kind} {_format_names(walk.not_images, count)}"
    if count := walk.excluded:
        yield f"{count} left out by --include or --exclude"
    if count := walk.under_way.count:
        yield f"{count} unfinished {_format_names(walk.under_way.names, count)}"
    if count := walk.backups.count:
        copies = "backup copy" if count == 1 else "backup copies"
        yield f"{count} {copies} {_format_names(walk.backups.names, count)}"
    if count := walk.junk - walk.under_way.count - walk.backups.count:
        yield f"{count} hidden or kept by a system"
    if count := walk.links:
        yield f"{count} link{'s' * (count != 1)} out of the inbox or to folders"
    if count := walk.special_files:
        yield f"{count} {'socket or fifo' if count == 1 else 'sockets or fifos'}"
    if count := len(walk.closed_folders):
        folders = "folder" if count == 1 else "folders"
        names = _format_names(walk.closed_folders, count)
        yield f"{count} {folders} that cannot be opened {names}"


def _format_names(names: Sequence[str], count: int) -> str:
    """Format the first of so many names, in parentheses."""
    shown = ", ".join(map(escape_for_terminal, names[:MAX_NAMES]))
    return f"({shown}, ...)" if count > MAX_NAMES else f"({shown})"


def format_quarantine(summary: Summary, settings: Settings) -> str:
    """Format a line on files that went to quarantine, and how they come back; empty for none."""
    actions = [
        f"{_format_file_count(count)} {'was' if count == 1 else 'were'} {action}"
        for count, action in ((summary.moved, "moved"), (summary.copied, "copied"))
        if count
    ]
    if not actions:
        return ""
    folder = escape_for_terminal(str(settings.quarantine_folder))
    notes = "a note that says" if summary.moved + summary.copied == 1 else "notes that say"
    line = f"{' and '.join(actions)} to {folder}, with {notes} why."
    if summary.moved:
        command = format_command("requeue", str(settings.outbox))
        moved = "it" if summary.moved == 1 else "what was moved"
        line += f" To put {moved} back: {escape_for_terminal(command)}"
    return line


def format_dry_run(
    moved: Sequence[tuple[str, str]],
    copied: Sequence[tuple[str, str]],
    restorable_count: int,
    settings: Settings,
) -> Iterator[str]:
    """Yield lines on what a run would do with unreadable files.

    Args:
        moved: name and reason of each file that would be moved to quarantine.
        copied: name and reason of each file that would be copied there, and stay.
        restorable_count: files that would be put back from quarantine.
        settings: of the run.
    """
    if restorable_count:
        yield (
            f"{_format_file_count(restorable_count)} would be put back from quarantine and tried "
            "again."
        )
    folder = escape_for_terminal(str(settings.quarantine_folder))
    for action, files in (("moved", moved), ("copied", copied)):
        if files:
            yield f"{_format_file_count(len(files))} would be {action} to {folder}:"
        for name, reason in files[:MAX_LISTED_FILES]:
            yield f"  {escape_for_terminal(name)} ({REASON_PHRASES[Reason(reason)]})"
        if (more := len(files) - MAX_LISTED_FILES) > 0:
            yield f"  and {more} more"
    yield "This was a dry run: nothing was written, and no file was moved."


def format_speed(summary: Summary) -> str:
    """Format how long the run took, and how many files it read per second."""
    rate = summary.files / summary.seconds if summary.seconds else 0
    return f"{summary.seconds:.1f} s, {rate:,.0f} files/s."
