"""Shares of a whole, as people read them."""

import math

#: Quantile of the normal distribution that leaves 2.5 % on either side.
_Z = 1.959963984540054


def format_percent(share: float | None) -> str:
    """``99.57 %``; what is not quite all never becomes ``100.00 %``, nor what is not nothing 0.

    Where there is nothing to take a share of (``None`` or ``nan``), a dash.
    """
    if share is None or math.isnan(share):
        return "-"
    digits = f"{100 * share:.2f}"
    if share < 1 and digits == "100.00":
        digits = "99.99"
    if share > 0 and digits == "0.00":
        digits = "0.01"
    return f"{digits} %"


def format_truncated_percent(share: float) -> str:
    """``99.5 %``: one decimal, cut, not rounded, so that 100 % never stands for nearly all."""
    return f"{int(share * 1000) / 10:.1f} %"


def compute_wilson_interval(successes: int, total: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, JASA 22, 1927); 0 to 1 where ``total`` is 0."""
    if not total:
        return 0.0, 1.0
    share, scale = successes / total, 1 + _Z * _Z / total
    middle = (share + _Z * _Z / (2 * total)) / scale
    half = _Z * math.sqrt(share * (1 - share) / total + _Z * _Z / (4 * total * total)) / scale
    # Clipped, since rounding leaves 1e-17 where it should be nothing.
    return max(middle - half, 0.0), min(middle + half, 1.0)
