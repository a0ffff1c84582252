"""All forms of the digits, and which of them is drawn."""

from batchdigits.training.simulator.distance_fields import DistanceFields
from batchdigits.training.simulator.pen import Random
from batchdigits.training.simulator.strokes import school_forms_high as high
from batchdigits.training.simulator.strokes import school_forms_low as low
from batchdigits.training.simulator.strokes.ambiguous_forms import AMBIGUOUS_FORMS
from batchdigits.training.simulator.strokes.basic_forms import BASIC_FORMS
from batchdigits.training.simulator.strokes.draw import JITTER, draw_strokes
from batchdigits.training.simulator.strokes.stroke import Forms, Strokes

_FORMS = (
    *(low.ZERO, low.ONE, low.TWO, low.THREE, low.FOUR),
    *(high.FIVE, high.SIX, high.SEVEN, high.EIGHT, high.NINE),
)
#: The forms of 0 to 9 by name, those that come close to another digit among them.
SCHOOL_FORMS: tuple[Forms, ...] = tuple(
    forms | AMBIGUOUS_FORMS.get(digit, {}) for digit, forms in enumerate(_FORMS)
)
#: Share of the digits that have one of the basic forms.
SHARE_BASIC_FORMS = 0.4
#: How far the control points of school forms are shaken: their curls are small.
SCHOOL_FORM_JITTER = 0.02


def choose_form(digit: int, random: Random) -> tuple[Strokes, float]:
    """Choose a form of a digit, each of the school forms as often as the others.

    Returns:
        The form, and how far its control points may be shaken.
    """
    if random.random() < SHARE_BASIC_FORMS:
        basic = BASIC_FORMS[digit]
        return basic[random.integers(len(basic))], JITTER
    forms = tuple(SCHOOL_FORMS[digit].values())
    variants = forms[random.integers(len(forms))]
    return variants[random.integers(len(variants))], SCHOOL_FORM_JITTER


def draw_digit(digit: int, random: Random) -> DistanceFields:
    """Draw a digit in one of its forms, with ornaments now and then: ``(2, 56, 56) uint8``."""
    form, jitter = choose_form(digit, random)
    return draw_strokes(form, random, jitter, digit)
