"""The figures in a model's card."""

import json
from collections.abc import Sequence
from pathlib import Path

from batchdigits.evaluation.metrics_summary import Proportion
from benchmarks.accuracy.figures import AccuracyFigure
from benchmarks.accuracy.metrics import (
    Results,
    group_by_kind,
    measure_accuracy,
    measure_non_digits_by_kind,
)

Fields = dict[str, object]


def write_card(path: Path, figures: Sequence[AccuracyFigure], results: Results) -> None:
    """Put the figures into the card's ``accuracy``, and leave those of other sets as they are."""
    card = json.loads(path.read_text(encoding="utf-8"))
    accuracy: Fields = {
        figure.name: _make_fields(figure) for figure in figures if figure.value is not None
    }
    if "simulated" in results:
        kinds = group_by_kind(results["simulated"]).items()
        accuracy["simulated scans by kind"] = {
            kind: _round_figure(measure_accuracy(kind, predictions)) for kind, predictions in kinds
        }
    if "nondigits" in results:
        accuracy["not a digit by kind"] = {
            kind: {
                "at_2_percent": _round_figure(at_threshold),
                "as_shipped": _round_figure(shipped),
            }
            for kind, at_threshold, shipped in measure_non_digits_by_kind(results)
        }
    card["accuracy"] = card.get("accuracy", {}) | accuracy
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _make_fields(figure: AccuracyFigure) -> Fields:
    if figure.proportion is None:
        return {"error": _round_figure(figure)}
    name = "accuracy" if figure.accepted or "surest" in figure.name else "share"
    fields = _make_interval_fields(name, figure.proportion)
    if figure.review_share is not None and figure.accepted:
        fields["reviewed"] = round(figure.review_share, 5)
        fields["accuracy_without_review"] = round(figure.accepted.accuracy or 0, 5)
    return fields


def _make_interval_fields(name: str, proportion: Proportion) -> Fields:
    low, high = proportion.interval
    shares = {name: proportion.accuracy or 0, "low_95": low, "high_95": high}
    return {"files": proportion.files} | {key: round(share, 5) for key, share in shares.items()}


def _round_figure(figure: AccuracyFigure) -> float | None:
    return None if figure.value is None else round(figure.value, 5)
