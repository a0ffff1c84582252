"""One row of the picture: the page, what the model saw of it, its ten scores, or why none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchdigits.cli.commands.predict import panels
from batchdigits.cli.commands.predict.page_preview import PagePreview
from batchdigits.drawing.chart_text import add_text, fit_to_inches, wrap_to_inches
from batchdigits.drawing.charts import GRAY, INK, VERMILLION
from batchdigits.drawing.palette import STATUS_COLOUR
from batchdigits.percentages import format_truncated_percent
from batchdigits.pipeline.result import Reading
from batchdigits.reasons import REASON_TEXTS, Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches of a row.
WIDTH, HEIGHT = 8.6, 2.42
#: Inches from the left and widths of its three columns, and the place of its pictures in it.
_PAGE_COLUMN, _INPUT_COLUMN, _SCORES_COLUMN = (0.38, 3.1), (3.72, 1.6), (5.86, 1.95)
_PANEL_BOTTOM, _PANEL_HEIGHT = 0.16, 1.6
_NAME_Y, _DETAILS_Y = 2.08, 1.87
_MARGIN = 0.25
#: Sizes of text in points.
_NAME_SIZE, _TEXT_SIZE = 11.0, 9.0


@dataclass(frozen=True, slots=True)
class FigureRow:
    """Where on a figure of ``height`` inches a row begins: ``top`` inches above its lower edge."""

    figure: "Figure"
    height: float
    top: float

    def to_figure_shares(self, x: float, y: float) -> tuple[float, float]:
        """Inches from the left, and above the row's lower edge, in shares of the figure."""
        return x / WIDTH, (self.top - HEIGHT + y) / self.height

    def add_axes(self, x: float, y: float, width: float, height: float) -> "Axes":
        """Axes of that place and size in inches."""
        return self.figure.add_axes(
            (*self.to_figure_shares(x, y), width / WIDTH, height / self.height)
        )


def draw_headers(row: FigureRow) -> None:
    """Name the columns above the first row."""
    for (left, _), head in zip(
        (_PAGE_COLUMN, _INPUT_COLUMN, _SCORES_COLUMN),
        ("page", "what the model saw", "scores"),
        strict=True,
    ):
        add_text(
            row.figure, row.to_figure_shares(left, HEIGHT + 0.14), head, _TEXT_SIZE, color=GRAY
        )


def draw_row(row: FigureRow, name: str, reading: Reading, preview: PagePreview | None) -> None:
    """Draw one page under its name; ``page`` is not needed where it could not be read."""
    _draw_status_stripe(row, reading)
    if reading.image is None:
        _draw_unread_card(row, name, reading)
        return
    room = _SCORES_COLUMN[0] - _PAGE_COLUMN[0] - 0.2
    add_text(
        row.figure, row.to_figure_shares(_PAGE_COLUMN[0], _NAME_Y),
        fit_to_inches(name, room, _NAME_SIZE, True), _NAME_SIZE,
        weight="bold", color=INK,
    )  # fmt: skip
    _draw_result(row, reading)
    columns = (
        row.add_axes(left, _PANEL_BOTTOM, width, _PANEL_HEIGHT)
        for left, width in (_PAGE_COLUMN, _INPUT_COLUMN, _SCORES_COLUMN)
    )
    panels.draw_page(next(columns), preview, reading)
    panels.draw_model_input(next(columns), reading.image)
    panels.draw_scores(next(columns), reading)


def _draw_status_stripe(row: FigureRow, reading: Reading) -> None:
    """A stripe beside the row in the colour of its status."""
    from matplotlib.patches import Rectangle

    blue, green, red = (level / 255 for level in STATUS_COLOUR[reading.status])
    left, low = row.to_figure_shares(_MARGIN - 0.08, _PANEL_BOTTOM)
    height = (HEIGHT - 2 * _PANEL_BOTTOM) / row.height
    row.figure.add_artist(
        Rectangle((left, low), 0.05 / WIDTH, height, facecolor=(red, green, blue), lw=0)
    )


def _draw_result(row: FigureRow, reading: Reading) -> None:
    """Digit and confidence above the scores, and what is to be said of page and reading."""
    digit = "\N{EN DASH}" if reading.digit is None else str(reading.digit)
    sure = "blank" if reading.confidence is None else format_truncated_percent(reading.confidence)
    add_text(
        row.figure,
        row.to_figure_shares(_SCORES_COLUMN[0], _NAME_Y),
        digit,
        17,
        weight="bold",
        color=INK,
    )
    add_text(
        row.figure, row.to_figure_shares(_SCORES_COLUMN[0] + 0.26, _NAME_Y), sure, 12, color=INK
    )
    if reading.status is not Status.OK:
        add_text(
            row.figure,
            row.to_figure_shares(_SCORES_COLUMN[0] + 1.0, _NAME_Y),
            _format_alternative(reading),
            10,
            color=GRAY,
        )
    about = f"{reading.width:,} x {reading.height:,} pixels"
    add_text(
        row.figure, row.to_figure_shares(_PAGE_COLUMN[0], _DETAILS_Y), about, _TEXT_SIZE, color=GRAY
    )
    if reading.status is not Status.OK:
        why = f"{reading.status}: {reading.detail}"
        add_text(
            row.figure,
            row.to_figure_shares(_PAGE_COLUMN[0] + 1.75, _DETAILS_Y),
            why,
            _TEXT_SIZE,
            color=VERMILLION,
        )


def _format_alternative(reading: Reading) -> str:
    """What a reading in doubt might be as well."""
    if reading.no_digit is None or reading.second_confidence is None:
        return ""
    if reading.no_digit > reading.second_confidence:
        return f"no digit {format_truncated_percent(reading.no_digit)}"
    return f"or {reading.second_digit} {format_truncated_percent(reading.second_confidence)}"


def _draw_unread_card(row: FigureRow, name: str, reading: Reading) -> None:
    """A card that says why there is nothing to see, and what to try."""
    room = WIDTH - _PAGE_COLUMN[0] - _MARGIN
    panel = row.add_axes(_PAGE_COLUMN[0], _PANEL_BOTTOM, room, HEIGHT - 2 * _PANEL_BOTTOM)
    panels.strip_axes(panel)
    panel.set_facecolor(panels.PALE_GRAY)
    left = _PAGE_COLUMN[0] + 0.25
    top = fit_to_inches(name, room - 0.5, _NAME_SIZE, True)
    add_text(
        row.figure, row.to_figure_shares(left, 1.86), top, _NAME_SIZE, weight="bold", color=INK
    )
    head = f"not read: {str(reading.reason).replace('_', ' ')}"
    add_text(row.figure, row.to_figure_shares(left, 1.52), head, 12, color=VERMILLION)
    advice = REASON_TEXTS[reading.reason][1] if reading.reason else ""
    lines = [
        *wrap_to_inches(reading.detail, room - 0.5, 10),
        *wrap_to_inches(advice, room - 0.5, 10),
    ]
    for place, line in enumerate(lines[:5]):
        add_text(row.figure, row.to_figure_shares(left, 1.22 - 0.21 * place), line, 10, color=INK)
