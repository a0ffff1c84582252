"""The marks on a map of ink, and which of them make up the digit."""

from itertools import takewhile
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import InkMap
from batchdigits.preprocessing.form_lines import may_have_lines, without_lines
from batchdigits.preprocessing.ink import FLATTEN_FROM
from batchdigits.records import Box

#: Ink counts from this share of the darkest ink on: nearly all of it in small drawings, which
#: are spotless, and less in scans, whose paper has smudges.
DRAWN_INK, SCANNED_INK = 0.02, 0.10
#: Ink weaker than this (of 255 gray levels) against its paper is paper; less will do in
#: small drawings, whose paper shows no grain at all.
FAINTEST_INK, FAINTEST_DRAWN = 12, 5
#: Paper of less noise than this is bare where nothing stands three times above its noise; a
#: higher level means that ink touches the border, and says nothing about the paper.
GRAINY, ABOVE_GRAIN = 20, 3
#: Marks below this share of the largest mark's area are specks, unless they lie inside its box.
SPECK = 0.04
#: Lines within this share of an edge may be what cropping a form left over.
EDGE = 0.03
#: Marks below this share of the largest are stray where they lie further from it than this share
#: of its side: a pointer, a blot; pieces of a broken stroke lie near.
STRAY, NEAR = 0.2, 0.12
#: Marks weaker than this share of the darkest were not made by the same pen.
WEAK = 0.65
#: What is so many times as wide as high is no digit.
LYING = 4
#: Where such lie about, ink counts above what they reach, within these shares of the darkest.
STRONG = 0.3, 0.45
#: Of so many marks at most, the heaviest, it is looked how dark they are.
_MOST_LEVELS = 12
#: A mark at least this high (of the highest) and apart from the others counts as another digit.
RIVAL = 0.5


class Mark(NamedTuple):
    """One connected piece of ink in pixels of its map; ``area`` counts those that hold ink."""

    left: int
    top: int
    width: int
    height: int
    area: int


class Found(NamedTuple):
    """The digit on a map of ink.

    ``ink`` is the map cut to ``box``, 0 wherever no mark of the digit lies; ``contrast`` (0-1)
    and ``marks`` are those of :class:`~batchdigits.records.Digit`.
    """

    ink: InkMap
    box: Box
    contrast: float
    marks: int


def find_digit(ink: InkMap, noise: int) -> Found | None:
    """The digit among everything that looks like ink, or ``None`` for a blank.

    Args:
        ink: ``(height, width) uint8``, larger more ink; at most 65,535 marks.
        noise: the level up to which bare paper reaches by itself.
    """
    peak = cv2.minMaxLoc(ink)[1]
    is_drawn = noise == 0 and min(ink.shape) < FLATTEN_FROM
    if peak < (FAINTEST_DRAWN if is_drawn else FAINTEST_INK):
        return None
    if noise < GRAINY and peak < ABOVE_GRAIN * noise:
        return None
    level = _threshold(ink, peak, noise)
    found, pen = _look(ink, level)
    if found and pen and not is_drawn:
        # What is much weaker than the pen shows through from the other side, or was printed.
        strong, _ = _look(ink, max(pen, level))
        # A line darker than the pen must not be all that is left.
        if strong and strong.box.width < LYING * strong.box.height:
            return strong
    return found


def _look(ink: InkMap, level: float) -> tuple[Found | None, float]:
    """The digit in what is above ``level``; and where the pen begins if weaker marks lie about."""
    mask = np.asarray(cv2.threshold(ink, level, 255, cv2.THRESH_BINARY)[1], np.uint8)
    # Most pages hold one digit, and the bare paper round it need not be searched for marks.
    box = Box(*cv2.boundingRect(mask))
    if may_have_lines(cut(mask, box), box, ink.shape):
        mask = without_lines(mask, ink)
        box = Box(*cv2.boundingRect(mask))
    if box.width == 0:
        return None, 0.0
    return _marked(cut(ink, box), cut(mask, box), box, ink.shape)


def cut(image: InkMap, box: Box) -> InkMap:
    """The part of an image that lies in a box."""
    return image[box.y : box.y + box.height, box.x : box.x + box.width]


def _marked(
    near: InkMap, mask: InkMap, corner: Box, page: tuple[int, ...]
) -> tuple[Found | None, float]:
    """The digit among the marks of ink that was cut out at ``corner`` of its page."""
    # Labels of 16 bits take a third of the time of 32.
    count, labels, found, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, 8, cv2.CV_16U, cv2.CCL_DEFAULT
    )
    if count == 2:
        whole = np.asarray(cv2.bitwise_and(near, mask), np.uint8)
        return Found(whole, corner, cv2.minMaxLoc(whole)[1] / 255, 1), 0.0
    marks = [Mark(left + corner.x, top + corner.y, *rest) for left, top, *rest in found.tolist()]
    kept = _digit_marks(marks, page)
    box = _box([marks[label] for label in kept])
    inner = Box(box.x - corner.x, box.y - corner.y, box.width, box.height)
    chosen = np.zeros(count, np.uint8)
    chosen[kept] = 255
    own = np.asarray(labels, np.uint16)[inner.y :, inner.x :][: inner.height, : inner.width]
    digit = np.asarray(cv2.bitwise_and(cut(near, inner), chosen.take(own)), np.uint8)
    contrast = cv2.minMaxLoc(digit)[1] / 255
    pen = _pen(digit, own, kept, marks) if len(kept) > 1 else 0.0
    return Found(digit, box, contrast, _count([marks[label] for label in kept])), pen


def _pen(digit: InkMap, labels: NDArray[np.uint16], kept: list[int], marks: list[Mark]) -> float:
    """The level that marks much weaker than the darkest do not reach; 0 where there are none."""
    least = STRAY * _weight(marks[kept[0]])
    inks = {label: digit[labels == label] for label in kept[:_MOST_LEVELS]}
    # Peaks would be those of noise and specks.
    levels = {label: float(ink.mean()) for label, ink in inks.items()}
    matter = (label for label in levels if _weight(marks[label]) >= least)
    darkest = max(matter, key=levels.__getitem__)
    weak = [inks[label] for label in levels if levels[label] < WEAK * levels[darkest]]
    if not weak:
        return 0.0
    pen = float(inks[darkest].max())
    reached = max(float(np.percentile(ink, 95)) for ink in weak)
    return min(max(reached, STRONG[0] * pen), STRONG[1] * pen)


def _threshold(ink: InkMap, peak: float, noise: int) -> float:
    """The level above which ink counts: well over the paper's noise, and at most half of Otsu's.

    Otsu's level (IEEE Trans. SMC 9(1), 1979) halves strokes at their rims; anti-aliased rims
    belong to the stroke, so on clean paper nearly everything that is not paper counts.
    """
    least = peak * (DRAWN_INK if min(ink.shape) < FLATTEN_FROM else SCANNED_INK)
    if 3 * noise <= least:
        return least
    otsu, _ = cv2.threshold(ink, 0, 255, cv2.THRESH_OTSU)
    return min(3 * noise, max(otsu * 0.5, least))


def _digit_marks(marks: list[Mark], shape: tuple[int, ...]) -> list[int]:
    """Places of the marks that make up the digit: no specks, no lines along an edge.

    The first of ``marks`` is the paper.
    """
    weights = [_weight(mark) for mark in marks]
    heavy = sorted(range(1, len(marks)), key=weights.__getitem__, reverse=True)
    inner = (place for place in heavy if not _is_edge_line(marks[place], shape))
    first = next(inner, 0)
    if not first:  # nothing but lines along edges
        inner = (place for place in heavy)
        first = next(inner)
    least = SPECK * weights[first]
    kept = [first]
    left, top, right, bottom = _edges(marks[first])
    for place in takewhile(lambda place: weights[place] >= least, inner):
        each = _edges(marks[place])
        gap = max(left - each[2], each[0] - right, top - each[3], each[1] - bottom)
        reach = NEAR * max(right - left, bottom - top)
        if weights[place] < STRAY * weights[first] and gap > reach:
            continue
        kept.append(place)
        left, top = min(left, each[0]), min(top, each[1])
        right, bottom = max(right, each[2]), max(bottom, each[3])
    return kept


def _edges(mark: Mark) -> tuple[int, int, int, int]:
    return mark.left, mark.top, mark.left + mark.width, mark.top + mark.height


def _weight(mark: Mark) -> int:
    """Length counts as well as area: the thin bar of a 5 is no speck, a round dot is."""
    return max(mark.area, max(mark.width, mark.height) ** 2 // 4)


def _is_edge_line(mark: Mark, shape: tuple[int, ...]) -> bool:
    rows, columns = shape
    beside, above = columns * EDGE, rows * EDGE
    if mark.width <= columns * 0.06 and mark.height > 4 * mark.width:
        return mark.left <= beside or mark.left + mark.width >= columns - beside
    if mark.height <= rows * 0.06 and mark.width > 4 * mark.height:
        return mark.top <= above or mark.top + mark.height >= rows - above
    return False


def _box(marks: list[Mark]) -> Box:
    left, top = min(mark.left for mark in marks), min(mark.top for mark in marks)
    right = max(mark.left + mark.width for mark in marks)
    bottom = max(mark.top + mark.height for mark in marks)
    return Box(left, top, right - left, bottom - top)


def _count(marks: list[Mark]) -> int:
    """How many digit-sized marks stand side by side or apart from each other."""
    least = RIVAL * max(mark.height for mark in marks)
    count = right = 0
    for mark in sorted(mark for mark in marks if mark.height >= least):
        # Parts of one digit overlap sideways (the bar and the body of a 5); two digits do not.
        count += mark.left >= right
        right = max(right, mark.left + mark.width)
    return count
