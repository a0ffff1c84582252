"""The files that an evaluation writes, each of them whole; see ``docs/evaluation.md``."""

import csv
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from batchdigits.errors import OutboxError
from batchdigits.evaluation.metrics import (
    NO_DIGIT,
    CalibrationCurve,
    CoverageCurve,
    compute_f1,
    compute_precision,
    compute_recall,
    find_worst_confusions,
)
from batchdigits.evaluation.metrics_summary import EvaluationMetrics, Proportion
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet
from batchdigits.reports.tables.csvfile import BOM, guard_cell
from batchdigits.session.outbox import check_writable
from batchdigits.system.atomic_files import open_atomic_file, write_bytes_atomically
from batchdigits.system.filenames import to_display_name

SCHEMA = 1
METRICS_FILE, MISTAKES_FILE, MISTAKE_SHEET_FILE = "evaluation.json", "mistakes.csv", "mistakes.png"
_PER_DIGIT_FILE, _CONFUSION_FILE = "per_digit.csv", "confusion.csv"
#: All files that are replaced or removed, if an earlier evaluation made them.
_REPORT_FILES = (
    METRICS_FILE, _PER_DIGIT_FILE, _CONFUSION_FILE, MISTAKES_FILE,
    "confusion.png", "calibration.png", "coverage.png", MISTAKE_SHEET_FILE,
)  # fmt: skip
#: Points of the coverage curve in the JSON; the chart shows all.
_MAX_CURVE_POINTS = 101
#: Accuracies for which the JSON has the largest share of files that reaches them.
_TARGET_ACCURACIES = (0.99, 0.995, 0.999)
_CLASS_NAMES = [*map(str, range(NO_DIGIT)), "none"]

Cell = str | int | float | None


@contextmanager
def translate_errors(outbox: Path) -> Iterator[None]:
    """Turn every :class:`OSError` into one sentence for a person.

    Raises:
        OutboxError: something cannot be written.
    """
    try:
        yield
    except OSError as error:
        path = to_display_name(str(error.filename or outbox))
        raise OutboxError(f"Cannot write to {path}: {error.strerror}.") from error


def prepare_outbox(outbox: Path) -> None:
    """Create the folder, and check before the work begins that it can be written.

    Raises:
        OutboxError: it cannot be written, or files in it that no evaluation made are in the way.
    """
    with translate_errors(outbox):
        _refuse_foreign_files(outbox)
        check_writable(outbox)


def _refuse_foreign_files(outbox: Path) -> None:
    """Refuse to replace a person's own files that happen to have one of our names."""
    if _is_own_report(outbox / METRICS_FILE):
        return
    for name in _REPORT_FILES:
        if os.path.lexists(outbox / name):
            raise OutboxError(
                f"{to_display_name(str(outbox / name))} is in the way, and no {METRICS_FILE} shows "
                "that an evaluation made it: move it away, or choose another output folder."
            )


def _is_own_report(path: Path) -> bool:
    """Check whether a file is the ``evaluation.json`` of an earlier evaluation."""
    try:
        content = json.loads(path.read_bytes()) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return False
    return (
        isinstance(content, dict) and content.get("schema") == SCHEMA and "batchdigits" in content
    )


def write_report(
    outbox: Path,
    metrics: EvaluationMetrics,
    predictions: PredictionSet,
    mistakes: Sequence[LabelledPrediction],
    pictures: dict[str, bytes],
    description: dict[str, object],
) -> None:
    """Write tables and pictures, and last of all ``evaluation.json``, which belongs to them all.

    Args:
        outbox: the folder, see :func:`prepare_outbox`; files of an earlier evaluation are replaced.
        metrics: the metrics of the predictions.
        predictions: what was read.
        mistakes: the predictions that are not right, the worst first.
        pictures: the content of each picture by its name.
        description: what was evaluated, and with which model.

    Raises:
        OutboxError: something cannot be written, or has got in the way since the work began.
    """
    with translate_errors(outbox), _remove_partial_report(outbox):
        _write_csv(outbox / _PER_DIGIT_FILE, _PER_DIGIT_COLUMNS, _compute_digit_rows(metrics))
        rows = ([digit, *map(int, row)] for digit, row in enumerate(metrics.confusion_matrix))
        _write_csv(outbox / _CONFUSION_FILE, ["truth", *_CLASS_NAMES], rows)
        _write_csv(outbox / MISTAKES_FILE, _MISTAKE_COLUMNS, map(_format_mistake, mistakes))
        if MISTAKE_SHEET_FILE not in pictures:  # of an earlier evaluation
            (outbox / MISTAKE_SHEET_FILE).unlink(missing_ok=True)
        for name, content in pictures.items():
            write_bytes_atomically(outbox / name, content)
        with open_atomic_file(outbox / METRICS_FILE) as file:
            report = _to_dict(metrics, predictions, description)
            file.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")


@contextmanager
def _remove_partial_report(outbox: Path) -> Iterator[None]:
    """Remove what a first evaluation wrote before it failed.

    Without their ``evaluation.json``, its files would be in the way of the next evaluation.
    """
    _refuse_foreign_files(outbox)
    is_first = not os.path.lexists(outbox / METRICS_FILE)
    try:
        yield
    except BaseException:
        for name in _REPORT_FILES if is_first else ():
            with suppress(OSError):
                (outbox / name).unlink()
        raise


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    with open_atomic_file(path) as file:
        file.write(BOM)
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(header)
        writer.writerows(rows)


_PER_DIGIT_COLUMNS = [
    "digit", "files", "right", "read_as", "precision", "recall", "low_95", "high_95", "f1",
]  # fmt: skip


def _compute_digit_rows(metrics: EvaluationMetrics) -> Iterator[list[Cell]]:
    """Yield the rows of ``per_digit.csv``; the interval is the recall's."""
    counts = metrics.confusion_matrix
    precision, recall = compute_precision(counts), compute_recall(counts)
    for digit in range(NO_DIGIT):
        accuracy = metrics.compute_digit_accuracy(digit)
        f1 = compute_f1(precision[digit], recall[digit])
        proportions = precision[digit], recall[digit], *accuracy.interval, f1
        read_as = int(counts[:, digit].sum())
        yield [digit, accuracy.files, accuracy.right, read_as, *map(_round, proportions)]


_MISTAKE_COLUMNS = ["file", "truth", "digit", "confidence", "second_digit", "status", "reason"]


def _format_mistake(prediction: LabelledPrediction) -> list[Cell]:
    cells = prediction._asdict() | {"file": guard_cell(prediction.file)}
    return [cells[name] for name in _MISTAKE_COLUMNS]


def _to_dict(
    metrics: EvaluationMetrics,
    predictions: PredictionSet,
    description: dict[str, object],
) -> dict[str, object]:
    """Make the content of ``evaluation.json``."""
    return {
        "schema": SCHEMA,
        **description,
        **_proportion_to_dict(metrics.overall),
        "statuses": metrics.statuses,
        "blank": metrics.blank,
        "unread": [
            {"file": file.file, "truth": file.truth, "status": file.status, "reason": file.reason}
            for file in predictions.unread_files
        ],
        "several_pages": predictions.multi_page_files,
        "ok": {
            "share": _round(metrics.accepted_share),
            **_proportion_to_dict(metrics.accepted),
        },
        "without_digit": _proportion_to_dict(metrics.without_digit),
        "per_digit": [
            dict(zip(_PER_DIGIT_COLUMNS, row, strict=True)) for row in _compute_digit_rows(metrics)
        ],
        "confusion": {"columns": _CLASS_NAMES, "counts": metrics.confusion_matrix.tolist()},
        "worst_confusions": [
            {"truth": truth, "read_as": _CLASS_NAMES[digit], "files": files}
            for truth, digit, files in find_worst_confusions(metrics.confusion_matrix, 10)
        ],
        "calibration": _calibration_to_dict(metrics.calibration),
        "coverage": _coverage_to_dict(metrics.coverage),
    }


def _proportion_to_dict(proportion: Proportion) -> dict[str, object]:
    return {
        "files": proportion.files,
        "right": proportion.right,
        "accuracy": _round(proportion.accuracy),
        "interval_95": list(map(_round, proportion.interval)),
    }


def _calibration_to_dict(curve: CalibrationCurve) -> dict[str, object]:
    bins = len(curve.files)
    edges = [number / bins for number in range(bins + 1)]
    columns = edges[:-1], edges[1:], curve.files.tolist(), curve.confidence, curve.accuracy
    names = "above", "up_to", "files", "confidence", "accuracy"
    return {
        "expected_error": _round(curve.expected_error),
        "bins": [
            dict(zip(names, map(_round, row), strict=True)) for row in zip(*columns, strict=True)
        ],
    }


def _coverage_to_dict(curve: CoverageCurve) -> dict[str, object]:
    points = curve.downsample(_MAX_CURVE_POINTS)
    return {
        "share_reaching": {
            str(target): _round(curve.find_coverage(target)) for target in _TARGET_ACCURACIES
        },
        "curve": {
            name: list(map(_round, getattr(points, name)))
            for name in ("confidence", "coverage", "accuracy")
        },
    }


def _round(number: float | None) -> float | None:
    """Round to six places; ``None`` for ``nan``, which JSON does not have."""
    if number is None or math.isnan(number):
        return None
    return number if isinstance(number, int) else round(float(number), 6)
