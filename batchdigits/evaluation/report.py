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
from batchdigits.evaluation.metrics import NONE
from batchdigits.evaluation.metrics_summary import Figures, Part
from batchdigits.evaluation.predictions import Answer, Answers
from batchdigits.reports.csvfile import BOM, guard_cell
from batchdigits.session.outbox import check_writable
from batchdigits.system.atomic_files import open_atomic_file, write_bytes
from batchdigits.system.filenames import to_display_name

SCHEMA = 1
FIGURES, MISTAKES, SHEET = "evaluation.json", "mistakes.csv", "mistakes.png"
_PER_DIGITS, _CONFUSIONS = "per_digit.csv", "confusion.csv"
#: Everything that is replaced or removed, if an evaluation made it.
_FILES = (
    FIGURES, _PER_DIGITS, _CONFUSIONS, MISTAKES,
    "confusion.png", "calibration.png", "coverage.png", SHEET,
)  # fmt: skip
#: Points of the coverage curve in the JSON; the chart shows all.
_POINTS = 101
#: Accuracies for which the JSON tells how much of the files reaches them.
_ASKED = (0.99, 0.995, 0.999)
_NAMES = [*map(str, range(NONE)), "none"]

Cell = str | int | float | None


@contextmanager
def writing(outbox: Path) -> Iterator[None]:
    """Whatever cannot be written becomes one sentence.

    Raises:
        OutboxError: instead of any :class:`OSError`.
    """
    try:
        yield
    except OSError as error:
        place = to_display_name(str(error.filename or outbox))
        raise OutboxError(f"Cannot write to {place}: {error.strerror}.") from error


def prepare(outbox: Path) -> None:
    """Make the folder, and find out before the work whether it can be written.

    Raises:
        OutboxError: it cannot, or files in it that no evaluation made are in the way.
    """
    with writing(outbox):
        _refuse_others(outbox)
        check_writable(outbox)


def _refuse_others(outbox: Path) -> None:
    """Refuse to replace a person's own files, which may well be named so."""
    if _is_ours(outbox / FIGURES):
        return
    for name in _FILES:
        if os.path.lexists(outbox / name):
            raise OutboxError(
                f"{to_display_name(str(outbox / name))} is in the way, and no {FIGURES} tells that an "
                "evaluation made it: move it away, or choose another output folder."
            )


def _is_ours(figures: Path) -> bool:
    """Whether this is the ``evaluation.json`` of an earlier evaluation."""
    try:
        told = json.loads(figures.read_bytes()) if figures.is_file() else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("schema") == SCHEMA and "batchdigits" in told


def write(
    outbox: Path,
    found: Figures,
    answers: Answers,
    mistakes: Sequence[Answer],
    pictures: dict[str, bytes],
    about: dict[str, object],
) -> None:
    """Write tables and pictures, and last of all ``evaluation.json``, which tells of all.

    Args:
        outbox: the folder, see :func:`prepare`; files of an earlier evaluation are replaced.
        found: the figures.
        answers: what was read.
        mistakes: those not right, worst first.
        pictures: content of each picture by its name.
        about: what was evaluated, and with which model.

    Raises:
        OutboxError: something cannot be written, or is in the way since the work began.
    """
    with writing(outbox), _all_or_none(outbox):
        _table(outbox / _PER_DIGITS, _PER_DIGIT, _per_digit(found))
        rows = ([digit, *map(int, row)] for digit, row in enumerate(found.counts))
        _table(outbox / _CONFUSIONS, ["truth", *_NAMES], rows)
        _table(outbox / MISTAKES, _MISTAKE, map(_mistake, mistakes))
        if SHEET not in pictures:  # of an earlier evaluation
            (outbox / SHEET).unlink(missing_ok=True)
        for name, content in pictures.items():
            _picture(outbox / name, content)
        with open_atomic_file(outbox / FIGURES) as file:
            told = _content(found, answers, about)
            file.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


@contextmanager
def _all_or_none(outbox: Path) -> Iterator[None]:
    """A first evaluation that breaks off while it writes leaves no files of which none tells."""
    _refuse_others(outbox)
    is_first = not os.path.lexists(outbox / FIGURES)
    try:
        yield
    except BaseException:
        for name in _FILES if is_first else ():
            with suppress(OSError):
                (outbox / name).unlink()
        raise


def _table(path: Path, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    with open_atomic_file(path) as file:
        file.write(BOM)
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(head)
        writer.writerows(rows)


def _picture(path: Path, content: bytes) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    write_bytes(half, content)
    os.replace(half, path)


_PER_DIGIT = [
    *("digit", "files", "right", "read_as", "precision", "recall", "low_95", "high_95"),
    "f1",
]


def _per_digit(found: Figures) -> Iterator[list[Cell]]:
    """Rows of ``per_digit.csv``; the interval is the recall's."""
    precision, recall = metrics.precision(found.counts), metrics.recall(found.counts)
    for digit in range(NONE):
        part = found.digit(digit)
        both = metrics.f1(precision[digit], recall[digit])
        shares = precision[digit], recall[digit], *part.interval, both
        read_as = int(found.counts[:, digit].sum())
        yield [digit, part.files, part.right, read_as, *map(_rounded, shares)]


_MISTAKE = ["file", "truth", "digit", "confidence", "second_digit", "status", "reason"]


def _mistake(answer: Answer) -> list[Cell]:
    cells = answer._asdict() | {"file": guard_cell(answer.file)}
    return [cells[name] for name in _MISTAKE]


def _content(found: Figures, answers: Answers, about: dict[str, object]) -> dict[str, object]:
    per_digit = [dict(zip(_PER_DIGIT, row, strict=True)) for row in _per_digit(found)]
    confusions = metrics.worst_confusions(found.counts, 10)
    return {
        "schema": SCHEMA,
        **about,
        **_part(found.whole),
        "statuses": found.statuses,
        "blank": found.blank,
        "unread": [
            {"file": each.file, "truth": each.truth, "status": each.status, "reason": each.reason}
            for each in answers.unread()
        ],
        "several_pages": answers.unusable,
        "ok": {"share": _rounded(found.sure.files / found.whole.files), **_part(found.sure)},
        "per_digit": per_digit,
        "confusion": {"columns": _NAMES, "counts": found.counts.tolist()},
        "worst_confusions": [
            {"truth": each.truth, "read_as": _NAMES[each.digit], "files": each.files}
            for each in confusions
        ],
        "calibration": _calibration(found),
        "coverage": _coverage(found),
    }


def _part(part: Part) -> dict[str, object]:
    return {
        "files": part.files,
        "right": part.right,
        "accuracy": _rounded(part.accuracy),
        "interval_95": list(map(_rounded, part.interval)),
    }


def _calibration(found: Figures) -> dict[str, object]:
    bins = found.calibration
    edges = [number / len(bins.files) for number in range(len(bins.files) + 1)]
    columns = edges, edges[1:], bins.files.tolist(), bins.confidence, bins.accuracy
    names = "above", "up_to", "files", "confidence", "accuracy"
    return {
        "expected_error": _rounded(bins.error),
        "bins": [
            dict(zip(names, map(_rounded, row), strict=True)) for row in zip(*columns, strict=False)
        ],
    }


def _coverage(found: Figures) -> dict[str, object]:
    curve = found.coverage.thinned(_POINTS)
    columns = {
        name: list(map(_rounded, getattr(curve, name)))
        for name in ("confidence", "coverage", "accuracy")
    }
    reached = {str(asked): _rounded(found.coverage.reaching(asked)) for asked in _ASKED}
    return {"share_reaching": reached, "curve": columns}


def _rounded(number: float | None) -> float | None:
    """Six places; ``None`` for what is not a number, which JSON cannot tell."""
    if number is None or math.isnan(number):
        return None
    return number if isinstance(number, int) else round(float(number), 6)
