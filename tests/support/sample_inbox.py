"""Make the sample inbox anew: ``python -m tests.support.sample_inbox MNIST.npz SCANS_FOLDER``.

It holds real handwriting (MNIST's test part, CC BY-SA 3.0) and real scans (kensanata/numbers,
public domain, three writers on whom no model is trained), as a scanner, a phone or a drawing
program would deliver them: sizes, papers, inks and formats differ, and some files are broken. The
true digits are written to ``tests/inbox_truth.csv``: file, page, and the digit or the reason to
expect.
"""

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from batchdigits.training.simulator.augment import EVALUATION_DISTORTION_FACTOR
from batchdigits.training.simulator.distance_fields import shapes_from_pages
from batchdigits.training.simulator.non_digits import NON_DIGITS
from batchdigits.training.simulator.scan_styles import SCAN_STYLES, sample_look
from batchdigits.training.simulator.simulate import simulate

WRITERS = ("0002_CH5M", "0011_CH2F", "0020_CH4M")
ROOT = Path(__file__).resolve().parent.parent.parent
Pixels = NDArray[np.uint8]
Item = tuple[str, bytes, list[str]]


class Handwriting:
    """Handwritten digits in a fixed random order, so that nobody picks the easy ones."""

    def __init__(self, mnist: Path, scans: Path) -> None:
        self._random = np.random.default_rng(2026)
        with np.load(mnist) as archive:
            self._images, self._digits = archive["x_test"], archive["y_test"]
        self._order = iter(self._random.permutation(len(self._digits)))
        files = [path for writer in WRITERS for path in sorted((scans / writer).rglob("*.png"))]
        self._scans = iter([files[index] for index in self._random.permutation(len(files))])

    def take_digit(self) -> tuple[Pixels, str]:
        """Take the next MNIST digit.

        Returns:
            ``(28, 28) uint8``, 255 is full ink, and the digit.
        """
        index = next(self._order)
        return self._images[index], str(self._digits[index])

    def take_scan(self) -> tuple[bytes, str]:
        """Take the next scanned form field; return its PNG file's bytes and its digit."""
        path = next(self._scans)
        return path.read_bytes(), path.parent.name

    def draw_page(
        self, side: int, size: int, paper: float, ink: float, noise: float = 3.0
    ) -> tuple[Pixels, str]:
        """Draw the next digit somewhere on a square page with the paper's grain.

        Args:
            side: pixels of the page's side.
            size: pixels of the digit's image.
            paper: gray level of the paper.
            ink: gray level of the ink.
            noise: standard deviation of the grain, in gray levels.

        Returns:
            ``(side, side) uint8``, and the digit.
        """
        digit, truth = self.take_digit()
        enlarged = cv2.resize(digit, (size, size), interpolation=cv2.INTER_CUBIC) / 255
        x, y = self._random.integers(0, side - size + 1, 2)
        opacity = np.zeros((side, side))
        opacity[y : y + size, x : x + size] = np.clip(enlarged, 0, 1)
        page = paper + (ink - paper) * opacity + self._random.normal(0, noise, (side, side))
        return np.clip(page, 0, 255).astype(np.uint8), truth


def encode_opencv(ending: str, pixels: NDArray[Any], *options: int) -> bytes:
    """Encode an image with OpenCV."""
    ok, data = cv2.imencode(ending, pixels, list(options))
    assert ok, ending
    return data.tobytes()


def encode_pillow(pixels: NDArray[Any], kind: str, **options: object) -> bytes:
    """Encode an image with Pillow."""
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, kind, **options)
    return memory.getvalue()


def make_form_scans(handwriting: Handwriting) -> Iterator[Item]:
    """Make fields cut from forms, as they were scanned, numbered without leading zeros."""
    for number in range(1, 17):
        data, truth = handwriting.take_scan()
        yield f"forms/digit{number}.png", data, [truth]


def make_scanner_files(handwriting: Handwriting) -> Iterator[Item]:
    """Make files of a flat-bed scanner: gray paper, JPEG and TIFF."""
    for number, (side, size, paper, ink) in enumerate(
        [(300, 200, 236, 60), (240, 120, 250, 20), (400, 90, 215, 95), (160, 140, 243, 120)], 1
    ):
        page, truth = handwriting.draw_page(side, size, paper, ink)
        yield (
            f"scanner/scan{number:04d}.jpg",
            encode_opencv(".jpg", page, cv2.IMWRITE_JPEG_QUALITY, 85),
            [truth],
        )
    pages, truths = zip(
        *(handwriting.draw_page(200, 130, 245, 40, noise=0) for _ in range(2)), strict=True
    )
    memory = io.BytesIO()
    tifffile.imwrite(memory, np.stack(pages), photometric="minisblack", compression="zlib")
    yield "scanner/two pages.tif", memory.getvalue(), list(truths)
    page, truth = handwriting.draw_page(150, 110, 255, 0, noise=0)
    fax = Image.fromarray(page).convert("1", dither=Image.Dither.NONE)
    memory = io.BytesIO()
    fax.save(memory, "TIFF", compression="group4")
    yield "scanner/fax.tif", memory.getvalue(), [truth]
    page, truth = handwriting.draw_page(120, 80, 240, 50)
    twelve_bit = page.astype(np.uint16) * 16
    yield "scanner/12 bit.png", encode_opencv(".png", twelve_bit), [truth]
    blank = np.full((150, 150), 244, np.uint8)
    yield "scanner/blank.jpg", encode_opencv(".jpg", blank), ["blank"]


def make_phone_files(handwriting: Handwriting) -> Iterator[Item]:
    """Make photos of a phone: darker to one side, on coloured paper, turned by an EXIF tag."""
    slope = np.linspace(1, 0.55, 320)
    for number, (paper, ink) in enumerate([(230, 40), (200, 60), (225, 90)], 1):
        page, truth = handwriting.draw_page(320, 170, paper, ink)
        shaded = (page * slope[None, :]).astype(np.uint8)
        photo = np.stack(
            [shaded, (shaded * 0.97).astype(np.uint8), (shaded * 0.86).astype(np.uint8)], 2
        )
        exif = Image.Exif()
        turned = {1: (1, 0), 2: (6, 1), 3: (3, 2)}[number]
        exif[0x0112] = turned[0]
        yield (
            f"phone/IMG_{number:04d}.jpg",
            encode_pillow(np.rot90(photo, turned[1]).copy(), "JPEG", quality=80, exif=exif),
            [truth],
        )
    page, truth = handwriting.draw_page(260, 150, 225, 70)
    yield "phone/web.webp", encode_opencv(".webp", page, cv2.IMWRITE_WEBP_QUALITY, 70), [truth]
    page, truth = handwriting.draw_page(200, 120, 230, 60)
    yield (
        "phone/new phone.avif",
        encode_pillow(np.stack([page] * 3, 2), "AVIF", quality=70),
        [truth],
    )


def make_drawings(handwriting: Handwriting) -> Iterator[Item]:
    """Make drawings: MNIST as it is, transparent, white on black, palettes, old formats."""
    for number in range(1, 11):
        digit, truth = handwriting.take_digit()
        picture = digit if number % 2 else 255 - digit
        yield f"drawings/{number}.png", encode_opencv(".png", picture), [truth]
    digit, truth = handwriting.take_digit()
    ink = cv2.resize(digit, (112, 112), interpolation=cv2.INTER_CUBIC)
    clear = np.dstack([np.zeros((112, 112, 3), np.uint8), ink])
    yield "drawings/transparent.png", encode_opencv(".png", clear), [truth]
    for name, ending in [("paint.bmp", ".bmp"), ("old.pgm", ".pgm"), ("archive.jp2", ".jp2")]:
        page, truth = handwriting.draw_page(64, 56, 255, 0, noise=0)
        yield f"drawings/{name}", encode_opencv(ending, page), [truth]
    page, truth = handwriting.draw_page(90, 70, 250, 30, noise=0)
    yield "drawings/web.gif", encode_pillow(page, "GIF"), [truth]
    digit, truth = handwriting.take_digit()
    chalk = np.dstack([np.full((28, 28), 40, np.uint8), 60 + digit // 2, 30 + digit // 4])
    chalk = cv2.resize(chalk.astype(np.uint8), (140, 140), interpolation=cv2.INTER_CUBIC)
    yield "drawings/chalk.png", encode_opencv(".png", chalk), [truth]


def make_odd_names(handwriting: Handwriting) -> Iterator[Item]:
    """Make files with names that people and programs give."""
    for name in ("Größe 7 – Kopie.png", "数字.png", "-1+2.png", "NA", 'it\'s "quoted", really.png'):
        digit, truth = handwriting.take_digit()
        yield f"names/{name}", encode_opencv(".png", digit), [truth]


def make_unreadable(handwriting: Handwriting) -> Iterator[Item]:
    """Make files that must not be read, or that need a review."""
    left, _ = handwriting.take_digit()
    right, _ = handwriting.take_digit()
    yield (
        "troubled/two digits.png",
        encode_opencv(".png", np.hstack([left, right])),
        ["several_marks"],
    )
    page, _ = handwriting.draw_page(200, 150, 240, 40)
    jpeg = encode_opencv(".jpg", page)
    yield "troubled/broken off.jpg", jpeg[: len(jpeg) * 6 // 10], ["truncated"]
    png = encode_opencv(".png", page)
    yield "troubled/half.png", png[: len(png) // 2], ["truncated"]
    yield "troubled/empty.png", b"", ["empty"]
    yield (
        "troubled/renamed note.png",
        b"Seite fehlt, bitte noch einmal scannen.\n",
        ["not_an_image"],
    )
    yield "notes.txt", b"Forms of November, three writers. Second batch follows.\n", []


def make_user_images(handwriting: Handwriting) -> Iterator[Item]:
    """Make one image of every kind that the scan simulator knows, and a few without a digit."""
    random = np.random.default_rng(2026)
    for kind in SCAN_STYLES:
        digit, truth = handwriting.take_digit()
        shapes, _ = shapes_from_pages([digit], np.array([int(truth)]))
        look = sample_look(kind, random)
        look = replace(look, distortion=look.distortion.scale(EVALUATION_DISTORTION_FACTOR))
        ending, *options = (".jpg", cv2.IMWRITE_JPEG_QUALITY, 80) if kind == "photo" else (".png",)
        image = simulate(shapes.fields[0], look, random)
        yield (
            f"users/{kind}{ending}",
            encode_opencv(str(ending), image, *map(int, options)),
            [truth],
        )
    digits = [handwriting.take_digit()[0] for _ in range(8)]
    fields = shapes_from_pages(digits, np.zeros(8, np.int64))[0].fields
    for name in ("letter", "mark", "scribble"):
        image = NON_DIGITS[name].simulate(sample_look("scan", random), fields, random)
        yield f"troubled/{name}.png", encode_opencv(".png", image), ["not_a_digit"]


def main(mnist: str, scans: str) -> None:
    """Write ``inbox/`` and ``tests/inbox_truth.csv``."""
    handwriting = Handwriting(Path(mnist), Path(scans))
    truths: list[tuple[str, int, str]] = []
    for part in (
        make_form_scans,
        make_scanner_files,
        make_phone_files,
        make_drawings,
        make_odd_names,
        make_unreadable,
        make_user_images,
    ):
        for name, data, expected in part(handwriting):
            path = ROOT / "inbox" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            truths += [(name, page, truth) for page, truth in enumerate(expected, 1)]
    with (ROOT / "tests" / "inbox_truth.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "page", "expected"), *truths])


if __name__ == "__main__":
    main(*sys.argv[1:])
