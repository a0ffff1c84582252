"""A folder read by the program in its own process, and its ``results.csv``."""

import subprocess
from pathlib import Path

from batchdigits.evaluation.predictions import PredictionSet, load_predictions
from benchmarks import program
from benchmarks.folders import Inbox
from benchmarks.timing import BenchmarkError, make_environment

#: The exit codes of complete runs, without and with files in quarantine.
_EXIT_CODES = (0, 3)


def read_inbox(inbox: Path, truth: dict[str, int], model: Path | None = None) -> PredictionSet:
    """Read a folder and compare its rows with the true digits.

    Args:
        inbox: the folder.
        truth: each file's path inside the folder and its digit.
        model: a model file to read with instead of the bundled one.

    Returns:
        The predictions, in the order of the rows.

    Raises:
        BenchmarkError: the program failed, or its CSV does not hold exactly one row per file.
    """
    outbox = inbox.with_name(f"{inbox.name}-out")
    # "copy", so that broken files stay in the inbox, where --keep shows them.
    options = ["--thumbnails", "off", "--quarantine", "copy"]
    options += ["--model", str(model.resolve())] if model else []
    command = program.make_command(inbox, outbox, *options)
    # In a folder that holds no batchdigits.toml.
    code = subprocess.run(command, cwd=inbox.parent, env=make_environment(), check=False).returncode
    if code not in _EXIT_CODES:
        raise BenchmarkError(f"{' '.join(map(str, command))} failed with {code}")
    program.check_rows(Inbox(inbox, len(truth)), outbox)
    predictions = load_predictions(outbox / "results.csv", truth.get)
    if sorted(prediction.file for prediction in predictions.files) != sorted(truth):
        raise BenchmarkError(f"{outbox / 'results.csv'}: not exactly one row for every file")
    return predictions
