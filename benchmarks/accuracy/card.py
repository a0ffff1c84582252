"""The figures inside a model's card."""

import json
from collections.abc import Sequence
from pathlib import Path

from batchdigits.evaluation.metrics_summary import Proportion
from benchmarks.accuracy.lines import Line
from benchmarks.accuracy.measuring import Measured, accuracy, by_kind, no_digit_by_kind

Cells = dict[str, object]


def write_card(path: Path, found: Sequence[Line], measured: Measured) -> None:
    """Put the figures into the card's ``accuracy``; figures of sets not read now stay."""
    card = json.loads(path.read_text(encoding="utf-8"))
    told: Cells = {line.name: _cells(line) for line in found if line.figure is not None}
    if "simulated" in measured:
        kinds = by_kind(measured["simulated"]).items()
        told["simulated scans by kind"] = {
            kind: _share(accuracy(kind, answers)) for kind, answers in kinds
        }
    if "nondigits" in measured:
        told["not a digit by kind"] = {
            kind: {"at_2_percent": _share(swept), "as_shipped": _share(shipped)}
            for kind, swept, shipped in no_digit_by_kind(measured)
        }
    card["accuracy"] = card.get("accuracy", {}) | told
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _cells(line: Line) -> Cells:
    if line.part is None:
        return {"error": _share(line)}
    cells = _interval("accuracy" if line.sure or "surest" in line.name else "share", line.part)
    if line.reviewed is not None and line.sure:
        cells["reviewed"] = round(line.reviewed, 5)
        cells["accuracy_without_review"] = round(line.sure.accuracy or 0, 5)
    return cells


def _interval(name: str, part: Proportion) -> Cells:
    low, high = part.interval
    shares = {name: part.accuracy or 0, "low_95": low, "high_95": high}
    return {"files": part.files} | {key: round(share, 5) for key, share in shares.items()}


def _share(line: Line) -> float | None:
    return None if line.figure is None else round(line.figure, 5)
