"""From answers to the lines of the tables."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from batchdigits.evaluation.metrics import compute_calibration_curve
from batchdigits.evaluation.metrics_summary import Proportion, compute_metrics
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet
from batchdigits.reasons import Reason, Status
from benchmarks.accuracy.lines import CALIBRATION, NO_DIGIT, NO_DIGIT_SHIPPED, SUREST, Line
from benchmarks.accuracy.sets import SETS
from benchmarks.nondigits.kinds import FAMILIAR

#: Reviewed whatever the confidence.
ALWAYS = (Reason.SEVERAL_MARKS, Reason.BLANK)
#: The share that is never sent to review in "surest", and of digits reviewed in "not a digit".
COVERED, REVIEWED = 0.97, 0.02

Measured = Mapping[str, PredictionSet]


def lines(measured: Measured) -> list[Line]:
    """The lines of all sets that were read, then those that are drawn from several of them."""
    digits = [name for name in SETS if name in measured and name != "nondigits"]
    found = [accuracy(SETS[name].title, measured[name]) for name in digits]
    hard = [name for name in ("scans", "simulated") if name in measured]
    found += [surest(f"{SUREST}{name}", measured[name].files) for name in hard]
    if len(hard) > 1:
        both = [each for name in hard for each in measured[name].files]
        found.append(surest(f"{SUREST}{' and '.join(hard)}", both))
    for name in hard:
        answers = measured[name]
        error = compute_calibration_curve(
            answers.confidences, answers.right_mask
        ).expected_error
        found.append(Line(f"{CALIBRATION}{name}", error=error))
    return found + no_digit(measured)


def accuracy(name: str, answers: PredictionSet) -> Line:
    """How many are right of all files, and of those not sent to review."""
    found = compute_metrics(answers)
    return Line(name, found.overall, reviewed=found.review_share, sure=found.accepted)


def surest(name: str, answers: Sequence[LabelledPrediction]) -> Line:
    """How many are right of the surest 97 %: what is reviewed comes last, then by confidence.

    Among equally sure ones the wrong ones come first, so that luck adds nothing.
    """
    ranked = sorted(
        answers,
        key=lambda each: (each.status != Status.OK, -(each.confidence or 0), each.is_right),
    )
    kept = ranked[: round(COVERED * len(ranked))]
    return Line(name, Proportion(len(kept), sum(each.is_right for each in kept)))


def no_digit(measured: Measured) -> list[Line]:
    """How much of what is no digit a person is shown."""
    if "nondigits" not in measured:
        return []
    others = [each for each in measured["nondigits"].files if _kind(each) not in FAMILIAR]
    shown = sum(each.status != Status.OK for each in others)
    shipped = Line(NO_DIGIT_SHIPPED, Proportion(len(others), shown))
    limit = threshold(measured)
    if limit is None:
        return [Line(NO_DIGIT, missing="needs the sets mnist and scans"), shipped]
    return [Line(NO_DIGIT, _shown(others, limit)), shipped]


def threshold(measured: Measured) -> float | None:
    """The confidence under which 2 % of MNIST's and the scans' digits are reviewed.

    At most so many, those counted that are reviewed at any confidence; ``None`` where the two
    sets were not read.
    """
    if not {"mnist", "scans"} <= measured.keys():
        return None
    real = [*measured["mnist"].files, *measured["scans"].files]
    free = sorted(each.confidence or 0 for each in real if not is_reviewed(each, 0))
    room = int(REVIEWED * len(real)) - (len(real) - len(free))
    # One that is exactly as sure as the threshold is not reviewed.
    return free[room] if 0 <= room < len(free) else 0.0


def is_reviewed(answer: LabelledPrediction, limit: float) -> bool:
    """Whether a person would be shown a file if ``limit`` were the review threshold."""
    if answer.status not in (Status.OK, Status.REVIEW) or answer.confidence is None:
        return True
    return answer.reason in ALWAYS or answer.confidence < limit


def _shown(answers: Sequence[LabelledPrediction], limit: float) -> Proportion:
    return Proportion(len(answers), sum(is_reviewed(each, limit) for each in answers))


def by_kind(answers: PredictionSet) -> dict[str, PredictionSet]:
    """Files of sets that have a folder a kind, by kind; the one with fewest right first."""
    files = sorted(answers.files, key=_kind)
    kinds = {kind: PredictionSet(list(each), []) for kind, each in groupby(files, _kind)}
    return dict(sorted(kinds.items(), key=lambda each: each[1].right_mask.mean()))


def _kind(answer: LabelledPrediction) -> str:
    return answer.file.partition("/")[0]


def no_digit_by_kind(measured: Measured) -> list[tuple[str, Line, Line]]:
    """Each kind with its share shown where 2 % of digits are, and as shipped; the least first."""
    limit = threshold(measured)
    rows = []
    for kind, answers in by_kind(measured["nondigits"]).items():
        swept = Line(kind, None if limit is None else _shown(answers.files, limit))
        shipped = Proportion(len(answers.files), int((~answers.accepted_mask).sum()))
        rows.append((kind, swept, Line(kind, shipped)))
    return sorted(rows, key=lambda row: (row[1].figure or 0, row[2].figure or 0))
