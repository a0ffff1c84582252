"""How a model wants its images and what it answers with, in words."""

from batchdigits.config import Ink, InputRange
from batchdigits.inference.model_card import DIGITS_IN_ORDER, InputSpec, Orientation

_RANGE_DESCRIPTIONS = {
    InputRange.UNIT: "0 to 1",
    InputRange.BYTE: "0 to 255",
    InputRange.SIGNED: "-1 to 1",
    InputRange.MNIST: "(x - 0.1307) / 0.3081",
    InputRange.L2_COLUMNS: "normalised by column",
    InputRange.L2_ROWS: "normalised by row",
    InputRange.L2_IMAGE: "normalised by image",
    InputRange.L2_PIXELS: "0 or 1",
}
#: What images look like that are turned so; the end of a sentence about them.
ORIENTATION_DESCRIPTIONS = {
    Orientation.UPRIGHT: "upright",
    Orientation.TRANSPOSED: "transposed, as EMNIST has them",
    Orientation.MIRRORED: "mirrored left to right",
    Orientation.FLIPPED: "mirrored top to bottom",
    Orientation.ROTATED_90: "turned clockwise by 90 degrees",
    Orientation.ROTATED_180: "turned by 180 degrees",
    Orientation.ROTATED_270: "turned anticlockwise by 90 degrees",
    Orientation.ANTI_TRANSPOSED: "transposed and turned by 180 degrees",
}


def describe_input_spec(input_spec: InputSpec, last_layer: str) -> str:
    """Describe what a model wants: the end of a sentence that begins with its name.

    Args:
        input_spec: how it wants its images, and what its output is.
        last_layer: what it ends in, ``"logits"``, ``"softmax"`` or ``"sigmoid"``.
    """
    paper = Ink.BLACK if input_spec.ink is Ink.WHITE else Ink.WHITE
    images = output = digits = ""
    if input_spec.orientation is not Orientation.UPRIGHT:
        images = f"images {ORIENTATION_DESCRIPTIONS[input_spec.orientation]}, "
    if input_spec.output_index:
        output = f" in output {input_spec.output_index + 1}"
    if input_spec.digit_order != DIGITS_IN_ORDER:
        digits = f"; its outputs stand for {_describe_digit_order(input_spec.digit_order)}"
    levels = f"{_RANGE_DESCRIPTIONS[input_spec.input_range]} ({input_spec.input_range.value})"
    return (
        f"wants {images}levels {levels}, {input_spec.ink.value} ink on {paper.value}, "
        f"and answers with {last_layer}{output}{digits}"
    )


def _describe_digit_order(digit_order: tuple[int, ...]) -> str:
    if digit_order == (*DIGITS_IN_ORDER[1:], 0):
        return "1 to 9 and then 0"
    return ", ".join(map(str, digit_order[:-1])) + f" and {digit_order[-1]}, in this order"
