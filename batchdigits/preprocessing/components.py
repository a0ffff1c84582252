"""The marks on a map of ink, and which of them make up the digit."""

from itertools import takewhile
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap
from batchdigits.preprocessing.form_lines import may_have_lines, remove_lines
from batchdigits.preprocessing.ink import MIN_FLATTENED_SIDE
from batchdigits.records import Box

#: Ink counts from this share of the darkest ink on: nearly all of it in small drawings, which
#: are spotless, and less in scans, whose paper has smudges.
DRAWN_INK_SHARE, SCANNED_INK_SHARE = 0.02, 0.10
#: Ink weaker than this (of 255 gray levels) against its paper is paper; less will do in
#: small drawings, whose paper shows no grain at all.
MIN_INK_LEVEL, MIN_DRAWN_INK_LEVEL = 12, 5
#: Paper of less noise than this is bare where nothing stands three times above its noise; a
#: higher level means that ink touches the border, and says nothing about the paper.
MAX_PAPER_NOISE, MIN_SIGNAL_TO_NOISE = 20, 3
#: Marks below this share of the largest mark's area are specks, unless they lie inside its box.
SPECK_SHARE = 0.04
#: Lines within this share of an edge may be what cropping a form left over.
EDGE_SHARE = 0.03
#: Marks below this share of the largest are stray where they lie further from it than this share
#: of its side: a pointer, a blot; pieces of a broken stroke lie near.
STRAY_SHARE, NEAR_SHARE = 0.2, 0.12
#: Marks weaker than this share of the darkest were not made by the same pen.
WEAK_INK_SHARE = 0.65
#: What is so many times as wide as high is no digit.
MAX_ASPECT_RATIO = 4
#: Where such lie about, ink counts above what they reach, within these shares of the darkest.
PEN_LEVEL_SHARES = 0.3, 0.45
#: Of so many marks at most, the heaviest, it is looked how dark they are.
_MAX_MEASURED_COMPONENTS = 12
#: A mark at least this high (of the highest) and apart from the others counts as another digit.
MIN_RIVAL_HEIGHT_SHARE = 0.5


class Component(NamedTuple):
    """One connected piece of ink in pixels of its map; ``area`` counts those that hold ink."""

    left: int
    top: int
    width: int
    height: int
    area: int


class Components(NamedTuple):
    """The digit on a map of ink.

    ``ink`` is the map cut to ``box``, 0 wherever no mark of the digit lies; ``contrast`` (0-1)
    and ``marks`` are those of :class:`~batchdigits.records.NormalisedDigit`.
    """

    ink: InkMap
    box: Box
    contrast: float
    component_count: int


def find_digit(ink: InkMap, noise: int) -> Components | None:
    """The digit among everything that looks like ink, or ``None`` for a blank.

    Args:
        ink: ``(height, width) uint8``, larger more ink; at most 65,535 marks.
        noise: the level up to which bare paper reaches by itself.
    """
    peak = cv2.minMaxLoc(ink)[1]
    is_drawn = noise == 0 and min(ink.shape) < MIN_FLATTENED_SIDE
    if peak < (MIN_DRAWN_INK_LEVEL if is_drawn else MIN_INK_LEVEL):
        return None
    if noise < MAX_PAPER_NOISE and peak < MIN_SIGNAL_TO_NOISE * noise:
        return None
    level = _choose_threshold(ink, peak, noise)
    found, pen = _find_digit_above(ink, level)
    if found and pen and not is_drawn:
        # What is much weaker than the pen shows through from the other side, or was printed.
        strong, _ = _find_digit_above(ink, max(pen, level))
        # A line darker than the pen must not be all that is left.
        if strong and strong.box.width < MAX_ASPECT_RATIO * strong.box.height:
            return strong
    return found


def _find_digit_above(ink: InkMap, level: float) -> tuple[Components | None, float]:
    """The digit in what is above ``level``; and where the pen begins if weaker marks lie about."""
    mask = np.asarray(cv2.threshold(ink, level, 255, cv2.THRESH_BINARY)[1], np.uint8)
    # Most pages hold one digit, and the bare paper round it need not be searched for marks.
    box = Box(*cv2.boundingRect(mask))
    if may_have_lines(crop(mask, box), box, ink.shape):
        mask = remove_lines(mask, ink)
        box = Box(*cv2.boundingRect(mask))
    if box.width == 0:
        return None, 0.0
    return _extract_digit(crop(ink, box), crop(mask, box), box, ink.shape)


def crop(image: InkMap, box: Box) -> InkMap:
    """The part of an image that lies in a box."""
    return image[box.y : box.y + box.height, box.x : box.x + box.width]


def _extract_digit(
    ink: InkMap, mask: InkMap, bounds: Box, page_shape: tuple[int, ...]
) -> tuple[Components | None, float]:
    """The digit among the marks of ink that was cut out at ``corner`` of its page."""
    # Labels of 16 bits take a third of the time of 32.
    count, labels, found, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, 8, cv2.CV_16U, cv2.CCL_DEFAULT
    )
    if count == 2:
        whole = np.asarray(cv2.bitwise_and(ink, mask), np.uint8)
        return Components(whole, bounds, cv2.minMaxLoc(whole)[1] / 255, 1), 0.0
    marks = [
        Component(left + bounds.x, top + bounds.y, *rest) for left, top, *rest in found.tolist()
    ]
    kept = _select_components(marks, page_shape)
    box = _compute_bounding_box([marks[label] for label in kept])
    inner = Box(box.x - bounds.x, box.y - bounds.y, box.width, box.height)
    chosen = np.zeros(count, np.uint8)
    chosen[kept] = 255
    own = np.asarray(labels, np.uint16)[inner.y :, inner.x :][: inner.height, : inner.width]
    digit = np.asarray(cv2.bitwise_and(crop(ink, inner), chosen.take(own)), np.uint8)
    contrast = cv2.minMaxLoc(digit)[1] / 255
    pen = _find_pen_level(digit, own, kept, marks) if len(kept) > 1 else 0.0
    return Components(
        digit, box, contrast, _count_digit_sized([marks[label] for label in kept])
    ), pen


def _find_pen_level(
    digit_ink: InkMap, labels: NDArray[np.uint16], selected: list[int], components: list[Component]
) -> float:
    """The level that marks much weaker than the darkest do not reach; 0 where there are none."""
    least = STRAY_SHARE * _compute_weight(components[selected[0]])
    inks = {label: digit_ink[labels == label] for label in selected[:_MAX_MEASURED_COMPONENTS]}
    # Peaks would be those of noise and specks.
    levels = {label: float(ink.mean()) for label, ink in inks.items()}
    matter = (label for label in levels if _compute_weight(components[label]) >= least)
    darkest = max(matter, key=levels.__getitem__)
    weak = [inks[label] for label in levels if levels[label] < WEAK_INK_SHARE * levels[darkest]]
    if not weak:
        return 0.0
    pen = float(inks[darkest].max())
    reached = max(float(np.percentile(ink, 95)) for ink in weak)
    return min(max(reached, PEN_LEVEL_SHARES[0] * pen), PEN_LEVEL_SHARES[1] * pen)


def _choose_threshold(ink: InkMap, peak: float, noise: int) -> float:
    """The level above which ink counts: well over the paper's noise, and at most half of Otsu's.

    Otsu's level (IEEE Trans. SMC 9(1), 1979) halves strokes at their rims; anti-aliased rims
    belong to the stroke, so on clean paper nearly everything that is not paper counts.
    """
    least = peak * (DRAWN_INK_SHARE if min(ink.shape) < MIN_FLATTENED_SIDE else SCANNED_INK_SHARE)
    if 3 * noise <= least:
        return least
    otsu, _ = cv2.threshold(ink, 0, 255, cv2.THRESH_OTSU)
    return min(3 * noise, max(otsu * 0.5, least))


def _select_components(components: list[Component], page_shape: tuple[int, ...]) -> list[int]:
    """Places of the marks that make up the digit: no specks, no lines along an edge.

    The first of ``marks`` is the paper.
    """
    weights = [_compute_weight(mark) for mark in components]
    heavy = sorted(range(1, len(components)), key=weights.__getitem__, reverse=True)
    inner = (place for place in heavy if not _is_edge_line(components[place], page_shape))
    first = next(inner, 0)
    if not first:  # nothing but lines along edges
        inner = (place for place in heavy)
        first = next(inner)
    least = SPECK_SHARE * weights[first]
    kept = [first]
    left, top, right, bottom = _get_edges(components[first])
    for place in takewhile(lambda place: weights[place] >= least, inner):
        each = _get_edges(components[place])
        gap = max(left - each[2], each[0] - right, top - each[3], each[1] - bottom)
        reach = NEAR_SHARE * max(right - left, bottom - top)
        if weights[place] < STRAY_SHARE * weights[first] and gap > reach:
            continue
        kept.append(place)
        left, top = min(left, each[0]), min(top, each[1])
        right, bottom = max(right, each[2]), max(bottom, each[3])
    return kept


def _get_edges(component: Component) -> tuple[int, int, int, int]:
    return (
        component.left,
        component.top,
        component.left + component.width,
        component.top + component.height,
    )


def _compute_weight(component: Component) -> int:
    """Length counts as well as area: the thin bar of a 5 is no speck, a round dot is."""
    return max(component.area, max(component.width, component.height) ** 2 // 4)


def _is_edge_line(component: Component, page_shape: tuple[int, ...]) -> bool:
    rows, columns = page_shape
    beside, above = columns * EDGE_SHARE, rows * EDGE_SHARE
    if component.width <= columns * 0.06 and component.height > 4 * component.width:
        return component.left <= beside or component.left + component.width >= columns - beside
    if component.height <= rows * 0.06 and component.width > 4 * component.height:
        return component.top <= above or component.top + component.height >= rows - above
    return False


def _compute_bounding_box(components: list[Component]) -> Box:
    left, top = min(mark.left for mark in components), min(mark.top for mark in components)
    right = max(mark.left + mark.width for mark in components)
    bottom = max(mark.top + mark.height for mark in components)
    return Box(left, top, right - left, bottom - top)


def _count_digit_sized(components: list[Component]) -> int:
    """How many digit-sized marks stand side by side or apart from each other."""
    least = MIN_RIVAL_HEIGHT_SHARE * max(mark.height for mark in components)
    count = right = 0
    for mark in sorted(mark for mark in components if mark.height >= least):
        # Parts of one digit overlap sideways (the bar and the body of a 5); two digits do not.
        count += mark.left >= right
        right = max(right, mark.left + mark.width)
    return count
