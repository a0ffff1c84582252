"""The shapes of digits and marks, without their pen and paper, as two distance fields each.

One field says how far every point lies from the middle line of the strokes, the other how far
from their outline. From them a shape can be drawn with any pen at any size, from one pixel to a
blob, and fields are distorted smoothly where pixels would smear.
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

#: The two fields of a shape, ``(2, 56, 56) uint8``, or of several, ``(n, 2, 56, 56)``: the distance
#: from the middle line, and :data:`OUTLINE_LEVEL` + the distance inwards from the outline, both in
#: eighths of a pixel.
DistanceFields = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class DigitShapes:
    """Shapes with their labels.

    Attributes:
        fields: ``(n, 2, 56, 56) uint8``.
        labels: ``(n,) int64``, 0-9.
    """

    fields: DistanceFields
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


def shapes_from_pages(
    pages: Sequence[GrayImage], labels: NDArray[np.int64]
) -> tuple[DigitShapes, list[int]]:
    """Find the digit on each page, and keep its shape.

    Args:
        pages: ``(h, w) uint8`` each.
        labels: ``(len(pages),) int64``, 0-9.

    Returns:
        The shapes, and the indices of their pages: those without ink are left out.

    Raises:
        DataError: no page holds ink.
    """
    digits = [
        find_digit(ink, noise) for ink, noise in compute_ink_maps(list(map(_shrink_page, pages)))
    ]
    inked = [i for i, digit in enumerate(digits) if digit]
    if not inked:
        raise DataError("No page of the data holds any ink.")
    return shapes_from_ink([digit.ink for digit in digits if digit], labels[inked]), inked


def shapes_from_ink(inks: Sequence[GrayImage], labels: NDArray[np.int64]) -> DigitShapes:
    """Keep the shapes of cut-out ink.

    Args:
        inks: ``(h, w) uint8`` each, 0 for no ink to 255 for full ink.
        labels: ``(len(inks),) int64``, 0-9.
    """
    masks = np.stack([_mask_from_ink(ink) for ink in inks])
    return DigitShapes(fields_from_masks(masks, thin_masks(masks)), labels)


def _shrink_page(page: GrayImage) -> GrayImage:
    """Reduce a page to the size that the normaliser searches, unless it is no larger."""
    scale = SEARCH_SIDE / max(page.shape)
    if scale >= 1:
        return page
    return np.asarray(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def fields_from_masks(masks: NDArray[np.bool_], centre_lines: NDArray[np.bool_]) -> DistanceFields:
    """Compute both distance fields of shapes.

    Args:
        masks: ``(n, 56, 56) bool``, set inside the outline.
        centre_lines: ``(n, 56, 56) bool``, set on the middle lines.

    Returns:
        ``(n, 2, 56, 56) uint8``.
    """
    fields = np.empty((len(masks), 2, FIELD_SIDE, FIELD_SIDE), np.uint8)
    for field, mask, line in zip(fields, masks, centre_lines, strict=True):
        away = _compute_distance(~line)
        # Stairs of the middle line's pixels would show in a large drawing.
        field[0] = cv2.convertScaleAbs(cv2.GaussianBlur(away, (0, 0), 0.8), alpha=STEPS_PER_PIXEL)
        inside = _compute_distance(mask) - _compute_distance(~mask)
        smooth = cv2.GaussianBlur(inside, (0, 0), 0.7)
        field[1] = np.clip(OUTLINE_LEVEL + STEPS_PER_PIXEL * smooth, 0, 255)
    return fields


def _compute_distance(area: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Compute how far each pixel of an area lies from its outside, less half a pixel."""
    distance = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.maximum(distance - 0.5, 0), np.float32)


def _mask_from_ink(ink: GrayImage) -> NDArray[np.bool_]:
    """Make a solid shape of cut-out ink, ``(56, 56) bool``."""
    field = fit_to_field(ink, cv2.INTER_CUBIC)
    level = 0.45 * float(np.percentile(ink[ink > 0], 90))
    return np.asarray(cv2.GaussianBlur(field, (0, 0), 0.8) > level)


def fit_to_field(ink: GrayImage, enlarge_method: int) -> GrayImage:
    """Resize cut-out ink to the size of a shape, in the middle of a field.

    Args:
        ink: ``(h, w) uint8``.
        enlarge_method: OpenCV's interpolation where the ink is smaller than a shape.

    Returns:
        ``(56, 56) uint8``.
    """
    height, width = ink.shape
    scale = SHAPE_SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    method = cv2.INTER_AREA if scale < 1 else enlarge_method
    field = np.zeros((FIELD_SIDE, FIELD_SIDE), np.uint8)
    top, left = (FIELD_SIDE - size[1]) // 2, (FIELD_SIDE - size[0]) // 2
    field[top : top + size[1], left : left + size[0]] = cv2.resize(ink, size, interpolation=method)
    return field


def thin_masks(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thin many shapes at once to their middle lines, one pixel wide.

    The method is that of Zhang and Suen, Communications of the ACM 27(3), 1984.

    Args:
        masks: ``(n, h, w) bool``.

    Returns:
        ``(n, h, w) bool``.
    """
    lines = np.pad(masks, ((0, 0), (1, 1), (1, 1)))
    unfinished = np.arange(len(lines))
    while len(unfinished):
        part = lines[unfinished]
        changed = np.zeros(len(unfinished), bool)
        for subiteration in (0, 1):
            removable = _find_removable(part, subiteration)
            part[:, 1:-1, 1:-1] &= ~removable
            changed |= removable.any(axis=(1, 2))
        lines[unfinished] = part
        unfinished = unfinished[changed]
    return np.asarray(lines[:, 1:-1, 1:-1])


def _find_removable(lines: NDArray[np.bool_], subiteration: int) -> NDArray[np.bool_]:
    """Find the pixels that one half of a thinning step takes away.

    Args:
        lines: ``(n, h + 2, w + 2) bool``, with a margin of one.
        subiteration: 0 or 1.

    Returns:
        ``(n, h, w) bool``.
    """
    rows, columns = lines.shape[1] - 2, lines.shape[2] - 2
    clockwise_from_north = [(0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0)]
    neighbours = [lines[:, y : y + rows, x : x + columns] for y, x in clockwise_from_north]
    count = sum(neighbour.astype(np.uint8) for neighbour in neighbours)
    following = [*neighbours[1:], neighbours[0]]
    steps = sum((~a & b).astype(np.uint8) for a, b in zip(neighbours, following, strict=True))
    north, east, south, west = neighbours[::2]
    first, second = (
        (east & south, north | west) if subiteration == 0 else (north & west, east | south)
    )
    both = ~(first & second)
    inner = lines[:, 1:-1, 1:-1]
    return np.asarray(inner & (count >= 2) & (count <= 6) & (steps == 1) & both)
