"""How long the page and the workbook take, beside the run whose results they show."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from batchdigits.config import Settings, XlsxImages
from batchdigits.journal.journal import Journal
from batchdigits.reports.context import ReportContext
from batchdigits.reports.formats import DOCUMENTS
from batchdigits.reports.render import update_reports
from batchdigits.reports.rows import ReportRows
from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.folders import Inbox, make_outbox_path


def measure(bench: Bench) -> Iterator[Figure]:
    """Compare the seconds of writing each with those of a whole run that writes neither."""
    inbox = bench.folders.make_small(bench.count_files(10_000))
    run: list[float] = []
    times: dict[str, list[float]] = {"report.html": [], "results.xlsx": []}
    for _ in range(bench.repeat):
        with make_outbox_path(inbox.path.parent) as outbox:
            options = program.make_options(bench.processes, "each")
            run.append(program.time_run_into(inbox, outbox, *options))
            for name, seconds in _time_reports(inbox, outbox).items():
                times[name].append(seconds)
    rows = f"{inbox.files:,} rows"
    yield Figure(f"report.html of {rows} / run", "s", times["report.html"], run, at_most=0.25)
    yield Figure(
        f"results.xlsx of {rows}, no pictures / run", "s", times["results.xlsx"], run, at_most=0.5
    )


def _time_reports(inbox: Inbox, outbox: Path) -> dict[str, float]:
    settings = Settings(inbox.path, outbox, xlsx=True, xlsx_images=XlsxImages.NONE)
    about = json.loads((outbox / "results.json").read_text(encoding="utf-8"))
    del about["rows"]
    times = {}
    with Journal(outbox) as journal:
        for report in DOCUMENTS:
            if report.is_requested(settings):
                rows = ReportRows(journal, settings.duplicates)
                context = ReportContext(journal, settings, rows, about)
                begun = time.perf_counter()
                for _ in update_reports(context, report):
                    pass
                times[report.name] = time.perf_counter() - begun
    return times
