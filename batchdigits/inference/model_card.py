"""Model cards: what is known of a model, kept as JSON beside it; see ``docs/model.md``."""

import json
import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from batchdigits.config import Ink, InputRange
from batchdigits.errors import ModelError

#: What the card of a model that was taken in ends in, and a file converted from that model.
IMPORTED_CARD_SUFFIX, CONVERTED_MODEL_SUFFIX = ".card.json", ".card.tflite"
#: Bytes a card may have: a hundred times what one has.
_MAX_CARD_BYTES = 1 << 20


class OutputKind(StrEnum):
    """What a model's numbers are: ``sigmoid`` are probabilities that need not add to 1."""

    LOGITS = "logits"
    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a model wants images, and what it answers with."""

    input_range: InputRange
    ink: Ink
    outputs: OutputKind

    def to_dict(self) -> dict[str, str]:
        """For a card."""
        return {
            "input_range": self.input_range.value,
            "ink": self.ink.value,
            "outputs": self.outputs.value,
        }

    @classmethod
    def from_dict(cls, fields: Any) -> "InputSpec":
        """From a card.

        Raises:
            ValueError, KeyError, TypeError: it is none.
        """
        return cls(
            InputRange(fields["input_range"]), Ink(fields["ink"]), OutputKind(fields["outputs"])
        )


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model.

    Attributes:
        name: what people call it.
        file: the file that is read with, beside the card.
        sha256: that file's hash.
        temperature: divides logits, above 0.
        review_below: confidence, 0-1, under which a person should look.
        about: all of the card.
        convention: how the model wants images; ``None`` for ``(n, 28, 28, 1) uint8`` as
            :func:`batchdigits.preprocessing.normalise.normalise` makes them, and logits.
        source_sha256: of the file that people named, where ``file`` was made from that.
    """

    name: str
    file: str
    sha256: str
    temperature: float
    review_below: float
    fields: dict[str, Any]
    convention: InputSpec | None = None
    source_sha256: str = ""

    @property
    def identity(self) -> str:
        """The hash that tells this model from others."""
        return self.source_sha256 or self.sha256


def read_card(path: Path) -> ModelCard:
    """Read a model card (JSON).

    Raises:
        ModelError: the card is missing, or lacks what predicting needs.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return card_from_fields(json.loads(file.read(_MAX_CARD_BYTES)))
    except OSError as error:
        raise ModelError(f"No model card at {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"The model card {path} is damaged: {error!r}.") from error


def card_from_fields(fields: dict[str, Any]) -> ModelCard:
    """A card from its fields.

    Raises:
        ValueError, KeyError, TypeError: they are those of no card.
    """
    told = fields.get("convention")
    card = ModelCard(
        name=str(fields["name"]),
        file=str(fields["file"]),
        sha256=str(fields["sha256"]),
        temperature=float(fields["temperature"]),
        review_below=float(fields["review_below"]),
        fields=fields,
        convention=None if told is None else InputSpec.from_dict(told),
        source_sha256=str(fields.get("source_sha256", "")),
    )
    if not (0 < card.temperature < math.inf and 0 <= card.review_below <= 1):
        raise ValueError("temperature must be above 0, review_below 0 to 1")
    return card


def is_card(path: Path) -> bool:
    """Whether a JSON file means to be a card."""
    try:
        with path.open(encoding="utf-8") as file:
            told = json.loads(file.read(_MAX_CARD_BYTES))
    except (OSError, ValueError, RecursionError):
        return path.stat().st_size <= _MAX_CARD_BYTES
    return isinstance(told, dict) and {"file", "sha256"} <= set(told)
