"""Damage to journals and inboxes, also in the middle of a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from batchdigits.arrays import GrayImage
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.session.summary import Summary
from tests.support.faults.control import FaultServer
from tests.support.faults.scenarios import make_template

Digits = list[tuple[GrayImage, str]]


def files(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder but the JSON ones, by their path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".json"
    }


def damage(outbox: Path, at: int, with_bytes: bytes) -> None:
    """Spoil one block in the middle of the journal's table of pages."""
    path = outbox / STATE_FOLDER / JOURNAL_FILE
    data = bytearray(path.read_bytes())
    blocks = [n for n in range(0, len(data), 4096) if b"[0.0000" in data[n : n + 4096]]
    assert len(blocks) > 4
    begin = blocks[len(blocks) // 2] + at
    data[begin : begin + len(with_bytes)] = with_bytes
    path.write_bytes(data)


class Meddler:
    """A listener that lets something happen between the scan and the reading."""

    def __init__(self, meddle: object) -> None:
        self._meddle = meddle

    def on_start(self, files: int) -> None:
        assert callable(self._meddle)
        self._meddle()

    def on_progress(self, summary: Summary) -> None: ...

    def get_stop_signal(self) -> int:
        return 0


@pytest.fixture(scope="module")
def user_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("users") / "template")


@pytest.fixture(scope="module")
def fault_server(
    user_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FaultServer]:
    folder = tmp_path_factory.mktemp("server")
    warm_up = ["run", str(user_template / "inbox"), str(folder / "outbox"), "--quarantine", "off"]
    with FaultServer(folder, warm_up) as server:
        yield server
