"""The scan simulator: a shape and a style in, an image as a user might have it out.

    page = simulate(fields, style("pencil", random), random)

The same random numbers give the same image. It makes the training data, the measured hard set
and the pictures in the documents.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator import paper
from batchdigits.training.simulator.distance_fields import Fields
from batchdigits.training.simulator.paper import Paper
from batchdigits.training.simulator.pen import Bend, Ink, Pen, Random, draw_ink
from batchdigits.training.simulator.style import Style

#: ``(h, w)`` gray, ``(h, w, 3)`` B, G, R or ``(h, w, 4)`` B, G, R, alpha, all ``uint8``.
Image = NDArray[np.uint8]
_BOX = tuple[int, int, int, int]


def simulate(fields: Fields, style: Style, random: Random, behind: Fields | None = None) -> Image:
    """Draw one shape in one style.

    Args:
        fields: ``(2, 56, 56) uint8``, see :mod:`batchdigits.training.simulator.distance_fields`.
        style: pen, paper and scanner.
        random: everything that the style leaves open.
        behind: the shape that shows through from the other side; the same one where ``None``.
    """
    ink = cut_out(draw_ink(fields, style.side, style.pen, style.bend, random))
    return develop(ink, style, random, fields if behind is None else behind)


def develop(ink: Ink, style: Style, random: Random, behind: Fields | None = None) -> Image:
    """Put cut-out ink on the style's paper and through its scanner."""
    layer, box = _place(ink, style, random)
    if style.colour == "alpha":
        return _transparent(layer)
    page = _background(style, box, random, behind)
    return _scanned(_inked(page, layer, style, random), style, random)


def cut_out(ink: Ink) -> Ink:
    """The part of a window that holds ink, however faint."""
    x, y, width, height = cv2.boundingRect((ink > 0.25).astype(np.uint8))
    return ink[y : y + height, x : x + width] if width else ink


def _place(ink: Ink, style: Style, random: Random) -> tuple[Ink, _BOX]:
    """Ink on an empty page, and left, top, right and bottom of where it lies."""
    height, width = style.shape
    if style.place == "stretched":
        size = (width - int(random.integers(0, 2)), height - int(random.integers(0, 2)))
        ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.float32)
    elif style.place != "cut":
        room = min((height - 1) / ink.shape[0], (width - 1) / ink.shape[1])
        if room < 1:
            size = (max(1, int(ink.shape[1] * room)), max(1, int(ink.shape[0] * room)))
            ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)
    rows, columns = ink.shape
    left, top = _corner(style, height - rows, width - columns, ink.shape, random)
    layer = np.zeros(style.shape, np.float32)
    seen = layer[max(top, 0) : top + rows, max(left, 0) : left + columns]
    seen[:] = ink[max(-top, 0) :, max(-left, 0) :][: seen.shape[0], : seen.shape[1]]
    return layer, (left, top, left + columns, top + rows)


def _corner(
    style: Style, down: int, across: int, shape: tuple[int, ...], random: Random
) -> tuple[int, int]:
    """Left and top of the ink where ``across`` and ``down`` pixels are left beside it."""
    free = np.array([across, down], float)
    if style.place == "middle" or style.place == "stretched":
        place = free * random.uniform(0.35, 0.65, 2)
    elif style.place == "anywhere":
        place = free * random.uniform(0.02, 0.98, 2)
    elif style.place == "corner":
        place = free * random.choice([random.uniform(0.01, 0.12), random.uniform(0.88, 0.99)], 2)
    else:
        place = free * random.uniform(0.2, 0.8, 2)
        axis = int(random.integers(2))
        hidden = style.beyond * shape[1 - axis]
        place[axis] = -hidden if random.random() < 0.5 else free[axis] + hidden
    return round(place[0]), round(place[1])


def _background(style: Style, box: _BOX, random: Random, behind: Fields | None) -> Paper:
    page = paper.sheet(style.shape, style.level, style.grain, random)
    if style.bleed and behind is not None:
        page *= 1 - np.float32(style.bleed) * _through(style, behind, random)
    if style.ruled:
        page *= 1 - np.float32(style.ruled) * paper.ruled(style.shape, random)
    if style.dotted:
        page *= 1 - np.float32(style.dotted) * paper.dotted(style.shape, random)
    if style.boxed:
        page *= 1 - np.float32(style.boxed) * paper.boxed(style.shape, box, random)
    return page


def _through(style: Style, behind: Fields, random: Random) -> Ink:
    """Blurred, mirrored writing from the other side of the sheet."""
    side = max(8.0, style.side * random.uniform(0.5, 1.2))
    ink = draw_ink(behind, side, Pen(grow=0.5, soft=3), Bend(), random)[:, ::-1]
    layer = np.zeros(style.shape, np.float32)
    top = int(random.integers(-ink.shape[0] // 2, max(style.shape[0] - ink.shape[0] // 2, 1)))
    left = int(random.integers(-ink.shape[1] // 2, max(style.shape[1] - ink.shape[1] // 2, 1)))
    seen = layer[max(top, 0) : top + ink.shape[0], max(left, 0) : left + ink.shape[1]]
    seen[:] = ink[max(-top, 0) :, max(-left, 0) :][: seen.shape[0], : seen.shape[1]]
    return layer


def _inked(page: Paper, layer: Ink, style: Style, random: Random) -> Paper:
    page = page * (1 - np.float32(style.depth) * layer)
    dirt = np.float32(min(1.0, style.depth * 1.1))
    if style.specks:
        page *= 1 - dirt * paper.specks(style.shape, random, style.specks)
    if style.pointer:
        side = random.uniform(0.06, 0.14) * min(style.shape)
        page *= 1 - dirt * paper.pointer(style.shape, max(side, 5.0), random)
    if style.edges:
        page *= 1 - np.float32(style.edges) * paper.edge_lines(style.shape, random)
    if style.light:
        page = paper.uneven_light(page, style.light, random)
    if style.shadow:
        page = paper.shadow(page, style.shadow, random)
    return page


def _scanned(page: Paper, style: Style, random: Random) -> Image:
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
        image = _fringed(image)
    elif style.colour == "ink":
        image = _coloured(image, random)
    return _compressed(image, style.jpeg) if style.jpeg else image


def _transparent(layer: Ink) -> Image:
    image = np.zeros((*layer.shape, 4), np.uint8)
    image[..., 3] = np.clip(layer * 255 + 0.5, 0, 255)
    return image


def _fringed(image: Image) -> Image:
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


def _coloured(image: Image, random: Random) -> Image:
    """Blue or some other dark ink instead of gray: what absorbs least is its colour."""
    ink = np.array([random.uniform(0.3, 1), random.uniform(0, 0.6), random.uniform(0, 0.4)])
    tint = np.array(random.uniform(0.93, 1, 3))
    share = (255 - image[..., None].astype(np.float32)) / 255
    colour = 255 * tint * (1 - share * (1 - 0.6 * ink))
    return np.clip(colour, 0, 255).astype(np.uint8)


def _compressed(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
