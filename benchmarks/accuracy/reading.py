"""A folder read by the program itself, in its own process, and its ``results.csv``."""

import subprocess
from pathlib import Path

from batchdigits.evaluation.predictions import PredictionSet, load_predictions
from benchmarks import program
from benchmarks.folders import Inbox
from benchmarks.timing import BenchmarkError, environment

#: The exit codes of runs that read everything, some of it perhaps put into quarantine.
_DONE = (0, 3)


def read(inbox: Path, truth: dict[str, int], model: Path | None = None) -> PredictionSet:
    """Read a folder and put the rows beside the truth, in the rows' order.

    Raises:
        BenchmarkError: the program failed, or its CSV does not hold exactly one row a file.
    """
    outbox = inbox.with_name(f"{inbox.name}-out")
    # A copy: files that are put away would no longer lie where --keep promises them.
    options = ["--thumbnails", "off", "--quarantine", "copy"]
    options += ["--model", str(model.resolve())] if model else []
    command = program.command(inbox, outbox, *options)
    # From a folder of ours, so that nobody's batchdigits.toml takes part.
    code = subprocess.run(command, cwd=inbox.parent, env=environment(), check=False).returncode
    if code not in _DONE:
        raise BenchmarkError(f"{' '.join(map(str, command))} failed with {code}")
    program.check_rows(Inbox(inbox, len(truth)), outbox)
    answers = load_predictions(outbox / "results.csv", truth.get)
    if sorted(each.file for each in answers.files) != sorted(truth):
        raise BenchmarkError(f"{outbox / 'results.csv'}: not exactly one row for every file")
    return answers
