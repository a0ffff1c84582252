"""The figures of a benchmark, as a table for people and as JSON for scripts."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich import box
from rich.table import Table

PACKAGES = ("batchdigits", "ai-edge-litert", "opencv-python-headless", "numpy", "keras", "rapidocr")


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table.

    The two sides of one turn ran within moments of each other. So the median of all turns' ratios
    (or differences) is compared with the goal, and not the ratio of the medians: a machine that
    gets slower meanwhile then hardly matters.

    Attributes:
        name: what is measured.
        unit: of ``ours`` and ``peer``.
        ours: one value per turn of the program.
        peer: one value per turn of what it is compared with; empty if with nothing.
        at_most: the goal, if the comparison should be small.
        at_least: the goal, if the comparison should be large.
        difference: whether the two sides are subtracted, not divided.
        missing: why there are no values: a word and, after a colon, a sentence.
        details: more to show or write to JSON.
    """

    name: str
    unit: str
    ours: Sequence[float] = ()
    peer: Sequence[float] = ()
    at_most: float | None = None
    at_least: float | None = None
    difference: bool = False
    missing: str = ""
    details: dict[str, object] = field(default_factory=dict)

    @property
    def comparison(self) -> float | None:
        """Return the median of all turns' ratios or differences; ``None`` without two sides."""
        if not self.ours or not self.peer:
            return None
        turns = zip(self.ours, self.peer, strict=True)
        return statistics.median(
            ours - peer if self.difference else ours / peer for ours, peer in turns
        )

    @property
    def goal(self) -> str:
        """Return the goal as people write it; empty without one."""
        if self.at_most is not None:
            return f"≤ {'+' * self.difference}{self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"

    @property
    def reached(self) -> bool | None:
        """Return whether the goal is reached; ``None`` without goal or values."""
        if self.comparison is None or not self.goal:
            return None
        if self.at_most is not None:
            return self.comparison <= self.at_most
        return self.comparison >= (self.at_least or 0)


def make_table(figures: Sequence[Figure]) -> Table:
    """Make a table for the terminal with one row per figure."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("ours / peer")
    for heading in ("ours", "peer", "unit", "ratio", "goal"):
        table.add_column(heading, justify="left" if heading == "unit" else "right")
    table.add_column("reached")
    for figure in figures:
        table.add_row(figure.name, *_make_cells(figure))
    return table


def _make_cells(figure: Figure) -> list[str]:
    if figure.missing:
        return ["", "", "", "", figure.goal, figure.missing.partition(":")[0]]
    reached = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[figure.reached]
    sign = "+" * figure.difference
    comparison = "" if figure.comparison is None else f"{figure.comparison:{sign}.4g}"
    medians = _format_median(figure.ours), _format_median(figure.peer)
    return [*medians, figure.unit, comparison, figure.goal, reached]


def _format_median(runs: Sequence[float]) -> str:
    return f"{statistics.median(runs):.4g}" if runs else ""


def write_json(path: Path, figures: Sequence[Figure], settings: dict[str, object]) -> None:
    """Write all figures with every turn, the machine, the versions and the settings."""
    content = {
        "machine": describe_machine(),
        "versions": {name: _find_version(name) for name in PACKAGES},
        "settings": settings,
        "figures": [to_dict(figure) for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def to_dict(figure: Figure) -> dict[str, object]:
    """Make the JSON object of a figure."""
    return {
        "name": figure.name,
        "unit": figure.unit,
        "ours": statistics.median(figure.ours) if figure.ours else None,
        "peer": statistics.median(figure.peer) if figure.peer else None,
        "difference" if figure.difference else "ratio": figure.comparison,
        "goal": figure.goal,
        "reached": figure.reached,
        "missing": figure.missing,
        "runs": {"ours": list(figure.ours), "peer": list(figure.peer)},
        "details": figure.details,
    }


def describe_machine() -> dict[str, object]:
    """Describe the processor, the cores this process may use, and the system."""
    return {
        "processor": _find_processor(),
        "cores": count_cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def count_cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _find_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
