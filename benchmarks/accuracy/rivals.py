"""How two others read a sample of the simulated scans: a tutorial's recipe and RapidOCR.

They tell whether the set is hard, not how good the program is: it counts as hard where both
read no more of it right than :data:`HARD` says.
"""

import json
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from batchdigits.evaluation.metrics_summary import Proportion
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet
from batchdigits.percentages import format_percent
from benchmarks.accuracy.data import MNIST
from benchmarks.ocr import PACKAGES
from benchmarks.timing import Command, python, timed

SAMPLE, SEED = 600, 1927
#: Each rival and the most that it may read right of a hard set.
HARD = {"RapidOCR's recogniser": 0.90, "the tutorial's recipe": 0.45}


def compare(answers: PredictionSet, inbox: Path, data: Path) -> None:
    """Print what share of a seeded sample each of them reads right, and the program itself."""
    chosen = _sample(answers.files)
    folder = inbox.with_name("rivals")
    for answer in chosen:
        (folder / answer.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(inbox / answer.file, folder / answer.file)
    told = folder.with_name("rivals.json")
    module = "benchmarks.accuracy"
    ours = Proportion(len(chosen), sum(each.is_right for each in chosen))
    print(_told("the program", ours))
    commands = {
        "RapidOCR's recogniser": python("-m", f"{module}.rapid", folder, told),
        "the tutorial's recipe": python("-m", f"{module}.recipe", data / MNIST, folder, told),
    }
    for name, command in commands.items():
        if "rapid" in str(command[2]) and not all(map(find_spec, PACKAGES)):
            print(f"{name}: skipped: needs pip install {' '.join(PACKAGES)}")
            continue
        part = _right(command, told, chosen)
        hard = "hard enough" if (part.accuracy or 0) <= HARD[name] else "not hard enough"
        print(f"{_told(name, part)}; at most {format_percent(HARD[name])}: {hard}")


def _sample(files: Sequence[LabelledPrediction]) -> list[LabelledPrediction]:
    order = np.random.default_rng(SEED).permutation(len(files))[:SAMPLE]
    return [files[place] for place in order]


def _right(command: Command, told: Path, chosen: Sequence[LabelledPrediction]) -> Proportion:
    timed(command)
    read = json.loads(told.read_text(encoding="utf-8"))
    return Proportion(len(chosen), sum(read[each.file] == str(each.truth) for each in chosen))


def _told(name: str, part: Proportion) -> str:
    interval = " - ".join(map(format_percent, part.interval))
    right = format_percent(part.accuracy)
    return f"{name}: {right} of {part.files} simulated scans right ({interval})"
