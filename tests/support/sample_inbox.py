"""Make the sample inbox anew: ``python -m tests.support.sample_inbox MNIST.npz SCANS_FOLDER``.

Real handwriting (MNIST's test part, CC BY-SA 3.0) and real scans (kensanata/numbers, public
domain, the three writers nobody trains on), delivered as a scanner, a phone and a drawing program
would: sizes, papers, inks and formats differ, and some files are broken. The true digits are
written to ``tests/inbox_truth.csv``: file, page, and the digit or the reason to expect.
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


class Hands:
    """Handwriting dealt out in a fixed shuffled order, so that nobody picks the easy ones."""

    def __init__(self, mnist: Path, scans: Path) -> None:
        self._random = np.random.default_rng(2026)
        with np.load(mnist) as archive:
            self._images, self._digits = archive["x_test"], archive["y_test"]
        self._order = iter(self._random.permutation(len(self._digits)))
        files = [path for writer in WRITERS for path in sorted((scans / writer).rglob("*.png"))]
        self._scans = iter([files[i] for i in self._random.permutation(len(files))])

    def digit(self) -> tuple[Pixels, str]:
        """One MNIST digit as ink: ``(28, 28) uint8``, 255 is full ink."""
        place = next(self._order)
        return self._images[place], str(self._digits[place])

    def scan(self) -> tuple[bytes, str]:
        """One scanned form field as it lies in the data set: PNG bytes."""
        path = next(self._scans)
        return path.read_bytes(), path.parent.name

    def page(
        self, side: int, size: int, paper: float, ink: float, noise: float = 3.0
    ) -> tuple[Pixels, str]:
        """A digit of ``size`` pixels somewhere on a square page with the paper's grain."""
        digit, truth = self.digit()
        spread = cv2.resize(digit, (size, size), interpolation=cv2.INTER_CUBIC) / 255
        x, y = self._random.integers(0, side - size + 1, 2)
        cover = np.zeros((side, side))
        cover[y : y + size, x : x + size] = np.clip(spread, 0, 1)
        page = paper + (ink - paper) * cover + self._random.normal(0, noise, (side, side))
        return np.clip(page, 0, 255).astype(np.uint8), truth


def encoded(ending: str, pixels: NDArray[Any], *options: int) -> bytes:
    """Pixels as a file's bytes, by OpenCV."""
    done, data = cv2.imencode(ending, pixels, list(options))
    assert done, ending
    return data.tobytes()


def by_pillow(pixels: NDArray[Any], kind: str, **options: object) -> bytes:
    """Pixels as a file's bytes, by Pillow."""
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, kind, **options)
    return memory.getvalue()


def form_scans(hands: Hands) -> Iterator[Item]:
    """Fields cut from forms, as they were scanned; numbered as people count."""
    for number in range(1, 17):
        data, truth = hands.scan()
        yield f"forms/digit{number}.png", data, [truth]


def scanner(hands: Hands) -> Iterator[Item]:
    """A flat-bed scanner: gray paper, JPEG and TIFF."""
    for number, (side, size, paper, ink) in enumerate(
        [(300, 200, 236, 60), (240, 120, 250, 20), (400, 90, 215, 95), (160, 140, 243, 120)], 1
    ):
        page, truth = hands.page(side, size, paper, ink)
        yield (
            f"scanner/scan{number:04d}.jpg",
            encoded(".jpg", page, cv2.IMWRITE_JPEG_QUALITY, 85),
            [truth],
        )
    pages, truths = zip(*(hands.page(200, 130, 245, 40, noise=0) for _ in range(2)), strict=True)
    memory = io.BytesIO()
    tifffile.imwrite(memory, np.stack(pages), photometric="minisblack", compression="zlib")
    yield "scanner/two pages.tif", memory.getvalue(), list(truths)
    page, truth = hands.page(150, 110, 255, 0, noise=0)
    fax = Image.fromarray(page).convert("1", dither=Image.Dither.NONE)
    memory = io.BytesIO()
    fax.save(memory, "TIFF", compression="group4")
    yield "scanner/fax.tif", memory.getvalue(), [truth]
    page, truth = hands.page(120, 80, 240, 50)
    twelve_bit = page.astype(np.uint16) * 16
    yield "scanner/12 bit.png", encoded(".png", twelve_bit), [truth]
    blank = np.full((150, 150), 244, np.uint8)
    yield "scanner/blank.jpg", encoded(".jpg", blank), ["blank"]


def phone(hands: Hands) -> Iterator[Item]:
    """A phone: light falling off to one side, coloured paper, turned by an EXIF mark."""
    slope = np.linspace(1, 0.55, 320)
    for number, (paper, ink) in enumerate([(230, 40), (200, 60), (225, 90)], 1):
        page, truth = hands.page(320, 170, paper, ink)
        shaded = (page * slope[None, :]).astype(np.uint8)
        photo = np.stack(
            [shaded, (shaded * 0.97).astype(np.uint8), (shaded * 0.86).astype(np.uint8)], 2
        )
        exif = Image.Exif()
        turned = {1: (1, 0), 2: (6, 1), 3: (3, 2)}[number]
        exif[0x0112] = turned[0]
        yield (
            f"phone/IMG_{number:04d}.jpg",
            by_pillow(np.rot90(photo, turned[1]).copy(), "JPEG", quality=80, exif=exif),
            [truth],
        )
    page, truth = hands.page(260, 150, 225, 70)
    yield "phone/web.webp", encoded(".webp", page, cv2.IMWRITE_WEBP_QUALITY, 70), [truth]
    page, truth = hands.page(200, 120, 230, 60)
    yield "phone/new phone.avif", by_pillow(np.stack([page] * 3, 2), "AVIF", quality=70), [truth]


def drawing(hands: Hands) -> Iterator[Item]:
    """Drawing programs: MNIST as it is, transparent, white on black, palettes, old formats."""
    for number in range(1, 11):
        digit, truth = hands.digit()
        picture = digit if number % 2 else 255 - digit
        yield f"drawings/{number}.png", encoded(".png", picture), [truth]
    digit, truth = hands.digit()
    ink = cv2.resize(digit, (112, 112), interpolation=cv2.INTER_CUBIC)
    clear = np.dstack([np.zeros((112, 112, 3), np.uint8), ink])
    yield "drawings/transparent.png", encoded(".png", clear), [truth]
    for name, ending in [("paint.bmp", ".bmp"), ("old.pgm", ".pgm"), ("archive.jp2", ".jp2")]:
        page, truth = hands.page(64, 56, 255, 0, noise=0)
        yield f"drawings/{name}", encoded(ending, page), [truth]
    page, truth = hands.page(90, 70, 250, 30, noise=0)
    yield "drawings/web.gif", by_pillow(page, "GIF"), [truth]
    digit, truth = hands.digit()
    chalk = np.dstack([np.full((28, 28), 40, np.uint8), 60 + digit // 2, 30 + digit // 4])
    chalk = cv2.resize(chalk.astype(np.uint8), (140, 140), interpolation=cv2.INTER_CUBIC)
    yield "drawings/chalk.png", encoded(".png", chalk), [truth]


def names(hands: Hands) -> Iterator[Item]:
    """Names people and programs give."""
    for name in ("Größe 7 – Kopie.png", "数字.png", "-1+2.png", "NA", 'it\'s "quoted", really.png'):
        digit, truth = hands.digit()
        yield f"names/{name}", encoded(".png", digit), [truth]


def troubled(hands: Hands) -> Iterator[Item]:
    """What must not be read, or not without a look."""
    left, _ = hands.digit()
    right, _ = hands.digit()
    yield "troubled/two digits.png", encoded(".png", np.hstack([left, right])), ["several_marks"]
    page, _ = hands.page(200, 150, 240, 40)
    jpeg = encoded(".jpg", page)
    yield "troubled/broken off.jpg", jpeg[: len(jpeg) * 6 // 10], ["truncated"]
    png = encoded(".png", page)
    yield "troubled/half.png", png[: len(png) // 2], ["truncated"]
    yield "troubled/empty.png", b"", ["empty"]
    yield (
        "troubled/renamed note.png",
        b"Seite fehlt, bitte noch einmal scannen.\n",
        ["not_an_image"],
    )
    yield "notes.txt", b"Forms of November, three writers. Second batch follows.\n", []


def users(hands: Hands) -> Iterator[Item]:
    """What else users have: one image of every kind that the scan simulator knows."""
    random = np.random.default_rng(2026)
    for kind in SCAN_STYLES:
        digit, truth = hands.digit()
        shapes, _ = shapes_from_pages([digit], np.array([int(truth)]))
        look = sample_look(kind, random)
        look = replace(look, distortion=look.distortion.scale(EVALUATION_DISTORTION_FACTOR))
        ending, *options = (".jpg", cv2.IMWRITE_JPEG_QUALITY, 80) if kind == "photo" else (".png",)
        image = simulate(shapes.fields[0], look, random)
        yield f"users/{kind}{ending}", encoded(str(ending), image, *map(int, options)), [truth]
    digits = shapes_from_pages([hands.digit()[0] for _ in range(8)], np.zeros(8, np.int64))[
        0
    ].fields
    for name in ("letter", "mark", "scribble"):
        image = NON_DIGITS[name].simulate(sample_look("scan", random), digits, random)
        yield f"troubled/{name}.png", encoded(".png", image), ["not_a_digit"]


def main(mnist: str, scans: str) -> None:
    """Write ``inbox/`` and ``tests/inbox_truth.csv``."""
    hands = Hands(Path(mnist), Path(scans))
    truths: list[tuple[str, int, str]] = []
    for part in (form_scans, scanner, phone, drawing, names, troubled, users):
        for name, data, expected in part(hands):
            path = ROOT / "inbox" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            truths += [(name, page, truth) for page, truth in enumerate(expected, 1)]
    with (ROOT / "tests" / "inbox_truth.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("file", "page", "expected"), *truths])


if __name__ == "__main__":
    main(*sys.argv[1:])
