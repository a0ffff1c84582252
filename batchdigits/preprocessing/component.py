"""One connected piece of ink: where it lies, what it weighs, whether it is a line along an edge."""

from typing import NamedTuple

#: Lines within this share of an edge may be what cropping a form left over, if they are at most so
#: thick, as a share of the page, and this many times as long.
EDGE_SHARE, EDGE_LINE_THICKNESS, MIN_EDGE_LINE_RATIO = 0.03, 0.06, 4


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
