"""``run --dry-run`` says what a run would do, and writes nothing."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from batchdigits.system.lockfile import hold_lock
from tests.conftest import UNPRIVILEGED, Run, load_sample_digits, read_csv, write_png
from tests.support.image_samples import encode_tiff_pages
from tests.support.onnx_samples import make_trees

pytestmark = pytest.mark.integration
DIGITS = load_sample_digits()
OLD = (1_500_000_000, 1_500_000_000)


def snapshot(folder: Path) -> dict[str, object]:
    """All that is in a folder: names, contents, and when each was changed."""
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_ctime_ns, path.stat().st_ino)
        for path in (folder, *folder.rglob("*"))
    }


def test_it_says_what_the_run_does_and_writes_nothing(
    batchdigits: Run, inbox: Path, outbox: Path, tmp_path: Path
) -> None:
    whole = write_png(inbox / "a.png", DIGITS[0][0]).read_bytes()
    (inbox / "half.png").write_bytes(whole[: len(whole) // 2])
    os.utime(inbox / "half.png", OLD)
    (inbox / "sub").mkdir()
    (inbox / "sub" / "note.png").write_text("a note")
    (inbox / "notes.txt").write_text("left alone")
    before = snapshot(tmp_path)
    trial = batchdigits("run", inbox, outbox, "--dry-run")
    assert snapshot(tmp_path) == before and not outbox.exists()
    assert "2 files would be moved to" in trial.stderr
    assert (
        "half.png (file cut off)" in trial.stderr and "sub/note.png (not an image)" in trial.stderr
    )
    assert "nothing was written" in trial.stderr

    done = batchdigits("run", inbox, outbox)
    assert done.returncode == trial.returncode == 3
    assert "2 files were moved to" in done.stderr and f"requeue {outbox}" in done.stderr

    write_png(inbox / "b.png", DIGITS[1][0])
    write_png(inbox / "sub" / "note.png", DIGITS[2][0])
    before = snapshot(tmp_path)
    trial = batchdigits("run", inbox, outbox, "--dry-run")
    again = batchdigits("run", inbox, outbox, "--dry-run", "--retry-failed")
    assert snapshot(tmp_path) == before
    assert trial.returncode == 0 and "2 files, 2 pages" in trial.stderr
    assert "1 file known from an earlier run" in trial.stderr
    assert again.returncode == 3 and "1 file would be put back from quarantine" in again.stderr
    assert [row["file"] for row in read_csv(outbox)] == ["a.png", "half.png", "sub/note.png"]


def test_a_model_made_elsewhere_gets_no_card(
    batchdigits: Run, inbox: Path, outbox: Path, tmp_path: Path
) -> None:
    write_png(inbox / "a.png", DIGITS[0][0])
    model = tmp_path / "model" / "trees.onnx"
    model.parent.mkdir()
    model.write_bytes(make_trees())
    trial = batchdigits("run", inbox, outbox, "--dry-run", "--model", model)
    assert trial.returncode == 0 and "1 file, 1 page" in trial.stderr
    assert list(model.parent.iterdir()) == [model] and not outbox.exists()
    assert "Saved in" not in trial.stderr


def test_copies_are_told_as_copies_and_off_as_nothing(
    batchdigits: Run, inbox: Path, outbox: Path
) -> None:
    (inbox / "note.png").write_text("a note")
    pages = [np.asarray(image) for image, _ in DIGITS[:3]]
    (inbox / "pages.tif").write_bytes(encode_tiff_pages(pages))
    trial = batchdigits("run", inbox, outbox, "--dry-run", "--max-pages", "2", "--quiet")
    assert "1 file would be moved to" in trial.stderr and "  note.png (" in trial.stderr
    assert "1 file would be copied to" in trial.stderr and "  pages.tif (" in trial.stderr
    (inbox / "pages.tif").unlink()
    trial = batchdigits("run", inbox, outbox, "--dry-run", "--quarantine", "copy")
    assert "1 file would be copied to" in trial.stderr
    trial = batchdigits("run", inbox, outbox, "--dry-run", "--quarantine", "off")
    assert "would be" not in trial.stderr and trial.returncode == 3
    done = batchdigits("run", inbox, outbox, "--quarantine", "copy")
    assert "1 file was copied to" in done.stderr and (inbox / "note.png").exists()


def test_what_a_run_would_be_refused_it_is_refused(
    batchdigits: Run, inbox: Path, outbox: Path, tmp_path: Path
) -> None:
    assert batchdigits("run", inbox, outbox, "--dry-run").returncode == 5
    write_png(inbox / "a.png", DIGITS[0][0])
    outbox.write_text("a file")
    refused = batchdigits("run", inbox, outbox, "--dry-run")
    assert refused.returncode == 6 and "it is not a folder" in refused.stderr
    outbox.unlink()
    batchdigits("run", inbox, outbox)
    with hold_lock(outbox / ".batchdigits" / "lock", outbox):
        refused = batchdigits("run", inbox, outbox, "--dry-run")
    assert refused.returncode == 6 and "in use" in refused.stderr
    other = tmp_path / "other"
    other.mkdir()
    write_png(other / "a.png", DIGITS[0][0])
    refused = batchdigits("run", other, outbox, "--dry-run")
    assert refused.returncode == 6 and f"The outbox {outbox} belongs" in refused.stderr
    outbox.chmod(0o500)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", inbox, outbox]
    done = subprocess.run(
        [*map(str, command), "--dry-run"], capture_output=True, text=True, check=False
    )
    outbox.chmod(0o700)
    assert done.returncode == 6 and "Permission denied" in done.stderr
