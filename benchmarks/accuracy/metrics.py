"""From predictions to the figures of the tables."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from batchdigits.evaluation.metrics import compute_calibration_curve
from batchdigits.evaluation.metrics_summary import Proportion, compute_metrics
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet
from batchdigits.reasons import Reason, Status
from benchmarks.accuracy import frames
from benchmarks.accuracy.figures import (
    CALIBRATION,
    MARKED,
    NO_DIGIT,
    NO_DIGIT_SHIPPED,
    SUREST,
    AccuracyFigure,
)
from benchmarks.accuracy.sets import SETS, Digits
from benchmarks.nondigits.kinds import FAMILIAR

#: Reasons to review a file whatever its confidence.
ALWAYS_REVIEWED = (Reason.SEVERAL_MARKS, Reason.BLANK)
#: Sets in which not every file holds a digit that is to be read.
WITHOUT_DIGITS = ("frames", "marked", "nondigits")
#: The share of files that counts in "surest", and of digits that are reviewed in "not a digit".
SUREST_SHARE, REVIEW_SHARE = 0.97, 0.02

#: The predictions for each set, by its key in ``SETS``.
Results = Mapping[str, PredictionSet]


def make_figures(results: Results, has_scans: bool) -> list[AccuracyFigure]:
    """Make the figures of all sets that were read, then those made from several of them.

    Args:
        results: the predictions.
        has_scans: whether the writers of the scans were read as well; where they were not, sets
            that are made of their digits and of others' have another name, and no goal.
    """
    digits = [name for name in SETS if name in results and name not in WITHOUT_DIGITS]
    figures = [measure_accuracy(get_title(name, has_scans), results[name]) for name in digits]
    if "frames" in results:
        figures += frames.measure(get_title("frames", has_scans), results["frames"])
    hard = [name for name in ("scans", "simulated") if name in results]
    figures += [measure_surest(f"{SUREST}{name}", results[name].files) for name in hard]
    if len(hard) > 1:
        both = [prediction for name in hard for prediction in results[name].files]
        figures.append(measure_surest(f"{SUREST}{' and '.join(hard)}", both))
    for name in hard:
        curve = compute_calibration_curve(results[name].confidences, results[name].right_mask)
        figures.append(AccuracyFigure(f"{CALIBRATION}{name}", error=curve.expected_error))
    if "marked" in results:
        figures.append(measure_safety(MARKED, results["marked"]))
    return figures + measure_non_digits(results)


def get_title(name: str, has_scans: bool) -> str:
    """Return what a set is called in the tables."""
    is_whole = has_scans or SETS[name].digits is not Digits.BOTH
    return SETS[name].title if is_whole else f"{SETS[name].title}, MNIST's digits alone"


def measure_accuracy(name: str, predictions: PredictionSet) -> AccuracyFigure:
    """Count the right ones among all files, and among those not sent to review."""
    metrics = compute_metrics(predictions)
    return AccuracyFigure(
        name, metrics.overall, review_share=metrics.review_share, accepted=metrics.accepted
    )


def measure_safety(name: str, predictions: PredictionSet) -> AccuracyFigure:
    """Count the files that are not passed off as what they are not: right, or sent to review."""
    accepted, right = predictions.accepted_mask, predictions.right_mask
    return AccuracyFigure(
        name,
        Proportion(len(right), int((right | ~accepted).sum())),
        review_share=float((~accepted).mean()),
    )


def measure_surest(name: str, predictions: Sequence[LabelledPrediction]) -> AccuracyFigure:
    """Count the right ones among the surest 97 %.

    Files sent to review come last, the others are ranked by confidence. Among equally sure ones
    the wrong ones come first, so that their order cannot improve the figure.
    """
    ranked = sorted(
        predictions,
        key=lambda prediction: (
            prediction.status != Status.OK,
            -(prediction.confidence or 0),
            prediction.is_right,
        ),
    )
    surest = ranked[: round(SUREST_SHARE * len(ranked))]
    right = sum(prediction.is_right for prediction in surest)
    return AccuracyFigure(name, Proportion(len(surest), right))


def measure_non_digits(results: Results) -> list[AccuracyFigure]:
    """Count the images without a digit that go to review, of kinds unlike those trained with."""
    if "nondigits" not in results:
        return []
    files = results["nondigits"].files
    others = [prediction for prediction in files if _get_kind(prediction) not in FAMILIAR]
    reviewed = sum(prediction.status != Status.OK for prediction in others)
    shipped = AccuracyFigure(NO_DIGIT_SHIPPED, Proportion(len(others), reviewed))
    limit = find_review_threshold(results)
    if limit is None:
        return [AccuracyFigure(NO_DIGIT, missing="needs the sets mnist and scans"), shipped]
    return [AccuracyFigure(NO_DIGIT, _count_reviewed(others, limit)), shipped]


def find_review_threshold(results: Results) -> float | None:
    """Find the confidence below which 2 % of MNIST's and the scans' digits are reviewed.

    Returns:
        The highest at which no more than 2 % are reviewed, including those that are reviewed at
        any confidence; ``None`` if the two sets were not read.
    """
    if not {"mnist", "scans"} <= results.keys():
        return None
    digits = [*results["mnist"].files, *results["scans"].files]
    confidences = sorted(
        prediction.confidence or 0 for prediction in digits if not is_reviewed(prediction, 0)
    )
    always_reviewed = len(digits) - len(confidences)
    index = int(REVIEW_SHARE * len(digits)) - always_reviewed
    # A file that is exactly as sure as the threshold is not reviewed.
    return confidences[index] if 0 <= index < len(confidences) else 0.0


def is_reviewed(prediction: LabelledPrediction, limit: float) -> bool:
    """Return whether a file would go to review if ``limit`` were the review threshold."""
    if prediction.status not in (Status.OK, Status.REVIEW) or prediction.confidence is None:
        return True
    return prediction.reason in ALWAYS_REVIEWED or prediction.confidence < limit


def _count_reviewed(predictions: Sequence[LabelledPrediction], limit: float) -> Proportion:
    reviewed = sum(is_reviewed(prediction, limit) for prediction in predictions)
    return Proportion(len(predictions), reviewed)


def group_by_kind(predictions: PredictionSet) -> dict[str, PredictionSet]:
    """Group the files of a set by kind, which is their folder; the least accurate kind first."""
    files = sorted(predictions.files, key=_get_kind)
    kinds = {kind: PredictionSet(list(group), []) for kind, group in groupby(files, _get_kind)}
    return dict(sorted(kinds.items(), key=lambda item: item[1].right_mask.mean()))


def _get_kind(prediction: LabelledPrediction) -> str:
    return prediction.file.partition("/")[0]


def measure_non_digits_by_kind(
    results: Results,
) -> list[tuple[str, AccuracyFigure, AccuracyFigure]]:
    """Count the images without a digit that go to review, by kind.

    Returns:
        Each kind, its figure at the threshold of :func:`find_review_threshold`, and its figure
        with the program as shipped; the kind that is reviewed least first.
    """
    limit = find_review_threshold(results)
    rows = []
    for kind, predictions in group_by_kind(results["nondigits"]).items():
        proportion = None if limit is None else _count_reviewed(predictions.files, limit)
        at_threshold = AccuracyFigure(kind, proportion)
        reviewed = int((~predictions.accepted_mask).sum())
        shipped = AccuracyFigure(kind, Proportion(len(predictions.files), reviewed))
        rows.append((kind, at_threshold, shipped))
    return sorted(rows, key=lambda row: (row[1].value or 0, row[2].value or 0))
