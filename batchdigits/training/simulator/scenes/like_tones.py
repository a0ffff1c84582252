"""Ink and paper of different colours but nearly one lightness: red on green, a yellow highlighter.

image = colour_like_tones(gray, random)
"""

import numpy as np
from numpy.typing import NDArray

from batchdigits.training.simulator.pen import Random

#: Luma of blue, green and red light (ITU-R BT.601).
_LUMA = np.array([0.114, 0.587, 0.299])
#: Ink and paper differ by no more than this in luma, and by this at least in some colour.
MAX_LUMA_DIFFERENCE, MIN_COLOUR_DIFFERENCE = 14, 70
#: Highlighters: their blue, green and red at the least and at the most.
_HIGHLIGHTER = np.array([[20, 235, 240], [130, 252, 255]])
_HIGHLIGHTER_SHARE = 0.4


def colour_like_tones(image: NDArray[np.uint8], random: Random) -> NDArray[np.uint8]:
    """Give black ink and white paper two colours that a gray picture hardly tells apart.

    Args:
        image: ``(h, w) uint8``, ink 0 and paper 255.
        random: chooses the colours.

    Returns:
        ``(h, w, 3) uint8``, blue first.
    """
    paper, ink = sample_tones(random)
    share = (255 - image[..., None].astype(np.float32)) / 255
    return np.clip(paper + (ink - paper) * share + 0.5, 0, 255).astype(np.uint8)


def sample_tones(random: Random) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sample the colours of paper and ink, each ``(3,) float32``: blue, green, red, 0-255."""
    if random.random() < _HIGHLIGHTER_SHARE:
        paper = random.uniform(244, 255, 3)
        return paper.astype(np.float32), random.uniform(*_HIGHLIGHTER).astype(np.float32)
    while True:
        paper, ink = random.uniform(20, 250, (2, 3))
        # Of a random ink, all colours are made equally lighter or darker.
        ink += (paper - ink) @ _LUMA + random.uniform(-1, 1) * MAX_LUMA_DIFFERENCE
        is_possible = ink.min() >= 0 and ink.max() <= 255
        if is_possible and np.abs(paper - ink).max() >= MIN_COLOUR_DIFFERENCE:
            return paper.astype(np.float32), ink.astype(np.float32)
