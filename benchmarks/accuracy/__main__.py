"""Measure the sets named and print the tables; see :mod:`benchmarks.accuracy`."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from batchdigits.errors import BatchdigitsError
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet
from benchmarks.accuracy import rivals
from benchmarks.accuracy.card import write_card
from benchmarks.accuracy.data import Data
from benchmarks.accuracy.figures import AccuracyFigure
from benchmarks.accuracy.metrics import make_figures
from benchmarks.accuracy.reading import read_inbox
from benchmarks.accuracy.sets import SETS, ImageSet
from benchmarks.accuracy.tables import make_tables, write_markdown
from benchmarks.accuracy.writers import Reader, list_readers
from benchmarks.nondigits import photographs
from benchmarks.timing import BenchmarkError


def parse_arguments() -> argparse.Namespace:
    """Parse and check the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.accuracy", description="Measure.")
    add = parser.add_argument
    add("--data", type=Path, default=Path(), help="folder with the data (the current one)")
    add("--only", default=",".join(SETS), help=f"of {','.join(SETS)}; all without it")
    add("--model", type=Path, help="a .tflite with its card beside it, instead of the bundled one")
    add("--folds", type=Path, help="models of benchmarks.accuracy.train_folds, for the scans")
    add("--keep", type=Path, help="a new folder for the images and the CSVs, kept to be looked at")
    add("--write-card", type=Path, help="model card to write the figures into")
    add("--markdown", type=Path, help="also write the tables here, as Markdown")
    add("--rivals", action="store_true", help="also how two others read the simulated scans")
    add("--divide", type=int, default=1, help="this part of the files, to try things out")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    if unknown := sorted(set(arguments.only) - set(SETS)):
        parser.error(f"no set is called {', '.join(unknown)}")
    if arguments.divide < 1:
        parser.error("--divide must be at least 1")
    if arguments.divide > 1 and arguments.write_card:
        parser.error("a card holds figures of whole sets: no --divide with --write-card")
    if arguments.keep and arguments.keep.exists():
        parser.error(f"{arguments.keep} is there already")
    return arguments


def main() -> None:
    """Measure, print, and write the files asked for; a missed goal is shown but is no failure."""
    arguments, console = parse_arguments(), Console()
    try:
        with _open_workspace(arguments.keep) as root:
            _measure(arguments, root, console)
    except BatchdigitsError as error:
        raise SystemExit(f"benchmarks.accuracy: {error}") from error


@contextmanager
def _open_workspace(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(parents=True)
        yield keep.resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="batchdigits-accuracy-") as folder:
            yield Path(folder)


def _measure(arguments: argparse.Namespace, root: Path, console: Console) -> None:
    readers = list_readers(arguments.model, arguments.folds and arguments.folds.resolve())
    data = Data(arguments.data.resolve(), root, arguments.divide)
    skipped, results = [], {}
    for name in (name for name in SETS if name in arguments.only):
        if missing := _explain_missing(SETS[name], data, readers):
            skipped.append(AccuracyFigure(SETS[name].title, missing=missing))
            continue
        with console.status(f"measuring {SETS[name].title}"):
            results[name] = _read_set(name, data, root, readers)
    if not results:
        raise BenchmarkError("; ".join(figure.missing for figure in skipped))
    figures = make_figures(results, has_scans=bool(arguments.folds)) + skipped
    tables = make_tables(figures, results)
    for table in tables:
        print(table.to_text())
    if "nondigits" in results and not photographs.are_installed():
        print(f"Photographs left out: they need pip install {photographs.PACKAGE}.")
    if arguments.markdown:
        write_markdown(arguments.markdown, tables)
    if arguments.write_card:
        write_card(arguments.write_card, figures, results)
    if arguments.rivals and "simulated" in results:
        # Those of the first reader, which are read first.
        inbox = root / "simulated" / readers[0].name
        count = sum(path.is_file() for path in inbox.rglob("*"))
        rivals.compare(PredictionSet(results["simulated"].files[:count], []), inbox, data.folder)


def _explain_missing(image_set: ImageSet, data: Data, readers: list[Reader]) -> str:
    """Say why a set cannot be read; empty if it can."""
    if not any(map(image_set.is_read_by, readers)):
        return "needs --folds: the bundled model learned from these writers"
    return next(filter(None, map(data.explain_missing, image_set.needs)), "")


def _read_set(name: str, data: Data, root: Path, readers: list[Reader]) -> PredictionSet:
    """Read a set, each digit with a model that never saw its writer."""
    predictions: list[LabelledPrediction] = []
    for reader in filter(SETS[name].is_read_by, readers):
        inbox = root / name / reader.name
        inbox.mkdir(parents=True)
        truth = SETS[name].write(replace(data, writers=reader.writers), inbox)
        predictions += read_inbox(inbox, truth, reader.model).files
    return PredictionSet(predictions, [])


if __name__ == "__main__":
    main()
