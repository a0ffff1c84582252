"""One row of the picture: the page, what the model saw of it, its ten scores, or why none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits
from batchdigits.errors import ImageError
from batchdigits.load import pages, read_bytes
from batchdigits.outcome import Reading, percent
from batchdigits.pictures.canvas import BLUE, GRAY, INK, VERMILLION
from batchdigits.pictures.colours import STATUS_COLOUR
from batchdigits.pictures.wording import fitting, words, wrapped
from batchdigits.records import MEANING, Box, Page, Source, Status

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
#: Pixels of a page's longer side as it is drawn: enough for its three inches.
_DRAWN_SIDE = 480
_PALE, _OTHER = "#F3F3F3", "#B9C6CF"
_NAME, _TEXT, _SMALL = 11.0, 9.0, 8.0


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
        words(row.figure, row.at(left, HEIGHT + 0.14), head, _TEXT, color=GRAY)


def draw(row: Row, source: Source, reading: Reading, limits: Limits) -> None:
    """Draw one page; the file is read once more for it."""
    _status(row, reading)
    if not reading.is_read or reading.image is None:
        _unread(row, reading)
        return
    name = f"{reading.file}, page {reading.page}" if reading.page > 1 else reading.file
    room = _SCORES[0] - _PAGE[0] - 0.2
    words(
        row.figure, row.at(_PAGE[0], _NAME_AT), fitting(name, room, _NAME, True), _NAME,
        weight="bold", color=INK,
    )  # fmt: skip
    _verdict(row, reading)
    _page(
        row.axes(_PAGE[0], _BELOW, _PAGE[1], _SIDE), _pixels(source, reading.page, limits), reading
    )
    _seen(row.axes(_SEEN[0], _BELOW, _SEEN[1], _SIDE), reading.image)
    _scores(row.axes(_SCORES[0], _BELOW, _SCORES[1], _SIDE), reading)


def _status(row: Row, reading: Reading) -> None:
    """A rule above the row, and a stripe beside it in the colour of its status."""
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
    sure = "blank" if reading.confidence is None else percent(reading.confidence)
    words(row.figure, row.at(_SCORES[0], _NAME_AT), digit, 17, weight="bold", color=INK)
    words(row.figure, row.at(_SCORES[0] + 0.26, _NAME_AT), sure, 12, color=INK)
    if reading.status is not Status.OK:
        words(row.figure, row.at(_SCORES[0] + 1.0, _NAME_AT), _instead(reading), 10, color=GRAY)
    about = f"{reading.width:,} x {reading.height:,} pixels"
    words(row.figure, row.at(_PAGE[0], _ABOUT_AT), about, _TEXT, color=GRAY)
    if reading.status is not Status.OK:
        why = f"{reading.status}: {reading.detail}"
        words(row.figure, row.at(_PAGE[0] + 1.75, _ABOUT_AT), why, _TEXT, color=VERMILLION)


def _instead(reading: Reading) -> str:
    """What a reading in doubt might be as well."""
    if reading.no_digit is None or reading.second_confidence is None:
        return ""
    if reading.no_digit > reading.second_confidence:
        return f"no digit {percent(reading.no_digit)}"
    return f"or {reading.second_digit} {percent(reading.second_confidence)}"


def _pixels(source: Source, wanted: int, limits: Limits) -> tuple[GrayImage, float] | None:
    """A page reduced to what is drawn, and how many times; ``None`` where it is gone meanwhile."""
    try:
        data, _ = read_bytes(source)
    except ImageError:
        return None
    for number, page in pages(data, source.name, limits):
        if number == wanted:
            return _reduced(page.gray) if isinstance(page, Page) else None
    return None


def _reduced(gray: GrayImage) -> tuple[GrayImage, float]:
    scale = max(max(gray.shape) / _DRAWN_SIDE, 1)
    if scale == 1:
        return gray, 1
    size = max(round(gray.shape[1] / scale), 1), max(round(gray.shape[0] / scale), 1)
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _page(axes: "Axes", pixels: tuple[GrayImage, float] | None, reading: Reading) -> None:
    _bare(axes)
    axes.set_anchor("W")
    if pixels is None:
        _note(axes, "the file is gone")
        return
    gray, scale = pixels
    sharp = max(gray.shape) < _DRAWN_SIDE / 4
    axes.imshow(gray, "gray", vmin=0, vmax=255, interpolation="nearest" if sharp else "auto")
    if reading.box:
        _frame(axes, reading.box, scale)


def _frame(axes: "Axes", box: Box, scale: float) -> None:
    """Frame the ink; the centres of pixels have whole numbers."""
    from matplotlib.patches import Rectangle

    corner = box.x / scale - 0.5, box.y / scale - 0.5
    size = box.width / scale, box.height / scale
    axes.add_patch(
        Rectangle(corner, *size, fill=False, edgecolor=VERMILLION, lw=1.6, clip_on=False)
    )


def _seen(axes: "Axes", image: GrayImage) -> None:
    _bare(axes)
    axes.set_anchor("W")
    axes.imshow(image, "gray", vmin=0, vmax=255, interpolation="nearest")


def _scores(axes: "Axes", reading: Reading) -> None:
    """Ten bars from 0 to 1, that of the digit highlighted, each with its share."""
    _bare(axes)
    axes.set_xlim(0, 1)
    axes.set_ylim(9.6, -0.6)
    if not reading.scores:
        _note(axes, "no ink, no scores")
        return
    colours = [BLUE if digit == reading.digit else _OTHER for digit in range(10)]
    axes.barh(range(10), [1] * 10, 0.74, color=_PALE)
    axes.barh(range(10), reading.scores, 0.74, color=colours)
    for digit, score in enumerate(reading.scores):
        best = digit == reading.digit
        look: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": _SMALL}
        look |= {"color": INK if best else GRAY, "weight": "bold" if best else "normal"}
        axes.text(-0.04, digit, str(digit), **look)
        axes.text(1.26, digit, percent(score), **look)


def _bare(axes: "Axes") -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_color("#D9D9D9")
    axes.spines[:].set_linewidth(0.8)


def _note(axes: "Axes", text: str) -> None:
    axes.set_facecolor(_PALE)
    axes.text(
        0.5, 0.5, text, color=GRAY, fontsize=_TEXT, ha="center", va="center",
        transform=axes.transAxes,
    )  # fmt: skip


def _unread(row: Row, reading: Reading) -> None:
    """A card that says why there is nothing to see, and what to try."""
    room = WIDTH - _PAGE[0] - _EDGE
    panel = row.axes(_PAGE[0], _BELOW, room, HEIGHT - 2 * _BELOW)
    _bare(panel)
    panel.set_facecolor(_PALE)
    name = f"{reading.file}, page {reading.page}" if reading.page > 1 else reading.file
    left = _PAGE[0] + 0.25
    top = fitting(name, room - 0.5, _NAME, True)
    words(row.figure, row.at(left, 1.86), top, _NAME, weight="bold", color=INK)
    head = f"not read: {str(reading.reason).replace('_', ' ')}"
    words(row.figure, row.at(left, 1.52), head, 12, color=VERMILLION)
    advice = MEANING[reading.reason][1] if reading.reason else ""
    lines = [*wrapped(reading.detail, room - 0.5, 10), *wrapped(advice, room - 0.5, 10)]
    for place, line in enumerate(lines[:5]):
        words(row.figure, row.at(left, 1.22 - 0.21 * place), line, 10, color=INK)
