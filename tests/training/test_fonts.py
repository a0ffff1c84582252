"""Digits of typefaces: all ten or a refusal, and never thinner than a pen draws."""

import shutil
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from fontTools.ttLib import TTFont

from batchdigits.errors import DataError
from batchdigits.training.simulator.distance_fields import OUTLINE_LEVEL
from batchdigits.training.simulator.fonts import load_fonts
from batchdigits.training.simulator.pen import Distortion, Pen, draw_ink

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def test_digits_of_typefaces_are_shapes_to_learn_from(tmp_path: Path) -> None:
    for name in ("DejaVuSans.ttf", "STIXGeneral.ttf"):
        shutil.copy(FONTS / name, tmp_path)
    (tmp_path / "LICENSE").write_text("not a font")
    shapes = load_fonts(tmp_path)
    assert shapes.labels.tolist() == [*range(10)] * 2
    drawn = shapes.fields[:, 1] > OUTLINE_LEVEL
    assert all(40 <= np.ptp(np.nonzero(outline)[0]) + 3 <= 44 for outline in drawn)
    assert len({outline.tobytes() for outline in drawn}) == 20


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (None, "has no font files"),
        ("junk.ttf", "is no font that can be drawn"),
        ("DejaVuSansDisplay.ttf", "has not all ten digits"),
        ("DejaVuSans without 7.ttf", "has not all ten digits"),
    ],
)
def test_folders_without_digits_to_draw_are_told(
    tmp_path: Path, name: str | None, message: str
) -> None:
    if name == "junk.ttf":
        (tmp_path / name).write_bytes(b"not a font")
    elif name and "without" in name:
        font = TTFont(FONTS / "DejaVuSans.ttf")
        for table in font["cmap"].tables:
            table.cmap.pop(ord("7"), None)
        font.save(tmp_path / name)
    elif name:
        shutil.copy(FONTS / name, tmp_path)
    with pytest.raises(DataError, match=message):
        load_fonts(tmp_path)


def test_no_stroke_is_thinner_than_a_pen_draws(tmp_path: Path) -> None:
    shutil.copy(FONTS / "DejaVuSans.ttf", tmp_path)
    for fields in load_fonts(tmp_path).fields:
        pen = Pen(outline_offset=-9)
        ink = draw_ink(fields, 28, pen, Distortion(0, 0, 0, 0), np.random.default_rng(1))
        assert ink.max() > 0.6 and ink.sum() > 12
