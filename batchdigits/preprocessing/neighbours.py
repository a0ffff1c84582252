"""Ink of neighbours along the edges of a page, as where digits were cut apart."""

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap
from batchdigits.preprocessing.component import Component, get_edges

#: Components fainter than this share of the darkest one were not made by the same pen.
WEAK_INK_SHARE = 0.65
#: What keeps within this share of the page's side from an edge may be a neighbour's.
NEIGHBOUR_DEPTH_SHARE = 0.25


def drop_neighbours(
    ink: InkMap,
    labels: NDArray[np.uint16],
    selected: list[int],
    components: list[Component],
    page_shape: tuple[int, ...],
) -> list[int]:
    """Drop what is much fainter than the heaviest component and lies along an edge of the page.

    Digits that were cut apart have the blurred rims of their neighbours there.
    """
    at_edge = [x for x in selected[1:] if _lies_along_edge(components[x], page_shape)]
    if not at_edge:
        return selected
    least = WEAK_INK_SHARE * float(ink[labels == selected[0]].mean())
    faint = {label for label in at_edge if float(ink[labels == label].mean()) < least}
    return [label for label in selected if label not in faint]


def _lies_along_edge(component: Component, page_shape: tuple[int, ...]) -> bool:
    """Return whether a component touches an edge of the page and stays near it."""
    rows, columns = page_shape
    left, top, right, bottom = get_edges(component)
    width, height = NEIGHBOUR_DEPTH_SHARE * columns, NEIGHBOUR_DEPTH_SHARE * rows
    return (
        (left == 0 and right <= width)
        or (right == columns and left >= columns - width)
        or (top == 0 and bottom <= height)
        or (bottom == rows and top >= rows - height)
    )
