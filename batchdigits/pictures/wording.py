"""Words on matplotlib's figures: names of files as they are, but drawable and never too long."""

from functools import cache
from typing import TYPE_CHECKING

from batchdigits.names import for_terminal

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

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
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
#: Stands for a letter that no typeface at hand has.
_UNKNOWN = "\N{WHITE SQUARE}"
_POINTS_PER_INCH = 72


def words(figure: "Figure", at: tuple[float, float], text: str, size: float, **style: str) -> None:
    """Write one line at a place of the figure, in shares of it; a ``$`` is a ``$``."""
    figure.text(*at, text, fontsize=size, fontfamily=list(_installed()), parse_math=False, **style)  # type: ignore[arg-type]


def fitting(text: str, inches: float, size: float, bold: bool = False) -> str:
    """A name made drawable, and cut in its middle where it is wider; its end says more."""
    text = "".join(each if _is_known(each) else _UNKNOWN for each in for_terminal(text))
    font = _font(size, bold)
    if _width(text, font) <= inches:
        return text
    kept = len(text)
    while kept > 1:
        kept -= 1
        shorter = text[: kept * 2 // 5] + _ELLIPSIS + text[len(text) - (kept - kept * 2 // 5) :]
        if _width(shorter, font) <= inches:
            return shorter
    return _ELLIPSIS


def wrapped(text: str, inches: float, size: float) -> list[str]:
    """A sentence in lines of no more than a width."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer, _font(size, False)) > inches:
            lines.append(fitting(word, inches, size))
        else:
            lines[-1] = longer
    return lines


@cache
def _installed() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    there = set(fontManager.get_font_names())
    return tuple(name for name in _TYPEFACES if name in there)


@cache
def _is_known(letter: str) -> bool:
    from matplotlib.font_manager import findfont, get_font

    return any(get_font(findfont(each)).get_char_index(ord(letter)) for each in _installed())


@cache
def _font(size: float, bold: bool) -> "FontProperties":
    from matplotlib.font_manager import FontProperties

    return FontProperties(list(_installed()), size=size, weight="bold" if bold else "normal")


def _width(text: str, font: "FontProperties") -> float:
    """In inches."""
    from matplotlib.textpath import TextPath

    if not text:
        return 0.0
    return float(TextPath((0, 0), text, prop=font, usetex=False).get_extents().x1) / 72
