"""What the page and the workbook cost, beside the run whose readings they show."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from batchdigits.config import Settings, XlsxImages
from batchdigits.journal.journal import Journal
from batchdigits.reports.render import render_html, render_workbook
from batchdigits.reports.rows import ReportRows
from benchmarks import program
from benchmarks.bench import Bench
from benchmarks.folders import Inbox, fresh
from benchmarks.report import Figure


def measure(bench: Bench) -> Iterator[Figure]:
    """Seconds of drawing each, against seconds of the whole run that draws neither."""
    inbox = bench.folders.small(bench.files(10_000))
    run: list[float] = []
    took: dict[str, list[float]] = {"page": [], "workbook": []}
    for _ in range(bench.repeat):
        with fresh(inbox.path.parent) as outbox:
            chosen = program.options(bench.processes, "each")
            run.append(program.read_into(inbox, outbox, *chosen))
            for name, seconds in _draw(inbox, outbox).items():
                took[name].append(seconds)
    rows = f"{inbox.files:,} rows"
    yield Figure(f"report.html of {rows} / run", "s", took["page"], run, at_most=0.25)
    yield Figure(
        f"results.xlsx of {rows}, no pictures / run", "s", took["workbook"], run, at_most=0.5
    )


def _draw(inbox: Inbox, outbox: Path) -> dict[str, float]:
    settings = Settings(inbox.path, outbox, xlsx=True, xlsx_images=XlsxImages.NONE)
    about = json.loads((outbox / "results.json").read_text(encoding="utf-8"))
    del about["rows"]
    took = {}
    with Journal(outbox) as journal:
        for name, draw in (("page", render_html), ("workbook", render_workbook)):
            begun = time.perf_counter()
            for _ in draw(journal, settings, ReportRows(journal, settings.duplicates), about):
                pass
            took[name] = time.perf_counter() - begun
    return took
