"""Model cards: what is known of a model, as JSON in a file beside it; see ``docs/model.md``."""

import json
import math
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from batchdigits.config import Ink, InputRange
from batchdigits.errors import ModelError
from batchdigits.system.hashing import hash_bytes
from batchdigits.system.safe_files.safe_open import read_start

#: Endings of an imported model's card, and of the file that such a model was converted to.
IMPORTED_CARD_SUFFIX, CONVERTED_MODEL_SUFFIX = ".card.json", ".card.tflite"
#: Ending of the file that a model's committee is in; see :class:`SecondLookSpec`.
COMMITTEE_SUFFIX = ".second.tflite"
#: Bytes read of a card; a hundred times what one usually has.
_MAX_CARD_BYTES = 1 << 20
#: What reading a damaged card raises; the last one is of whole numbers too long for a float.
_DAMAGES = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


class OutputKind(StrEnum):
    """What a model's output is: logits, or probabilities; those of a sigmoid need not add to 1."""

    LOGITS = "logits"
    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"


class Orientation(StrEnum):
    """How images are turned against upright ones; the files of EMNIST are transposed.

    Degrees are clockwise; ``flipped`` is upside down, as water mirrors.
    """

    UPRIGHT = "upright"
    TRANSPOSED = "transposed"
    MIRRORED = "mirrored"
    FLIPPED = "flipped"
    ROTATED_90 = "rotated-90"
    ROTATED_180 = "rotated-180"
    ROTATED_270 = "rotated-270"
    ANTI_TRANSPOSED = "anti-transposed"


#: The digit that each output stands for, where nothing else is known.
DIGITS_IN_ORDER = tuple(range(10))


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a model wants its images, and what its output is.

    Attributes:
        input_range: the levels that pixels have.
        ink: whether ink is black on white or white on black.
        outputs: what the numbers are that it gives for an image.
        orientation: how images are turned.
        output_index: which of its outputs has the numbers, from 0.
        digit_order: the digit, 0-9, that each of the ten numbers stands for.
    """

    input_range: InputRange
    ink: Ink
    outputs: OutputKind
    orientation: Orientation = Orientation.UPRIGHT
    output_index: int = 0
    digit_order: tuple[int, ...] = DIGITS_IN_ORDER

    def to_dict(self) -> dict[str, Any]:
        """Convert to what a card holds under ``convention``; what is as usual is left out."""
        fields: dict[str, Any] = {
            "input_range": self.input_range.value,
            "ink": self.ink.value,
            "outputs": self.outputs.value,
        }
        if self.orientation is not Orientation.UPRIGHT:
            fields["orientation"] = self.orientation.value
        if self.output_index:
            fields["output_index"] = self.output_index
        if self.digit_order != DIGITS_IN_ORDER:
            fields["digit_order"] = list(self.digit_order)
        return fields

    @classmethod
    def from_dict(cls, fields: Any) -> "InputSpec":
        """Make one from what a card holds under ``convention``.

        Raises:
            ValueError, KeyError, TypeError: a field is missing or has no such value.
        """
        input_range, ink, outputs = fields["input_range"], fields["ink"], fields["outputs"]
        output_index = fields.get("output_index", 0)
        digit_order = fields.get("digit_order", DIGITS_IN_ORDER)
        if not all(type(number) is int for number in (output_index, *digit_order)):
            raise TypeError("output_index and digit_order must be whole numbers")
        if output_index < 0 or sorted(digit_order) != list(DIGITS_IN_ORDER):
            raise ValueError("output_index must be 0 or more, digit_order have each digit once")
        return cls(
            InputRange(input_range),
            Ink(ink),
            OutputKind(outputs),
            Orientation(fields.get("orientation", Orientation.UPRIGHT)),
            output_index,
            tuple(digit_order),
        )


@dataclass(frozen=True, slots=True)
class SecondLookSpec:
    """How doubtful readings are decided; see :mod:`batchdigits.inference.second_look`.

    Attributes:
        file: name of the committee's file, which lies beside the model's.
        sha256: hash of that file.
        temperature: what the mean logits of all networks are divided by, above 0.
        below: the first network's confidence, 0-1, under which the committee is asked.
    """

    file: str
    sha256: str
    temperature: float
    below: float

    def to_dict(self) -> dict[str, Any]:
        """Convert to what a card holds under ``second_look``."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Any) -> "SecondLookSpec":
        """Make one from what a card holds under ``second_look``.

        Raises:
            ValueError, KeyError, TypeError: a field is missing or has an impossible value.
        """
        spec = cls(
            str(fields["file"]),
            str(fields["sha256"]),
            float(fields["temperature"]),
            float(fields["below"]),
        )
        # Another folder's file is none of a card's business.
        is_name = os.path.basename(spec.file) == spec.file and spec.file.isprintable()
        if not is_name or spec.file[:1] in ("", "."):
            raise ValueError("file of second_look must be a name without a folder")
        if not (0 < spec.temperature < math.inf and 0 <= spec.below <= 1):
            raise ValueError("temperature must be above 0, below 0 to 1")
        return spec


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model.

    Attributes:
        name: what people call it.
        file: name of the model's file, which lies beside the card.
        sha256: hash of that file.
        temperature: what logits are divided by, above 0.
        review_below: confidence, 0-1, under which a person should review a digit.
        fields: all fields of the card, as JSON has them.
        input_spec: how the model wants images; ``None`` for ``(n, 28, 28, 1) uint8`` as
            :func:`batchdigits.preprocessing.normalise.normalise` makes them, and logits.
        source_sha256: hash of the model that people named, where ``file`` was converted from it;
            else empty.
        second_look: how doubtful readings are decided, where a committee does that.
    """

    name: str
    file: str
    sha256: str
    temperature: float
    review_below: float
    fields: dict[str, Any]
    input_spec: InputSpec | None = None
    source_sha256: str = ""
    second_look: SecondLookSpec | None = None

    @property
    def identity(self) -> str:
        """Return the hash that tells this model from others.

        It is that of its file; with a committee, that of both files' hashes one after the other.
        """
        if self.second_look:
            return hash_bytes(f"{self.sha256}{self.second_look.sha256}".encode())
        return self.source_sha256 or self.sha256


def read_card(path: Path) -> ModelCard:
    """Read a model card.

    Raises:
        ModelError: it is missing or damaged, or lacks what predicting needs.
    """
    try:
        return card_from_fields(json.loads(read_start(path, _MAX_CARD_BYTES)))
    except OSError as error:
        raise ModelError(f"No model card at {path}: {error.strerror}.") from error
    except _DAMAGES as error:
        raise ModelError(f"The model card {path} is damaged: {error!r}.") from error


def card_from_fields(fields: dict[str, Any]) -> ModelCard:
    """Make a card from its fields.

    Raises:
        ValueError, KeyError, TypeError: a field is missing or has an impossible value.
    """
    input_fields, second_look = fields.get("convention"), fields.get("second_look")
    if None not in (input_fields, second_look):
        raise ValueError("second_look is for models without a convention")
    card = ModelCard(
        name=str(fields["name"]),
        file=str(fields["file"]),
        sha256=str(fields["sha256"]),
        temperature=float(fields["temperature"]),
        review_below=float(fields["review_below"]),
        fields=fields,
        input_spec=None if input_fields is None else InputSpec.from_dict(input_fields),
        source_sha256=str(fields.get("source_sha256", "")),
        second_look=None if second_look is None else SecondLookSpec.from_dict(second_look),
    )
    if not (0 < card.temperature < math.inf and 0 <= card.review_below <= 1):
        raise ValueError("temperature must be above 0, review_below 0 to 1")
    return card


def is_card(path: Path) -> bool:
    """Check whether a JSON file is meant to be a card; a damaged one of a card's size is."""
    try:
        fields = json.loads(read_start(path, _MAX_CARD_BYTES))
    except (OSError, ValueError, RecursionError):
        return path.stat().st_size <= _MAX_CARD_BYTES
    return isinstance(fields, dict) and {"file", "sha256"} <= set(fields)
