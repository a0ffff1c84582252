"""Words on matplotlib's figures: names of files as they are, but drawable and never too long."""

from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING

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
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
#: Stands for a letter that no typeface at hand has.
_PLACEHOLDER = "\N{WHITE SQUARE}"
_POINTS_PER_INCH = 72
#: Points in which letters are measured.
_MEASURING_SIZE = 100


def add_text(
    figure: "Figure", position: tuple[float, float], text: str, size: float, **style: str
) -> None:
    """Write one line at a place of the figure, in shares of it; a ``$`` is a ``$``."""
    figure.text(
        *position,
        text,
        fontsize=size,
        fontfamily=list(_list_typefaces()),
        parse_math=False,
        **style,  # type: ignore[arg-type]
    )


def fit_to_inches(text: str, inches: float, size: float, bold: bool = False) -> str:
    """A name made drawable, and cut in its middle where it is wider; its end says more."""
    text = "".join(each if _is_drawable(each) else _PLACEHOLDER for each in text)
    if _measure_width(text, size, bold) <= inches:
        return text
    kept = bisect_right(
        range(len(text)), inches, key=lambda n: _measure_width(_shorten(text, n), size, bold)
    )
    return _shorten(text, max(kept - 1, 0))


def wrap_to_inches(text: str, inches: float, size: float) -> list[str]:
    """A sentence in lines of no more than a width."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _measure_width(longer, size, False) > inches:
            lines.append(fit_to_inches(word, inches, size))
        else:
            lines[-1] = longer
    return lines


def _shorten(text: str, length: int) -> str:
    head = length * 2 // 5
    return text[:head] + _ELLIPSIS + text[len(text) - (length - head) :]


@cache
def _list_typefaces() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    there = set(fontManager.get_font_names())
    return tuple(name for name in _TYPEFACES if name in there)


@cache
def _is_drawable(letter: str) -> bool:
    return any(font.get_char_index(ord(letter)) for font in _load_fonts(False))


@cache
def _load_fonts(bold: bool) -> "tuple[FT2Font, ...]":
    from matplotlib.font_manager import FontProperties, findfont, get_font

    weight = "bold" if bold else "normal"
    names = [FontProperties(family=each, weight=weight) for each in _list_typefaces()]
    return tuple(get_font(findfont(each)) for each in names)


def _measure_width(text: str, size: float, bold: bool) -> float:
    """In inches: the sum of what each letter takes, which kerning only makes less."""
    return sum(_measure_advance(each, bold) for each in text) * size / _POINTS_PER_INCH


@cache
def _measure_advance(letter: str, bold: bool) -> float:
    """Width of a letter, as a share of the font's size."""
    fonts = _load_fonts(bold)
    font = next((each for each in fonts if each.get_char_index(ord(letter))), fonts[0])
    font.set_size(_MEASURING_SIZE, _POINTS_PER_INCH)
    return float(font.load_char(ord(letter)).linearHoriAdvance) / 65536 / _MEASURING_SIZE
