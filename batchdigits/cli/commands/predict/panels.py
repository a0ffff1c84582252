"""The three panels of a row: the page with its ink framed, what the model saw, its ten scores."""

from typing import TYPE_CHECKING, Any

from batchdigits.arrays import GrayImage
from batchdigits.cli.commands.predict.page_preview import PREVIEW_SIDE, PagePreview
from batchdigits.drawing.charts import BLUE, GRAY, INK, VERMILLION
from batchdigits.percentages import format_truncated_percent
from batchdigits.pipeline.result import Reading
from batchdigits.records import Box

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The background of bars and notes.
PALE_GRAY = "#F3F3F3"
#: Bars of digits that were not chosen, and edges of panels.
_OTHER_BAR_COLOUR, _EDGE_COLOUR = "#B9C6CF", "#D9D9D9"
_TEXT_SIZE, _SMALL_TEXT_SIZE = 9.0, 8.0


def draw_page(axes: "Axes", preview: PagePreview | None, reading: Reading) -> None:
    """Draw the page, upright, with its ink framed; enlarged pixels stay squares."""
    strip_axes(axes)
    axes.set_anchor("W")
    if preview is None:
        _write_note(axes, "it cannot be shown")
        return
    gray, scale = preview
    is_small = max(gray.shape) < PREVIEW_SIDE / 4
    axes.imshow(gray, "gray", vmin=0, vmax=255, interpolation="nearest" if is_small else "auto")
    if reading.box:
        _draw_ink_box(axes, reading.box, scale)


def _draw_ink_box(axes: "Axes", box: Box, scale: float) -> None:
    """Frame the ink; in Matplotlib's coordinates, whole numbers are the centres of pixels."""
    from matplotlib.patches import Rectangle

    corner = box.x / scale - 0.5, box.y / scale - 0.5
    size = box.width / scale, box.height / scale
    axes.add_patch(
        Rectangle(corner, *size, fill=False, edgecolor=VERMILLION, lw=1.6, clip_on=False)
    )


def draw_model_input(axes: "Axes", image: GrayImage) -> None:
    """Draw the model's 28 x 28 pixels, each of them a square."""
    strip_axes(axes)
    axes.set_anchor("W")
    axes.imshow(image, "gray", vmin=0, vmax=255, interpolation="nearest")


def draw_scores(axes: "Axes", reading: Reading) -> None:
    """Draw a bar from 0 to 1 for each digit, with its score; that of the chosen one stands out."""
    strip_axes(axes)
    axes.set_xlim(0, 1)
    axes.set_ylim(9.6, -0.6)
    if not reading.scores:
        _write_note(axes, "no ink, no scores")
        return
    colours = [BLUE if digit == reading.digit else _OTHER_BAR_COLOUR for digit in range(10)]
    axes.barh(range(10), [1] * 10, 0.74, color=PALE_GRAY)
    axes.barh(range(10), reading.scores, 0.74, color=colours)
    for digit, score in enumerate(reading.scores):
        is_chosen = digit == reading.digit
        style: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": _SMALL_TEXT_SIZE}
        style |= {"color": INK if is_chosen else GRAY, "weight": "bold" if is_chosen else "normal"}
        axes.text(-0.04, digit, str(digit), **style)
        axes.text(1.26, digit, format_truncated_percent(score), **style)


def strip_axes(axes: "Axes") -> None:
    """Remove everything from axes but a thin edge."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color(_EDGE_COLOUR)
    axes.spines[:].set_linewidth(0.8)


def _write_note(axes: "Axes", text: str) -> None:
    axes.set_facecolor(PALE_GRAY)
    axes.text(
        0.5, 0.5, text, color=GRAY, fontsize=_TEXT_SIZE, ha="center", va="center",
        transform=axes.transAxes,
    )  # fmt: skip
