"""From a shape and a look to an image as a user might have it.

    page = simulate(fields, sample_look("pencil", random), random)

The same random numbers give the same image. Training data, the hard set of the benchmarks and the
pictures of ``docs/reading.md`` are made so.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator import paper
from batchdigits.training.simulator.distance_fields import DistanceFields
from batchdigits.training.simulator.frames import draw_frame
from batchdigits.training.simulator.page_look import PageLook
from batchdigits.training.simulator.paper import Paper
from batchdigits.training.simulator.pen import Distortion, InkLayer, Pen, Random, draw_ink
from batchdigits.training.simulator.scenes.desks import lay_on_desk
from batchdigits.training.simulator.scenes.like_tones import colour_like_tones

#: ``(h, w)`` gray, ``(h, w, 3)`` B, G, R or ``(h, w, 4)`` B, G, R, alpha, all ``uint8``.
Image = NDArray[np.uint8]
_Bounds = tuple[int, int, int, int]


def simulate(
    fields: DistanceFields,
    look: PageLook,
    random: Random,
    reverse_side: DistanceFields | None = None,
) -> Image:
    """Draw one shape as pen, paper and scanner make it.

    Args:
        fields: ``(2, 56, 56) uint8``, see :mod:`batchdigits.training.simulator.distance_fields`.
        look: pen, paper and scanner.
        random: everything that the look leaves open.
        reverse_side: the shape that shows through from the other side; the same one where ``None``.

    Returns:
        The page, of the look's shape, or as many times as large as it says.
    """
    ink = crop_ink(draw_ink(fields, look.digit_side, look.pen, look.distortion, random))
    return render_page(ink, look, random, fields if reverse_side is None else reverse_side)


def render_page(
    ink: InkLayer, look: PageLook, random: Random, reverse_side: DistanceFields | None = None
) -> Image:
    """Put cut-out ink on the look's paper, and the page through its scanner.

    Args:
        ink: ``(h, w) float32``; reduced where the page has no room for it.
        look: paper and scanner.
        random: everything that the look leaves open.
        reverse_side: the shape that shows through from the other side; nothing does where ``None``.
    """
    layer, box = _place_ink(ink, look, random)
    if look.colour == "alpha":
        return _alpha_image_from_ink(layer)
    page = _draw_background(look, box, random, reverse_side)
    return _apply_scanner(_apply_ink(page, layer, look, random), look, random)


def render_empty_page(look: PageLook, random: Random) -> Image:
    """Draw a page as :func:`render_page` does, but without any ink on it."""
    return render_page(np.zeros((2, 2), np.float32), look, random)


def crop_ink(ink: InkLayer) -> InkLayer:
    """Cut out the part of a window that holds ink, however faint."""
    x, y, width, height = cv2.boundingRect((ink > 0.25).astype(np.uint8))
    return ink[y : y + height, x : x + width] if width else ink


def _place_ink(ink: InkLayer, look: PageLook, random: Random) -> tuple[InkLayer, _Bounds]:
    """Place ink on an empty page; the page, and left, top, right and bottom of the ink."""
    height, width = look.shape
    if look.placement == "stretched":
        size = (width - int(random.integers(0, 2)), height - int(random.integers(0, 2)))
        ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.float32)
    elif look.placement != "cut":
        room = min((height - 1) / ink.shape[0], (width - 1) / ink.shape[1])
        if room < 1:
            size = (max(1, int(ink.shape[1] * room)), max(1, int(ink.shape[0] * room)))
            ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.float32)
    rows, columns = ink.shape
    left, top = _choose_position(look, height - rows, width - columns, ink.shape, random)
    layer = np.zeros(look.shape, np.float32)
    _paste(ink, layer, left, top)
    return layer, (left, top, left + columns, top + rows)


def _choose_position(
    look: PageLook, free_height: int, free_width: int, shape: tuple[int, ...], random: Random
) -> tuple[int, int]:
    """Choose left and top of the ink where so many pixels of the page are free beside it."""
    free = np.array([free_width, free_height], float)
    if look.placement == "middle" or look.placement == "stretched":
        corner = free * random.uniform(0.35, 0.65, 2)
    elif look.placement == "anywhere":
        corner = free * random.uniform(0.02, 0.98, 2)
    elif look.placement == "corner":
        corner = free * random.choice([random.uniform(0.01, 0.12), random.uniform(0.88, 0.99)], 2)
    else:
        corner = free * random.uniform(0.2, 0.8, 2)
        axis = int(random.integers(2))
        hidden = look.overhang * shape[1 - axis]
        corner[axis] = -hidden if random.random() < 0.5 else free[axis] + hidden
    return round(corner[0]), round(corner[1])


def _paste(ink: InkLayer, layer: InkLayer, left: int, top: int) -> None:
    """Put ink into a layer, but for what lies outside it."""
    rows, columns = ink.shape
    visible = layer[max(top, 0) : top + rows, max(left, 0) : left + columns]
    visible[:] = ink[max(-top, 0) :, max(-left, 0) :][: visible.shape[0], : visible.shape[1]]


def _draw_background(
    look: PageLook, box: _Bounds, random: Random, reverse_side: DistanceFields | None
) -> Paper:
    page = paper.draw_paper(look.shape, look.paper_level, look.grain, random)
    if look.bleed and reverse_side is not None:
        page *= 1 - np.float32(look.bleed) * _draw_bleed_through(look, reverse_side, random)
    if look.ruled:
        page *= 1 - np.float32(look.ruled) * paper.draw_ruled_lines(look.shape, random)
    if look.dotted:
        page *= 1 - np.float32(look.dotted) * paper.draw_dotted_lines(look.shape, random)
    if look.boxed:
        page *= 1 - np.float32(look.boxed) * paper.draw_box(look.shape, box, random)
    return page


def _draw_bleed_through(look: PageLook, reverse_side: DistanceFields, random: Random) -> InkLayer:
    """Draw blurred, mirrored writing from the other side of the sheet."""
    side = max(8.0, look.digit_side * random.uniform(0.5, 1.2))
    pen = Pen(outline_offset=0.5, softness=3)
    ink = draw_ink(reverse_side, side, pen, Distortion(), random)[:, ::-1]
    layer = np.zeros(look.shape, np.float32)
    top = int(random.integers(-ink.shape[0] // 2, max(look.shape[0] - ink.shape[0] // 2, 1)))
    left = int(random.integers(-ink.shape[1] // 2, max(look.shape[1] - ink.shape[1] // 2, 1)))
    _paste(ink, layer, left, top)
    return layer


def _apply_ink(page: Paper, layer: InkLayer, look: PageLook, random: Random) -> Paper:
    page = page * (1 - np.float32(look.contrast) * layer)
    dirt = np.float32(min(1.0, look.contrast * 1.1))
    if look.specks:
        page *= 1 - dirt * paper.draw_specks(look.shape, random, look.specks)
    if look.pointer:
        side = random.uniform(0.06, 0.14) * min(look.shape)
        page *= 1 - dirt * paper.draw_pointer(look.shape, max(side, 5.0), random)
    if look.edge_lines:
        page *= 1 - np.float32(look.edge_lines) * paper.draw_edge_lines(look.shape, random)
    if look.desk:
        page = lay_on_desk(page, look.desk, random)
    if look.frame:
        page *= 1 - draw_frame(look.shape, look.frame, random)
    if look.light_falloff:
        page = paper.apply_uneven_light(page, look.light_falloff, random)
    if look.shadow:
        page = paper.apply_shadow(page, look.shadow, random)
    return page


def _apply_scanner(page: Paper, look: PageLook, random: Random) -> Image:
    if look.reduce > 1:
        height, width = page.shape
        size = max(2, round(width / look.reduce)), max(2, round(height / look.reduce))
        small = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
        page = np.asarray(cv2.resize(small, (width, height)), np.float32)
    if look.blur:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), max(look.blur, 0.2)), np.float32)
    if look.noise:
        grain = random.standard_normal(page.shape, np.float32)
        page = page + np.float32(look.noise) * grain
    if look.threshold:
        # Whoever thresholds sees to it that the strokes stay.
        low, high = float(page.min()), float(page.max())
        page = (page > low + (high - low) * random.uniform(0.35, 0.65)).astype(np.float32)
    image: Image = np.clip(page * 255 + 0.5, 0, 255).astype(np.uint8)
    if look.inverted:
        image = 255 - image
    if look.enlarge > 1:
        method = cv2.INTER_CUBIC if random.random() < 0.5 else cv2.INTER_LINEAR
        method = method if look.smooth else cv2.INTER_NEAREST
        size = round(image.shape[1] * look.enlarge), round(image.shape[0] * look.enlarge)
        image = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
    if look.colour == "fringes":
        image = _add_colour_fringes(image)
    elif look.colour == "ink":
        image = _tint_ink(image, random)
    elif look.colour == "like tones":
        image = colour_like_tones(image, random)
    return _compress_jpeg(image, look.jpeg) if look.jpeg else image


def _alpha_image_from_ink(layer: InkLayer) -> Image:
    image = np.zeros((*layer.shape, 4), np.uint8)
    image[..., 3] = np.clip(layer * 255 + 0.5, 0, 255)
    return image


def _add_colour_fringes(image: Image) -> Image:
    """Move each colour a third of a pixel beside the next, as on a screen of striped pixels."""
    colours = []
    for thirds in (-1, 0, 1):
        shift = np.array([[1, 0, thirds / 3], [0, 1, 0]], np.float64)
        size = image.shape[1], image.shape[0]
        colours.append(
            cv2.warpAffine(
                image, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        )
    return np.asarray(np.dstack(colours), np.uint8)


def _tint_ink(image: Image, random: Random) -> Image:
    """Make gray ink blue or some other dark colour: that of the light it absorbs least."""
    ink = np.array([random.uniform(0.3, 1), random.uniform(0, 0.6), random.uniform(0, 0.4)])
    tint = np.array(random.uniform(0.93, 1, 3))
    share = (255 - image[..., None].astype(np.float32)) / 255
    colour = 255 * tint * (1 - share * (1 - 0.6 * ink))
    return np.clip(colour, 0, 255).astype(np.uint8)


def _compress_jpeg(image: Image, quality: int) -> Image:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)
