"""Draw docs/reading.md: simulated scans, and the digit images that the normaliser makes of them.

    python -m benchmarks.reading

draws every kind of scan that the simulator knows, and every kind of image that holds no digit,
from the handwriting of the sample inbox, and writes the page that shows them.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.images.pixels import to_gray
from batchdigits.pipeline.second_reading import list_readings
from batchdigits.preprocessing.normalise import normalise
from batchdigits.training.simulator.distance_fields import DigitShapes, shapes_from_pages
from batchdigits.training.simulator.marked_digits import MARKS, simulate_marked_digit
from batchdigits.training.simulator.non_digits import NON_DIGITS
from batchdigits.training.simulator.pen import Distortion, Pen, draw_ink
from batchdigits.training.simulator.scan_styles import SCAN_STYLES, sample_look
from batchdigits.training.simulator.segment_digits import simulate_segment_digit
from batchdigits.training.simulator.simulate import Image, simulate
from batchdigits.training.simulator.strokes.digit_forms import SCHOOL_FORM_JITTER, SCHOOL_FORMS
from batchdigits.training.simulator.strokes.draw import draw_strokes
from batchdigits.training.simulator.strokes.mark_forms import LOOK_ALIKE_FORMS
from batchdigits.training.simulator.strokes.stroke import Forms
from benchmarks import ROOT

SAMPLES = ROOT / "inbox" / "forms"
PAGE, PICTURES = ROOT / "docs" / "reading.md", ROOT / "docs" / "reading"
#: Examples of each kind, and pixels of a tile and of the gap between two.
EXAMPLES, TILE, GAP = 6, 64, 4
#: Few gray levels, for small files.
GRAY_LEVELS = 24
SEED = 20
DISPLAYS = "Seven segments that glow, or are dark: the digit, or review."
#: Pixels of a drawn form, and what draws it.
FORM_SIDE, FORM_PEN, LOOK_ALIKE_PEN = 60, Pen(4.0), Pen(3.0)

_PAGE = """# How scans are read

Left of each pair: an image as a user might have it, made by the scan simulator
(`batchdigits/training/simulator/`) from the handwriting of the sample inbox. Right: what the
normaliser makes of it, which is all that the model ever sees: white ink on black, the digit's box
20 pixels of 28, its centre of mass in the middle, as MNIST has them. `python -m benchmarks.reading`
draws this page again.

The normaliser (`batchdigits/preprocessing/`) works in this order:

1. It cuts out a sheet that lies on a darker table (`sheet.py`). Where gray hides ink of another
   colour, the page is read in the colour that shows it (`images/colour_contrast.py`). It evens out
   paper and light, unless the page has only two levels (`uneven_light.py`), and finds out whether
   ink is darker or lighter than the paper: from the border, or, if ink fills half of that, from
   the corners and from which of the two falls into more pieces (`ink.py`). What stands out from
   the paper's noise is ink.
2. Unless the page is a small drawing, it removes lines from edge to edge and boxes round something,
   and mends the strokes that cross them (`form_lines.py`). Where ink reaches the border, the page
   is also read without what may be a frame; it wins as it is if it is read surely, and what may
   have lost a part of its ink goes to review (`frames/`).
3. It leaves out specks, stray marks and what is much weaker than the pen, and keeps the pieces of a
   broken stroke together (`components.py`, `broken_strokes.py`).
4. It takes away rings and lines below that are beyond doubt; where they are not, and where a stroke
   goes across the digit and beyond it, the page is read with and without them (`marks/`).
5. It thickens hairlines before it reduces them, brings the ink to full white, scales it into its
   box and centres it (`normalise.py`).

{kinds}
## Forms that schools teach

Drawn from strokes (`batchdigits/training/simulator/strokes/`), one of the four to nine drawings of
each form; with any of them come curls, hooks, waves and feet now and then.

{forms}
## Rings, lines, strikes, displays

A ring round a digit, or a line below it, is taken away. Where that is in doubt a third picture
shows what is left without it: both are read, and go to review if they are sure and differ. What is
a digit without the stroke across it was struck out, and goes to review as `not_a_digit`.

{marks}
## What is no digit

The model has an eleventh output for these; they go to `review` as `not_a_digit`, or as
`several_marks` if the normaliser counts several.

{non_digits}
Marks and letters among these that look like a digit at first sight: {look_alikes}.

![look-alikes](reading/look-alikes.png)
"""


def main() -> None:
    """Draw all pictures and write the page."""
    PICTURES.mkdir(exist_ok=True)
    shapes = _load_shapes()
    kinds = [
        _draw_section(name, style.description, _simulate_digits(name, shapes))
        for name, style in SCAN_STYLES.items()
    ]
    non_digits = [
        _draw_section(name, non_digit.description, _simulate_non_digits(name, shapes))
        for name, non_digit in NON_DIGITS.items()
    ]
    marks = [
        _draw_section(name, mark.description, _simulate_marks(name, shapes), _draw_readings)
        for name, mark in MARKS.items()
    ]
    marks.append(_draw_section("display", DISPLAYS, _simulate_displays()))
    _draw_forms("look-alikes", LOOK_ALIKE_FORMS, LOOK_ALIKE_PEN)
    text = _PAGE.format(
        kinds="\n".join(kinds),
        marks="\n".join(marks),
        forms="\n".join(_draw_digit_forms(digit) for digit in range(10)),
        non_digits="\n".join(non_digits),
        look_alikes=", ".join(LOOK_ALIKE_FORMS),
    )
    PAGE.write_text(text.rstrip() + "\n", encoding="utf-8")


def _load_shapes() -> DigitShapes:
    grays = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(SAMPLES.iterdir())]
    pages = [np.asarray(gray, np.uint8) for gray in grays if gray is not None]
    return shapes_from_pages(pages, np.zeros(len(pages), np.int64))[0]


def _simulate_digits(kind: str, shapes: DigitShapes) -> list[Image]:
    random = np.random.default_rng([SEED, len(kind)])
    indices = random.permutation(len(shapes))[:EXAMPLES]
    fields = shapes.fields
    return [
        simulate(fields[index], sample_look(kind, random), random, fields[0]) for index in indices
    ]


def _simulate_non_digits(kind: str, shapes: DigitShapes) -> list[Image]:
    random = np.random.default_rng([SEED, len(kind), 1])
    non_digit = NON_DIGITS[kind]
    papers = ("scan", "jagged", "plain", "pencil", "marker", "photo")[:EXAMPLES]
    return [
        non_digit.simulate(sample_look(paper, random), shapes.fields, random) for paper in papers
    ]


def _simulate_marks(kind: str, shapes: DigitShapes) -> list[Image]:
    random = np.random.default_rng([SEED, len(kind), 2])
    papers = ("scan", "large canvas", "scan", "photo")
    return [
        simulate_marked_digit(shapes, MARKS[kind], sample_look(paper, random), random)[0]
        for paper in papers
    ]


def _simulate_displays() -> list[Image]:
    random = np.random.default_rng([SEED, 3])
    return [
        simulate_segment_digit(digit, digit % 2 == 0, sample_look("scan", random), random)
        for digit in (2, 5, 6, 7, 0, 9)
    ]


def _draw_section(
    name: str,
    description: str,
    images: list[Image],
    draw: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None,
) -> str:
    """Save the picture of one kind, and return the page's section that shows it."""
    draw = draw or _draw_pair
    path = PICTURES / f"{name.replace(' ', '-')}.png"
    _save_png(path, np.hstack([draw(to_gray(image)) for image in images])[:, :-GAP])
    return f"**{name}**: {description}\n\n![{name}](reading/{path.name})\n"


def _draw_digit_forms(digit: int) -> str:
    """Save the picture of a digit's forms, and return the page's section that shows it."""
    forms = SCHOOL_FORMS[digit]
    _draw_forms(f"forms-of-{digit}", forms, FORM_PEN)
    return f"**{digit}**: {'; '.join(forms)}\n\n![forms of {digit}](reading/forms-of-{digit}.png)\n"


def _draw_forms(name: str, forms: Forms, pen: Pen) -> None:
    """Save a picture with one drawing of every form."""
    random = np.random.default_rng([SEED, len(name)])
    still = Distortion(0, 0, 0, 0)
    pairs = []
    for variants in forms.values():
        fields = draw_strokes(variants[0], random, SCHOOL_FORM_JITTER)
        ink = draw_ink(fields, FORM_SIDE, pen, still, random)
        pairs.append(_draw_pair(np.asarray(255 - np.round(ink * 255), np.uint8)))
    _save_png(PICTURES / f"{name}.png", np.hstack(pairs)[:, :-GAP])


def _draw_pair(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw a page and its digit image side by side, each in a square of ``TILE``."""
    gap = np.full((TILE, GAP), 255, np.uint8)
    return np.hstack([_fit_tile(gray), _fit_tile(normalise(gray).image), gap, gap])


def _draw_readings(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draw a page and all that is read of it side by side."""
    gap = np.full((TILE, GAP), 255, np.uint8)
    readings = [_fit_tile(reading.image) for reading in list_readings(normalise(gray))]
    return np.hstack([_fit_tile(gray), *readings, gap, gap])


def _fit_tile(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = TILE / max(gray.shape)
    size = max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    tile = np.full((TILE, TILE), 255, np.uint8)
    tile[: size[1], : size[0]] = cv2.resize(gray, size, interpolation=method)
    cv2.rectangle(tile, (0, 0), (size[0] - 1, size[1] - 1), 140, 1)
    return tile


def _save_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Save a PNG of few gray levels, which is a third as large."""
    from PIL import Image as Pillow

    levels = np.round(picture / 255 * (GRAY_LEVELS - 1)) / (GRAY_LEVELS - 1) * 255
    Pillow.fromarray(levels.astype(np.uint8)).quantize(GRAY_LEVELS).save(path, optimize=True)


if __name__ == "__main__":
    main()
