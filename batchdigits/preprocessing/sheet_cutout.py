"""A sheet of paper cut out of the page that shows the table round it."""

import cv2
import numpy as np

from batchdigits.arrays import GrayImage, Mask
from batchdigits.preprocessing.kernels import make_kernel
from batchdigits.records import Box

#: What is cut away along the edges of a sheet, as a share of the page.
RIM_SHARE = 0.02
#: What comes no nearer to an edge than this share of the page is whole: less is cut away.
INSIDE_SHARE = 0.04
#: What is dark along an edge and reaches no deeper than this share of the page is table too.
MAX_SLIVER_SHARE = 0.05
#: It is so many levels darker than the paper.
MIN_SLIVER_STEP = 10


def find_inside(sheet: Mask) -> Mask:
    """Find where a sheet lies with some paper to all of its edges that are not the page's own.

    Args:
        sheet: ``(height, width) uint8``, 255 where it lies.

    Returns:
        Of the same shape, 255 there.
    """
    kernel = make_kernel(cv2.MORPH_RECT, 2 * round(INSIDE_SHARE * max(sheet.shape)) + 1)
    return np.asarray(cv2.erode(sheet, kernel, borderValue=255), np.uint8)


def cut_out_sheet(gray: GrayImage, sheet: Mask) -> tuple[GrayImage, Box]:
    """Cut out a sheet and let its paper go on where the table lies.

    Args:
        gray: ``(height, width) uint8``.
        sheet: where the sheet lies on the page, of any smaller size.

    Returns:
        The part of the page in the sheet's box, with its rim and the table painted over in the
        level of the paper nearby; and the box.
    """
    size = gray.shape[1], gray.shape[0]
    rim = max(3, round(2 * RIM_SHARE * max(sheet.shape)) | 1)
    kept = np.asarray(cv2.erode(sheet, make_kernel(cv2.MORPH_RECT, rim), borderValue=255), np.uint8)
    small = np.asarray(cv2.resize(gray, sheet.shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    paper = _continue_paper(small, kept)
    slivers = _find_slivers(np.where(kept > 0, small, paper).astype(np.uint8), kept)
    if cv2.countNonZero(slivers):
        kept = np.asarray(cv2.bitwise_and(kept, cv2.bitwise_not(slivers)), np.uint8)
        paper = _continue_paper(small, kept)
    whole = np.asarray(cv2.resize(paper, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    mask = np.asarray(cv2.resize(kept, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    box = Box(*cv2.boundingRect(mask))
    part = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    return np.asarray(np.where(mask[part] > 0, gray[part], whole[part]), np.uint8), box


def _find_slivers(page: GrayImage, kept: Mask) -> Mask:
    """Find what is left of the table along the edges of a sheet that is not quite straight.

    Args:
        page: ``(height, width) uint8``, with paper beyond the sheet.
        kept: of the same shape, 255 where the sheet lies.

    Returns:
        Of the same shape, 255 where it is.
    """
    side = max(3, min(page.shape) // 4) | 1
    ink = cv2.morphologyEx(page, cv2.MORPH_BLACKHAT, make_kernel(cv2.MORPH_RECT, side))
    dark = cv2.bitwise_and(cv2.threshold(ink, MIN_SLIVER_STEP, 255, cv2.THRESH_BINARY)[1], kept)
    # The page's own edges are no edges of the sheet.
    padded = cv2.copyMakeBorder(kept, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depths = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    labels = np.asarray(cv2.connectedComponents(np.asarray(dark, np.uint8))[1], np.int32)
    deepest = MAX_SLIVER_SHARE * max(page.shape)
    slivers = np.zeros_like(kept)
    # Only what begins at an edge; the rest may be much grain.
    for label in np.unique(labels[depths < 2]).tolist():
        if label and depths[sliver := labels == label].max() <= deepest:
            slivers[sliver] = 255
    return slivers


def _continue_paper(gray: GrayImage, sheet: Mask) -> GrayImage:
    """Estimate the level of the paper round each pixel, beyond the sheet as well."""
    # Ink is closed, for its level must not flow out.
    side = max(3, min(gray.shape) // 4) | 1
    bare = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, make_kernel(cv2.MORPH_RECT, side))
    weight = (sheet > 0).astype(np.float32)
    for reach in (side, max(gray.shape) | 1, 4 * max(gray.shape) | 1):
        size = (reach, reach)
        share = cv2.blur(weight, size, borderType=cv2.BORDER_REPLICATE)
        level = cv2.blur(bare * weight, size, borderType=cv2.BORDER_REPLICATE)
        known = np.asarray(share) > 1e-3
        estimate = np.where(known, level / np.maximum(share, 1e-3), 0)
        bare = np.where(weight > 0, bare, estimate).astype(np.float32)
        if known.all():
            break
        weight = np.where(known, np.float32(1), np.float32(0))
    return np.asarray(np.clip(bare + 0.5, 0, 255), np.uint8)
