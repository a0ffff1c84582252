"""One row of the picture: the page, what the model saw of it, its ten scores, or why none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchdigits.cli.commands.predict import panels
from batchdigits.cli.commands.predict.page_preview import Original
from batchdigits.drawing.chart_text import add_text, fit_to_inches, wrap_to_inches
from batchdigits.drawing.charts import GRAY, INK, VERMILLION
from batchdigits.drawing.palette import STATUS_COLOUR
from batchdigits.percentages import format_truncated_percent
from batchdigits.pipeline.result import Reading
from batchdigits.records import REASON_TEXTS, Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches of a row.
WIDTH, HEIGHT = 8.6, 2.42
#: Inches from the left and widths of its three columns, and the place of its pictures in it.
_PAGE, _SEEN, _SCORES = (0.38, 3.1), (3.72, 1.6), (5.86, 1.95)
_BELOW, _SIDE = 0.16, 1.6
_NAME_AT, _ABOUT_AT = 2.08, 1.87
_EDGE = 0.25
#: Sizes of text in points.
_NAME, _TEXT = 11.0, 9.0


@dataclass(frozen=True, slots=True)
class Row:
    """Where on a figure of ``height`` inches a row begins: ``top`` inches above its lower edge."""

    figure: "Figure"
    height: float
    top: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Inches from the left, and above the row's lower edge, in shares of the figure."""
        return x / WIDTH, (self.top - HEIGHT + y) / self.height

    def axes(self, x: float, y: float, width: float, height: float) -> "Axes":
        """Axes of that place and size in inches."""
        return self.figure.add_axes((*self.at(x, y), width / WIDTH, height / self.height))


def heads(row: Row) -> None:
    """Name the columns above the first row."""
    for (left, _), head in zip(
        (_PAGE, _SEEN, _SCORES), ("page", "what the model saw", "scores"), strict=True
    ):
        add_text(row.figure, row.at(left, HEIGHT + 0.14), head, _TEXT, color=GRAY)


def draw(row: Row, name: str, reading: Reading, page: Original | None) -> None:
    """Draw one page under its name; ``page`` is not needed where it could not be read."""
    _status(row, reading)
    if reading.image is None:
        _unread(row, name, reading)
        return
    room = _SCORES[0] - _PAGE[0] - 0.2
    add_text(
        row.figure, row.at(_PAGE[0], _NAME_AT), fit_to_inches(name, room, _NAME, True), _NAME,
        weight="bold", color=INK,
    )  # fmt: skip
    _verdict(row, reading)
    columns = (row.axes(left, _BELOW, width, _SIDE) for left, width in (_PAGE, _SEEN, _SCORES))
    panels.page(next(columns), page, reading)
    panels.seen(next(columns), reading.image)
    panels.scores(next(columns), reading)


def _status(row: Row, reading: Reading) -> None:
    """A stripe beside the row in the colour of its status."""
    from matplotlib.patches import Rectangle

    blue, green, red = (level / 255 for level in STATUS_COLOUR[reading.status])
    left, low = row.at(_EDGE - 0.08, _BELOW)
    height = (HEIGHT - 2 * _BELOW) / row.height
    row.figure.add_artist(
        Rectangle((left, low), 0.05 / WIDTH, height, facecolor=(red, green, blue), lw=0)
    )


def _verdict(row: Row, reading: Reading) -> None:
    """Digit and confidence above the scores, and what is to be said of page and reading."""
    digit = "\N{EN DASH}" if reading.digit is None else str(reading.digit)
    sure = "blank" if reading.confidence is None else format_truncated_percent(reading.confidence)
    add_text(row.figure, row.at(_SCORES[0], _NAME_AT), digit, 17, weight="bold", color=INK)
    add_text(row.figure, row.at(_SCORES[0] + 0.26, _NAME_AT), sure, 12, color=INK)
    if reading.status is not Status.OK:
        add_text(row.figure, row.at(_SCORES[0] + 1.0, _NAME_AT), _instead(reading), 10, color=GRAY)
    about = f"{reading.width:,} x {reading.height:,} pixels"
    add_text(row.figure, row.at(_PAGE[0], _ABOUT_AT), about, _TEXT, color=GRAY)
    if reading.status is not Status.OK:
        why = f"{reading.status}: {reading.detail}"
        add_text(row.figure, row.at(_PAGE[0] + 1.75, _ABOUT_AT), why, _TEXT, color=VERMILLION)


def _instead(reading: Reading) -> str:
    """What a reading in doubt might be as well."""
    if reading.no_digit is None or reading.second_confidence is None:
        return ""
    if reading.no_digit > reading.second_confidence:
        return f"no digit {format_truncated_percent(reading.no_digit)}"
    return f"or {reading.second_digit} {format_truncated_percent(reading.second_confidence)}"


def _unread(row: Row, name: str, reading: Reading) -> None:
    """A card that says why there is nothing to see, and what to try."""
    room = WIDTH - _PAGE[0] - _EDGE
    panel = row.axes(_PAGE[0], _BELOW, room, HEIGHT - 2 * _BELOW)
    panels.bare(panel)
    panel.set_facecolor(panels.PALE)
    left = _PAGE[0] + 0.25
    top = fit_to_inches(name, room - 0.5, _NAME, True)
    add_text(row.figure, row.at(left, 1.86), top, _NAME, weight="bold", color=INK)
    head = f"not read: {str(reading.reason).replace('_', ' ')}"
    add_text(row.figure, row.at(left, 1.52), head, 12, color=VERMILLION)
    advice = REASON_TEXTS[reading.reason][1] if reading.reason else ""
    lines = [
        *wrap_to_inches(reading.detail, room - 0.5, 10),
        *wrap_to_inches(advice, room - 0.5, 10),
    ]
    for place, line in enumerate(lines[:5]):
        add_text(row.figure, row.at(left, 1.22 - 0.21 * place), line, 10, color=INK)
