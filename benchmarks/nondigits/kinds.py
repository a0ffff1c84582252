"""All kinds by name, and the seeded folder of image files that is measured."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from benchmarks.nondigits import animals, charts, codes, drawings, photographs, signs, writing
from benchmarks.nondigits.canvas import Image, Random

Maker = Callable[[int, Random], Image]
#: Images of each kind.
EACH = 80
LARGEST = 600
#: Endings and how often each is written.
ENDINGS = {".png": 0.55, ".jpg": 0.27, ".gif": 0.06, ".tif": 0.06, ".bmp": 0.06}
#: Each kind's maker and the pixels of the smallest image in which it can be told at all.
KINDS: dict[str, tuple[Maker, int]] = {
    "Greek and Cyrillic letters": (signs.letter, 28),
    "arrows": (signs.arrow, 28),
    "stars and hearts": (drawings.star, 28),
    "chess pieces and suits": (signs.piece, 28),
    "pictograms": (signs.pictogram, 28),
    "music": (signs.music, 40),
    "drawings": (drawings.drawing, 28),
    "animals": (animals.animal, 28),
    "QR codes": (codes.qr_code, 48),
    "bar codes": (codes.bar_code, 64),
    "grids": (codes.grid, 40),
    "charts": (charts.chart, 64),
    "maps": (charts.plan, 48),
    "logos": (drawings.logo, 28),
    "pages of text": (writing.page, 96),
}
SUMS, PHOTOGRAPHS = "sums", "photographs"
#: Near to what is trained with (print, pairs of digits): measured, but counted towards no goal.
FAMILIAR = frozenset({"pages of text", SUMS})


def write_all(digits: NDArray[np.uint8], folder: Path, each: int = EACH) -> list[str]:
    """Write so many files of every kind, each kind in a folder of its name.

    Photographs are left out where their package is missing.

    Args:
        digits: ``(n, 28, 28) uint8`` white on black, what sums are written with.
        folder: an empty one.
        each: files a kind.

    Returns:
        Every file's place inside ``folder``.
    """
    names = []
    for place, (kind, maker, least) in enumerate(_makers(digits)):
        (folder / kind).mkdir(parents=True)
        for number, (image, random) in enumerate(_images(maker, least, place, each)):
            path = _write(image, folder / kind / f"{number:03d}", random)
            names.append(path.relative_to(folder).as_posix())
    return names


def _makers(digits: NDArray[np.uint8]) -> Iterator[tuple[str, Maker, int]]:
    yield from ((kind, maker, least) for kind, (maker, least) in KINDS.items())
    yield SUMS, partial(writing.sum_of, digits), 48
    if photographs.are_there():
        yield PHOTOGRAPHS, photographs.photograph, 28


def _images(maker: Maker, least: int, place: int, each: int) -> Iterator[tuple[Image, Random]]:
    for number in range(each):
        # A seed an image: one kind drawn otherwise leaves all the others as they were.
        random = np.random.default_rng([1895, place, number])
        side = int(np.exp(random.uniform(np.log(least), np.log(LARGEST))))
        yield maker(side, random), random


def _write(image: Image, stem: Path, random: Random) -> Path:
    ending = str(random.choice(list(ENDINGS), p=list(ENDINGS.values())))
    path = stem.with_suffix(ending)
    pixels = image[..., ::-1] if image.ndim == 3 else image
    # Of the formats here, JPEG alone asks for a quality.
    Pillow.fromarray(np.ascontiguousarray(pixels)).save(path, quality=int(random.integers(40, 95)))
    return path
