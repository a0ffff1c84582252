"""What the commands do once their arguments are known; imported only when one runs."""

import gc
import io
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from batchdigits.cli.commands.run import run
from batchdigits.cli.ui.progress import Bar, final_table, speed
from batchdigits.config import Limits, Model, Settings, Watching
from batchdigits.errors import EXIT_OK, EXIT_SOME_UNREAD, EXIT_UNWELL
from batchdigits.pipeline.scan import Scan
from batchdigits.records import Reason, Status
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import for_terminal
from batchdigits.system.logs import LOG, Stop, start_logging

if TYPE_CHECKING:
    from rich.console import Console

    from batchdigits.reports.rerender import Wishes
    from batchdigits.training.request import Order

# All is loaded that a run needs: garbage is looked for from now on (see __main__), but not in it.
gc.freeze()
gc.enable()


def run_command(settings: Settings, quiet: bool, verbose: bool, log_json: bool) -> int:
    """``batchdigits run``: returns the exit code."""
    talks = not quiet and not log_json
    watched = _console() if talks and sys.stderr.isatty() else None
    start_logging(watched, quiet, verbose, log_json)
    summary, scan = _watched_run(settings, watched)
    for alarm in summary.alarms:
        LOG.warning("%s", alarm)
    if talks:
        console = watched or _console()
        console.print(final_table(summary, scan))
        results = for_terminal(str(settings.outbox / "results.csv"))
        line = f"{speed(summary)} Results: {results}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if log_json:
        LOG.info("finished", extra={"fields": _fields(summary, scan)})
    return summary.exit_code


def _watched_run(settings: Settings, watched: "Console | None") -> tuple[Summary, Scan]:
    """A run with its bar, that Ctrl-C ends, and a line about each folder it could not look into."""
    stop = Stop()
    with Bar(watched) as bar, stop.listening():
        summary, scan = run(settings, _Terminal(bar, stop))
    for folder in scan.closed:
        LOG.warning(
            "The folder %s may not be looked into: nothing of it was read.", for_terminal(folder)
        )
    return summary, scan


def _console() -> "Console":
    from rich.console import Console  # takes a while, and is not needed by quiet runs

    return Console(stderr=True)


class _Terminal:
    """A run's listener: the bar, and Ctrl-C."""

    def __init__(self, bar: Bar, stop: Stop) -> None:
        self.started = bar.start
        self.advanced = bar.advance
        self._stop = stop

    def stopped(self) -> int:
        return self._stop.signal


def _fields(summary: Summary, scan: Scan) -> dict[str, object]:
    return {
        "files": summary.files,
        "rows": summary.rows,
        "statuses": dict(summary.statuses),
        "reasons": {why: count for (_, why), count in summary.outcomes.items() if why},
        "skipped": summary.skipped,
        "gone": summary.gone,
        "not_images": len(scan.others),
        "junk": scan.junk,
        "seconds": round(summary.seconds, 3),
        "exit_code": summary.exit_code,
    }


def watch_command(
    settings: Settings, watching: Watching, quiet: bool, verbose: bool, log_json: bool
) -> int:
    """``batchdigits watch``: returns the exit code."""
    from batchdigits.cli.ui.dashboard import Listener, Screen
    from batchdigits.watching.heartbeat import counts
    from batchdigits.watching.watcher import watch

    talks = not quiet and not log_json
    watched = _console() if talks and sys.stderr.isatty() else None
    start_logging(watched, quiet, verbose, log_json, stamped=not watched)
    stop = Stop()
    results = settings.outbox / "results.csv"
    with ExitStack() as stack:
        stack.enter_context(stop.listening())
        listener: Listener = Listener(stop)
        if watched:
            listener = stack.enter_context(Screen(stop, watched, results))
        try:
            summary = watch(settings, watching, listener)
        finally:
            listener.end()
    files = f"{summary.files:,} file{'s' * (summary.files != 1)}"
    pages = counts(summary.statuses)
    LOG.info(
        "Stopped after %s%s. Results: %s",
        *(files, f" ({pages})" if pages else "", for_terminal(str(settings.outbox))),
        extra={"fields": {"exit_code": summary.exit_code}},
    )
    return summary.exit_code


def status_command(outbox: Path, as_json: bool) -> int:
    """``batchdigits status``: returns the exit code."""
    import json
    import time
    from dataclasses import asdict

    from batchdigits.watching import heartbeat

    condition, problem = heartbeat.read(outbox)
    if as_json:
        told = asdict(condition) if condition else {}
        print(json.dumps(told | {"problem": problem}, ensure_ascii=False))
        return EXIT_UNWELL if problem else EXIT_OK
    for left, right in heartbeat.lines(condition, time.time()) if condition else ():
        print(f"{left:18}{for_terminal(right)}")
    if problem:
        print(
            f"batchdigits: The watcher of {for_terminal(str(outbox))}: {problem}.", file=sys.stderr
        )
        return EXIT_UNWELL
    print("All is well.")
    return EXIT_OK


def predict_command(
    files: tuple[str, ...],
    model: Model,
    limits: Limits,
    as_json: bool,
    save: Path | None,
    show: bool,
) -> int:
    """``batchdigits predict``: returns the exit code."""
    from batchdigits.cli.commands.predict.command import Order, predict

    start_logging(None, quiet=False, verbose=False, as_json=False)
    if isinstance(sys.stdout, io.TextIOWrapper):  # names may hold what a terminal has no letter for
        sys.stdout.reconfigure(errors="backslashreplace")
    return predict(Order(files, model, limits, as_json, save, show))


def correct_command(outbox: Path, spreadsheet: Path | None, to: Path | None, quiet: bool) -> int:
    """``batchdigits correct``: returns the exit code."""
    from batchdigits.corrections import apply, summary_text

    start_logging(None, quiet, verbose=False, as_json=False)
    outcome = apply.correct(outbox, spreadsheet, to)
    for problem in summary_text.problems(outcome):
        LOG.warning("%s", problem)
    if not quiet:
        console = _console()
        for sentence in summary_text.sentences(outcome):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)
        if (matrix := summary_text.matrix(outcome)) is not None:
            console.print(matrix)
    return EXIT_SOME_UNREAD if outcome.bad or outcome.unknown else EXIT_OK


def report_command(
    outbox: Path,
    wishes: "Wishes",
    since: str,
    statuses: tuple[Status, ...],
    where: str,
    to: Path | None,
) -> int:
    """``batchdigits report``: returns the exit code."""
    from batchdigits.errors import UsageError
    from batchdigits.reports.filters import condition
    from batchdigits.reports.rerender import draw_part, redraw
    from batchdigits.session.outbox import has_journal, opened

    start_logging(None, quiet=False, verbose=False, as_json=False)
    if not has_journal(outbox):
        raise UsageError(f"Nothing was read into {outbox} yet: run or watch first.")
    is_part = bool(since or statuses or where)
    if is_part and to is None:
        raise UsageError("A part is drawn into a folder of its own: name it with --to.")
    with opened(outbox) as journal:
        if to is None:
            redraw(journal, outbox, wishes)
            LOG.info("The reports in %s are up to date.", for_terminal(str(outbox)))
            return EXIT_OK
        only = condition(journal, since, [str(each) for each in statuses], where)
        rows = draw_part(journal, outbox, to, only, wishes)
    LOG.info("%d rows drawn into %s.", rows, for_terminal(str(to)))
    return EXIT_OK


def requeue_command(outbox: Path, reasons: tuple[Reason, ...], files: tuple[str, ...]) -> int:
    """``batchdigits requeue``: returns the exit code."""
    from batchdigits.cli.commands.requeue import requeue

    start_logging(None, quiet=False, verbose=False, as_json=False)
    done = requeue(outbox, reasons, files)
    for name in done.stayed:
        LOG.warning("%s stays in quarantine: its place in the inbox is taken.", for_terminal(name))
    count = len(done.back)
    LOG.info(
        "%d file%s back in the inbox%s",
        *(count, " is" if count == 1 else "s are", ": the next run reads them." if count else "."),
    )
    return EXIT_SOME_UNREAD if done.stayed else EXIT_OK


def evaluate_command(
    data: str,
    outbox: Path,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    model: Model,
    workers: int | None,
    quiet: bool,
) -> int:
    """``batchdigits evaluate``: returns the exit code."""
    from batchdigits.evaluation import command, summary_text

    watched = _console() if not quiet and sys.stderr.isatty() else None
    start_logging(watched, quiet, verbose=False, as_json=False)
    order = command.Order(data, outbox, include, exclude, model, workers)
    done = command.evaluate(order, lambda settings: _watched_run(settings, watched)[0])
    if done.found is None:
        LOG.warning("Stopped early: nothing was evaluated.")
    elif not quiet:
        console = watched or _console()
        console.print(summary_text.classification_report(done.found))
        console.print(summary_text.table(done.found, data, outbox))
    return done.exit_code


def train_command(order: "Order", quiet: bool) -> int:
    """``batchdigits train``: returns the exit code."""
    # TensorFlow tells much about machines without a GPU; only its errors are for people.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from batchdigits.cli.ui.training_progress import Bar
    from batchdigits.training import command, summary_text

    console = _console()
    start_logging(console, quiet, verbose=False, as_json=False)
    with Bar(console, order.recipe.rounds, quiet) as bar:
        try:
            trained = command.train_command(order, bar)
        except KeyboardInterrupt:
            LOG.warning("Stopped. %s", summary_text.how_to_go_on(order))
            raise
    if not quiet:
        console.print(summary_text.sentence(trained), highlight=False, soft_wrap=True)
        console.print(summary_text.table(trained))
        for line in summary_text.lines(order, trained):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    return EXIT_OK


def explore_command(data: str, save: Path, show: bool) -> int:
    """``batchdigits explore``: returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from rich.console import Console

    from batchdigits.cli.commands import explore
    from batchdigits.drawing.chart_files import check_file, check_window

    start_logging(None, quiet=False, verbose=False, as_json=False)
    check_window() if show else check_file(save)
    explore.refuse_to_overwrite(data, save)
    found = explore.explore(data)
    console = Console()
    print(for_terminal(found.about))
    console.print(explore.table(found))
    console.print(explore.sizes_told(found), highlight=False)
    if show:
        explore.show(found)
        return EXIT_OK
    explore.save(found, save)
    LOG.info("Samples of each digit: %s", for_terminal(str(save)))
    return EXIT_OK


def list_command() -> int:
    """``batchdigits models list``: returns the exit code."""
    from rich.console import Console

    from batchdigits.inference import inventory

    Console().print(inventory.table())
    return EXIT_OK


def show_command(name: str) -> int:
    """``batchdigits models show``: returns the exit code."""
    from batchdigits.inference import inventory

    for field, value in inventory.lines(name):
        print(f"{field:18}{for_terminal(value)}")
    return EXIT_OK


def default_command(name: str | None) -> int:
    """``batchdigits models default``: returns the exit code."""
    from batchdigits.inference import registry

    if name is None:
        print(for_terminal(registry.default_name()))
        return EXIT_OK
    start_logging(None, quiet=False, verbose=False, as_json=False)
    registry.set_default(name)
    LOG.info("In this folder, %s reads where no model is named.", for_terminal(name))
    return EXIT_OK


def export_command(name: str, to: Path) -> int:
    """``batchdigits models export``: returns the exit code."""
    from batchdigits.inference import inventory

    for path in inventory.export(name, to):
        print(for_terminal(str(path)))
    return EXIT_OK
