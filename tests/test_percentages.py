import pytest

from batchdigits.percentages import format_truncated_percent, format_whole_percent, truncate_share


@pytest.mark.parametrize("share", [0.9999, 0.99999])
def test_nearly_sure_is_never_100_percent(share: float) -> None:
    assert format_truncated_percent(share) == "99.9 %"
    assert format_whole_percent(share) == "99 %"
    assert truncate_share(share) == 0.9999


def test_how_sure_a_reading_is_is_cut() -> None:
    assert format_truncated_percent(0.8159) == "81.5 %"
    assert format_whole_percent(0.8159) == "81 %"
    assert truncate_share(0.81598) == 0.8159
    assert (format_truncated_percent(1.0), format_whole_percent(1.0)) == ("100.0 %", "100 %")
    assert (format_truncated_percent(0.0), format_whole_percent(0.0)) == ("0.0 %", "0 %")
