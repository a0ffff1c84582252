"""Frames that the simulator draws at the border of a page."""

import numpy as np
import pytest

from batchdigits.training.simulator.frames import FRAME_KINDS, FrameKind, draw_frame, sample_frame
from batchdigits.training.simulator.paper_styles import sample_framed_scan
from batchdigits.training.simulator.simulate import render_empty_page


@pytest.mark.parametrize("is_hard", [False, True])
@pytest.mark.parametrize("kind", FRAME_KINDS)
def test_every_kind_lies_at_the_border(kind: FrameKind, is_hard: bool) -> None:
    random = np.random.default_rng(4)
    for _ in range(20):
        layer = draw_frame((40, 60), sample_frame(random, is_hard, kind), random)
        assert layer.shape == (40, 60) and layer.min() >= 0 and 0.1 < layer.max() <= 1
        assert layer[12:28, 12:48].max() == 0


def test_a_cell_has_more_sides_than_a_line() -> None:
    random = np.random.default_rng(5)
    sums = {
        kind: sum(
            np.count_nonzero(draw_frame((50, 50), sample_frame(random, kind=kind), random))
            for _ in range(30)
        )
        for kind in ("line", "cell")
    }
    assert sums["cell"] > 2 * sums["line"]


def test_an_empty_page_shows_its_frame_alone() -> None:
    random = np.random.default_rng(6)
    page = render_empty_page(sample_framed_scan(random, sample_frame(random, kind="cell")), random)
    height, width = page.shape[:2]
    inner = page[height // 3 : -height // 3, width // 3 : -width // 3]
    assert np.ptp(inner) < np.ptp(page)
