"""Measure the sets that were named and print the tables; see :mod:`benchmarks.accuracy`."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from batchdigits.errors import BatchdigitsError
from batchdigits.evaluation.predictions import PredictionSet
from benchmarks.accuracy import rivals
from benchmarks.accuracy.card import write_card
from benchmarks.accuracy.data import Data
from benchmarks.accuracy.lines import Line
from benchmarks.accuracy.measuring import lines
from benchmarks.accuracy.reading import read
from benchmarks.accuracy.sets import SETS
from benchmarks.accuracy.tables import sheets, write_markdown
from benchmarks.nondigits import photographs
from benchmarks.timing import BenchmarkError


def parse() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser("python -m benchmarks.accuracy", description="Measure.")
    add = parser.add_argument
    add("--data", type=Path, default=Path(), help="folder with the data (the current one)")
    add("--only", default=",".join(SETS), help=f"of {','.join(SETS)}; all without it")
    add("--model", type=Path, help="a .tflite with its card beside it, instead of the bundled one")
    add("--keep", type=Path, help="a new folder for the images and the CSVs, kept to be looked at")
    add("--write-card", type=Path, help="model card to write the figures into")
    add("--markdown", type=Path, help="also write the tables here, as Markdown")
    add("--rivals", action="store_true", help="also how two others read the simulated scans")
    add("--divide", type=int, default=1, help="this part of the files, to try things out")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",")
    if unknown := sorted(set(chosen.only) - set(SETS)):
        parser.error(f"no set is called {', '.join(unknown)}")
    if chosen.divide < 1:
        parser.error("--divide is at least 1")
    if chosen.divide > 1 and chosen.write_card:
        parser.error("a card tells of whole sets: no --divide with --write-card")
    if chosen.keep and chosen.keep.exists():
        parser.error(f"{chosen.keep} is there already")
    return chosen


def main() -> None:
    """Measure, print, write where asked; a missed goal is told but is no failure."""
    chosen, console = parse(), Console()
    try:
        with _root(chosen.keep) as root:
            _measure(chosen, root, console)
    except BatchdigitsError as error:
        raise SystemExit(f"benchmarks.accuracy: {error}") from error


@contextmanager
def _root(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True)
        yield keep.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="batchdigits-accuracy-") as folder:
            yield Path(folder)


def _measure(chosen: argparse.Namespace, root: Path, console: Console) -> None:
    data = Data(chosen.data.resolve(), root, chosen.divide)
    skipped, measured = [], {}
    for name in (name for name in SETS if name in chosen.only):
        if missing := next(filter(None, map(data.lacks, SETS[name].needs)), ""):
            skipped.append(Line(SETS[name].title, missing=missing))
            continue
        with console.status(f"measuring {SETS[name].title}"):
            measured[name] = _answers(name, data, root, chosen.model)
    if not measured:
        raise BenchmarkError("; ".join(str(line.missing) for line in skipped))
    found = lines(measured) + skipped
    tables = sheets(found, measured)
    for table in tables:
        print(table.text())
    if "nondigits" in measured and not photographs.are_there():
        print(f"Photographs left out: they need pip install {photographs.PACKAGE}.")
    if chosen.markdown:
        write_markdown(chosen.markdown, tables)
    if chosen.write_card:
        write_card(chosen.write_card, found, measured)
    if chosen.rivals and "simulated" in measured:
        rivals.compare(measured["simulated"], root / "simulated", data.folder)


def _answers(name: str, data: Data, root: Path, model: Path | None) -> PredictionSet:
    inbox = root / name
    inbox.mkdir()
    return read(inbox, SETS[name].write(data, inbox), model)


if __name__ == "__main__":
    main()
