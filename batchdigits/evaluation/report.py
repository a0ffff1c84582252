"""What an evaluation leaves in its folder, each file whole; see ``docs/evaluation.md``."""

import csv
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from batchdigits.errors import OutboxError
from batchdigits.evaluation import metrics
from batchdigits.evaluation.metrics import NO_DIGIT
from batchdigits.evaluation.metrics_summary import EvaluationMetrics, Proportion
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet
from batchdigits.reports.csvfile import BOM, guard_cell
from batchdigits.session.outbox import check_writable
from batchdigits.system.atomic_files import open_atomic_file, write_bytes
from batchdigits.system.filenames import to_display_name

SCHEMA = 1
METRICS_FILE, MISTAKES_FILE, MISTAKE_SHEET_FILE = "evaluation.json", "mistakes.csv", "mistakes.png"
_PER_DIGIT_FILE, _CONFUSION_FILE = "per_digit.csv", "confusion.csv"
#: Everything that is replaced or removed, if an evaluation made it.
_REPORT_FILES = (
    METRICS_FILE, _PER_DIGIT_FILE, _CONFUSION_FILE, MISTAKES_FILE,
    "confusion.png", "calibration.png", "coverage.png", MISTAKE_SHEET_FILE,
)  # fmt: skip
#: Points of the coverage curve in the JSON; the chart shows all.
_MAX_CURVE_POINTS = 101
#: Accuracies for which the JSON tells how much of the files reaches them.
_TARGET_ACCURACIES = (0.99, 0.995, 0.999)
_CLASS_NAMES = [*map(str, range(NO_DIGIT)), "none"]

Cell = str | int | float | None


@contextmanager
def translate_errors(outbox: Path) -> Iterator[None]:
    """Whatever cannot be written becomes one sentence.

    Raises:
        OutboxError: instead of any :class:`OSError`.
    """
    try:
        yield
    except OSError as error:
        place = to_display_name(str(error.filename or outbox))
        raise OutboxError(f"Cannot write to {place}: {error.strerror}.") from error


def prepare_outbox(outbox: Path) -> None:
    """Make the folder, and find out before the work whether it can be written.

    Raises:
        OutboxError: it cannot, or files in it that no evaluation made are in the way.
    """
    with translate_errors(outbox):
        _refuse_foreign_files(outbox)
        check_writable(outbox)


def _refuse_foreign_files(outbox: Path) -> None:
    """Refuse to replace a person's own files, which may well be named so."""
    if _is_own_report(outbox / METRICS_FILE):
        return
    for name in _REPORT_FILES:
        if os.path.lexists(outbox / name):
            raise OutboxError(
                f"{to_display_name(str(outbox / name))} is in the way, and no {METRICS_FILE} tells "
                "that an evaluation made it: move it away, or choose another output folder."
            )


def _is_own_report(path: Path) -> bool:
    """Whether this is the ``evaluation.json`` of an earlier evaluation."""
    try:
        told = json.loads(path.read_bytes()) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("schema") == SCHEMA and "batchdigits" in told


def write_report(
    outbox: Path,
    evaluation_metrics: EvaluationMetrics,
    predictions: PredictionSet,
    mistakes: Sequence[LabelledPrediction],
    pictures: dict[str, bytes],
    description: dict[str, object],
) -> None:
    """Write tables and pictures, and last of all ``evaluation.json``, which tells of all.

    Args:
        outbox: the folder, see :func:`prepare_outbox`; files of an earlier evaluation are replaced.
        found: the figures.
        answers: what was read.
        mistakes: those not right, worst first.
        pictures: content of each picture by its name.
        about: what was evaluated, and with which model.

    Raises:
        OutboxError: something cannot be written, or is in the way since the work began.
    """
    with translate_errors(outbox), _remove_partial_report(outbox):
        _write_csv(
            outbox / _PER_DIGIT_FILE, _PER_DIGIT_COLUMNS, _compute_digit_rows(evaluation_metrics)
        )
        rows = (
            [digit, *map(int, row)] for digit, row in enumerate(evaluation_metrics.confusion_matrix)
        )
        _write_csv(outbox / _CONFUSION_FILE, ["truth", *_CLASS_NAMES], rows)
        _write_csv(outbox / MISTAKES_FILE, _MISTAKE_COLUMNS, map(_format_mistake, mistakes))
        if MISTAKE_SHEET_FILE not in pictures:  # of an earlier evaluation
            (outbox / MISTAKE_SHEET_FILE).unlink(missing_ok=True)
        for name, content in pictures.items():
            _replace_picture(outbox / name, content)
        with open_atomic_file(outbox / METRICS_FILE) as file:
            told = _to_dict(evaluation_metrics, predictions, description)
            file.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


@contextmanager
def _remove_partial_report(outbox: Path) -> Iterator[None]:
    """A first evaluation that breaks off while it writes leaves no files of which none tells."""
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


def _replace_picture(path: Path, content: bytes) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    write_bytes(half, content)
    os.replace(half, path)


_PER_DIGIT_COLUMNS = [
    *("digit", "files", "right", "read_as", "precision", "recall", "low_95", "high_95"),
    "f1",
]


def _compute_digit_rows(evaluation_metrics: EvaluationMetrics) -> Iterator[list[Cell]]:
    """Rows of ``per_digit.csv``; the interval is the recall's."""
    precision, recall = (
        metrics.precision(evaluation_metrics.confusion_matrix),
        metrics.recall(evaluation_metrics.confusion_matrix),
    )
    for digit in range(NO_DIGIT):
        part = evaluation_metrics.compute_digit_accuracy(digit)
        both = metrics.f1_score(precision[digit], recall[digit])
        shares = precision[digit], recall[digit], *part.interval, both
        read_as = int(evaluation_metrics.confusion_matrix[:, digit].sum())
        yield [digit, part.files, part.right, read_as, *map(_round, shares)]


_MISTAKE_COLUMNS = ["file", "truth", "digit", "confidence", "second_digit", "status", "reason"]


def _format_mistake(prediction: LabelledPrediction) -> list[Cell]:
    cells = prediction._asdict() | {"file": guard_cell(prediction.file)}
    return [cells[name] for name in _MISTAKE_COLUMNS]


def _to_dict(
    evaluation_metrics: EvaluationMetrics,
    predictions: PredictionSet,
    description: dict[str, object],
) -> dict[str, object]:
    per_digit = [
        dict(zip(_PER_DIGIT_COLUMNS, row, strict=True))
        for row in _compute_digit_rows(evaluation_metrics)
    ]
    confusions = metrics.find_worst_confusions(evaluation_metrics.confusion_matrix, 10)
    return {
        "schema": SCHEMA,
        **description,
        **_proportion_to_dict(evaluation_metrics.overall),
        "statuses": evaluation_metrics.statuses,
        "blank": evaluation_metrics.blank,
        "unread": [
            {"file": each.file, "truth": each.truth, "status": each.status, "reason": each.reason}
            for each in predictions.unread_files()
        ],
        "several_pages": predictions.multi_page_files,
        "ok": {
            "share": _round(evaluation_metrics.accepted.files / evaluation_metrics.overall.files),
            **_proportion_to_dict(evaluation_metrics.accepted),
        },
        "per_digit": per_digit,
        "confusion": {
            "columns": _CLASS_NAMES,
            "counts": evaluation_metrics.confusion_matrix.tolist(),
        },
        "worst_confusions": [
            {"truth": each.truth, "read_as": _CLASS_NAMES[each.digit], "files": each.files}
            for each in confusions
        ],
        "calibration": _calibration_to_dict(evaluation_metrics),
        "coverage": _coverage_to_dict(evaluation_metrics),
    }


def _proportion_to_dict(proportion: Proportion) -> dict[str, object]:
    return {
        "files": proportion.files,
        "right": proportion.right,
        "accuracy": _round(proportion.accuracy),
        "interval_95": list(map(_round, proportion.interval)),
    }


def _calibration_to_dict(evaluation_metrics: EvaluationMetrics) -> dict[str, object]:
    bins = evaluation_metrics.calibration
    edges = [number / len(bins.files) for number in range(len(bins.files) + 1)]
    columns = edges, edges[1:], bins.files.tolist(), bins.confidence, bins.accuracy
    names = "above", "up_to", "files", "confidence", "accuracy"
    return {
        "expected_error": _round(bins.expected_error),
        "bins": [
            dict(zip(names, map(_round, row), strict=True)) for row in zip(*columns, strict=False)
        ],
    }


def _coverage_to_dict(evaluation_metrics: EvaluationMetrics) -> dict[str, object]:
    curve = evaluation_metrics.coverage.downsample(_MAX_CURVE_POINTS)
    columns = {
        name: list(map(_round, getattr(curve, name)))
        for name in ("confidence", "coverage", "accuracy")
    }
    reached = {
        str(asked): _round(evaluation_metrics.coverage.find_coverage(asked))
        for asked in _TARGET_ACCURACIES
    }
    return {"share_reaching": reached, "curve": columns}


def _round(number: float | None) -> float | None:
    """Six places; ``None`` for what is not a number, which JSON cannot tell."""
    if number is None or math.isnan(number):
        return None
    return number if isinstance(number, int) else round(float(number), 6)
