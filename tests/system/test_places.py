"""What is in a folder, or is not."""

from pathlib import Path

from batchdigits.system.safe_files.places import is_missing


def test_what_is_not_there_is_missing_and_a_broken_link_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    assert is_missing(tmp_path / "nothing")
    assert is_missing(tmp_path / "file" / "below")
    assert not is_missing(tmp_path / "file")
    assert not is_missing(tmp_path / "link")


def test_what_cannot_be_looked_at_is_not_taken_to_be_missing(tmp_path: Path) -> None:
    # The system refuses such a name, as it does any where the disk fails.
    assert not is_missing(tmp_path / ("a" * 300))
