"""Sample digits that come with the package, to try on models that others made.

``models/samples.png`` shows the first 60 of each digit of MNIST's training part (LeCun, Cortes,
Burges; CC BY-SA 3.0), a row a digit, each 28 x 28, white ink on black. The first half of a row is
unchanged; the other half is distorted, three tenths as far as for training, and normalised. For a
model that knows MNIST by heart is never wrong about digits it learned from, and the surer of them,
the stronger its input is.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from batchdigits.errors import ModelError
from batchdigits.inference.engine import find_bundled_models
from batchdigits.preprocessing.centring import IMAGE_SIDE
from batchdigits.preprocessing.normalise import normalise_all

SAMPLES_FILE = "samples.png"
CLASS_COUNT = 10


@cache
def load_probe_digits() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Load the sample digits.

    Returns:
        ``(600, 28, 28) uint8`` images, normalised as every page is, and ``(600,) int64`` digits.

    Raises:
        ModelError: the file is missing.
    """
    path = find_bundled_models() / SAMPLES_FILE
    sheet = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if sheet is None:
        raise ModelError(
            f"The sample digits {path} are missing: batchdigits is not completely installed."
        )
    column_count = sheet.shape[1] // IMAGE_SIDE
    cells = (
        np.asarray(sheet, np.uint8)
        .reshape(CLASS_COUNT, IMAGE_SIDE, column_count, IMAGE_SIDE)
        .swapaxes(1, 2)
    )
    pages = list(np.ascontiguousarray(cells.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)))
    images = np.stack([digit.image for digit in normalise_all(pages)])
    return images, np.repeat(np.arange(CLASS_COUNT), column_count)
