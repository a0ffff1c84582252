"""Digits and marks as shapes, apart from pen and paper: the two distance fields of each.

One field tells how far every point lies from the middle line of the strokes, the other how far
from their outline. Any pen can be drawn from them at any size, from one pixel to a blob, and a
field bends smoothly where pixels would smear.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.arrays import GrayImage
from batchdigits.errors import DataError
from batchdigits.preprocessing.components import find_digit
from batchdigits.preprocessing.ink import compute_ink_maps
from batchdigits.preprocessing.normalise import SEARCH_SIDE

#: Fields are squares of this side; the shape's longer side is :data:`SHAPE_SIDE` of it.
FIELD_SIDE, SHAPE_SIDE = 56, 40
#: Steps of the stored distances in one pixel of the field.
STEPS_PER_PIXEL = 8
#: Level of the stored outline field on the outline itself; higher is inside.
OUTLINE_LEVEL = 128

DistanceFields = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class DigitShapes:
    """Shapes with their labels.

    ``fields`` is ``(n, 2, 56, 56) uint8``: distance from the middle line in eighths of a pixel,
    and 128 + eighths of a pixel inside the outline. ``labels`` is ``(n,) int64``.
    """

    fields: DistanceFields
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def shapes_from_pages(
    pages: Sequence[GrayImage], labels: NDArray[np.int64]
) -> tuple[DigitShapes, list[int]]:
    """Shapes of the ink on ``pages``, ``(h, w) uint8`` each, and the places of these pages.

    Pages without ink are left out.

    Raises:
        DataError: no page holds ink.
    """
    found = [
        find_digit(ink, noise) for ink, noise in compute_ink_maps(list(map(_shrink_page, pages)))
    ]
    kept = [place for place, digit in enumerate(found) if digit]
    if not kept:
        raise DataError("No page of the data holds any ink.")
    return shapes_from_ink([digit.ink for digit in found if digit], labels[kept]), kept


def shapes_from_ink(inks: Sequence[GrayImage], labels: NDArray[np.int64]) -> DigitShapes:
    """Shapes of cut-out ink, ``(h, w) uint8`` each, 0 no ink to 255."""
    solid = np.stack([_mask_from_ink(ink) for ink in inks])
    return DigitShapes(fields_from_masks(solid, thin(solid)), labels)


def _shrink_page(page: GrayImage) -> GrayImage:
    """A page no larger than the normaliser searches."""
    scale = SEARCH_SIDE / max(page.shape)
    if scale >= 1:
        return page
    return np.asarray(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def fields_from_masks(masks: NDArray[np.bool_], centre_lines: NDArray[np.bool_]) -> DistanceFields:
    """Both distance fields of shapes and of their middle lines, ``(n, 56, 56) bool`` each."""
    fields = np.empty((len(masks), 2, FIELD_SIDE, FIELD_SIDE), np.uint8)
    for field, shape, line in zip(fields, masks, centre_lines, strict=True):
        away = _compute_distance(~line)
        # Stairs of the middle line's pixels would show in a large drawing.
        field[0] = cv2.convertScaleAbs(cv2.GaussianBlur(away, (0, 0), 0.8), alpha=STEPS_PER_PIXEL)
        inside = _compute_distance(shape) - _compute_distance(~shape)
        smooth = cv2.GaussianBlur(inside, (0, 0), 0.7)
        field[1] = np.clip(OUTLINE_LEVEL + STEPS_PER_PIXEL * smooth, 0, 255)
    return fields


def _compute_distance(area: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far each pixel of an area lies from the nearest one outside it, less half a pixel."""
    found = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.maximum(found - 0.5, 0), np.float32)


def _mask_from_ink(ink: GrayImage) -> NDArray[np.bool_]:
    """Cut-out ink as a solid shape in the middle of a field."""
    height, width = ink.shape
    scale = SHAPE_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(ink, size, interpolation=method)
    field = np.zeros((FIELD_SIDE, FIELD_SIDE), np.uint8)
    top, left = (FIELD_SIDE - size[1]) // 2, (FIELD_SIDE - size[0]) // 2
    field[top : top + size[1], left : left + size[0]] = small
    level = 0.45 * float(np.percentile(ink[ink > 0], 90))
    return np.asarray(cv2.GaussianBlur(field, (0, 0), 0.8) > level)


def thin(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Middle lines, one pixel wide, of many shapes ``(n, h, w) bool`` at once.

    The method is that of Zhang and Suen, Communications of the ACM 27(3), 1984.
    """
    lines = np.pad(masks, ((0, 0), (1, 1), (1, 1)))
    open_ = np.arange(len(lines))
    while len(open_):
        part = lines[open_]
        changed = np.zeros(len(open_), bool)
        for turn in (0, 1):
            gone = _find_removable(part, turn)
            part[:, 1:-1, 1:-1] &= ~gone
            changed |= gone.any(axis=(1, 2))
        lines[open_] = part
        open_ = open_[changed]
    return np.asarray(lines[:, 1:-1, 1:-1])


def _find_removable(lines: NDArray[np.bool_], subiteration: int) -> NDArray[np.bool_]:
    """The pixels that one half of a thinning step takes away; ``lines`` has a margin of one."""
    rows, columns = lines.shape[1] - 2, lines.shape[2] - 2
    north_first = [(0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)]
    around = [lines[:, y : y + rows, x : x + columns] for y, x in north_first]
    count = sum(each.astype(np.uint8) for each in around)
    following = [*around[1:], around[0]]
    steps = sum((~a & b).astype(np.uint8) for a, b in zip(around, following, strict=True))
    north, east, south, west = around[0], around[2], around[4], around[6]
    first, second = (
        (east & south, north | west) if subiteration == 0 else (north & west, east | south)
    )
    both = ~(first & second)
    inner = lines[:, 1:-1, 1:-1]
    return np.asarray(inner & (count >= 2) & (count <= 6) & (steps == 1) & both)
