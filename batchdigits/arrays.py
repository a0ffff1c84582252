"""Names for the arrays that flow from a page to its scores."""

import numpy as np
from numpy.typing import NDArray

#: ``(height, width) uint8`` gray levels, 0 black, 255 white.
GrayImage = NDArray[np.uint8]
#: ``(height, width) uint8``, 0 paper, larger more ink.
InkMap = NDArray[np.uint8]
#: ``(height, width) uint8``, 255 where something is, 0 elsewhere.
Mask = NDArray[np.uint8]
#: ``(height, width, 3) uint8``, blue first, as OpenCV has it.
ColourImage = NDArray[np.uint8]
#: ``(n, 10) float32`` calibrated probabilities of the digits 0 to 9.
Scores = NDArray[np.float32]
