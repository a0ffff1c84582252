"""Figures as people and scripts read them: a table and JSON."""

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
    """One line of the table.

    ``ours`` and ``peer`` hold one value a run, in ``unit``; without ``peer`` the figure stands
    alone. What is compared with the goal (``at_most``, ``at_least`` or neither) is the median of
    the turns' quotients or, with ``difference``, of what ours has more: the two sides of one turn
    ran within moments of each other, so a machine that gets slower takes no part. ``missing``
    says in a word and, after a colon, a sentence why there is nothing.
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
    def compared(self) -> float | None:
        """The median of all turns' quotients or differences; ``None`` where nothing is compared."""
        if not self.ours or not self.peer:
            return None
        turns = zip(self.ours, self.peer, strict=True)
        return statistics.median(a - b if self.difference else a / b for a, b in turns)

    @property
    def goal(self) -> str:
        """The goal as people write it, or nothing."""
        if self.at_most is not None:
            return f"≤ {'+' * self.difference}{self.at_most:g}"
        return "" if self.at_least is None else f"≥ {self.at_least:g}"

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; ``None`` without goal or figures."""
        if self.compared is None or not self.goal:
            return None
        if self.at_most is not None:
            return self.compared <= self.at_most
        return self.compared >= (self.at_least or 0)


def table(figures: Sequence[Figure]) -> Table:
    """All figures, one line each."""
    drawn = Table(box=box.SIMPLE_HEAD)
    drawn.add_column("ours / peer")
    for head in ("ours", "peer", "unit", "ratio", "goal"):
        drawn.add_column(head, justify="left" if head == "unit" else "right")
    drawn.add_column("reached")
    for figure in figures:
        drawn.add_row(figure.name, *_cells(figure))
    return drawn


def _cells(figure: Figure) -> list[str]:
    if figure.missing:
        return ["", "", "", "", figure.goal, figure.missing.partition(":")[0]]
    reached = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[figure.reached]
    compared = "" if figure.compared is None else f"{figure.compared:{'+' * figure.difference}.4g}"
    return [_median(figure.ours), _median(figure.peer), figure.unit, compared, figure.goal, reached]


def _median(runs: Sequence[float]) -> str:
    return f"{statistics.median(runs):.4g}" if runs else ""


def write_json(path: Path, figures: Sequence[Figure], settings: dict[str, object]) -> None:
    """Write all figures with every run, the machine, the versions and the settings."""
    content = {
        "machine": machine(),
        "versions": {name: _version(name) for name in PACKAGES},
        "settings": settings,
        "figures": [as_dict(figure) for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def as_dict(figure: Figure) -> dict[str, object]:
    """One figure for JSON."""
    return {
        "name": figure.name,
        "unit": figure.unit,
        "ours": statistics.median(figure.ours) if figure.ours else None,
        "peer": statistics.median(figure.peer) if figure.peer else None,
        "difference" if figure.difference else "ratio": figure.compared,
        "goal": figure.goal,
        "reached": figure.reached,
        "missing": figure.missing,
        "runs": {"ours": list(figure.ours), "peer": list(figure.peer)},
        "details": figure.details,
    }


def machine() -> dict[str, object]:
    """The processor, its cores that we may use, and the system."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
