"""How much ink lies on each pixel of a page, whatever its light, its paper and its pen."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage, InkMap
from batchdigits.preprocessing.kernels import make_kernel
from batchdigits.preprocessing.uneven_light import (
    compute_border_deciles,
    compute_deciles,
    even_out,
)

#: Below this side, lighting cannot vary enough within the image to be worth evening out.
MIN_FLATTENED_SIDE = 48
#: Borders whose levels differ by no more than this are one even sheet of paper.
MAX_EVEN_PAPER_RANGE = 6
#: Where this share of the border at least is dark, and as much is light, it tells nothing.
MIXED_BORDER_SHARE = 0.3
#: And this share where a page has two levels, so that it can be told which is the paper.
TWO_TONE_BORDER_SHARE = 0.2
#: What paper falling into more pieces than ink counts, against the dark share of the border;
#: pieces below this share of the page are specks.
PIECES_WEIGHT, MIN_PIECE_SHARE = 0.5, 0.01
#: Pages of two levels have been thresholded or were drawn: this share of them is as dark or as
#: light as can be, and this share at least is each of these.
MIN_TWO_TONE_SHARE, MIN_TONE_SHARE = 0.6, 0.1
#: How far from the mean levels of ink and of paper, as a share of their difference, rims begin.
RIM_SHARE = 0.25
#: The share of the variance of a page's levels that is between those of ink and those of paper,
#: from which on it can be told which is which; and from which on there is no shadow at all.
MIN_SEPARABILITY, MIN_EVEN_SEPARABILITY = 0.85, 0.9


def compute_ink_maps(pages: Sequence[GrayImage]) -> Iterator[tuple[InkMap, int]]:
    """Compute how much ink lies on each pixel, and how much of it bare paper shows by itself.

    The border, which is mostly paper, decides whether ink is dark or light: its median is the
    paper's level, and ink lies on the side where the image reaches further away from it. A border
    that is half and half says nothing, and then the rest of the page does.

    Args:
        pages: ``(height, width) uint8`` gray levels each. Small ones of one size are done at once,
            in a fifth of the time.

    Yields:
        For each page ``(height, width) uint8``, 0 paper, larger more ink; and the paper's noise
        in the same levels: what nine tenths of the border stay below.
    """
    small = defaultdict(list)
    for page in pages:
        if min(page.shape) < MIN_FLATTENED_SIDE:
            small[page.shape].append(page)
    maps = {shape: _compute_small_ink_maps(np.stack(group)) for shape, group in small.items()}
    for page in pages:
        alike = maps.get(page.shape)
        yield _compute_ink_map(page) if alike is None else next(alike)


def _compute_small_ink_maps(pages: NDArray[np.uint8]) -> Iterator[tuple[InkMap, int]]:
    """Compute the maps of pages ``(n, height, width) uint8``, too small for uneven light."""
    border = (pages[:, 0], pages[:, -1], pages[:, :, 0], pages[:, :, -1])
    edges = np.concatenate(border, axis=1)
    low, paper, high = compute_deciles(edges).astype(np.int16)
    lowest, highest = pages.min(axis=(1, 2)), pages.max(axis=(1, 2))
    middle = (lowest >> 1) + (highest >> 1)
    dark_edge = (edges <= middle[:, None]).mean(axis=1)
    is_mixed = (dark_edge > MIXED_BORDER_SHARE) & (dark_edge < 1 - MIXED_BORDER_SHARE)
    for index in np.flatnonzero(is_mixed):
        is_dark_paper = _is_dark_paper(pages[index], int(middle[index]), float(dark_edge[index]))
        dark = edges[index] <= middle[index]
        low[index], paper[index], high[index] = compute_deciles(edges[index][dark == is_dark_paper])
    is_dark = paper - lowest >= highest - paper
    level = paper.astype(np.uint8)[:, None, None]
    dark, light = level - np.minimum(pages, level), np.maximum(pages, level) - level
    noises = np.where(is_dark, paper - low, high - paper)
    return zip(np.where(is_dark[:, None, None], dark, light), noises.tolist(), strict=True)


def _compute_ink_map(gray: GrayImage) -> tuple[InkMap, int]:
    """Compute the map of one page whose light may be uneven, and its paper's noise."""
    low, paper, high = compute_border_deciles(gray)
    # A light blur keeps single noisy pixels out.
    lowest, highest = map(int, cv2.minMaxLoc(cv2.blur(gray, (3, 3)))[:2])
    dark = gray
    is_light = paper - lowest < highest - paper
    has_ink_at_border = False
    if high - low > 4 * MAX_EVEN_PAPER_RANGE:
        middle = (lowest + highest) / 2
        dark_edge = _measure_dark_border(gray, middle)
        has_ink_at_border = TWO_TONE_BORDER_SHARE < dark_edge < 1 - TWO_TONE_BORDER_SHARE
        if has_ink_at_border and (
            _is_two_tone(gray, lowest, highest) or _has_two_groups(gray, MIN_SEPARABILITY)
        ):
            is_light = _is_dark_paper(gray, middle, dark_edge)
        elif MIXED_BORDER_SHARE < dark_edge < 1 - MIXED_BORDER_SHARE:
            is_light = _is_light_ink(gray)
    if is_light:
        dark = np.asarray(cv2.bitwise_not(gray), np.uint8)
        low, paper, high = 255 - high, 255 - paper, 255 - low
        lowest, highest = 255 - highest, 255 - lowest
    if high - low > 4 * MAX_EVEN_PAPER_RANGE:
        # Ink at the border says nothing about the paper, but all that is light does.
        deciles = compute_deciles(dark[dark > (lowest + highest) / 2])
        if int(deciles[2]) - int(deciles[0]) <= MAX_EVEN_PAPER_RANGE:
            low, paper, high = deciles.tolist()
        elif _is_two_tone(dark, lowest, highest) or (
            has_ink_at_border and _has_two_groups(dark, MIN_EVEN_SEPARABILITY)
        ):
            low = paper = high = highest
    if high - low <= MAX_EVEN_PAPER_RANGE:
        return np.uint8(paper) - np.minimum(dark, np.uint8(paper)), paper - low
    return even_out(dark)


def _measure_dark_border(gray: GrayImage, threshold: float) -> float:
    """Measure which share of the outermost pixels is no lighter than ``threshold``."""
    edges = (gray[0], gray[-1], gray[:, 0], gray[:, -1])
    border = np.concatenate(edges)
    return np.count_nonzero(border <= threshold) / border.size


def _is_dark_paper(gray: GrayImage, threshold: float, dark_border: float) -> bool:
    """Return whether the dark part of a page is its paper, where the border does not say.

    That is where half of the border is ink: lines along it, or a digit that fills its page.

    Args:
        gray: the page.
        threshold: the highest dark level.
        dark_border: dark share of the border.
    """
    dark = gray <= threshold
    # Digits are round: a corner of their box is mostly paper.
    rows, columns = max(1, gray.shape[0] // 9), max(1, gray.shape[1] // 9)
    ends = dark[:rows], dark[-rows:]
    corners = [corner for end in ends for corner in (end[:, :columns], end[:, -columns:])]
    dark_corners = float(np.mean([corner.mean() for corner in corners]))
    # And a digit is one piece, which cuts its paper into several.
    more = _count_pieces(dark) - _count_pieces(~dark)
    return dark_border + dark_corners + PIECES_WEIGHT * float(np.sign(more)) > 1


def _count_pieces(mask: NDArray[np.bool_]) -> int:
    """Count the connected pieces that are no specks."""
    # Labels of 16 bits take a third of the time of 32.
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.view(np.uint8), 8, cv2.CV_16U, cv2.CCL_DEFAULT
    )
    return int(np.count_nonzero(stats[1:, cv2.CC_STAT_AREA] >= MIN_PIECE_SHARE * mask.size))


def _is_two_tone(gray: GrayImage, lowest: float, highest: float) -> bool:
    """Return whether a page has hardly any level but that of its ink and that of its paper."""
    darkest = int(np.count_nonzero(gray <= lowest + MAX_EVEN_PAPER_RANGE)) / gray.size
    if darkest < MIN_TONE_SHARE:
        return False
    lightest = int(np.count_nonzero(gray >= highest - MAX_EVEN_PAPER_RANGE)) / gray.size
    has_two = darkest + lightest >= MIN_TWO_TONE_SHARE and min(darkest, lightest) >= MIN_TONE_SHARE
    return has_two and _is_narrow(
        gray, lowest + MAX_EVEN_PAPER_RANGE, highest - MAX_EVEN_PAPER_RANGE
    )


def _is_narrow(gray: GrayImage, low: float, high: float) -> bool:
    """Return whether what lies between two levels is narrow as rims are, unlike shadow."""
    between = ((gray > low) & (gray < high)).view(np.uint8)
    side = max(3, min(gray.shape) // 6)
    # In a corner of the page, a quarter of a square is wide.
    if cv2.countNonZero(between) < (side // 2) ** 2:
        return True
    return not cv2.countNonZero(cv2.erode(between, make_kernel(cv2.MORPH_RECT, side)))


def _has_two_groups(gray: GrayImage, min_separability: float) -> bool:
    """Return whether a page's levels fall into two groups, however much each of them varies.

    That is where nearly all of their variance is that between the groups of Otsu's threshold (IEEE
    Trans. SMC 9(1), 1979), of whose method this is the criterion, and what lies between is narrow.

    Args:
        gray: the page.
        min_separability: how much is nearly all, 0-1.
    """
    _, is_light = cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)
    count = cv2.countNonZero(is_light)
    share = count / gray.size
    if min(share, 1 - share) < MIN_TONE_SHARE:
        return False
    light_sum = cv2.sumElems(cv2.bitwise_and(gray, is_light))[0]
    light = light_sum / count
    dark = (cv2.sumElems(gray)[0] - light_sum) / (gray.size - count)
    variance = cv2.meanStdDev(gray)[1].item() ** 2
    if share * (1 - share) * (light - dark) ** 2 < min_separability * variance:
        return False
    rim = RIM_SHARE * (light - dark)
    return _is_narrow(gray, dark + rim, light - rim)


def _is_light_ink(gray: GrayImage) -> bool:
    """Return whether the few pixels that differ much from what surrounds them are lighter.

    That is the sign of the third moment, as in skewness.
    """
    side = max(3, min(gray.shape) // 3) | 1
    level = gray.astype(np.float32)
    difference = level - cv2.blur(level, (side, side))
    # A power takes many times as long as products.
    return float(np.mean(difference * difference * difference)) > 0
