"""A sheet of paper on a darker table, found by its sharp straight edges."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage, Mask
from batchdigits.preprocessing.kernels import make_kernel

#: Smaller pages are drawings, or digits cut out.
MIN_PAGE_SIDE = 48
#: A table is so much darker than the lightest paper, and takes this share of the border.
MIN_STEP, MIN_TABLE_SHARE = 24, 0.1
#: Levels between table and paper that are tried, as shares of the way.
_TRIED_SHARES = (0.35, 0.5, 0.65, 0.8)
#: A sheet takes so much of the page, is so nearly convex, and is itself nearly all paper; where it
#: lies on the page as a whole, it fills so much of the smallest rectangle round it.
MIN_SHEET_SHARE, MIN_CONVEXITY, MIN_PAPER_SHARE, MIN_RECTANGLE_SHARE = 0.15, 0.955, 0.72, 0.86
#: It has so many corners at most where the page cuts two off, found with so much slack as a share
#: of its outline's length; a fat round digit, light on dark, has more.
MAX_CORNERS, CORNER_SLACK = 6, 0.02
#: The table takes so much of the page, and no more of it is as light as paper: inside of a printed
#: box there is a sheet's shape too.
MIN_BEYOND_SHARE, MAX_LIGHT_BEYOND = 0.05, 0.25
#: What follows from these shares for how much of a page with a sheet is light.
_MIN_LIGHT_SHARE = MIN_PAPER_SHARE * MIN_SHEET_SHARE
_MAX_LIGHT_SHARE = 1 - MIN_BEYOND_SHARE * (1 - MAX_LIGHT_BEYOND)
#: Across its edge, within the first so many pixels, the page changes by this share of what it does
#: within the second; a shadow's edge is soft.
EDGE_REACHES, MIN_EDGE_SHARE = (2, 9), 0.62
#: How sharp the edges are that enclose a sheet in slanting light, in levels a pixel; and
#: how much darker the table is, so many pixels beyond.
_TRIED_SHARPNESS = (10, 16, 26)
BESIDE_REACH, MIN_STEP_BESIDE = 4, 10
_CORNERS = (0, 0), (0, -1), (-1, 0), (-1, -1)


def find_sheet(gray: GrayImage) -> Mask | None:
    """Find a sheet of paper on a darker table, which shows all round it or at some sides.

    Args:
        gray: ``(height, width) uint8``, some hundred pixels a side.

    Returns:
        ``(height, width) uint8``, 255 where the sheet lies; ``None`` where there is no table, or
        nothing dark is on the sheet.
    """
    if min(gray.shape) < MIN_PAGE_SIDE:
        return None
    border = np.sort(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]]))
    table = int(border[int(MIN_TABLE_SHARE / 2 * len(border))])
    highest = int(cv2.minMaxLoc(gray)[1])
    if highest - table < MIN_STEP:
        return None
    page = np.asarray(cv2.GaussianBlur(gray, (3, 3), 0), np.uint8)
    sheets: list[Mask] = []
    last_area = 0
    for share in _TRIED_SHARES:
        level = table + share * (highest - table)
        light = np.asarray(cv2.threshold(page, level, 255, cv2.THRESH_BINARY)[1], np.uint8)
        area = cv2.countNonZero(light)
        if area == last_area:  # nothing lies between this level and the one before
            continue
        last_area = area
        sheets += _find_regions(light)
    ranges = _measure_ranges(page) if sheets else []
    edges = [_measure_edge(ranges, sheet) for sheet in sheets]
    sharpest = max(edges, default=0.0)
    if sharpest > MIN_EDGE_SHARE:
        return sheets[edges.index(sharpest)]
    return _find_enclosed_sheet(page)


def _find_enclosed_sheet(page: GrayImage) -> Mask | None:
    """Find a sheet in slanting light: a smooth region that sharp edges enclose on all sides.

    Some of the table may be as light as paper is elsewhere, but not right beside it.
    """
    sharpness = np.asarray(
        cv2.morphologyEx(page, cv2.MORPH_GRADIENT, make_kernel(cv2.MORPH_RECT, 3)), np.uint8
    )
    least = MIN_SHEET_SHARE * page.size
    last_area = 0
    for level in _TRIED_SHARPNESS:
        smooth = np.asarray(
            cv2.threshold(sharpness, level - 1, 255, cv2.THRESH_BINARY_INV)[1], np.uint8
        )
        area = cv2.countNonZero(smooth)
        if area == last_area:  # nothing lies between this level and the one before
            continue
        last_area = area
        smooth, area_around = _drop_surroundings(smooth)
        if area_around > page.size - least:
            # At the next levels it only grows.
            return None
        if area - area_around < least:
            continue
        # Labels of 16 bits take a third of the time of 32.
        count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
            smooth, 4, cv2.CV_16U, cv2.CCL_DEFAULT
        )
        if count < 3 and not area_around:
            continue
        for label in np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= least) + 1:
            region = np.where(labels == label, np.uint8(255), np.uint8(0))
            region = np.asarray(cv2.dilate(region, make_kernel(cv2.MORPH_RECT, 3)), np.uint8)
            for sheet in _find_regions(region):
                edge = _measure_edge(_measure_ranges(page), sheet)
                if edge > MIN_EDGE_SHARE and _is_lighter(page, sheet):
                    return sheet
    return None


def _drop_surroundings(smooth: Mask) -> tuple[Mask, int]:
    """Drop the region that holds all four corners of a page, which no sheet on it does.

    Args:
        smooth: ``(height, width) uint8``, 255 in regions.

    Returns:
        The others, of the same shape; and how many pixels that region has, 0 where there is none.
    """
    if all(smooth[corner] for corner in _CORNERS):
        others = smooth.copy()
        area = cv2.floodFill(others, None, (0, 0), 0, flags=4)[0]
        if not any(others[corner] for corner in _CORNERS):
            return others, area
    return smooth, 0


def _is_lighter(page: GrayImage, sheet: Mask) -> bool:
    """Return whether a sheet is lighter than what lies beyond it, nearly all along its edge."""
    kernel = make_kernel(cv2.MORPH_RECT, 2 * BESIDE_REACH + 1)
    lightest = np.asarray(cv2.dilate(cv2.bitwise_and(page, sheet), kernel), np.int16)
    beyond = cv2.bitwise_not(sheet)
    lightest_beyond = np.asarray(cv2.dilate(cv2.bitwise_and(page, beyond), kernel), np.int16)
    inner = cv2.erode(sheet, make_kernel(cv2.MORPH_RECT, 3), borderValue=255)
    edge = (sheet > 0) & (np.asarray(inner) == 0)
    step = (lightest - lightest_beyond)[edge]
    return bool(np.percentile(step, 10) >= MIN_STEP_BESIDE)


def _find_regions(light: Mask) -> Iterator[Mask]:
    """Find light regions that have a sheet's shape, filled: the largest one at the most."""
    share = cv2.countNonZero(light) / light.size
    if not _MIN_LIGHT_SHARE <= share <= _MAX_LIGHT_SHARE:
        return
    contours, _ = cv2.findContours(light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return
    outline = max(contours, key=cv2.contourArea)
    area = cv2.contourArea(outline)
    if area < MIN_SHEET_SHARE * light.size:
        return
    hull = cv2.convexHull(outline)
    hull_area = cv2.contourArea(hull)
    # Filled, a hull has more pixels than its area is.
    if area < MIN_CONVEXITY * hull_area or hull_area > (1 - MIN_BEYOND_SHARE) * light.size:
        return
    corners = cv2.approxPolyDP(hull, CORNER_SLACK * cv2.arcLength(hull, True), True)
    if len(corners) > MAX_CORNERS:
        return
    sheet = np.zeros_like(light)
    cv2.fillConvexPoly(sheet, hull, 255)
    inked = cv2.countNonZero(light & sheet) / max(cv2.countNonZero(sheet), 1)
    if not MIN_PAPER_SHARE <= inked < 1:
        return
    beyond = np.asarray(cv2.bitwise_not(sheet), np.uint8)
    beyond_area = cv2.countNonZero(beyond)
    if beyond_area < MIN_BEYOND_SHARE * light.size:
        return
    if cv2.countNonZero(light & beyond) > MAX_LIGHT_BEYOND * beyond_area:
        return
    dark_border = cv2.countNonZero(np.concatenate(_get_border(sheet))) / (2 * sum(sheet.shape))
    if dark_border > 1 - MIN_TABLE_SHARE:
        return
    x, y, width, height = cv2.boundingRect(outline)
    is_whole = min(x, y) > 0 and x + width < light.shape[1] and y + height < light.shape[0]
    (_, (across, down), _) = cv2.minAreaRect(outline)
    if is_whole and area < MIN_RECTANGLE_SHARE * across * down:
        return
    yield sheet


def _get_border(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return [image[0], image[-1], image[:, 0], image[:, -1]]


def _measure_edge(ranges: Sequence[NDArray[np.int16]], sheet: Mask) -> float:
    """Measure how much of the step from table to paper lies within a few pixels.

    Args:
        ranges: of :func:`_measure_ranges`.
        sheet: where it lies.

    Returns:
        The share that is reached along three quarters of the edge.
    """
    inner = cv2.erode(sheet, make_kernel(cv2.MORPH_RECT, 3), borderValue=255)
    edge = (sheet > 0) & (np.asarray(inner) == 0)
    if not edge.any():
        return 0.0
    near, far = (values[edge] for values in ranges)
    return float(np.percentile(near / np.maximum(far, MIN_STEP), 25))


def _measure_ranges(page: GrayImage) -> list[NDArray[np.int16]]:
    """Measure the difference of the lightest and the darkest pixel near each pixel, and less near.

    Returns:
        Two arrays of the page's shape: within the first and the second of ``EDGE_REACHES``.
    """
    kernels = (make_kernel(cv2.MORPH_RECT, 2 * reach + 1) for reach in EDGE_REACHES)
    return [
        np.asarray(cv2.morphologyEx(page, cv2.MORPH_GRADIENT, kernel), np.int16)
        for kernel in kernels
    ]
