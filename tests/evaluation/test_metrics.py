"""The figures of an evaluation against values worked out by hand."""

import math

import numpy as np
import pytest

from batchdigits.evaluation.metrics import (
    NO_DIGIT,
    Confusion,
    compute_calibration_curve,
    compute_confusion_matrix,
    compute_coverage_curve,
    compute_precision,
    compute_recall,
    find_worst_confusions,
)
from batchdigits.percentages import compute_wilson_interval, format_percent


def test_wilson_as_worked_out_by_hand() -> None:
    # With z squared = 3.8415: (5 + 1.9207) / 13.8415 -+ 1.96 * sqrt(2.5 + 0.9604) / 13.8415
    assert compute_wilson_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=5e-5)
    # None of ten: from 0 to 3.8415 / 13.8415.
    assert compute_wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=5e-5)
    assert compute_wilson_interval(10, 10) == pytest.approx((0.7225, 1.0), abs=5e-5)
    assert compute_wilson_interval(0, 10)[0] >= 0 and compute_wilson_interval(10, 10)[1] <= 1
    assert compute_wilson_interval(0, 0) == (0.0, 1.0)


def test_the_confusion_matrix_counts_what_was_not_read_apart() -> None:
    truth = np.array([4, 4, 4, 9, 0, 7], np.int64)
    digit = np.array([9, 9, 4, 9, NO_DIGIT, 7], np.int64)
    counts = compute_confusion_matrix(truth, digit)
    assert counts.shape == (10, 11) and counts.sum() == 6
    assert counts[4].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0]
    assert counts[0, NO_DIGIT] == 1 and counts[9, 9] == counts[7, 7] == 1
    assert find_worst_confusions(counts, 5) == [Confusion(4, 9, 2), Confusion(0, NO_DIGIT, 1)]
    assert find_worst_confusions(counts, 1) == [Confusion(4, 9, 2)]


def test_precision_and_recall_of_each_digit() -> None:
    truth = np.array([4, 4, 4, 9, 0, 7], np.int64)
    digit = np.array([9, 9, 4, 9, NO_DIGIT, 7], np.int64)
    counts = compute_confusion_matrix(truth, digit)
    assert compute_recall(counts)[[4, 9, 0, 7]] == pytest.approx([1 / 3, 1, 0, 1])
    assert compute_precision(counts)[[4, 9, 7]] == pytest.approx([1, 1 / 3, 1])
    assert math.isnan(compute_precision(counts)[0]), "nothing was read as 0"
    assert math.isnan(compute_recall(counts)[5]), "nothing truly is 5"


def test_calibration_error_as_worked_out_by_hand() -> None:
    confidence = np.array([0.9, 0.8, 0.3, math.nan])
    right = np.array([True, False, True, False])
    # Two bins: 0.3 is right (gap 0.7, one file), 0.85 is half right (gap 0.35, two files).
    found = compute_calibration_curve(confidence, right, bins=2)
    assert found.files.tolist() == [1, 2]
    assert found.confidence == pytest.approx([0.3, 0.85])
    assert found.accuracy == pytest.approx([1.0, 0.5])
    assert found.expected_error == pytest.approx((1 * 0.7 + 2 * 0.35) / 3)


def test_a_confidence_on_an_edge_belongs_below_it() -> None:
    found = compute_calibration_curve(np.array([0.0, 0.5, 0.51, 1.0]), np.ones(4, np.bool_), bins=2)
    assert found.files.tolist() == [2, 2]
    found = compute_calibration_curve(np.array([0.1]), np.ones(1, np.bool_))
    assert len(found.files) == 15 and found.files[1] == 1
    assert math.isnan(found.accuracy[0])


def test_nothing_read_has_no_calibration_and_no_coverage() -> None:
    nothing, wrong = np.array([math.nan, math.nan]), np.zeros(2, np.bool_)
    assert math.isnan(compute_calibration_curve(nothing, wrong).expected_error)
    assert len(compute_coverage_curve(nothing, wrong).coverage) == 0
    assert compute_coverage_curve(nothing, wrong).find_coverage(0.5) == 0


def test_coverage_counts_unread_files_and_keeps_ties_together() -> None:
    confidence = np.array([0.7, 0.9, math.nan, 0.7, 0.6])
    right = np.array([True, True, False, False, True])
    found = compute_coverage_curve(confidence, right)
    assert found.confidence.tolist() == [0.9, 0.7, 0.6]
    assert found.coverage == pytest.approx([1 / 5, 3 / 5, 4 / 5])
    assert found.accuracy == pytest.approx([1, 2 / 3, 3 / 4])
    assert found.find_coverage(1.0) == pytest.approx(0.2)
    assert found.find_coverage(0.7) == pytest.approx(0.8), "it may recover further down"


def test_a_thinned_curve_keeps_its_ends() -> None:
    full = compute_coverage_curve(np.linspace(1, 0.01, 1000), np.ones(1000, np.bool_))
    thin = full.downsample(11)
    assert len(thin.coverage) == 11
    assert thin.coverage[[0, -1]].tolist() == full.coverage[[0, -1]].tolist()
    assert full.downsample(1000) is full
    assert np.diff(thin.coverage) == pytest.approx(0.0999, abs=0.0011)


def test_percentages_never_say_all_or_nothing_falsely() -> None:
    assert format_percent(0.9957) == "99.57 %"
    assert (format_percent(1.0), format_percent(0.999999)) == ("100.00 %", "99.99 %")
    assert (format_percent(0.0), format_percent(0.00001)) == ("0.00 %", "0.01 %")
    assert format_percent(None) == format_percent(math.nan) == "-"
