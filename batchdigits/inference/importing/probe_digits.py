"""Sample digits that come with the package, to try on models that others made.

``models/samples.png`` shows the first 60 of each digit of MNIST's training part (LeCun, Cortes,
Burges; CC BY-SA 3.0), a row a digit, each 28 x 28, white ink on black. The first half of a row is
as it was; the other half is bent, three tenths as far as for training, and normalised: a model that
knows MNIST by heart is never wrong of what it learned from, and the surer, the louder its levels.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.errors import ModelError
from batchdigits.inference.engine import find_bundled_models
from batchdigits.preprocessing.normalise import IMAGE_SIDE, normalise_all

SAMPLES_FILE = "samples.png"
CLASS_COUNT = 10


@cache
def load_probe_digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """``(600, 28, 28) uint8`` as every page is given to a model, and ``(600,) int64`` digits.

    Raises:
        ModelError: the file is missing.
    """
    path = find_bundled_models() / SAMPLES_FILE
    sheet = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if sheet is None:
        raise ModelError(f"The sample digits {path} are missing: batchdigits is not whole.")
    across = sheet.shape[1] // IMAGE_SIDE
    cells = (
        np.asarray(sheet, np.uint8)
        .reshape(CLASS_COUNT, IMAGE_SIDE, across, IMAGE_SIDE)
        .swapaxes(1, 2)
    )
    pages = list(np.ascontiguousarray(cells.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)))
    images = np.stack([digit.image for digit in normalise_all(pages)])
    return images, np.repeat(np.arange(CLASS_COUNT), across)
