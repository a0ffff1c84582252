"""What all charts share: how they look, and matplotlib, loaded only when one is drawn.

Colours are Okabe and Ito's, which people with any common colour blindness can tell apart.
"""

import importlib.util
import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

BLUE, AMBER, VERMILLION = "#0072B2", "#E69F00", "#D55E00"
GRAY, INK = "#767676", "#1C1C1C"
_DPI = 130
_LOADING = Lock()


def load_matplotlib() -> None:
    """Load matplotlib with its own defaults; call it before anything is imported from there.

    By itself, it reads a ``matplotlibrc`` of the current folder, which even names code to load.
    Only the one that comes with it is read here, so that charts look the same everywhere. Where
    matplotlib is loaded already, nothing is changed.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    with _LOADING:
        if "matplotlib" in sys.modules:
            return
        # Matplotlib warns at length about fonts.
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
        with _hide_settings_of_current_folder():
            importlib.import_module("matplotlib")


@contextmanager
def _hide_settings_of_current_folder() -> Iterator[None]:
    """Let matplotlib find its own ``matplotlibrc`` first.

    Of all places it looks in the current folder first, whatever variables say. To go to another
    folder meanwhile would lead astray what other threads open.
    """
    spec = importlib.util.find_spec("matplotlib")
    folders = (spec and spec.submodule_search_locations) or [""]
    exists, variable = os.path.exists, os.environ.get("MATPLOTLIBRC")
    os.path.exists = lambda path: path != "matplotlibrc" and exists(path)
    os.environ["MATPLOTLIBRC"] = os.path.join(folders[0], "mpl-data", "matplotlibrc")
    try:
        yield
    finally:
        os.path.exists = exists
        del os.environ["MATPLOTLIBRC"]
        if variable is not None:
            os.environ["MATPLOTLIBRC"] = variable


def new_figure(width: float, height: float) -> "Figure":
    """Make a figure of a width and height in inches.

    Nothing global is touched, and no window is ever opened.
    """
    load_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=_DPI, layout="constrained")


def to_png(figure: "Figure") -> bytes:
    """Draw a figure as a PNG, which leaves out matplotlib's version: same numbers, same file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def style_axes(axes: "Axes", x_label: str, y_label: str) -> None:
    """Label both axes, and leave only what helps to read values off."""
    axes.set_xlabel(x_label, color=INK)
    axes.set_ylabel(y_label, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E6E6E6", lw=0.8)
    axes.set_axisbelow(True)


def format_axis_in_percent(axis: "Axis", decimals: int) -> None:
    """Write an axis of shares 0-1 as percentages."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1, decimals, " %"))
