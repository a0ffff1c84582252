"""Tables that ask for far more than their size, and damaged workbooks: one sentence each."""

import os
import random
import re
import resource
import zipfile
from pathlib import Path

import pytest

from batchdigits.errors import DataError
from batchdigits.system.tables import read_table
from tests.conftest import ROOT
from tests.support.hostile_workbooks import HOSTILE_WORKBOOKS, make_xlsx, pack

#: How many damaged workbooks; `make faults` takes more.
WORKBOOKS = int(os.environ.get("BATCHDIGITS_WORKBOOKS", "12"))
NAMES = {"file": ("file",), "digit": ("digit", "corrected_digit")}
_NUMBER = re.compile(rb"\d+")
_HUGE = (b"0", b"-1", b"1048576", b"16777216", b"4294967295", b"99999999999999999999")


def read_or_refuse(path: Path) -> str:
    """Read all rows of a table; returns why that failed, or nothing.

    Whatever was needed for it, in whichever process, was less than a gigabyte.
    """
    before = measure_memory()
    message = ""
    try:
        for _ in read_table(path, NAMES).rows:
            pass
    except DataError as error:
        message = str(error)
        assert message.startswith((f"{path} ", f"Cannot read {path}")) and message.endswith(".")
        assert "\n" not in message and len(message) < len(str(path)) + 300
    assert measure_memory() <= max(before, 1 << 20)
    return message


def measure_memory() -> int:
    """Return the most kibibytes that this process, or any it started, has taken."""
    users = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return max(resource.getrusage(user).ru_maxrss for user in users)


@pytest.mark.long
@pytest.mark.integration
@pytest.mark.parametrize("name", HOSTILE_WORKBOOKS)
def test_a_workbook_that_asks_for_everything_is_one_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE_WORKBOOKS[name]())
    message = read_or_refuse(path)
    assert message or name == "extent.xlsx"  # which only claims to be huge


@pytest.mark.integration
def test_a_workbook_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "slow.xlsx"
    path.write_bytes(make_xlsx("<row><c><v>1</v></c></row>"))
    with pytest.raises(DataError, match="takes longer to read than any table of results"):
        read_table(path, NAMES, timeout=0.01)


@pytest.mark.parametrize(
    ("start", "part", "problem"),
    [
        (b"file,digit\n", b"x" * (1 << 22), "a row is longer than any"),
        (b"file,digit\n", b"x" + b"," * 900_000 + b"\n", ""),
        (b"file,digit" + b",x" * 500_000 + b"\n", b"a.png,1\n" * 9, ""),
        (b"file,digit\n", b'"\n",' * (1 << 20), "a row is longer than any"),
        (b"file,digit\n", b'"' + b"\n" * (1 << 22), "a row is longer than any"),
    ],
    ids=["line", "cells", "columns", "cells of many lines", "open quote"],
)
def test_a_text_that_asks_for_everything_is_bounded(
    tmp_path: Path, start: bytes, part: bytes, problem: str
) -> None:
    path = tmp_path / "bomb.csv"
    path.write_bytes(start + part)
    message = read_or_refuse(path)
    assert problem in message and bool(message) == bool(problem)


def test_rows_without_end_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batchdigits.system.tables._MAX_ROWS", 100)
    path = tmp_path / "rows.csv"
    path.write_bytes(b"file,digit\n" + b"a,1\n" * 200)
    assert "more rows than any table" in read_or_refuse(path)


@pytest.mark.integration
@pytest.mark.faults
def test_damaged_workbooks_are_read_or_refused_in_one_sentence(tmp_path: Path) -> None:
    data = ROOT / "tests" / "data"
    samples = ["libreoffice.xlsx", "libreoffice.ods", "titled.ods", "titled.xls"]
    chance = random.Random(WORKBOOKS)
    for number in range(WORKBOOKS):
        sample = data / samples[number % len(samples)]
        path = tmp_path / f"{number}{sample.suffix}"
        path.write_bytes(damage(sample, chance))
        read_or_refuse(path)
        path.unlink()


def damage(sample: Path, chance: random.Random) -> bytes:
    """Damage a workbook; the checksums of an archive's members are right again afterwards."""
    if not zipfile.is_zipfile(sample):
        return _damage_bytes(sample.read_bytes(), chance)
    with zipfile.ZipFile(sample) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    large = sorted(members, key=lambda name: len(members[name]))[-6:]
    for name in chance.sample(large, chance.randint(1, 2)):
        members[name] = _damage_bytes(members[name], chance)
    packed = pack({**members})
    return _damage_bytes(packed, chance) if chance.random() < 0.1 else packed


def _damage_bytes(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) or 1)
        end = start + chance.choice((1, 1, 4, 40))
        match chance.randrange(5):
            case 0:
                data = data[:start] + chance.randbytes(end - start) + data[end:]
            case 1:
                data = data[:start] + data[end:]
            case 2:
                data = data[:end] + data[start:]
            case 3:
                data = data[:start] + _pick_number(chance) + data[start + 4 :]
            case _:
                numbers = list(_NUMBER.finditer(data))
                if numbers:
                    found = chance.choice(numbers)
                    data = data[: found.start()] + chance.choice(_HUGE) + data[found.end() :]
    return data


def _pick_number(chance: random.Random) -> bytes:
    """Return four bytes that, as a number, are at the edge of what fits."""
    return chance.choice((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)).to_bytes(4, "little")
