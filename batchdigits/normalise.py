"""Page to digit image: any scan to ``(28, 28) uint8`` in the MNIST convention.

The convention (LeCun, Cortes, Burges, *The MNIST database*): white ink on black, the ink's box
scaled with its aspect kept into 20 x 20, placed in 28 x 28 by its centre of mass. Training and
prediction both go through :func:`normalise`, so the model only ever sees what this file makes.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.records import Box, Digit

SIDE = 28
INK_SIDE = 20
#: Pages are searched for ink at this size at the most; a digit needs no more pixels than that.
SEARCH_SIDE = 320
#: A digit found smaller than this in the search is looked at again at the page's own resolution.
SMALL_DIGIT = 80
#: Below this side, lighting cannot vary enough within the image to be worth evening out.
FLATTEN_FROM = 48
#: Borders whose levels differ by no more than this are one even sheet of paper.
EVEN_PAPER = 6
#: Ink counts from this share of the darkest ink on: nearly all of it in small drawings, which
#: are spotless, and less in scans, whose paper has smudges.
DRAWN_INK, SCANNED_INK = 0.02, 0.10
#: Ink weaker than this (of 255 gray levels) against its paper is paper.
FAINTEST_INK = 12
#: Paper of less noise than this is bare where nothing stands four times above its noise; a
#: higher level means that ink touches the border, and says nothing about the paper.
GRAINY = 20
#: Marks below this share of the largest mark's area are specks, unless they lie inside its box.
SPECK = 0.04
#: Lines within this share of an edge may be what cropping a form left over.
EDGE = 0.03
#: A mark at least this high (of the highest) and apart from the others counts as another digit.
RIVAL = 0.5
#: Strokes thinner than this many pixels of 28 are thickened: MNIST's pens are 2 to 4 wide.
THINNEST_STROKE = 1.7
#: Mean level of the inked pixels that nine tenths of MNIST's training images exceed.
DULLEST_MEAN = 150

_Map = NDArray[np.uint8]


def normalise(gray: GrayImage) -> Digit:
    """Find the ink of a page and bring it into the MNIST convention.

    Args:
        gray: ``(height, width) uint8``, any size from 1 x 1, ink darker or lighter than paper.

    Returns:
        The digit image with what was measured on the way; ``image`` is all zero, ``box`` is
        ``None`` and ``marks`` 0 where no ink stands out from the paper.
    """
    scale = max(gray.shape) / SEARCH_SIDE
    small = gray if scale <= 1 else _reduce(gray, scale)
    ink, noise = ink_map(small)
    found = _find(ink, noise)
    if found is None:
        return Digit(np.zeros((SIDE, SIDE), np.uint8), None, 0.0, 0)
    mask, box, marks, contrast = found
    if scale > 1 and max(box.width, box.height) < SMALL_DIGIT:
        return _look_closer(gray, box, scale, marks)
    whole = _grow(box, scale, gray.shape) if scale > 1 else box
    return Digit(_place(_cut(ink, mask, box)), whole, contrast, marks)


def ink_map(gray: GrayImage) -> tuple[_Map, float]:
    """How much ink lies on each pixel, and how much of it the bare paper shows by itself.

    Polarity is told by the border, which is mostly paper: its median is the paper's level, and
    ink lies on the side where the image reaches further away from it.

    Args:
        gray: ``(height, width) uint8``.

    Returns:
        ``(height, width) uint8``, 0 paper, larger more ink; and the paper's noise in the same
        levels: what nine tenths of the border stay below.
    """
    border = _border(gray)
    low, paper, high = _tenths(border)
    lowest, highest = _extremes(gray)
    dark_ink = paper - lowest >= highest - paper
    if min(gray.shape) < FLATTEN_FROM or high - low <= EVEN_PAPER:
        level = np.uint8(paper)
        if dark_ink:
            return level - np.minimum(gray, level), float(paper - low)
        return np.maximum(gray, level) - level, float(high - paper)
    dark = gray if dark_ink else np.asarray(cv2.bitwise_not(gray), np.uint8)
    ink = np.asarray(cv2.subtract(_background(dark), dark), np.uint8)
    return ink, float(_tenths(_border(ink))[2])


def _reduce(gray: GrayImage, scale: float) -> GrayImage:
    size = (max(1, round(gray.shape[1] / scale)), max(1, round(gray.shape[0] / scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _border(gray: GrayImage) -> NDArray[np.uint8]:
    """The outermost pixels, one deep for small images and 2 % for large ones."""
    depth = max(1, min(gray.shape) // 50)
    edges = (gray[:depth], gray[-depth:], gray[:, :depth], gray[:, -depth:])
    return np.concatenate([edge.ravel() for edge in edges])


def _extremes(gray: GrayImage) -> tuple[int, int]:
    """Darkest and lightest level; a light blur keeps single noisy pixels of larger scans out."""
    if min(gray.shape) >= FLATTEN_FROM:
        gray = np.asarray(cv2.blur(gray, (3, 3)), np.uint8)
    lowest, highest, _, _ = cv2.minMaxLoc(gray)
    return int(lowest), int(highest)


def _tenths(values: NDArray[np.uint8]) -> tuple[int, int, int]:
    """The levels below which a tenth, half and nine tenths of the values lie."""
    tenth = values.size // 10
    places = (tenth, values.size // 2, values.size - tenth - 1)
    ordered = np.partition(values, places)
    return int(ordered[places[0]]), int(ordered[places[1]]), int(ordered[places[2]])


def _background(dark: GrayImage) -> GrayImage:
    """The paper behind dark ink: a closing wider than any stroke, smoothed.

    Worked out on a quarter of the pixels, since paper changes slowly.
    """
    height, width = dark.shape
    small = cv2.resize(
        dark, (max(8, width // 4), max(8, height // 4)), interpolation=cv2.INTER_AREA
    )
    reach = max(3, min(small.shape) // 3) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (reach, reach))
    # A wider blur would bend a slope of light at the edges, and the bend would look like ink.
    closed = cv2.blur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), (3, 3))
    return np.asarray(cv2.resize(closed, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _find(ink: _Map, noise: float) -> tuple[_Map, Box, int, float] | None:
    """The digit's mask and box among everything that looks like ink, or ``None`` for a blank."""
    peak = float(cv2.minMaxLoc(ink)[1])
    if peak < FAINTEST_INK or (noise < GRAINY and peak < 4 * noise):
        return None
    level = _threshold(ink, peak, noise)
    mask = np.asarray(cv2.threshold(ink, level, 255, cv2.THRESH_BINARY)[1], np.uint8)
    count, labels, found, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    stats = np.asarray(found, np.int32)
    if count < 2:
        return None
    if count == 2:
        return mask, _box(stats[1:]), 1, peak / 255
    keep = _digit_parts(stats[1:], ink.shape)
    if len(keep) < count - 1:
        chosen = np.zeros(count, np.uint8)
        chosen[keep + 1] = 255
        mask = chosen[labels]
    parts = stats[1:][keep]
    return mask, _box(parts), _marks(parts), peak / 255


def _threshold(ink: _Map, peak: float, noise: float) -> float:
    """The level above which ink counts: well over the paper's noise, and at most half of Otsu's.

    Otsu's level (IEEE Trans. SMC 9(1), 1979) halves strokes at their rims; anti-aliased rims
    belong to the stroke, so on clean paper nearly everything that is not paper counts.
    """
    otsu, _ = cv2.threshold(ink, 0, 255, cv2.THRESH_OTSU)
    least = peak * (DRAWN_INK if min(ink.shape) < FLATTEN_FROM else SCANNED_INK)
    return float(min(max(3 * noise, least), max(otsu * 0.5, least)))


def _digit_parts(stats: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Indices of the components that make up the digit: no specks, no lines along an edge."""
    stats = stats.astype(np.int64)
    left, top, width, height, area = stats.T
    rows, columns = shape
    beside, above = columns * EDGE, rows * EDGE
    at_side = (left <= beside) | (left + width >= columns - beside)
    at_end = (top <= above) | (top + height >= rows - above)
    edge_line = (at_side & (width <= columns * 0.06) & (height > 4 * width)) | (
        at_end & (height <= rows * 0.06) & (width > 4 * height)
    )
    inner = np.flatnonzero(~edge_line)
    if inner.size == 0:
        inner = np.arange(len(stats))
    # Length counts as well as area: the thin bar of a 5 is no speck, a round dot is.
    weight = np.maximum(area, np.maximum(width, height) ** 2 // 4)
    return np.asarray(inner[weight[inner] >= SPECK * weight[inner].max()], np.intp)


def _box(parts: NDArray[np.int32]) -> Box:
    left, top = int(parts[:, 0].min()), int(parts[:, 1].min())
    right = int((parts[:, 0] + parts[:, 2]).max())
    bottom = int((parts[:, 1] + parts[:, 3]).max())
    return Box(left, top, right - left, bottom - top)


def _marks(parts: NDArray[np.int32]) -> int:
    """How many digit-sized marks stand side by side or apart from each other."""
    if len(parts) == 1:
        return 1
    tall = parts[parts[:, 3] >= RIVAL * parts[:, 3].max()]
    tall = tall[np.argsort(tall[:, 0])]
    marks, right = 1, int(tall[0, 0] + tall[0, 2])
    for left, _, width, _, _ in tall[1:]:
        # Parts of one digit overlap sideways (the bar and the body of a 5); two digits do not.
        marks += int(left) >= right
        right = max(right, int(left + width))
    return marks


def _cut(ink: _Map, mask: _Map, box: Box) -> _Map:
    area = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    return np.asarray(cv2.bitwise_and(ink[area], mask[area]), np.uint8)


def _place(ink: _Map) -> GrayImage:
    """Scale cut-out ink into 20 x 20, stretch it to full white, centre it by mass in 28 x 28."""
    small = _stretch(_fit(ink))
    moments = cv2.moments(small)
    height, width = small.shape
    x = _offset(SIDE / 2 - moments["m10"] / moments["m00"], width)
    y = _offset(SIDE / 2 - moments["m01"] / moments["m00"], height)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[y : y + height, x : x + width] = small
    return image


def _offset(wished: float, length: int) -> int:
    return min(max(round(wished), 0), SIDE - length)


def _fit(ink: _Map) -> _Map:
    """Reduce (or enlarge) so that the longer side is 20, keeping hairlines visible."""
    height, width = ink.shape
    factor = INK_SIDE / max(height, width)
    if factor == 1:
        return ink
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    if factor > 1:
        return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    missing = THINNEST_STROKE / factor - _stroke_width(ink)
    if missing >= 1:
        reach = int(missing) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        ink = np.asarray(cv2.dilate(ink, kernel), np.uint8)
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)


def _stroke_width(ink: _Map) -> float:
    """Mean width of the strokes in pixels: twice the area over the outline's length."""
    solid = cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY)[1]
    area = cv2.countNonZero(solid)
    outline = area - cv2.countNonZero(cv2.erode(solid, np.ones((3, 3), np.uint8)))
    return 2.0 * area / max(outline, 1)


def _stretch(ink: _Map) -> _Map:
    """Full ink becomes 255 whatever pen it was, and a thin stroke as bright as MNIST's."""
    peak = float(cv2.minMaxLoc(ink)[1])
    mean = cv2.sumElems(ink)[0] / max(cv2.countNonZero(ink), 1)
    gain = max(255 / peak, min(DULLEST_MEAN / mean, 2 * 255 / peak))
    return ink if gain < 1.02 else np.asarray(cv2.convertScaleAbs(ink, alpha=gain), np.uint8)


def _grow(box: Box, scale: float, shape: tuple[int, ...]) -> Box:
    x, y = int(box.x * scale), int(box.y * scale)
    right = min(int(np.ceil((box.x + box.width) * scale)), shape[1])
    bottom = min(int(np.ceil((box.y + box.height) * scale)), shape[0])
    return Box(x, y, max(right - x, 1), max(bottom - y, 1))


def _look_closer(gray: GrayImage, box: Box, scale: float, marks: int) -> Digit:
    """Read a small digit of a large page from a crop around it at full resolution."""
    whole = _grow(box, scale, gray.shape)
    margin = max(whole.width, whole.height) // 2 + 2
    top, left = max(whole.y - margin, 0), max(whole.x - margin, 0)
    crop = gray[top : whole.y + whole.height + margin, left : whole.x + whole.width + margin]
    near = normalise(crop)
    if near.box is None:
        return near
    box = Box(near.box.x + left, near.box.y + top, near.box.width, near.box.height)
    return Digit(near.image, box, near.contrast, max(marks, near.marks))
