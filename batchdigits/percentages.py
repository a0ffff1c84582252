"""Shares of a whole, 0-1, as people read them.

How sure a reading is is always cut and never rounded, so that 100 % never stands for nearly all.
"""

import math

#: Quantile of the normal distribution that leaves 2.5 % on either side.
_Z = 1.959963984540054


def format_percent(share: float | None) -> str:
    """Format a measured share: ``99.57 %``.

    What is not quite all never becomes ``100.00 %``, nor what is not nothing ``0.00 %``.

    Args:
        share: 0-1; ``None`` or ``nan``, where there is nothing to take a share of, gives a dash.
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
    """Format how sure a reading is, cut to one decimal: ``99.5 %``."""
    return f"{int(share * 1000) / 10:.1f} %"


def format_whole_percent(share: float) -> str:
    """Format how sure a reading is, cut to whole percents: ``99 %``."""
    return f"{int(share * 100)} %"


def truncate_share(share: float) -> float:
    """Cut how sure a reading is to four decimals, as the tables of a run have it."""
    return int(share * 10000) / 10000


def compute_wilson_interval(successes: int, total: int) -> tuple[float, float]:
    """Compute the 95 % interval of a proportion (Wilson, JASA 22, 1927).

    Returns:
        Lower and upper bound; 0 and 1 where ``total`` is 0.
    """
    if not total:
        return 0.0, 1.0
    share, scale = successes / total, 1 + _Z * _Z / total
    middle = (share + _Z * _Z / (2 * total)) / scale
    half = _Z * math.sqrt(share * (1 - share) / total + _Z * _Z / (4 * total * total)) / scale
    # Clipped, since rounding leaves 1e-17 where it should be nothing.
    return max(middle - half, 0.0), min(middle + half, 1.0)
