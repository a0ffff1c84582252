import os
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.file_moves import append_number, copy_file, move_to_free_path


def test_moving_never_overwrites(tmp_path: Path) -> None:
    for content in ("first", "second", "third"):
        (tmp_path / "scan.png").write_text(content)
        move_to_free_path(tmp_path / "scan.png", tmp_path / "away" / "scan.png")
    away = {path.name: path.read_text() for path in (tmp_path / "away").iterdir()}
    assert away == {"scan.png": "first", "scan-2.png": "second", "scan-3.png": "third"}
    assert not (tmp_path / "scan.png").exists()


def test_moving_to_another_file_system(tmp_path: Path) -> None:
    memory = Path("/dev/shm")
    target = memory / f"batchdigits-test-{os.getpid()}" / "scan.png"
    (tmp_path / "scan.png").write_bytes(b"content")
    try:
        assert tmp_path.stat().st_dev != target.parent.parent.stat().st_dev
        placed, moved = move_to_free_path(tmp_path / "scan.png", target)
        assert moved
        assert placed.read_bytes() == b"content"
        assert not (tmp_path / "scan.png").exists()
    finally:
        target.unlink(missing_ok=True)
        target.parent.rmdir()


def test_a_link_is_moved_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_text("content")
    (tmp_path / "link.png").symlink_to("real.png")
    placed, has_left = move_to_free_path(tmp_path / "link.png", tmp_path / "real.png")
    assert has_left and placed.name == "real-2.png" and os.readlink(placed) == "real.png"
    assert (tmp_path / "real.png").exists() and not (tmp_path / "link.png").is_symlink()


NAMES = st.binary(min_size=1, max_size=255).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)


@pytest.mark.integration
@settings(max_examples=60, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=6))
def test_every_copy_keeps_its_own_content(
    tmp_path_factory: pytest.TempPathFactory, names: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("copies")
    placed = []
    for number, name in enumerate(names):
        write_bytes(folder / "source", b"%d" % number)
        target = folder / "away" / os.fsdecode(name)
        place = next(p for p in map(partial(append_number, target), count(1)) if p not in placed)
        copy_file(folder / "source", place)
        placed.append(place)
        with pytest.raises(FileExistsError):
            copy_file(folder / "source", place)
    assert [path.read_bytes() for path in placed] == [b"%d" % i for i in range(len(names))]
    assert len(set(placed)) == len(names)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604, 0o644, 0o400])
def test_a_copy_is_no_more_open_than_its_source_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    source, modes = tmp_path / "scan.png", set()
    source.write_bytes(b"content")
    source.chmod(mode)
    leftover = tmp_path / "away" / ".batchdigits-copy-scan.png"
    leftover.parent.mkdir()
    leftover.touch(0o666)

    def note_mode(*arguments: object) -> None:
        (partial,) = leftover.parent.glob(".batchdigits-copy-*")
        modes.add(partial.stat().st_mode & 0o777)

    monkeypatch.setattr("batchdigits.system.file_moves.shutil.copyfileobj", note_mode)
    copy_file(source, tmp_path / "away" / "scan.png")
    assert modes | {(tmp_path / "away" / "scan.png").stat().st_mode & 0o777} == {mode | 0o200}
    if os.geteuid() == 0 and mode == 0o640:  # the copy has another group, which is others there
        os.chown(source, -1, 12345)
        copy_file(source, tmp_path / "away" / "2.png")
        assert (tmp_path / "away" / "2.png").stat().st_mode & 0o777 == 0o600
