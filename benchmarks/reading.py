"""The pictures of docs/reading.md: simulated scans, and what the normaliser makes of them.

    python -m benchmarks.reading

draws every kind of scan that the simulator knows, and every kind of image that holds no digit,
from the handwriting of the sample inbox, and writes the page that shows them.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.images.pixels import to_gray
from batchdigits.preprocessing.normalise import normalise
from batchdigits.training.simulator.distance_fields import DigitShapes, shapes_from_pages
from batchdigits.training.simulator.non_digits import NON_DIGITS
from batchdigits.training.simulator.scan_styles import SCAN_STYLES, sample_look
from batchdigits.training.simulator.simulate import Image, simulate
from benchmarks import ROOT

SAMPLES = ROOT / "inbox" / "forms"
PAGE, PICTURES = ROOT / "docs" / "reading.md", ROOT / "docs" / "reading"
SHOWN, TILE, GAP = 6, 64, 4
#: Enough grays for a look, and small files.
GRAYS = 24
SEED = 20

_PAGE = """# How scans are read

Left of each pair: an image as a user might have it, made by the scan simulator
(`batchdigits/training/simulator/`) from the handwriting of the sample inbox. Right: what the
normaliser makes of it, which is all that the model ever sees: white ink on black, the digit's box
20 pixels of 28, its centre of mass in the middle, as MNIST has them. `python -m benchmarks.reading`
draws this page again.

What the normaliser (`batchdigits/preprocessing/`) does, in order: paper and light are evened out,
unless the page has but two levels, and polarity is told by the border, or where ink fills half of
that, by corners and by what falls into more pieces (`ink.py`); what stands out from the paper's
noise is ink; on pages that are no small drawings, lines from edge to edge and boxes round something
are taken out and strokes that go through them mended (`form_lines.py`); specks, stray marks and
what is much weaker than the pen are left out, and pieces of a broken stroke kept together
(`components.py`); hairlines are thickened before they are reduced, and the ink is brought to full
white, into its box, and centred (`normalise.py`).

{kinds}
## What is no digit

The model has an eleventh output for these; they go to `review` as `not_a_digit`, or as
`several_marks` where the normaliser counts them.

{others}"""


def main() -> None:
    """Draw all pictures and write the page."""
    PICTURES.mkdir(exist_ok=True)
    shapes = _shapes()
    kinds = [
        _section(name, style.description, _digits(name, shapes))
        for name, style in SCAN_STYLES.items()
    ]
    others = [
        _section(name, non_digit.description, _others(name, shapes))
        for name, non_digit in NON_DIGITS.items()
    ]
    text = _PAGE.format(kinds="\n".join(kinds), others="\n".join(others))
    PAGE.write_text(text.rstrip() + "\n", encoding="utf-8")


def _shapes() -> DigitShapes:
    grays = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(SAMPLES.iterdir())]
    pages = [np.asarray(gray, np.uint8) for gray in grays if gray is not None]
    return shapes_from_pages(pages, np.zeros(len(pages), np.int64))[0]


def _digits(kind: str, shapes: DigitShapes) -> list[Image]:
    random = np.random.default_rng([SEED, len(kind)])
    chosen = random.permutation(len(shapes))[:SHOWN]
    fields = shapes.fields
    return [simulate(fields[each], sample_look(kind, random), random, fields[0]) for each in chosen]


def _others(kind: str, shapes: DigitShapes) -> list[Image]:
    random = np.random.default_rng([SEED, len(kind), 1])
    non_digit = NON_DIGITS[kind]
    papers = ("scan", "jagged", "plain", "pencil", "marker", "photo")[:SHOWN]
    return [
        non_digit.simulate(sample_look(paper, random), shapes.fields, random) for paper in papers
    ]


def _section(name: str, meaning: str, images: list[Image]) -> str:
    path = PICTURES / f"{name.replace(' ', '-')}.png"
    _write(path, np.hstack([_pair(to_gray(image)) for image in images])[:, :-GAP])
    return f"**{name}**: {meaning}\n\n![{name}](reading/{path.name})\n"


def _pair(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A page and its digit image side by side, each in a square of ``TILE``."""
    gap = np.full((TILE, GAP), 255, np.uint8)
    return np.hstack([_fitted(gray), _fitted(normalise(gray).image), gap, gap])


def _fitted(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = TILE / max(gray.shape)
    size = max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    tile = np.full((TILE, TILE), 255, np.uint8)
    tile[: size[1], : size[0]] = cv2.resize(gray, size, interpolation=method)
    cv2.rectangle(tile, (0, 0), (size[0] - 1, size[1] - 1), 140, 1)
    return tile


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    """A PNG of few grays, which is a third as large."""
    from PIL import Image as Pillow

    levels = np.round(picture / 255 * (GRAYS - 1)) / (GRAYS - 1) * 255
    Pillow.fromarray(levels.astype(np.uint8)).quantize(GRAYS).save(path, optimize=True)


if __name__ == "__main__":
    main()
