"""How one simulated page looks: pen, paper and scanner, in numbers."""

from dataclasses import dataclass
from typing import Literal

from batchdigits.training.simulator.frames import Frame
from batchdigits.training.simulator.pen import BALL_PEN, DEFAULT_DISTORTION, Distortion, Pen
from batchdigits.training.simulator.scenes.desks import Desk

Placement = Literal["middle", "anywhere", "corner", "cut", "stretched"]
Colour = Literal["gray", "ink", "alpha", "fringes", "like tones"]


@dataclass(frozen=True, slots=True)
class PageLook:
    """The look of one page: sizes in pixels, levels and strengths 0-1.

    Attributes:
        shape: height and width of the page.
        digit_side: the digit's longer side.
        placement: where the digit lies; ``cut`` lets up to ``overhang`` of it lie outside the page,
            and ``stretched`` fills the page with it, proportions lost.
        pen: what draws the digit.
        distortion: how the digit's shape is distorted.
        contrast: how much darker than its paper full ink is.
        paper_level: the paper's lightness.
        grain: strength of the paper's grain.
        light_falloff: how far the light falls off across the page.
        shadow: depth of a shadow.
        ruled: strength of ruled lines.
        dotted: strength of rows of dots.
        boxed: strength of a box round the digit.
        edge_lines: strength of lines left at edges.
        desk: the table that the sheet lies on; ``None`` where none shows.
        frame: what cutting it out of a form left at its border; ``None`` for nothing.
        bleed: strength of what shows through from the other side.
        specks: largest radius of stray specks; 0 for none.
        pointer: whether a mouse pointer was left on the picture.
        overhang: the share of the digit outside the page, where ``placement`` is ``cut``.
        reduce: factor by which the page is reduced before it is enlarged to its size again.
        enlarge: factor by which the page is enlarged at the end.
        smooth: whether ``enlarge`` interpolates, or makes squares of the pixels.
        blur: sigma in pixels.
        noise: standard deviation of the sensor's noise.
        threshold: whether only black and white are left.
        jpeg: JPEG quality; 0 for no compression.
        inverted: whether the ink is white on black.
        colour: ``gray``, coloured ``ink``, ink in the ``alpha`` channel only, ``fringes`` of
            coloured sub-pixels, or ``like tones`` of ink and paper.
    """

    shape: tuple[int, int]
    digit_side: float
    placement: Placement = "middle"
    pen: Pen = BALL_PEN
    distortion: Distortion = DEFAULT_DISTORTION
    contrast: float = 1.0
    paper_level: float = 1.0
    grain: float = 0.0
    light_falloff: float = 0.0
    shadow: float = 0.0
    ruled: float = 0.0
    dotted: float = 0.0
    boxed: float = 0.0
    edge_lines: float = 0.0
    desk: Desk | None = None
    frame: Frame | None = None
    bleed: float = 0.0
    specks: float = 0.0
    pointer: bool = False
    overhang: float = 0.0
    reduce: float = 1.0
    enlarge: float = 1.0
    smooth: bool = True
    blur: float = 0.0
    noise: float = 0.0
    threshold: bool = False
    jpeg: int = 0
    inverted: bool = False
    colour: Colour = "gray"
