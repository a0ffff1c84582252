"""Filled shapes of animals and of a hand, put together from ellipses, triangles and bars."""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.nondigits.canvas import SIDE, Image, Random, Sheet, ellipse, finished, warped


def animal(side: int, random: Random) -> Image:
    """A cat, a fish, a rabbit, a butterfly, a bird, a spider, a hand."""
    sheet = Sheet(side, random)
    _FORMS[random.integers(len(_FORMS))](sheet, random)
    ink = sheet.ink[:, ::-1] if random.random() < 0.5 else sheet.ink
    return finished(warped(np.ascontiguousarray(ink), random, 0.02), side, random)


def _cat(sheet: Sheet, random: Random) -> None:
    sheet.fill(ellipse(0.5, 0.56, 0.33, random.uniform(0.25, 0.32)))
    sheet.fill([[0.2, 0.5], [0.22, 0.12], [0.45, 0.34]])
    sheet.fill([[0.8, 0.5], [0.78, 0.12], [0.55, 0.34]])
    for x in (0.37, 0.63):
        sheet.fill(ellipse(x, 0.5, 0.05, 0.035), 0)
    sheet.fill([[0.46, 0.62], [0.54, 0.62], [0.5, 0.67]], 0)


def _fish(sheet: Sheet, random: Random) -> None:
    sheet.fill(ellipse(0.42, 0.5, 0.32, random.uniform(0.16, 0.25)))
    sheet.fill([[0.66, 0.5], [0.94, 0.28], [0.88, 0.5], [0.94, 0.72]])
    sheet.fill([[0.35, 0.36], [0.5, 0.2], [0.58, 0.38]])
    sheet.dot(0.24, 0.45, 0.035, 0)


def _rabbit(sheet: Sheet, random: Random) -> None:
    sheet.fill(ellipse(0.5, 0.72, 0.24, 0.22))
    sheet.fill(ellipse(0.5, 0.46, 0.15, 0.13))
    spread = random.uniform(0.05, 0.12)
    for way in (-1, 1):
        sheet.fill(ellipse(0.5 + way * spread, 0.22, 0.045, 0.18))
        sheet.fill(ellipse(0.5 + way * 0.16, 0.92, 0.1, 0.05))
        sheet.dot(0.5 + way * 0.06, 0.44, 0.02, 0)


def _butterfly(sheet: Sheet, random: Random) -> None:
    for way in (-1, 1):
        sheet.fill(ellipse(0.5 + way * 0.22, 0.35, 0.2, random.uniform(0.16, 0.22)))
        sheet.fill(ellipse(0.5 + way * 0.17, 0.68, 0.14, 0.16))
        sheet.stroke([[0.5, 0.25], [0.5 + way * 0.12, 0.08]])
        sheet.dot(0.5 + way * 0.22, 0.35, 0.07, 0)
    sheet.fill(ellipse(0.5, 0.5, 0.035, 0.32))


def _bird(sheet: Sheet, random: Random) -> None:
    sheet.fill(ellipse(0.48, 0.55, 0.27, 0.17))
    sheet.dot(0.74, 0.38, 0.12)
    sheet.fill([[0.83, 0.34], [0.98, 0.4], [0.83, 0.43]])
    sheet.fill([[0.26, 0.5], [0.03, random.uniform(0.35, 0.65)], [0.26, 0.64]])
    for x in (0.44, 0.56):
        sheet.stroke([[x, 0.7], [x, 0.92], [x + 0.07, 0.92]])
    sheet.dot(0.76, 0.35, 0.022, 0)


def _spider(sheet: Sheet, random: Random) -> None:
    sheet.dot(0.5, 0.6, 0.16)
    sheet.dot(0.5, 0.39, 0.1)
    for way in (-1, 1):
        for knee, foot in ((0.2, 0.08), (0.34, 0.3), (0.5, 0.66), (0.62, 0.92)):
            sheet.stroke([[0.5, 0.46], [0.5 + way * 0.28, knee], [0.5 + way * 0.42, foot]])


def _hand(sheet: Sheet, random: Random) -> None:
    sheet.fill(ellipse(0.5, 0.7, 0.2, 0.2))
    thick = int(random.uniform(0.075, 0.1) * SIDE)
    tips = [[0.14, 0.5], [0.32, 0.2], [0.46, 0.1], [0.6, 0.14], [0.74, 0.28]]
    roots = [[0.36, 0.74], [0.37, 0.6], [0.46, 0.56], [0.55, 0.57], [0.64, 0.62]]
    for tip, root in zip(tips, roots, strict=True):
        ends = [tuple(round(each * SIDE) for each in point) for point in (tip, root)]
        cv2.line(sheet.ink, ends[0], ends[1], 255, thick, cv2.LINE_AA)


_FORMS: tuple[Callable[[Sheet, Random], None], ...] = (
    _cat, _fish, _rabbit, _butterfly, _bird, _spider, _hand,
)  # fmt: skip
