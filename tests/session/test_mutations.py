"""Thousands of damaged images through the whole program: each gets its row, none ends the run."""

import os
import random
from pathlib import Path

import pytest

from tests.conftest import Run, read_csv
from tests.support.image_samples import make_samples

pytestmark = [pytest.mark.integration, pytest.mark.faults]

#: How many damaged files; `make test-all` and `make faults` take more.
MUTATIONS = int(os.environ.get("BATCHDIGITS_MUTATIONS", "300"))
_SAMPLES = make_samples()


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Damage a file as disks, networks and fuzzers do: bytes, blocks, length, parts swapped."""
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(damaged) or 1)
        length = chance.choice((1, 1, 4, 16, 200))
        match chance.randrange(6):
            case 0:
                damaged[start : start + 1] = bytes([chance.randrange(256)])
            case 1:
                damaged[start : start + length] = chance.randbytes(length)
            case 2:
                damaged[start : start + length] = bytes(length)
            case 3:
                del damaged[start : start + length]
            case 4:
                damaged[start:start] = damaged[:length]
            case _:
                del damaged[max(start, 1) :]
    return bytes(damaged)


def read_contents(*folders: Path) -> set[bytes]:
    """Read all files of folders but the notes beside what is in quarantine."""
    return {
        path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".json"
    }


def test_damaged_files_get_a_row_each_and_none_is_lost(
    inbox: Path, outbox: Path, batchdigits: Run
) -> None:
    chance = random.Random(MUTATIONS)
    names = sorted(_SAMPLES)
    for number in range(MUTATIONS):
        name = chance.choice(names)
        folder = inbox / str(number // 1000)
        folder.mkdir(exist_ok=True)
        (folder / f"{number}-{name}").write_bytes(mutate(_SAMPLES[name], chance))
    files = {path.relative_to(inbox).as_posix() for path in inbox.rglob("*") if path.is_file()}
    contents = read_contents(inbox)
    options = ("--thumbnails", "off", "--no-html", "--max-megapixels", "1")
    done = batchdigits("run", inbox, outbox, "--quiet", *options, "--worker-memory", "512")
    assert done.returncode in (0, 3), done.stderr
    rows = read_csv(outbox)
    assert {row["file"] for row in rows} == files
    assert read_contents(inbox, outbox / "quarantine") == contents
    unread = [row for row in rows if row["status"] in ("quarantined", "failed")]
    assert all(row["reason"] and row["digit"] == "" for row in unread)
    # A decoder may crash, but over few files, and each of these is found out alone.
    assert sum(row["reason"] == "crashed_reader" for row in rows) <= MUTATIONS // 100
