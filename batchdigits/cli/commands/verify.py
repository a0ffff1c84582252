"""``batchdigits verify``: an outbox compared with its journal and its inbox, and mended."""

import json
from collections.abc import Iterator
from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command, open_console_if_terminal
from batchdigits.cli.ui.verify_progress import VerifyProgressBar
from batchdigits.config import Logging, VerifySettings
from batchdigits.errors import ExitCode, UsageError
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.reports.kept_tables import format_correct_command
from batchdigits.session.outbox import format_rebind_advice
from batchdigits.system.filenames import escape_for_terminal, to_display_name
from batchdigits.system.invocation import format_command
from batchdigits.upkeep.findings import Findings
from batchdigits.upkeep.journal_check import DamagedJournalError
from batchdigits.upkeep.kinds import Kind
from batchdigits.upkeep.recover import Recovery
from batchdigits.upkeep.repair import RepairResult, repair_outbox
from batchdigits.upkeep.verify import verify_outbox

#: Most files of one kind that are named, unless all are asked for.
_MAX_NAMES = 3
#: The code that stands for a damaged journal with ``--json``.
_JOURNAL_DAMAGED = "journal_damaged"


def verify_command(outbox: Path, settings: VerifySettings, trust_outbox: bool) -> int:
    """Compare an outbox with its journal and its inbox, and print what is found.

    Args:
        outbox: the folder.
        settings: how, and whether what can be mended is mended.
        trust_outbox: whether its journal may be another user's.

    Returns:
        The exit code.
    """
    if settings.inbox and not settings.repair:
        raise UsageError("--inbox says where --repair puts files: add --repair.")
    logging = Logging(quiet=settings.as_json)
    terminal = open_console_if_terminal(logging)
    begin_command(logging, terminal)
    try:
        with VerifyProgressBar(terminal) as bar:
            if settings.repair:
                result = repair_outbox(
                    outbox, trust_outbox, settings.quick, bar.advance, settings.inbox
                )
            else:
                found = verify_outbox(outbox, trust_outbox, settings.quick, bar.advance)
                result = RepairResult("", None, found, found)
    except DamagedJournalError as error:
        if settings.as_json:
            _print_journal(error.path, error.problem, is_mended=False)
            _print_json({"inbox": "", "files": 0, "differences": 1, "notes": 0})
        raise
    if settings.as_json:
        _print_all(result, outbox, settings.repair)
    else:
        for line in _format_lines(result, outbox, settings.repair, settings.verbose):
            print(escape_for_terminal(line))
    has_lost_rows = result.recovery is not None and result.recovery.has_lost_rows
    is_sound = not (result.after.count_all(is_difference=True) or has_lost_rows)
    return ExitCode.OK if is_sound else ExitCode.DIFFERENCES


def _print_journal(path: Path, problem: str, is_mended: bool, **fields: object) -> None:
    place = {"path": to_display_name(str(path)), "difference": True}
    _print_json(
        {"code": _JOURNAL_DAMAGED, **place, "mended": is_mended, "detail": problem, **fields}
    )


def _print_all(result: RepairResult, outbox: Path, repair: bool) -> None:
    if result.recovery:
        path, lost = outbox / STATE_FOLDER / JOURNAL_FILE, result.recovery.salvage.lost_count
        _print_journal(path, result.damage, is_mended=lost == 0, lost_rows=lost)
    for kind in Kind:
        for finding in result.before.iter_kind(kind):
            is_mended = repair and bool(kind.mended[0]) and not result.after.has(finding)
            _print_json(
                {
                    "code": kind.value,
                    "path": finding.path,
                    "difference": kind.is_difference,
                    "mended": is_mended,
                }
            )
        if repair:
            for finding in result.after.iter_kind(kind):
                if not result.before.has(finding):
                    fields = {"path": finding.path, "difference": kind.is_difference}
                    _print_json({"code": kind.value, **fields, "mended": False})
    _print_json(
        {
            "inbox": result.after.inbox,
            "files": result.after.file_count,
            "differences": result.after.count_all(is_difference=True),
            "notes": result.after.count_all(is_difference=False),
        }
    )


def _print_json(fields: dict[str, object]) -> None:
    print(json.dumps(fields, ensure_ascii=False))


def _format_lines(result: RepairResult, outbox: Path, repair: bool, verbose: bool) -> Iterator[str]:
    if result.recovery:
        yield from _format_recovery(result.recovery)
    if repair:
        yield from _format_mended(result)
    after = result.after
    kinds = [kind for kind in Kind if after.count(kind)]
    for is_difference in (True, False):
        for kind in kinds:
            if kind.is_difference == is_difference:
                yield from _format_kind(after, kind, verbose)
    count = after.count_all(is_difference=True)
    files = f"{after.file_count:,} file{'' if after.file_count == 1 else 's'} on record"
    compared = f"{files}, compared with the inbox {after.inbox or '(which is not known)'}"
    differences = f"{count:,} difference{'' if count == 1 else 's'}" if count else "No differences"
    yield f"{differences}: {compared}."
    for finding in after.iter_kind(Kind.CORRECTIONS_WAITING):
        yield f"To apply the corrections: {format_correct_command(outbox / finding.path)}"
    if after.inbox and after.count(Kind.INBOX_MISSING):
        yield format_rebind_advice(outbox)
    command = format_command("verify", str(outbox), "--repair")
    if after.needs_inbox:
        yield (
            "No file is moved, since the outbox was copied or made elsewhere. Name its "
            f"inbox: {command} --inbox DIR"
        )
    elif not repair and any(kind.mended[0] for kind in kinds):
        yield f"To repair what can be repaired: {command}"


def _format_recovery(recovery: Recovery) -> Iterator[str]:
    if recovery.aside:
        yield f"The journal was damaged. It is kept as {recovery.aside}."
    else:
        yield "The journal was lost."
    salvage = recovery.salvage
    files = f"{salvage.file_count:,} file{'' if salvage.file_count == 1 else 's'}"
    count = recovery.correction_count
    corrections = f"{count:,} correction{'' if count == 1 else 's'}"
    yield (
        f"The new one has the rows of {files}, and {corrections}. The next run reads all files in "
        "the inbox again."
    )
    if rebuilt := salvage.rebuilt_count:
        yield (
            f"{rebuilt:,} row{' is' if rebuilt == 1 else 's are'} as the tables of the outbox "
            "show them."
        )
    if recovery.has_lost_rows:
        yield _format_loss(recovery)


def _format_loss(recovery: Recovery) -> str:
    lost, count = recovery.salvage.lost_count, recovery.salvage.row_count
    if lost is None:
        loss = "Rows may be lost, and no table says how many there were"
    else:
        loss = f"{lost:,} of {count:,} row{'' if count == 1 else 's'} could not be read"
    kept = ", ".join(recovery.kept_reports)
    reports = f"; the reports from before are kept as {kept}" if kept else ""
    return f"{loss}{reports}. No thumbnail was removed."


def _format_mended(result: RepairResult) -> Iterator[str]:
    for kind in Kind:
        count = result.before.count(kind) - result.after.count(kind)
        if kind.mended[0] and count > 0:
            yield f"Mended: {kind.format_mended(count)}."


def _format_kind(findings: Findings, kind: Kind, verbose: bool) -> Iterator[str]:
    count = findings.count(kind)
    if not kind.many and kind is not Kind.INBOX_MISSING:
        yield f"{kind.one}."
        return
    if verbose:
        yield f"{kind.format_count(count)}:"
        yield from (f"  {finding.path}" for finding in findings.iter_kind(kind))
        return
    names = ", ".join(
        finding.path or "it is not on record which it is"
        for finding in findings.iter_kind(kind, _MAX_NAMES)
    )
    more = f" and {count - _MAX_NAMES:,} more" if count > _MAX_NAMES else ""
    yield f"{kind.format_count(count)}: {names}{more}"
