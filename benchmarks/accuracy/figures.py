"""One figure of the table: a share or an error, its goal, and whether that is reached."""

from dataclasses import dataclass

from batchdigits.evaluation.metrics_summary import Proportion


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be; exactly one of both is set."""

    at_least: float | None = None
    at_most: float | None = None

    def is_reached_by(self, value: float) -> bool:
        """Return whether a figure's value reaches the goal."""
        if self.at_most is not None:
            return value <= self.at_most
        return value >= (self.at_least or 0)


@dataclass(frozen=True, slots=True)
class AccuracyFigure:
    """A figure, or why it is missing.

    Attributes:
        name: what was measured; the key of its goal.
        proportion: how many of the files are right, or go to review.
        error: the calibration error, which is no share of files.
        review_share: the share of files sent to review.
        accepted: how many of the files with the status ``ok`` are right.
        missing: why there is no value.
    """

    name: str
    proportion: Proportion | None = None
    error: float | None = None
    review_share: float | None = None
    accepted: Proportion | None = None
    missing: str = ""

    @property
    def value(self) -> float | None:
        """Return what is compared with the goal."""
        return self.proportion.accuracy if self.proportion else self.error

    @property
    def goal(self) -> Goal | None:
        """Return the figure's goal, if it has one."""
        return GOALS.get(self.name)

    @property
    def reached(self) -> bool | None:
        """Return whether the goal is reached; ``None`` without goal or value."""
        if self.goal is None or self.value is None:
            return None
        return self.goal.is_reached_by(self.value)


SUREST = "surest 97 % of "
CALIBRATION = "calibration error on "
NO_DIGIT = "not a digit, reviewed where 2 % of digits are"
NO_DIGIT_SHIPPED = "not a digit, reviewed as shipped"
MARKED = "rings, lines, strikes, displays: right, or in review"
FRAMES, EMPTY_CELLS = "simulated cells with frames", "empty cells with frames, blank"
GOALS: dict[str, Goal] = {
    "MNIST test part": Goal(at_least=0.997),
    "scans of thirteen writers, each left out once": Goal(at_least=0.994),
    "optdigits test part, 8 x 8 enlarged": Goal(at_least=0.994),
    "semeion, 16 x 16 enlarged": Goal(at_least=0.982),
    "simulated scans": Goal(at_least=0.985),
    "paper on a desk": Goal(at_least=0.95),
    "slanting light, small digits": Goal(at_least=0.95),
    "inks as light as their paper": Goal(at_least=0.95),
    "dry pens": Goal(at_least=0.95),
    FRAMES: Goal(at_least=0.985),
    EMPTY_CELLS: Goal(at_least=0.97),
    f"{SUREST}scans": Goal(at_least=0.9993),
    f"{SUREST}simulated": Goal(at_least=0.999),
    f"{SUREST}scans and simulated": Goal(at_least=0.999),
    f"{CALIBRATION}scans": Goal(at_most=0.005),
    f"{CALIBRATION}simulated": Goal(at_most=0.01),
    MARKED: Goal(at_least=1),
    NO_DIGIT: Goal(at_least=0.95),
    NO_DIGIT_SHIPPED: Goal(at_least=0.985),
}
