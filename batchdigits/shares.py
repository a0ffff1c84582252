"""Shares of a whole, as people read them."""

import math


def percent(share: float | None) -> str:
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


def cut_percent(share: float) -> str:
    """``99.5 %``: one decimal, cut, not rounded, so that 100 % never stands for nearly all."""
    return f"{int(share * 1000) / 10:.1f} %"
