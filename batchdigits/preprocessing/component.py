"""One connected piece of ink: where it lies, what it weighs, whether it belongs to an edge."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap
from batchdigits.records import Box

#: Lines within this share of an edge may be what cropping a form left over, if they are at most so
#: thick, as a share of the page, and this many times as long.
EDGE_SHARE, EDGE_LINE_THICKNESS, MIN_EDGE_LINE_RATIO = 0.03, 0.06, 4
#: What is left out of a digit and begins so near to an edge, as a share of the page's shorter side,
#: is worth a closer look where it is this share of that side long.
LEFT_OUT_DEPTH_SHARE, LEFT_OUT_LENGTH_SHARE = 0.1, 0.2
#: Components fainter than this share of the darkest one were not made by the same pen.
WEAK_INK_SHARE = 0.65
#: What keeps within this share of the page's side from an edge may be a neighbour's.
NEIGHBOUR_DEPTH_SHARE = 0.25
#: What lies in a ring or above a line is a digit from this height on, as a share of the ring's or
#: line's width; and a line is so many times as wide as high.
MIN_MARKED_SHARE, MIN_LINE_ASPECT = 0.25, 2.5


class Component(NamedTuple):
    """One connected piece of ink: its box in pixels of the page, and how many of them hold ink."""

    left: int
    top: int
    width: int
    height: int
    area: int


def get_edges(component: Component) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom."""
    return (
        component.left,
        component.top,
        component.left + component.width,
        component.top + component.height,
    )


def compute_weight(component: Component) -> int:
    """Weigh length as well as area: the thin bar of a 5 is no speck, a round dot is."""
    return max(component.area, max(component.width, component.height) ** 2 // 4)


def is_edge_line(component: Component, page_shape: tuple[int, ...]) -> bool:
    """Return whether a component is a thin line along an edge of the page."""
    rows, columns = page_shape
    beside, above = columns * EDGE_SHARE, rows * EDGE_SHARE
    left, top, right, bottom = get_edges(component)
    width, height = component.width, component.height
    if width <= columns * EDGE_LINE_THICKNESS and height > MIN_EDGE_LINE_RATIO * width:
        return left <= beside or right >= columns - beside
    if height <= rows * EDGE_LINE_THICKNESS and width > MIN_EDGE_LINE_RATIO * height:
        return top <= above or bottom >= rows - above
    return False


def holds_line_at_edge(stats: NDArray[np.int32], bounds: Box, page_shape: tuple[int, ...]) -> bool:
    """Return whether any of several components is longer than specks and near an edge of the page.

    Args:
        stats: OpenCV's statistics of each: left, top, width, height, area.
        bounds: where on the page they were cut out.
        page_shape: height and width of the page.
    """
    shorter = min(page_shape)
    for left, top, width, height in stats[:, :4][
        stats[:, 2:4].max(axis=1) >= LEFT_OUT_LENGTH_SHARE * shorter
    ].tolist():
        x, y = left + bounds.x, top + bounds.y
        margin = min(x, y, page_shape[1] - x - width, page_shape[0] - y - height)
        if margin < LEFT_OUT_DEPTH_SHARE * shorter:
            return True
    return False


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


def is_ring_or_line(part: Component, others: list[Component]) -> bool:
    """Return whether ink may be a ring round a digit, or a line below it, drawn by another pen."""
    left, top, right, bottom = get_edges(part)
    edges = [get_edges(other) for other in others if other.height >= MIN_MARKED_SHARE * part.width]
    is_ring = any(
        left < other[0] and top < other[1] and other[2] < right and other[3] < bottom
        for other in edges
    )
    is_line = part.width >= MIN_LINE_ASPECT * part.height
    return is_ring or (is_line and any(other[3] <= bottom for other in edges))
