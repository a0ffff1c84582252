"""What a worker without a session answers: page records, believed once they are checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from batchdigits.execution.answer_rules import (
    MAX_NUMBER,
    READ_OUTCOMES,
    REJECTED_OUTCOMES,
    check_file_stats,
    check_hashes,
    is_detail,
    is_probability,
    is_side,
    is_time,
    require,
)
from batchdigits.reasons import Reason, Rejection, Status
from batchdigits.records import Box, NormalisedDigit, PageRecord, Prediction, Source
from batchdigits.system.sandbox.plain_messages import BadMessageError, unpack_bytes

_SIDE = 28


def to_plain(records: Sequence[PageRecord]) -> list[tuple[object, ...]]:
    """Make what a worker answers of the pages of one file; its source, which is known, is left out.

    Thumbnails are as well: nobody asks for them without an outbox.
    """
    return [
        (
            *(record.page, record.file_stat, record.sha256),
            *(record.width, record.height, record.read_at, record.streak),
            rejection and (rejection.reason, rejection.detail),
            prediction and _list_prediction(prediction),
            digit and _list_digit(digit),
        )
        for record in records
        for rejection, prediction, digit in [
            (record.rejection, record.prediction, record.normalised_digit)
        ]
    ]


def _list_prediction(prediction: Prediction) -> tuple[object, ...]:
    return (
        *(prediction.status, prediction.reason, prediction.digit, prediction.confidence),
        *(prediction.second_digit, prediction.second_confidence, prediction.scores),
    )


def _list_digit(digit: NormalisedDigit) -> tuple[object, ...]:
    box = digit.box and (digit.box.x, digit.box.y, digit.box.width, digit.box.height)
    return digit.image.tobytes(), box, digit.contrast, digit.component_count


def check_records(values: object, source: Source, max_pages: int) -> list[PageRecord]:
    """Make records of what a worker answered for a file.

    Args:
        values: what :func:`to_plain` made, from a worker that is not trusted.
        source: the file.
        max_pages: how many pages are read of it.

    Raises:
        BadMessageError: that can be the answer for no file.
    """
    if type(values) is list and 0 < len(values) <= max_pages + 1:
        return [_check_record(record, source, number) for number, record in enumerate(values, 1)]
    raise BadMessageError("a file without pages, or with more than are read")


def _check_record(values: Any, source: Source, number: int) -> PageRecord:
    require(type(values) is list and len(values) == 10, "a page that is none")
    page, stat_values, sha256, width, height, read_at, streak, *outcome = values
    require(
        type(page) is int and page == number and type(read_at) is str and is_time(read_at),
        "a page out of order or time",
    )
    require(type(width) is type(height) is int, "a page with values of other types")
    require(type(sha256) is str, "a hash that is none")
    check_hashes([sha256])
    file = page, check_file_stats([stat_values])[0], sha256
    rejection_values, prediction_values, digit_values = outcome
    if rejection_values is not None:
        is_sound = (width, height, *outcome[1:], streak) == (0, 0, None, None, None)
        require(is_sound, "an unread page with other values than such have")
        rejection = _check_rejection(rejection_values)
        return PageRecord(source, *file, 0, 0, read_at, rejection=rejection)
    require(
        sha256
        and is_side(width)
        and is_side(height)
        and (streak is None or (type(streak) is int and 0 <= streak < width)),
        "a page with numbers out of range",
    )
    digit = _check_digit(digit_values)
    prediction = _check_prediction(prediction_values, digit)
    return PageRecord(
        *(source, *file, width, height, read_at),
        prediction=prediction, normalised_digit=digit, streak=streak,
    )  # fmt: skip


def _check_rejection(values: Any) -> Rejection:
    require(type(values) is list and [*map(type, values)] == [str, str], "a reason that is none")
    reason, detail = values
    statuses = str(Status.QUARANTINED), str(Status.FAILED)
    is_known = any((status, reason) in REJECTED_OUTCOMES for status in statuses)
    require(is_known and is_detail(detail), "a reason that is none")
    return Rejection(Reason(reason), detail)


def _check_digit(values: Any) -> NormalisedDigit:
    require(
        type(values) is list
        and len(values) == 4
        and type(values[0]) is str
        and type(values[2]) is float
        and is_probability(values[2])
        and _is_number(values[3]),
        "a digit that is none",
    )
    text, box, contrast, marks = values
    if box is not None:
        require(type(box) is list and len(box) == 4 and all(map(_is_number, box)), "no box")
        box = Box(*box)
    try:
        image = np.frombuffer(unpack_bytes(text), np.uint8).reshape(_SIDE, _SIDE)
    except ValueError as error:
        raise BadMessageError("an image that is none") from error
    return NormalisedDigit(image, box, contrast, marks)


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_NUMBER


def _check_prediction(values: Any, image: NormalisedDigit) -> Prediction:
    require(
        type(values) is list
        and len(values) == 7
        and type(values[0]) is str
        and type(values[1]) in (str, type(None))
        and type(values[6]) is list
        and (values[0], values[1]) in READ_OUTCOMES,
        "a prediction that is none",
    )
    status, reason, digit, confidence, second, second_confidence, scores = values
    if image.box is None:
        is_sound = reason is not None and [*values[2:6], *scores] == [None] * 4
    else:
        digits, shares = [digit, second], [confidence, second_confidence]
        if reason == Reason.NOT_A_DIGIT:
            require(digit is None and confidence is None, "the digit of what is none")
            digits, shares = [second], [second_confidence]
        is_sound = (
            all(type(number) is int and 0 <= number <= 9 for number in digits)
            and len(scores) == 10
            and all(
                type(number) is float and is_probability(number) for number in (*shares, *scores)
            )
        )
    require(is_sound, "a prediction that is none")
    why = Reason(reason) if reason else None
    numbers = digit, confidence, second, second_confidence
    return Prediction(Status(status), why, *numbers, tuple(scores))
