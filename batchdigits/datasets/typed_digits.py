"""What people and programs write into a cell that is to hold a digit."""

import re
import unicodedata

#: Stands for "this is no digit".
NO_DIGIT_LABEL = -1
_NO_DIGIT_WORDS = frozenset({"-", "x", "n", "no", "no digit", "no_digit", "not a digit", "blank"})
#: What people write to take back what they said of a page.
CLEAR_WORDS = frozenset({"clear", "undo", "?"})
#: What programs write into empty cells: pandas and numpy, R, SQL, spreadsheets, JSON and Python.
_EMPTY_WORDS = frozenset(
    {
        "none", "nan", "na", "n/a", "n.a.", "n. a.", "nat", "null", "nil", "undefined", "#n/a",
        "#n/a n/a", "#na", "#null!", "\\n", "1.#ind", "1.#qnan", "nan(ind)",
    }
)  # fmt: skip
#: Most characters of a cell in a message.
_MAX_QUOTED = 300
#: Signs that look like a minus.
_MINUS_SIGNS = str.maketrans(dict.fromkeys("‐‑‒–—−﹣－", "-"))
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_BRACKETED = re.compile(r"<(.*)>|\((.*)\)|\[(.*)\]")
#: A text that a spreadsheet is kept from taking for a number.
_TEXT_FORMULA = re.compile(r'="(.*)"')


def normalise_cell(text: str) -> str:
    """Return what a cell says: without spaces, quotes and invisible marks around it, lower case."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_MINUS_SIGNS)
    text = text.strip()
    if formula := _TEXT_FORMULA.fullmatch(text):
        text = formula[1]
    return text.strip(" \"'`").lower()


def shorten_cell(text: str) -> str:
    """Return a cell as a message quotes it: of any length, as it comes from outside."""
    text = text.strip()
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


def is_empty_cell(text: str) -> bool:
    """Check whether a cell says nothing: it is empty, or has a program's word for that."""
    if not text:
        return True
    word = normalise_cell(text)
    if bracketed := _BRACKETED.fullmatch(word):
        word = next(filter(None, bracketed.groups()), "").strip()
    return not word or word.lstrip("+-") in _EMPTY_WORDS


def parse_digit(text: str) -> int | None:
    """Parse a digit as people and spreadsheets write it: ``7``, ``7.0``, ``7,0``.

    Returns:
        0-9; :data:`NO_DIGIT_LABEL` for -1 and for words that say so; ``None`` for anything else.
    """
    if normalise_cell(text) in _NO_DIGIT_WORDS:
        return NO_DIGIT_LABEL
    number = parse_integer(text)
    return number if number is not None and NO_DIGIT_LABEL <= number <= 9 else None


def parse_integer(text: str) -> int | None:
    """Parse an integer of at most nine digits: ``7``, ``7.0``, ``7,0``; ``None`` for others."""
    number = parse_number(text)
    if number is None or not number.is_integer() or abs(number) >= 1e9:
        return None
    return int(number)


def parse_number(text: str) -> float | None:
    """Parse a number with a point or a comma; ``None`` for anything else."""
    try:
        return float(normalise_cell(text).replace(",", "."))
    except ValueError:
        return None
