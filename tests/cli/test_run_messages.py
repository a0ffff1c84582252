"""What ``batchdigits run`` says: settings and mistakes, logs, a bar, and nothing it should not."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import typer

from batchdigits.arrays import GrayImage
from batchdigits.cli.app import build_app
from batchdigits.execution.chunks import CHUNK_FILES
from tests.conftest import Run, read_csv, write_png

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


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
    for name in ("list.csv", "scan.part", "a.gif"):
        (inbox / name).write_text("a")
    done = batchdigits("run", inbox, outbox, "--include", "list*", "-v")
    assert done.returncode == 5 and "scan.part is left alone: unfinished" in done.stderr
    assert done.stderr.endswith(
        f"Nothing to read in {inbox}; 1 file that is not an image (list.csv), 1 left out by "
        "--include or --exclude, 1 unfinished (scan.part).\n"
    )


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
        (b"run = 3", "must be a table"),
        (b'quarantine = "copy"', "under [run] or [watch]"),
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
    assert quiet.stdout == "" and quiet.stderr.startswith("1 file was copied to ")
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


def test_version_and_help(batchdigits: Run) -> None:
    assert batchdigits("--version").stdout.startswith("batchdigits 0.")
    assert batchdigits("-V").stdout == batchdigits("--version").stdout
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


@pytest.mark.parametrize("option", ["--settle=inf", "--grace=nan", "--max-megapixels=nan"])
def test_numbers_without_end_are_refused(option: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no finite number"):
        build_app(["run"])(["run", option], standalone_mode=False)
