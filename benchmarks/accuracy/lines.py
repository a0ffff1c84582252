"""One line of the table: a share or an error, its goal, and whether that is reached."""

from dataclasses import dataclass

from batchdigits.evaluation.metrics_summary import Proportion


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure should be: exactly one of both."""

    at_least: float | None = None
    at_most: float | None = None

    def reached(self, figure: float) -> bool:
        """Whether a figure is as it should be."""
        if self.at_most is not None:
            return figure <= self.at_most
        return figure >= (self.at_least or 0)


@dataclass(frozen=True, slots=True)
class Line:
    """A figure, or why it is ``missing``.

    Attributes:
        name: what was measured; its goal is found by it.
        part: right ones of the files, or those that a person is shown.
        error: what is no share of files: the calibration error.
        reviewed: the share of files sent to review.
        sure: right ones of the files with the status ``ok``.
        missing: why there is nothing.
    """

    name: str
    part: Proportion | None = None
    error: float | None = None
    reviewed: float | None = None
    sure: Proportion | None = None
    missing: str = ""

    @property
    def figure(self) -> float | None:
        """What is compared with the goal."""
        return self.part.accuracy if self.part else self.error

    @property
    def goal(self) -> Goal | None:
        """The figure's goal, if it has one."""
        return GOALS.get(self.name)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; ``None`` without goal or figure."""
        if self.goal is None or self.figure is None:
            return None
        return self.goal.reached(self.figure)


SUREST = "surest 97 % of "
CALIBRATION = "calibration error on "
NO_DIGIT = "not a digit, reviewed where 2 % of digits are"
NO_DIGIT_SHIPPED = "not a digit, reviewed as shipped"
GOALS: dict[str, Goal] = {
    "MNIST test part": Goal(at_least=0.9975),
    "scans of writers 0002, 0011, 0020": Goal(at_least=0.995),
    "optdigits test part, 8 x 8 enlarged": Goal(at_least=0.99),
    "semeion, 16 x 16 enlarged": Goal(at_least=0.97),
    "simulated scans": Goal(at_least=0.985),
    f"{SUREST}scans": Goal(at_least=0.999),
    f"{SUREST}simulated": Goal(at_least=0.999),
    f"{SUREST}scans and simulated": Goal(at_least=0.999),
    f"{CALIBRATION}scans": Goal(at_most=0.01),
    f"{CALIBRATION}simulated": Goal(at_most=0.01),
    NO_DIGIT: Goal(at_least=0.95),
}
