"""Connected pieces of ink on a page, and which of them make up the digit."""

from itertools import takewhile
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap
from batchdigits.preprocessing.broken_strokes import (
    MAX_DIGIT_SKIP,
    MAX_SKIP_SHARE,
    find_stroke_pieces,
)
from batchdigits.preprocessing.component import (
    WEAK_INK_SHARE,
    Component,
    compute_weight,
    drop_neighbours,
    get_edges,
    holds_line_at_edge,
    is_edge_line,
    is_ring_or_line,
)
from batchdigits.preprocessing.form_lines import may_have_lines, remove_lines
from batchdigits.preprocessing.ink import MIN_FLATTENED_SIDE
from batchdigits.records import Box, Mark

#: Ink counts from this share of the darkest ink on: nearly all of it in small drawings, which
#: are spotless, and less in scans, whose paper has smudges.
DRAWN_INK_SHARE, SCANNED_INK_SHARE = 0.02, 0.10
#: Ink weaker than this (of 255 gray levels) against its paper is paper; less will do in
#: small drawings, whose paper shows no grain at all.
MIN_INK_LEVEL, MIN_DRAWN_INK_LEVEL = 12, 5
#: Paper of less noise than this is bare where nothing stands three times above its noise; a
#: higher level means that ink touches the border, and says nothing about the paper.
MAX_PAPER_NOISE, MIN_SIGNAL_TO_NOISE = 20, 3
#: Components below this share of the largest one's weight are specks.
SPECK_SHARE = 0.04
#: Components below this share of the largest one's weight are stray where they lie further from it
#: than this share of its side: a pointer, a blot; pieces of a broken stroke lie near.
STRAY_SHARE, NEAR_SHARE = 0.2, 0.12
#: Where there are such faint ones, ink counts above the level that they reach, but within these
#: shares of the pen's own.
PEN_LEVEL_SHARES = 0.3, 0.45
#: How dark they are is measured of so many components at most, the heaviest.
_MAX_MEASURED_COMPONENTS = 12
#: A component at least this high, as a share of the highest one, and apart from the others counts
#: as another digit.
MIN_RIVAL_HEIGHT_SHARE = 0.5
#: What is so many times as wide as high is no digit.
MAX_ASPECT_RATIO = 4


class Components(NamedTuple):
    """The digit on a map of ink.

    Attributes:
        ink: ``(height, width) uint8``, the map cut to ``box``, 0 wherever there is none of the
            digit.
        box: where the digit lies on the map.
        contrast: the digit's darkest pixel against its paper, 0-1.
        component_count: how many separate digit-sized components there are.
        part_count: of how many pieces of ink the digit is made, small ones included.
        removed_mark: what was taken away from it, if anything was.
        is_cut: whether a part of it may have been cut away.
        has_line: whether what was left out of it holds a long piece at an edge of the page, or a
            line of a form.
    """

    ink: InkMap
    box: Box
    contrast: float
    component_count: int
    part_count: int = 1
    removed_mark: Mark | None = None
    is_cut: bool = False
    has_line: bool = False


def find_digit(ink: InkMap, noise: int) -> Components | None:
    """Find the digit among everything that looks like ink.

    Args:
        ink: ``(height, width) uint8``, 0 paper, larger more ink; at most 65,535 components.
        noise: the level, 0-255, up to which bare paper reaches by itself.

    Returns:
        The components that make up the digit, or ``None`` for a blank page.
    """
    peak = cv2.minMaxLoc(ink)[1]
    is_drawn = noise == 0 and min(ink.shape) < MIN_FLATTENED_SIDE
    if peak < (MIN_DRAWN_INK_LEVEL if is_drawn else MIN_INK_LEVEL):
        return None
    if noise < MAX_PAPER_NOISE and peak < MIN_SIGNAL_TO_NOISE * noise:
        return None
    level = _choose_threshold(ink, peak, noise)
    digit, pen_level = _find_digit_above(ink, level)
    if digit and pen_level and not is_drawn:
        # What is much weaker than the pen shows through from the other side, or was printed.
        strong, _ = _find_digit_above(ink, max(pen_level, level))
        # A line darker than the pen must not be all that remains.
        if strong and strong.box.width < MAX_ASPECT_RATIO * strong.box.height:
            return strong._replace(has_line=strong.has_line or strong.box != digit.box)
    return digit


def _find_digit_above(ink: InkMap, level: float) -> tuple[Components | None, float]:
    """Find the digit in what is above a level of ink.

    Returns:
        The digit or ``None``; and the level above which the pen's own ink lies, 0 where there is
        no fainter ink about.
    """
    mask = np.asarray(cv2.threshold(ink, level, 255, cv2.THRESH_BINARY)[1], np.uint8)
    # Most pages hold one digit, and the bare paper round it need not be searched.
    box = Box(*cv2.boundingRect(mask))
    has_line = False
    if may_have_lines(crop(mask, box), box, ink.shape):
        whole, mask = mask, remove_lines(mask, ink)
        has_line = mask is not whole
        box = Box(*cv2.boundingRect(mask))
    if box.width == 0:
        return None, 0.0
    digit, pen_level = _extract_digit(crop(ink, box), crop(mask, box), box, ink.shape)
    return digit._replace(has_line=True) if has_line else digit, pen_level


def crop(image: InkMap, box: Box) -> InkMap:
    """Return the part of an image that lies in a box, without copying it."""
    return image[box.y : box.y + box.height, box.x : box.x + box.width]


def _extract_digit(
    ink: InkMap, mask: InkMap, bounds: Box, page_shape: tuple[int, ...]
) -> tuple[Components, float]:
    """Find the digit among the components of ink that was cut out of its page.

    Args:
        ink: cut out at ``bounds``.
        mask: of the same shape, 255 where the ink counts.
        bounds: where on the page.
        page_shape: height and width of the page.
    """
    # Labels of 16 bits take a third of the time of 32, and counting alone takes half of that.
    if cv2.connectedComponentsWithAlgorithm(mask, 8, cv2.CV_16U, cv2.CCL_DEFAULT)[0] == 2:
        whole = np.asarray(cv2.bitwise_and(ink, mask), np.uint8)
        return Components(whole, bounds, cv2.minMaxLoc(whole)[1] / 255, 1), 0.0
    count, found, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, 8, cv2.CV_16U, cv2.CCL_DEFAULT
    )
    components = [
        Component(left + bounds.x, top + bounds.y, *rest) for left, top, *rest in stats.tolist()
    ]
    labels = np.asarray(found, np.uint16)
    chosen = _select_components(components, page_shape)
    chosen = drop_neighbours(ink, labels, chosen, components, page_shape)
    selected = chosen + _find_pieces(ink, mask, labels, chosen, components, page_shape)
    parts = [components[label] for label in selected]
    box = _compute_bounding_box(parts)
    inner = Box(box.x - bounds.x, box.y - bounds.y, box.width, box.height)
    level_by_label = np.zeros(count, np.uint8)
    level_by_label[selected] = 255
    inner_labels = labels[inner.y :, inner.x :][: inner.height, : inner.width]
    digit = np.asarray(
        cv2.bitwise_and(crop(ink, inner), level_by_label.take(inner_labels)), np.uint8
    )
    contrast = cv2.minMaxLoc(digit)[1] / 255
    pen_level = _find_pen_level(digit, inner_labels, chosen, components) if len(chosen) > 1 else 0.0
    left_out = sorted(set(range(1, count)) - set(selected))
    has_line = bool(left_out) and holds_line_at_edge(
        np.asarray(stats[left_out], np.int32), bounds, page_shape
    )
    chosen_ink = Components(
        *(digit, box, contrast, count_digit_sized(parts), len(parts)), has_line=has_line
    )
    return chosen_ink, pen_level


def _find_pieces(
    ink: InkMap,
    mask: InkMap,
    labels: NDArray[np.uint16],
    selected: list[int],
    components: list[Component],
    page_shape: tuple[int, ...],
) -> list[int]:
    """Find what else belongs to the strokes of the components selected, by label."""
    if len(selected) == len(components) - 1:
        return []
    box = _compute_bounding_box([components[label] for label in selected])
    longer = min(MAX_SKIP_SHARE * max(page_shape), MAX_DIGIT_SKIP * max(box.width, box.height))
    pieces = find_stroke_pieces(ink, mask, labels, selected, max(2, round(longer)))
    return [label for label in pieces if not is_edge_line(components[label], page_shape)]


def _find_pen_level(
    digit_ink: InkMap, labels: NDArray[np.uint16], selected: list[int], components: list[Component]
) -> float:
    """Find the level that components much fainter than the darkest one do not reach.

    Args:
        digit_ink: ``(height, width) uint8``, the digit's ink.
        labels: of the same shape, which component each pixel belongs to.
        selected: labels of the digit's components, the heaviest first.
        components: all components by label.

    Returns:
        A level of ink, or 0 where no component is much fainter.
    """
    least = STRAY_SHARE * compute_weight(components[selected[0]])
    inks = {label: digit_ink[labels == label] for label in selected[:_MAX_MEASURED_COMPONENTS]}
    # Peaks would be those of noise and specks.
    levels = {label: float(ink.mean()) for label, ink in inks.items()}
    heavy = (label for label in levels if compute_weight(components[label]) >= least)
    darkest = max(heavy, key=levels.__getitem__)
    if is_ring_or_line(
        components[darkest], [components[label] for label in levels if label != darkest]
    ):
        return 0.0
    faint = [inks[label] for label in levels if levels[label] < WEAK_INK_SHARE * levels[darkest]]
    if not faint:
        return 0.0
    pen = float(inks[darkest].max())
    reached = max(float(np.percentile(ink, 95)) for ink in faint)
    return min(max(reached, PEN_LEVEL_SHARES[0] * pen), PEN_LEVEL_SHARES[1] * pen)


def _choose_threshold(ink: InkMap, peak: float, noise: int) -> float:
    """Choose the level above which ink counts: over the paper's noise, at most half of Otsu's.

    Otsu's level (IEEE Trans. SMC 9(1), 1979) halves strokes at their rims; anti-aliased rims
    belong to the stroke, so on clean paper nearly everything that is not paper counts.
    """
    least = peak * (DRAWN_INK_SHARE if min(ink.shape) < MIN_FLATTENED_SIDE else SCANNED_INK_SHARE)
    if 3 * noise <= least:
        return least
    otsu, _ = cv2.threshold(ink, 0, 255, cv2.THRESH_OTSU)
    return min(3 * noise, max(otsu * 0.5, least))


def _select_components(components: list[Component], page_shape: tuple[int, ...]) -> list[int]:
    """Select the components that make up the digit: no specks, no lines along an edge.

    Args:
        components: by label; label 0 is the paper.
        page_shape: height and width of the page.

    Returns:
        Labels, the heaviest component's first.
    """
    weights = [compute_weight(component) for component in components]
    heavy = sorted(range(1, len(components)), key=weights.__getitem__, reverse=True)
    inner = (label for label in heavy if not is_edge_line(components[label], page_shape))
    first = next(inner, 0)
    if not first:  # nothing but lines along edges
        inner = (label for label in heavy)
        first = next(inner)
    least = SPECK_SHARE * weights[first]
    selected = [first]
    left, top, right, bottom = get_edges(components[first])
    for label in takewhile(lambda label: weights[label] >= least, inner):
        edges = get_edges(components[label])
        gap = max(left - edges[2], edges[0] - right, top - edges[3], edges[1] - bottom)
        reach = NEAR_SHARE * max(right - left, bottom - top)
        if weights[label] < STRAY_SHARE * weights[first] and gap > reach:
            continue
        selected.append(label)
        left, top = min(left, edges[0]), min(top, edges[1])
        right, bottom = max(right, edges[2]), max(bottom, edges[3])
    return selected


def _compute_bounding_box(components: list[Component]) -> Box:
    lefts, tops, rights, bottoms = zip(*map(get_edges, components), strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    return Box(left, top, right - left, bottom - top)


def count_digit_sized(components: list[Component]) -> int:
    """Count the digit-sized components that stand side by side or apart from each other."""
    least = MIN_RIVAL_HEIGHT_SHARE * max(component.height for component in components)
    count = right = 0
    for part in sorted(component for component in components if component.height >= least):
        # Parts of one digit overlap sideways (the bar and the body of a 5); two digits do not.
        count += part.left >= right
        right = max(right, part.left + part.width)
    return count
