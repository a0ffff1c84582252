"""How two others read a sample of the simulated scans: a tutorial's recipe and RapidOCR.

They show whether the set is hard, not how good the program is: it counts as hard if neither reads
more of it right than :data:`MAX_ACCURACY` allows.
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
from benchmarks.timing import make_python_command, run_timed

SAMPLE, SEED = 600, 1927
#: Each rival and the largest share of a hard set that it may read right.
MAX_ACCURACY = {"RapidOCR's recogniser": 0.90, "the tutorial's recipe": 0.45}


def compare(predictions: PredictionSet, inbox: Path, data: Path) -> None:
    """Print the share of a seeded sample that the program and each rival read right.

    Args:
        predictions: what the program read in the set.
        inbox: the set's images.
        data: the folder with ``mnist.npz``.
    """
    sample = _choose_sample(predictions.files)
    folder = inbox.with_name("rivals")
    for prediction in sample:
        (folder / prediction.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(inbox / prediction.file, folder / prediction.file)
    answers = folder.with_name("rivals.json")
    module = "benchmarks.accuracy"
    ours = Proportion(len(sample), sum(prediction.is_right for prediction in sample))
    print(_format_result("the program", ours))
    commands = {
        "RapidOCR's recogniser": ("-m", f"{module}.rapid", folder, answers),
        "the tutorial's recipe": ("-m", f"{module}.recipe", data / MNIST, folder, answers),
    }
    for name, arguments in commands.items():
        if arguments[1] == f"{module}.rapid" and not all(map(find_spec, PACKAGES)):
            print(f"{name}: skipped: needs pip install {' '.join(PACKAGES)}")
            continue
        run_timed(make_python_command(*arguments))
        proportion = _compare_answers(answers, sample)
        is_hard = (proportion.accuracy or 0) <= MAX_ACCURACY[name]
        conclusion = "hard enough" if is_hard else "not hard enough"
        most = format_percent(MAX_ACCURACY[name])
        print(f"{_format_result(name, proportion)}; at most {most}: {conclusion}")


def _choose_sample(files: Sequence[LabelledPrediction]) -> list[LabelledPrediction]:
    order = np.random.default_rng(SEED).permutation(len(files))[:SAMPLE]
    return [files[index] for index in order]


def _compare_answers(answers: Path, sample: Sequence[LabelledPrediction]) -> Proportion:
    texts = json.loads(answers.read_text(encoding="utf-8"))
    right = sum(texts[prediction.file] == str(prediction.truth) for prediction in sample)
    return Proportion(len(sample), right)


def _format_result(name: str, proportion: Proportion) -> str:
    interval = " - ".join(map(format_percent, proportion.interval))
    right = format_percent(proportion.accuracy)
    return f"{name}: {right} of {proportion.files} simulated scans right ({interval})"
