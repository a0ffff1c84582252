"""Whole files of each kind are read by what fuzzes them, and files that once broke it still are."""

from pathlib import Path

import pytest

from tests.fuzz.targets import CRASHERS, TARGETS, try_file

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", TARGETS)
def test_whole_files_are_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    for seed in TARGETS[name].make_seeds():
        path.write_bytes(seed)
        TARGETS[name].read(path)


# Pictures may end the process that decodes them: tests/cli/test_predict.py gives them to workers.
@pytest.mark.parametrize("name", sorted(TARGETS.keys() - {"images"}))
def test_what_broke_it_once_is_refused_or_read(name: str) -> None:
    for path in CRASHERS.glob(f"{name}/*"):
        try_file(TARGETS[name], path)
