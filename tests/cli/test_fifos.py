"""Fifos where files are expected: nobody waits for whoever writes to them."""

import os
import shutil
from pathlib import Path

import pytest

from batchdigits.errors import ExitCode, ModelError
from batchdigits.inference.model_card import is_card, read_card
from tests.conftest import ROOT, Run

pytestmark = pytest.mark.integration


NAMES = ("fifo", "fifo.npz", "fifo.csv", "train-images-idx3-ubyte")
COMMANDS = [
    *((f"evaluate {name} out", name, ExitCode.DATA) for name in NAMES),
    *((f"explore {name}", name, ExitCode.DATA) for name in NAMES),
    *((f"correct out {name}", name, ExitCode.DATA) for name in ("fifo.csv", "fifo.xlsx")),
    ("train --data fifo --epochs 1", "fifo", ExitCode.DATA),
    ("run inbox out --model fifo", "fifo", ExitCode.NO_MODEL),
    ("--config fifo run inbox out", "fifo", ExitCode.USAGE),
]


@pytest.mark.parametrize(("words", "name", "code"), COMMANDS)
def test_a_fifo_is_one_sentence(
    batchdigits: Run, tmp_path: Path, words: str, name: str, code: ExitCode
) -> None:
    os.mkfifo(tmp_path / name)
    shutil.copytree(ROOT / "inbox" / "forms", tmp_path / "inbox")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    if words.startswith("correct"):
        batchdigits("run", "inbox", "out", "-q", cwd=tmp_path, env=environment)
    done = batchdigits(*words.split(), cwd=tmp_path, env=environment)
    assert done.returncode == code, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and name in done.stderr


def test_a_card_that_is_a_fifo_is_a_damaged_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.json")
    with pytest.raises(ModelError, match="This is no regular file"):
        read_card(tmp_path / "mine.json")
    assert is_card(tmp_path / "mine.json")
