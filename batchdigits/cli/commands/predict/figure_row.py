"""One row of the picture: the page, what the model saw of it and its ten scores, or why not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batchdigits.cli.commands.predict import panels
from batchdigits.cli.commands.predict.page_preview import PagePreview
from batchdigits.drawing.chart_text import add_text, fit_to_inches, wrap_to_inches
from batchdigits.drawing.charts import GRAY, INK, VERMILLION
from batchdigits.drawing.palette import STATUS_COLOUR
from batchdigits.percentages import format_truncated_percent
from batchdigits.pipeline.result import Reading
from batchdigits.reasons import REASON_TEXTS, Reason, Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches of a row.
WIDTH, HEIGHT = 8.6, 2.42
#: Inches of the three columns from the left, and their widths.
_PAGE_COLUMN, _INPUT_COLUMN, _SCORES_COLUMN = (0.38, 3.1), (3.72, 1.6), (5.86, 1.95)
#: Inches above the row's lower edge: of the panels, of the name, of the line below it.
_PANEL_BOTTOM, _PANEL_HEIGHT = 0.16, 1.6
_NAME_Y, _DETAILS_Y = 2.08, 1.87
#: Inches free at the left and right edges.
_MARGIN = 0.25
#: Inches between an edge of the card of an unread page and its text, and between its lines.
_CARD_PADDING, _CARD_LINE_HEIGHT, _MAX_CARD_LINES = 0.25, 0.21, 5
#: Sizes of text in points, from the digit to what is least important.
_DIGIT_SIZE, _CONFIDENCE_SIZE, _NAME_SIZE, _CARD_SIZE, _TEXT_SIZE = 17.0, 12.0, 11.0, 10.0, 9.0


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A row's place on a figure.

    Attributes:
        figure: the figure.
        height: the figure's height in inches.
        top: inches from the figure's lower edge to the row's upper edge.
    """

    figure: "Figure"
    height: float
    top: float

    def to_figure_coordinates(self, x: float, y: float) -> tuple[float, float]:
        """Convert inches from the row's left and lower edges to the figure's coordinates, 0-1."""
        return x / WIDTH, (self.top - HEIGHT + y) / self.height

    def add_axes(self, x: float, y: float, width: float, height: float) -> "Axes":
        """Add axes; place and size are in inches from the row's left and lower edges."""
        return self.figure.add_axes(
            (*self.to_figure_coordinates(x, y), width / WIDTH, height / self.height)
        )

    def write(
        self, x: float, y: float, text: str, size: float, color: str, is_bold: bool = False
    ) -> None:
        """Write a line of text that begins at a place in inches; ``size`` is in points."""
        weight = "bold" if is_bold else "normal"
        place = self.to_figure_coordinates(x, y)
        add_text(self.figure, place, text, size, color=color, weight=weight)


def draw_headers(row: FigureRow) -> None:
    """Write the names of the columns above the first row."""
    row.write(_PAGE_COLUMN[0], HEIGHT + 0.14, "page", _TEXT_SIZE, GRAY)
    row.write(_INPUT_COLUMN[0], HEIGHT + 0.14, "what the model saw", _TEXT_SIZE, GRAY)
    row.write(_SCORES_COLUMN[0], HEIGHT + 0.14, "scores", _TEXT_SIZE, GRAY)


def draw_row(row: FigureRow, name: str, reading: Reading, preview: PagePreview | None) -> None:
    """Draw one page under its name.

    Args:
        row: where to draw.
        name: the page's name.
        reading: what was read; of a page that could not be read, a card says why.
        preview: the page itself; ``None`` where it could not be read, or is gone meanwhile.
    """
    _draw_status_stripe(row, reading)
    if reading.image is None:
        _draw_unread_card(row, name, reading)
        return
    name_width = _SCORES_COLUMN[0] - _PAGE_COLUMN[0] - 0.2
    shown_name = fit_to_inches(name, name_width, _NAME_SIZE, True)
    row.write(_PAGE_COLUMN[0], _NAME_Y, shown_name, _NAME_SIZE, INK, is_bold=True)
    _draw_result(row, reading)
    page_axes, input_axes, score_axes = (
        row.add_axes(left, _PANEL_BOTTOM, width, _PANEL_HEIGHT)
        for left, width in (_PAGE_COLUMN, _INPUT_COLUMN, _SCORES_COLUMN)
    )
    panels.draw_page(page_axes, preview, reading)
    panels.draw_model_input(input_axes, reading.image)
    panels.draw_scores(score_axes, reading)


def _draw_status_stripe(row: FigureRow, reading: Reading) -> None:
    """Draw a stripe beside the row in the colour of its status."""
    from matplotlib.patches import Rectangle

    blue, green, red = (level / 255 for level in STATUS_COLOUR[reading.status])
    corner = row.to_figure_coordinates(_MARGIN - 0.08, _PANEL_BOTTOM)
    height = (HEIGHT - 2 * _PANEL_BOTTOM) / row.height
    row.figure.add_artist(
        Rectangle(corner, 0.05 / WIDTH, height, facecolor=(red, green, blue), lw=0)
    )


def _draw_result(row: FigureRow, reading: Reading) -> None:
    """Write digit and confidence above the scores, and the page's size and status above it."""
    page_x, scores_x = _PAGE_COLUMN[0], _SCORES_COLUMN[0]
    digit = "\N{EN DASH}" if reading.digit is None else str(reading.digit)
    row.write(scores_x, _NAME_Y, digit, _DIGIT_SIZE, INK, is_bold=True)
    if reading.confidence is not None:
        beside = format_truncated_percent(reading.confidence)
    else:
        beside = "no digit" if reading.reason is Reason.NOT_A_DIGIT else "blank"
    row.write(scores_x + 0.26, _NAME_Y, beside, _CONFIDENCE_SIZE, INK)
    size = f"{reading.width:,} x {reading.height:,} pixels"
    row.write(page_x, _DETAILS_Y, size, _TEXT_SIZE, GRAY)
    if reading.status is not Status.OK:
        row.write(scores_x + 1.0, _NAME_Y, _format_alternative(reading), _CARD_SIZE, GRAY)
        status = f"{reading.status}: {reading.detail}"
        row.write(page_x + 1.75, _DETAILS_Y, status, _TEXT_SIZE, VERMILLION)


def _format_alternative(reading: Reading) -> str:
    """Format what a page in review may be instead; empty for a blank page."""
    if reading.no_digit is None or reading.second_confidence is None:
        return ""
    if reading.digit is not None and reading.no_digit > reading.second_confidence:
        return f"no digit {format_truncated_percent(reading.no_digit)}"
    return f"or {reading.second_digit} {format_truncated_percent(reading.second_confidence)}"


def _draw_unread_card(row: FigureRow, name: str, reading: Reading) -> None:
    """Draw a card that says why there is nothing to see, and what to try."""
    width = WIDTH - _PAGE_COLUMN[0] - _MARGIN
    card = row.add_axes(_PAGE_COLUMN[0], _PANEL_BOTTOM, width, HEIGHT - 2 * _PANEL_BOTTOM)
    panels.strip_axes(card)
    card.set_facecolor(panels.PALE_GRAY)
    left, text_width = _PAGE_COLUMN[0] + _CARD_PADDING, width - 2 * _CARD_PADDING
    shown_name = fit_to_inches(name, text_width, _NAME_SIZE, True)
    row.write(left, 1.86, shown_name, _NAME_SIZE, INK, is_bold=True)
    reason = f"not read: {str(reading.reason).replace('_', ' ')}"
    row.write(left, 1.52, reason, _CONFIDENCE_SIZE, VERMILLION)
    advice = REASON_TEXTS[reading.reason][1] if reading.reason else ""
    lines = [
        *wrap_to_inches(reading.detail, text_width, _CARD_SIZE),
        *wrap_to_inches(advice, text_width, _CARD_SIZE),
    ]
    for index, line in enumerate(lines[:_MAX_CARD_LINES]):
        row.write(left, 1.22 - _CARD_LINE_HEIGHT * index, line, _CARD_SIZE, INK)
