"""The main job as its user meets it: real files, a real process, what it writes and says."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.execution.chunks import CHUNK_FILES
from batchdigits.journal.columns import TABLE_HEADER
from tests.conftest import ROOT, UNPRIVILEGED, Run, read_csv, write_png

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


def truth() -> dict[tuple[str, str], str]:
    with (ROOT / "tests" / "inbox_truth.csv").open(encoding="utf-8", newline="") as file:
        return {(row["file"], row["page"]): row["expected"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, batchdigits: Run) -> Path:
    """The sample inbox, read once by the program itself."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copytree(ROOT / "inbox", folder / "inbox")
    done = batchdigits("run", "inbox", "outbox", cwd=folder)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "", "stdout stays free for data"
    assert "77 files, 78 pages" in done.stderr
    return folder


def test_the_sample_inbox_is_read_right(sample: Path) -> None:
    rows = {
        (row["file"].removeprefix("'"), row["page"]): row for row in read_csv(sample / "outbox")
    }
    expected = truth()
    assert set(rows) == set(expected), "one row for every page, none lost, none made up"
    for key, what in expected.items():
        row = rows[key]
        if what.isdigit():
            assert (row["status"], row["digit"]) == ("ok", what) or row["status"] == "review", row
        else:
            assert row["reason"] == what
    read = [key for key, what in expected.items() if what.isdigit()]
    right = sum(rows[key]["digit"] == expected[key] for key in read)
    sure = sum(rows[key]["status"] == "ok" for key in read)
    assert right >= len(read) - 1 and sure >= 0.9 * len(read)


def test_unread_files_are_moved_and_read_ones_stay(sample: Path) -> None:
    bad = {"broken off.jpg", "half.png", "empty.png", "renamed note.png"}
    quarantine = sample / "outbox" / "quarantine" / "troubled"
    assert set(os.listdir(quarantine)) == bad | {f"{name}.json" for name in bad}
    for path in (ROOT / "inbox").rglob("*"):
        here = sample / "inbox" / path.relative_to(ROOT / "inbox")
        if path.is_file() and path.name not in bad:
            assert here.read_bytes() == path.read_bytes()
        elif path.name in bad:
            assert not here.exists()


def test_every_read_page_has_a_thumbnail_and_a_place_on_a_sheet(sample: Path) -> None:
    outbox = sample / "outbox"
    rows = read_csv(outbox)
    named = [row["thumbnail"] for row in rows if row["status"] in ("ok", "review")]
    assert len(set(named)) == len(named) and all(named)
    assert not any(row["thumbnail"] for row in rows if row["status"] == "quarantined")
    on_disk = {str(path.relative_to(outbox)) for path in (outbox / "thumbnails").rglob("*.png")}
    assert on_disk == set(named)
    assert all(cv2.imread(str(outbox / name)) is not None for name in named)
    assert os.listdir(outbox / "sheets") == ["sheet-0001.png"]


def test_json_holds_the_same_rows_and_more(sample: Path) -> None:
    outbox = sample / "outbox"
    content = json.loads((outbox / "results.json").read_text(encoding="utf-8"))
    rows = read_csv(outbox)
    assert content["schema"] == 1 and len(content["model"]["sha256"]) == 64
    assert content["versions"]["opencv-python-headless"] and content["settings"]["quarantine"]
    assert len(content["rows"]) == len(rows)
    for entry, row in zip(content["rows"], rows, strict=True):
        assert entry["file"] == (row["file"][1:] if row["file"].startswith("'") else row["file"])
        for column in TABLE_HEADER[1:]:
            assert str("" if entry[column] is None else entry[column]) == row[column]
        if entry["digit"] is not None:
            assert len(entry["scores"]) == 10 and len(entry["ink_box"]) == 4
            assert int(np.argmax(entry["scores"])) == entry["digit"]


def test_the_summary_counts_what_the_table_shows(sample: Path) -> None:
    outbox = sample / "outbox"
    summary = json.loads((outbox / "summary.json").read_text(encoding="utf-8"))
    rows = read_csv(outbox)
    assert summary["rows"] == len(rows) == sum(summary["statuses"].values())
    assert summary["files"] == len({row["file"] for row in rows})
    assert summary["statuses"]["quarantined"] == 4 and summary["reasons"]["truncated"] == 2
    assert summary["left_alone"]["not_images"] == ["notes.txt"]
    assert summary["last_run"]["exit_code"] == 3


def test_corrupt_files_anywhere_change_no_other_row(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    count = CHUNK_FILES + 10

    def scores(bad: set[int]) -> dict[str, object]:
        inbox, outbox = tmp_path / f"in{len(bad)}", tmp_path / f"out{len(bad)}"
        for i in range(count):
            path = write_png(inbox / f"{i}.png", digits[i % len(digits)][0])
            if i in bad:
                path.write_bytes(path.read_bytes()[:50])
        assert batchdigits("run", inbox, outbox, "-q").returncode == (3 if bad else 0)
        rows = json.loads((outbox / "results.json").read_text())["rows"]
        assert [row["file"] for row in rows] == [f"{i}.png" for i in range(count)]
        assert {i for i, row in enumerate(rows) if row["status"] == "quarantined"} == bad
        return {row["file"]: (row["digit"], row["scores"]) for row in rows if row["scores"]}

    clean = scores(set())
    for bad in (
        {0},
        {1, CHUNK_FILES - 1, CHUNK_FILES},
        set(range(0, count, 3)),
        set(range(1, count)),
    ):
        dirty = scores(bad)
        assert dirty == {name: clean[name] for name in dirty}
        assert len(dirty) == count - len(bad)


def test_names_of_every_kind_and_no_collisions(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    names = ["a/1.png", "b/1.png", "a/1.jpg", "=1+1.png", "NA", "new\nline.png", "x" * 251 + ".png",
             "tab\t.png", "日本 😀 ü'\"#.png", os.fsdecode(b"caf\xe9.png"), "a/1.png.p1.png",
             "c.p1.png/x.png", "c"]  # fmt: skip
    for i, name in enumerate(names):
        write_png(inbox / name, digits[i % len(digits)][0])
    done = batchdigits("run", inbox, outbox)
    assert done.returncode == 0, done.stderr
    rows = read_csv(outbox)
    assert len(rows) == len(names)
    thumbnails = {row["thumbnail"] for row in rows}
    assert len(thumbnails) == len(names)
    assert all((outbox / name).is_file() for name in thumbnails)
    assert "caf\\xe9.png" in [row["file"] for row in rows]
    assert "'=1+1.png" in [row["file"] for row in rows]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["run", "missing", "out"], 2, "does not exist"),
        (["run", "in/file.txt", "out"], 2, "not a folder"),
        (["run", "in", "in/out"], 2, "inside the inbox"),
        (["run", "in", "in"], 2, "inside the inbox"),
        (["run", "in/sub", "in"], 2, "inside the outbox"),
        (["run", "in", "link/out"], 2, "inside the inbox"),
        (["run", "in", "out", "--quarantine", "burn"], 2, "burn"),
        (["run", "in", "out", "--max-pages", "0"], 2, "max-pages"),
        (["run", "empty", "out"], 5, "Nothing to read"),
        (["run", "in", "in/file.txt/x"], 2, "inside the inbox"),
        (["run", "in", "plain file"], 6, "Cannot write to the outbox"),
        (["run", "in", "/proc/nowhere"], 6, "Cannot write to the outbox"),
        (["run", "in", "out", "--model", "no.tflite"], 4, "There is no model no.tflite"),
        (["run", "x" * 300, "out"], 2, "too long"),
        (["run", "in", "loop"], 6, "Cannot write to the outbox"),
        (["run", "", "out"], 2, "name is empty"),
        (["run", "in", "out", "--max-pages", "many"], 2, "--max-pages"),
        (["run", "in", "out", "--no-such-option"], 2, "no-such-option"),
        (["fly"], 2, "fly"),
    ],
)
def test_what_people_get_wrong_costs_one_line(
    batchdigits: Run, tmp_path: Path, digits: Digits, arguments: list[str], code: int, word: str
) -> None:
    write_png(tmp_path / "in" / "sub" / "1.png", digits[0][0])
    (tmp_path / "in" / "file.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "plain file").write_text("precious")
    done = batchdigits(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert word in done.stderr and "Traceback" not in done.stderr and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert (tmp_path / "plain file").read_text() == "precious"
    assert (tmp_path / "in" / "sub" / "1.png").exists()


def test_an_empty_inbox_says_what_it_saw(batchdigits: Run, inbox: Path, outbox: Path) -> None:
    (inbox / "list.csv").write_text("a")
    done = batchdigits("run", inbox, outbox)
    assert done.returncode == 5 and "1 left alone" in done.stderr


def test_settings_come_from_flag_then_environment_then_file(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    for name in ("a.png", "b.png", "c.png"):
        write_png(tmp_path / "inbox" / name, digits[0][0])
    (tmp_path / "batchdigits.toml").write_text('[run]\nexclude = ["a.*"]\nmax-pages = 7\n')

    def names(*arguments: str, **environment: str) -> list[str]:
        shutil.rmtree(tmp_path / "outbox", ignore_errors=True)
        done = batchdigits("run", *arguments, cwd=tmp_path, env=os.environ | environment)
        assert done.returncode == 0, done.stderr
        return [row["file"] for row in read_csv(tmp_path / "outbox")]

    assert names() == ["b.png", "c.png"]
    assert names(BATCHDIGITS_RUN_EXCLUDE="b.*") == ["a.png", "c.png"]
    assert names("--exclude", "c.*", BATCHDIGITS_RUN_EXCLUDE="b.*") == ["a.png", "b.png"]
    for text, word in (
        (b"[run\n", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        (b"run = 3", "no table"),
        (b'quarantine = "copy"', "no table"),
        (b"[run]\nmax_page = 3", "no setting max_page"),
        (b"[run]\nmax-pages = 'x'", "x"),
    ):
        (tmp_path / "batchdigits.toml").write_bytes(text)
        broken = batchdigits("run", cwd=tmp_path)
        assert broken.returncode == 2 and word in broken.stderr, broken.stderr
        assert len(broken.stderr.splitlines()) == 1


def test_quiet_verbose_and_json_logs(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    (inbox / "bad.png").write_bytes(b"")
    quiet = batchdigits("run", inbox, outbox, "--quiet", "--quarantine", "copy")
    assert (quiet.stdout, quiet.stderr) == ("", "")
    verbose = batchdigits("run", inbox, outbox, "--verbose", "--quarantine", "copy", "--force")
    assert "bad.png" in verbose.stderr and "empty" in verbose.stderr
    logged = batchdigits("run", inbox, outbox, "--log-json", "--quarantine", "copy")
    lines = [json.loads(line) for line in logged.stderr.splitlines()]
    assert lines[-1]["message"] == "finished" and lines[-1]["exit_code"] == 3


def test_decoders_never_write_to_the_terminal(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    jpeg = bytearray(cv2.imencode(".jpg", cv2.resize(digits[0][0], (400, 400)))[1].tobytes())
    jpeg[len(jpeg) // 2 : len(jpeg) // 2 + 40] = bytes(40)
    (inbox / "noisy.jpg").write_bytes(jpeg)
    write_png(inbox / "good.png", digits[0][0])
    done = batchdigits("run", inbox, outbox, "--quiet")
    assert done.stderr == "" and len(read_csv(outbox)) == 2


def test_a_second_run_shows_the_same_again(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    for i, (image, _) in enumerate(digits):
        write_png(inbox / f"{i}.png", image)
    (inbox / "bad.png").write_bytes(b"")

    def table() -> list[dict[str, str]]:
        assert batchdigits("run", inbox, outbox, "--quarantine", "copy").returncode == 3
        return [{**row, "read_at": ""} for row in read_csv(outbox)]

    assert table() == table()
    assert sorted(os.listdir(outbox / "quarantine")) == ["bad.png", "bad.png.json"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_reports_what_is_done(
    inbox: Path, outbox: Path, digits: Digits, number: int, code: int
) -> None:
    page = cv2.resize(digits[0][0], (2500, 2500))
    data = cv2.imencode(".jpg", page)[1].tobytes()
    for i in range(CHUNK_FILES * 6):
        (inbox / f"{i}.jpg").write_bytes(data)
    command = [sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (outbox / "thumbnails").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code and "Traceback" not in said
    rows = read_csv(outbox)
    assert 0 < len(rows) < CHUNK_FILES * 6
    assert json.loads((outbox / "summary.json").read_text())["last_run"]["interrupted"] is True


def test_permission_and_vanished_files_fail_and_stay(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    write_png(inbox / "secret.png", digits[0][0]).chmod(0)
    (inbox / "gone.png").symlink_to(inbox / "nowhere.png")
    write_png(inbox / "closed" / "x.png", digits[0][0])
    (inbox / "closed").chmod(0)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (inbox / "closed").chmod(0o755)
    assert done.returncode == 3, done.stderr
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert rows["secret.png"]["status"] == "failed" and rows["secret.png"]["reason"] == "permission"
    assert rows["gone.png"]["status"] == "failed" and rows["gone.png"]["reason"] == "vanished"
    assert rows["good.png"]["status"] == "ok" and (inbox / "secret.png").exists()
    assert "closed" in done.stderr and len(rows) == 3


def test_a_read_only_inbox_is_read_and_its_bad_files_are_copied_once(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    (inbox / "bad.png").write_bytes(b"no picture")
    inbox.chmod(0o555)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox)]
    try:
        first, second = (
            subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(2)
        )
    finally:
        inbox.chmod(0o755)
    assert first.returncode == 3 and "could not be moved" in first.stderr
    assert second.returncode == 3, second.stderr
    rows = [(row["file"], row["status"], row["source_state"]) for row in read_csv(outbox)]
    assert rows == [("bad.png", "quarantined", "present"), ("good.png", "ok", "present")]
    quarantine = outbox / "quarantine"
    assert sorted(os.listdir(quarantine)) == ["bad.png", "bad.png.json"]
    assert json.loads((quarantine / "bad.png.json").read_text())["action"] == "copied"
    assert not (quarantine / "bad.png").samefile(inbox / "bad.png")


def test_an_outbox_that_may_not_be_written(inbox: Path, tmp_path: Path, digits: Digits) -> None:
    write_png(inbox / "good.png", digits[0][0])
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    for outbox in (closed, closed / "new"):
        command = [
            *UNPRIVILEGED,
            sys.executable,
            "-m",
            "batchdigits",
            "run",
            str(inbox),
            str(outbox),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 6 and "Cannot write to the outbox" in done.stderr


def test_a_folder_that_may_not_be_looked_into_is_no_success(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    write_png(inbox / "closed" / "x.png", digits[0][0])
    (inbox / "closed").chmod(0)
    command = [*UNPRIVILEGED, sys.executable, "-m", "batchdigits", "run", str(inbox), str(outbox)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    (inbox / "closed").chmod(0o755)
    assert done.returncode == 3 and "closed" in done.stderr


def test_version_and_help(batchdigits: Run) -> None:
    assert batchdigits("--version").stdout.startswith("batchdigits 0.")
    shown = batchdigits("run", "--help")
    assert shown.returncode == 0 and "--quarantine" in shown.stdout


def test_names_cannot_steer_the_terminal(
    batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    (inbox / "a\x1b[31mred.txt").write_text("note")
    (inbox / "b\x1b[31mred.png").write_bytes(b"")
    done = batchdigits("run", inbox, tmp_path / "out[red]put [/x]", "-v")
    assert done.returncode == 3 and "\x1b" not in done.stderr
    assert "out[red]put [/x]" in done.stderr and "a\\x1b[31mred.txt" in done.stderr


def test_a_full_disk_loses_no_row_of_a_moved_file(
    batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits
) -> None:
    outbox = tmp_path / "small"
    outbox.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(outbox)], check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        (inbox / "0 bad.png").write_bytes(b"bad")
        for i in range(300):
            write_png(inbox / f"{i + 1}.png", digits[i % len(digits)][0])
        done = batchdigits("run", inbox, outbox)
        assert done.returncode == 6 and "No space left" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr and len(list(inbox.iterdir())) >= 300
    finally:
        subprocess.run(["umount", str(outbox)], check=True)


def test_a_reader_of_stderr_that_goes_away_costs_no_row(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    for i in range(CHUNK_FILES * 2):
        (inbox / f"{i}.png").write_bytes(b"")
    write_png(inbox / "good.png", digits[0][0])
    program = f'"{sys.executable}" -m batchdigits run "{inbox}" "{outbox}" -v'
    subprocess.run(["bash", "-c", f"{program} 2>&1 >/dev/null | head -1"], check=True, timeout=60)
    assert len(read_csv(outbox)) == CHUNK_FILES * 2 + 1
    closed = subprocess.run(["bash", "-c", f"{program} 2>&-"], check=False, timeout=60)
    assert closed.returncode == 0


def test_unsupported_files_stay_and_the_table_says_what_to_do(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    (inbox / "form.pdf").write_bytes(b"junk before %PDF-1.7")
    (inbox / "logo.svg").write_text("<!--" + "x" * 2000 + "--><svg></svg>")
    done = batchdigits("run", inbox, outbox)
    assert done.returncode == 3 and "export it as PNG" in " ".join(done.stderr.split())
    reasons = {row["file"]: (row["status"], row["reason"]) for row in read_csv(outbox)}
    assert reasons["form.pdf"] == reasons["logo.svg"] == ("failed", "unsupported")
    assert (inbox / "form.pdf").exists() and (inbox / "logo.svg").exists()


def test_a_terminal_gets_a_bar_and_a_pipe_none(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    for i in range(CHUNK_FILES * 3):
        write_png(inbox / f"{i}.png", digits[i % len(digits)][0])
    program = f'"{sys.executable}" -m batchdigits run "{inbox}" "{outbox}"'
    shown = subprocess.run(
        ["script", "-qec", f"stty cols 80; {program}", "/dev/null"],
        capture_output=True, text=True, check=True, timeout=60, env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    assert (
        f"{CHUNK_FILES * 3}/{CHUNK_FILES * 3}" in shown.stdout and " ok, 0 review" in shown.stdout
    )
    piped = batchdigits("run", inbox, outbox)
    assert f"/{CHUNK_FILES * 3}" not in piped.stderr and "\x1b" not in piped.stderr
