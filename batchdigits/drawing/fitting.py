"""Lines of text fitted into a width, whatever draws and measures them."""

from bisect import bisect_right
from collections.abc import Callable

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def cut_middle(text: str, width: float, measure: Callable[[str], float]) -> str:
    """Shorten a line with an ellipsis in its middle to at most ``width``, if it is wider.

    Names differ in their numbers and endings, so more is kept of the end than of the start.

    Args:
        text: one line.
        width: in the unit of ``measure``.
        measure: returns the width of a line; more letters must never be narrower.
    """
    if measure(text) <= width:
        return text
    fitting = bisect_right(
        range(len(text)), width, key=lambda length: measure(_keep_ends(text, length))
    )
    return _keep_ends(text, max(fitting - 1, 0))


def wrap_words(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Break text at spaces into lines of at most ``width``; a word wider than that stays whole.

    Args:
        text: any number of words.
        width: in the unit of ``measure``.
        measure: returns the width of a line.
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and measure(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _keep_ends(text: str, length: int) -> str:
    """Keep ``length`` letters of a text, two fifths of them from its start."""
    head = length * 2 // 5
    return text[:head] + ELLIPSIS + text[len(text) - (length - head) :]
