"""All kinds by name, and the folder of image files that is measured."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from benchmarks.nondigits import (
    animals,
    charts,
    codes,
    drawings,
    photographs,
    signs,
    ticks,
    writing,
)
from benchmarks.nondigits.canvas import Image, Random

Draw = Callable[[int, Random], Image]
FILES_PER_KIND = 80
#: Pixels of the longer side of the largest image.
MAX_SIDE = 600
#: File name endings and the share of files that have each.
ENDINGS = {".png": 0.55, ".jpg": 0.27, ".gif": 0.06, ".tif": 0.06, ".bmp": 0.06}
#: Each kind's function and the side of the smallest image in which the kind can be recognised.
KINDS: dict[str, tuple[Draw, int]] = {
    "Greek and Cyrillic letters": (signs.draw_letter, 28),
    "arrows": (signs.draw_arrow, 28),
    "stars and hearts": (drawings.draw_star_or_heart, 28),
    "chess pieces and suits": (signs.draw_piece, 28),
    "pictograms": (signs.draw_pictogram, 28),
    "music": (signs.draw_music, 40),
    "drawings": (drawings.draw_drawing, 28),
    "animals": (animals.draw_animal, 28),
    "QR codes": (codes.draw_qr_code, 48),
    "bar codes": (codes.draw_bar_code, 64),
    "grids": (codes.draw_grid, 40),
    "charts": (charts.draw_chart, 64),
    "maps": (charts.draw_map, 48),
    "logos": (drawings.draw_logo, 28),
    "pages of text": (writing.draw_page, 96),
}
#: Kinds that models are trained with, too, in drawings of another hand.
REDRAWN_KINDS: dict[str, tuple[Draw, int]] = {
    "hooked ticks": (ticks.draw_hooked_tick, 28),
    "bent pluses": (ticks.draw_bent_plus, 28),
}
#: The number in the seeds of the first of these: no kind that is added before changes them.
_FIRST_REDRAWN_INDEX = 100
SUMS, PHOTOGRAPHS = "sums", "photographs"
#: Kinds close to those trained with (print, pairs of digits), which count towards no goal.
FAMILIAR = frozenset({"pages of text", SUMS})


def write_all(digits: NDArray[np.uint8], folder: Path, count: int = FILES_PER_KIND) -> list[str]:
    """Write ``count`` files of every kind, each kind in a folder of its name.

    Photographs are left out if their package is missing.

    Args:
        digits: ``(n, 28, 28) uint8``, white ink on black; sums are written with them.
        folder: an empty folder.
        count: files per kind.

    Returns:
        Every file's path inside ``folder``.
    """
    names = []
    for index, kind, draw, min_side in _list_kinds(digits):
        (folder / kind).mkdir(parents=True)
        for number, (image, random) in enumerate(_draw_images(draw, min_side, index, count)):
            path = _write(image, folder / kind / f"{number:03d}", random)
            names.append(path.relative_to(folder).as_posix())
    return names


def _list_kinds(digits: NDArray[np.uint8]) -> Iterator[tuple[int, str, Draw, int]]:
    """List the number in its seeds, the name, the function and the least side of every kind."""
    for index, (kind, (draw, min_side)) in enumerate(KINDS.items()):
        yield index, kind, draw, min_side
    yield len(KINDS), SUMS, partial(writing.draw_sum, digits), 48
    if photographs.are_installed():
        yield len(KINDS) + 1, PHOTOGRAPHS, photographs.cut_photograph, 28
    for index, (kind, (draw, min_side)) in enumerate(REDRAWN_KINDS.items(), _FIRST_REDRAWN_INDEX):
        yield index, kind, draw, min_side


def _draw_images(
    draw: Draw, min_side: int, kind_index: int, count: int
) -> Iterator[tuple[Image, Random]]:
    for number in range(count):
        # Each image has a seed of its own, so that a change of one kind leaves the others alone.
        random = np.random.default_rng([1895, kind_index, number])
        side = int(np.exp(random.uniform(np.log(min_side), np.log(MAX_SIDE))))
        yield draw(side, random), random


def _write(image: Image, stem: Path, random: Random) -> Path:
    ending = str(random.choice(list(ENDINGS), p=list(ENDINGS.values())))
    path = stem.with_suffix(ending)
    pixels = image[..., ::-1] if image.ndim == 3 else image
    # Of these formats, only JPEG has a quality.
    Pillow.fromarray(np.ascontiguousarray(pixels)).save(path, quality=int(random.integers(40, 95)))
    return path
