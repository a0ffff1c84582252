"""The scan simulator: a shape and a style in, an image as a user might have it out.

    page = simulate(fields, style("pencil", random), random)

The same random numbers give the same image. It makes the training data, the measured hard set
and the pictures in the documents.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator import paper
from batchdigits.training.simulator.distance_fields import DistanceFields
from batchdigits.training.simulator.paper import Paper
from batchdigits.training.simulator.pen import Distortion, InkLayer, Pen, Random, draw_ink
from batchdigits.training.simulator.style import Style

#: ``(h, w)`` gray, ``(h, w, 3)`` B, G, R or ``(h, w, 4)`` B, G, R, alpha, all ``uint8``.
Image = NDArray[np.uint8]
_Bounds = tuple[int, int, int, int]


def simulate(
    fields: DistanceFields, style: Style, random: Random, reverse_side: DistanceFields | None = None
) -> Image:
    """Draw one shape in one style.

    Args:
        fields: ``(2, 56, 56) uint8``, see :mod:`batchdigits.training.simulator.distance_fields`.
        style: pen, paper and scanner.
        random: everything that the style leaves open.
        behind: the shape that shows through from the other side; the same one where ``None``.
    """
    ink = crop_ink(draw_ink(fields, style.side, style.pen, style.distortion, random))
    return render_page(ink, style, random, fields if reverse_side is None else reverse_side)


def render_page(
    ink: InkLayer, style: Style, random: Random, reverse_side: DistanceFields | None = None
) -> Image:
    """Put cut-out ink on the style's paper and through its scanner."""
    layer, box = _place_ink(ink, style, random)
    if style.colour == "alpha":
        return _alpha_image_from_ink(layer)
    page = _draw_background(style, box, random, reverse_side)
    return _apply_scanner(_apply_ink(page, layer, style, random), style, random)


def crop_ink(ink: InkLayer) -> InkLayer:
    """The part of a window that holds ink, however faint."""
    x, y, width, height = cv2.boundingRect((ink > 0.25).astype(np.uint8))
    return ink[y : y + height, x : x + width] if width else ink


def _place_ink(ink: InkLayer, style: Style, random: Random) -> tuple[InkLayer, _Bounds]:
    """Ink on an empty page, and left, top, right and bottom of where it lies."""
    height, width = style.shape
    if style.placement == "stretched":
        size = (width - int(random.integers(0, 2)), height - int(random.integers(0, 2)))
        ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.float32)
    elif style.placement != "cut":
        room = min((height - 1) / ink.shape[0], (width - 1) / ink.shape[1])
        if room < 1:
            size = (max(1, int(ink.shape[1] * room)), max(1, int(ink.shape[0] * room)))
            ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)
    rows, columns = ink.shape
    left, top = _choose_position(style, height - rows, width - columns, ink.shape, random)
    layer = np.zeros(style.shape, np.float32)
    seen = layer[max(top, 0) : top + rows, max(left, 0) : left + columns]
    seen[:] = ink[max(-top, 0) :, max(-left, 0) :][: seen.shape[0], : seen.shape[1]]
    return layer, (left, top, left + columns, top + rows)


def _choose_position(
    style: Style, free_height: int, free_width: int, shape: tuple[int, ...], random: Random
) -> tuple[int, int]:
    """Left and top of the ink where ``across`` and ``down`` pixels are left beside it."""
    free = np.array([free_width, free_height], float)
    if style.placement == "middle" or style.placement == "stretched":
        place = free * random.uniform(0.35, 0.65, 2)
    elif style.placement == "anywhere":
        place = free * random.uniform(0.02, 0.98, 2)
    elif style.placement == "corner":
        place = free * random.choice([random.uniform(0.01, 0.12), random.uniform(0.88, 0.99)], 2)
    else:
        place = free * random.uniform(0.2, 0.8, 2)
        axis = int(random.integers(2))
        hidden = style.overhang * shape[1 - axis]
        place[axis] = -hidden if random.random() < 0.5 else free[axis] + hidden
    return round(place[0]), round(place[1])


def _draw_background(
    style: Style, box: _Bounds, random: Random, reverse_side: DistanceFields | None
) -> Paper:
    page = paper.draw_paper(style.shape, style.paper_level, style.grain, random)
    if style.bleed and reverse_side is not None:
        page *= 1 - np.float32(style.bleed) * _draw_bleed_through(style, reverse_side, random)
    if style.ruled:
        page *= 1 - np.float32(style.ruled) * paper.draw_ruled_lines(style.shape, random)
    if style.dotted:
        page *= 1 - np.float32(style.dotted) * paper.draw_dotted_lines(style.shape, random)
    if style.boxed:
        page *= 1 - np.float32(style.boxed) * paper.draw_box(style.shape, box, random)
    return page


def _draw_bleed_through(style: Style, reverse_side: DistanceFields, random: Random) -> InkLayer:
    """Blurred, mirrored writing from the other side of the sheet."""
    side = max(8.0, style.side * random.uniform(0.5, 1.2))
    ink = draw_ink(reverse_side, side, Pen(outline_offset=0.5, soft=3), Distortion(), random)[
        :, ::-1
    ]
    layer = np.zeros(style.shape, np.float32)
    top = int(random.integers(-ink.shape[0] // 2, max(style.shape[0] - ink.shape[0] // 2, 1)))
    left = int(random.integers(-ink.shape[1] // 2, max(style.shape[1] - ink.shape[1] // 2, 1)))
    seen = layer[max(top, 0) : top + ink.shape[0], max(left, 0) : left + ink.shape[1]]
    seen[:] = ink[max(-top, 0) :, max(-left, 0) :][: seen.shape[0], : seen.shape[1]]
    return layer


def _apply_ink(page: Paper, layer: InkLayer, style: Style, random: Random) -> Paper:
    page = page * (1 - np.float32(style.contrast) * layer)
    dirt = np.float32(min(1.0, style.contrast * 1.1))
    if style.specks:
        page *= 1 - dirt * paper.draw_specks(style.shape, random, style.specks)
    if style.pointer:
        side = random.uniform(0.06, 0.14) * min(style.shape)
        page *= 1 - dirt * paper.draw_pointer(style.shape, max(side, 5.0), random)
    if style.edge_lines:
        page *= 1 - np.float32(style.edge_lines) * paper.draw_edge_lines(style.shape, random)
    if style.light_falloff:
        page = paper.apply_uneven_light(page, style.light_falloff, random)
    if style.shadow:
        page = paper.apply_shadow(page, style.shadow, random)
    return page


def _apply_scanner(page: Paper, style: Style, random: Random) -> Image:
    if style.reduce > 1:
        height, width = page.shape
        size = max(2, round(width / style.reduce)), max(2, round(height / style.reduce))
        small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
        page = np.asarray(cv2.resize(small, (width, height)), np.float32)
    if style.blur:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), max(style.blur, 0.2)), np.float32)
    if style.noise:
        grain = random.standard_normal(page.shape, np.float32)
        page = page + np.float32(style.noise) * grain
    if style.threshold:
        # Whoever thresholds sees to it that the strokes stay.
        low, high = float(page.min()), float(page.max())
        page = (page > low + (high - low) * random.uniform(0.35, 0.65)).astype(np.float32)
    image: Image = np.clip(page * 255 + 0.5, 0, 255).astype(np.uint8)
    if style.inverted:
        image = 255 - image
    if style.enlarge > 1:
        method = cv2.INTER_CUBIC if random.random() < 0.5 else cv2.INTER_LINEAR
        method = method if style.smooth else cv2.INTER_NEAREST
        size = round(image.shape[1] * style.enlarge), round(image.shape[0] * style.enlarge)
        image = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
    if style.colour == "fringes":
        image = _add_colour_fringes(image)
    elif style.colour == "ink":
        image = _tint_ink(image, random)
    return _compress_jpeg(image, style.jpeg) if style.jpeg else image


def _alpha_image_from_ink(layer: InkLayer) -> Image:
    image = np.zeros((*layer.shape, 4), np.uint8)
    image[..., 3] = np.clip(layer * 255 + 0.5, 0, 255)
    return image


def _add_colour_fringes(image: Image) -> Image:
    """Each colour a third of a pixel beside the next, as on a screen of striped pixels."""
    shifted = []
    for third in (-1, 0, 1):
        move = np.array([[1, 0, third / 3], [0, 1, 0]], np.float64)
        size = image.shape[1], image.shape[0]
        shifted.append(
            cv2.warpAffine(
                image, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        )
    return np.asarray(np.dstack(shifted), np.uint8)


def _tint_ink(image: Image, random: Random) -> Image:
    """Blue or some other dark ink instead of gray: what absorbs least is its colour."""
    ink = np.array([random.uniform(0.3, 1), random.uniform(0, 0.6), random.uniform(0, 0.4)])
    tint = np.array(random.uniform(0.93, 1, 3))
    share = (255 - image[..., None].astype(np.float32)) / 255
    colour = 255 * tint * (1 - share * (1 - 0.6 * ink))
    return np.clip(colour, 0, 255).astype(np.uint8)


def _compress_jpeg(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
