"""Text on matplotlib's figures: names of files as they are, but drawable and never too long."""

from functools import cache
from typing import TYPE_CHECKING

from batchdigits.drawing.charts import load_matplotlib
from batchdigits.drawing.fitting import cut_middle, wrap_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.ft2font import FT2Font

#: Typefaces tried one after the other for each letter; the first comes with matplotlib.
_TYPEFACES = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Source Han Sans",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "Noto Sans",
    "Unifont",
)
#: Stands for a letter that no typeface at hand has.
_PLACEHOLDER = "\N{WHITE SQUARE}"
_POINTS_PER_INCH = 72
#: Points in which letters are measured.
_MEASURING_SIZE = 100


def add_text(
    figure: "Figure", position: tuple[float, float], text: str, size: float, **style: str
) -> None:
    """Write one line on a figure; a ``$`` stays a ``$``.

    Args:
        figure: what to write on.
        position: x and y as shares of the figure, from its lower left corner.
        text: the line.
        size: font size in points.
        style: further properties of :class:`matplotlib.text.Text`.
    """
    figure.text(
        *position,
        text,
        fontsize=size,
        fontfamily=list(_list_typefaces()),
        parse_math=False,
        **style,  # type: ignore[arg-type]
    )


def fit_to_inches(text: str, inches: float, size: float, bold: bool = False) -> str:
    """Make a name drawable, and cut it in its middle where it is wider than ``inches``.

    ``size`` is the font size in points.
    """
    drawable = "".join(char if _is_drawable(char) else _PLACEHOLDER for char in text)
    return cut_middle(drawable, inches, lambda line: _measure_width(line, size, bold))


def wrap_to_inches(text: str, inches: float, size: float) -> list[str]:
    """Break a sentence into lines no wider than ``inches``; ``size`` is in points."""
    lines = wrap_words(text, inches, lambda line: _measure_width(line, size, False))
    return [fit_to_inches(line, inches, size) for line in lines] or [""]


@cache
def _list_typefaces() -> tuple[str, ...]:
    load_matplotlib()
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return tuple(name for name in _TYPEFACES if name in installed)


@cache
def _is_drawable(char: str) -> bool:
    return any(font.get_char_index(ord(char)) for font in _load_fonts(False))


@cache
def _load_fonts(bold: bool) -> "tuple[FT2Font, ...]":
    load_matplotlib()
    from matplotlib.font_manager import FontProperties, findfont, get_font

    weight = "bold" if bold else "normal"
    return tuple(
        get_font(findfont(FontProperties(family=name, weight=weight))) for name in _list_typefaces()
    )


def _measure_width(text: str, size: float, bold: bool) -> float:
    """Sum up in inches what each letter takes, which kerning only makes less."""
    return sum(_measure_advance(char, bold) for char in text) * size / _POINTS_PER_INCH


@cache
def _measure_advance(char: str, bold: bool) -> float:
    """Measure the width of a letter, as a share of the font's size."""
    fonts = _load_fonts(bold)
    font = next((font for font in fonts if font.get_char_index(ord(char))), fonts[0])
    font.set_size(_MEASURING_SIZE, _POINTS_PER_INCH)
    return float(font.load_char(ord(char)).linearHoriAdvance) / 65536 / _MEASURING_SIZE
