"""``batchdigits`` alone: a terminal is asked what to do, everything else gets the help."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from batchdigits.arrays import GrayImage
from batchdigits.cli.prompt import path_from_answer
from tests.conftest import ROOT, Run, read_csv, write_png
from tests.test_house import HEAVY

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]
COMMAND = [sys.executable, "-m", "batchdigits"]
PROGRAM = " ".join(COMMAND)
INBOX = ROOT / "inbox"
INTERRUPT, END = "\x03", "\x04"


def talk(folder: Path, *answers: str) -> tuple[int, str]:
    """Start the program on a terminal of its own and answer; its exit code, and the screen."""
    child, terminal = pty.fork()
    if not child:
        # What a shell starts in the background is deaf to Ctrl-C, and so are its children.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(folder)
        os.execv(COMMAND[0], COMMAND)
    waiting, screen, end = list(answers), "", time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                screen += os.read(terminal, 1 << 16).decode(errors="replace")
            except OSError:  # what Linux says once nobody has the other end
                break
        elif waiting and screen.endswith(": "):
            # Gone from view, so that no question is answered twice.
            os.write(terminal, waiting.pop(0).encode())
            screen += "|"
    else:
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), screen.replace("\r\n", "\n")


def test_one_image_is_predicted(tmp_path: Path, digits: Digits) -> None:
    write_png(
        tmp_path / "x" / "my scan.png",
        digits[0][0],
    )
    code, screen = talk(tmp_path, "9\n", "3\n", "\n", "no.png\n", " 'x/my scan.png' \n")
    assert code == 0, screen
    assert screen.startswith("What would you like to do?\n  1  Read a folder of scans\n")
    assert (
        "Please choose one of 1, 2, 3, 4, 5, 6, 7, q." in screen
        and "There is no file no.png." in screen
    )
    assert f"Running: {PROGRAM} predict 'x/my scan.png'\n(Next time" in screen
    assert "x/my scan.png   7  99.7 %" in screen and "Traceback" not in screen


def test_a_folder_is_read_with_defaults(tmp_path: Path) -> None:
    (tmp_path / "inbox").symlink_to(INBOX / "forms")
    (tmp_path / "taken").write_text("x")
    code, screen = talk(tmp_path, "\n", "nowhere\n", "\n", "taken\n", "my results\n")
    assert code == 0, screen
    assert (
        "There is no folder nowhere." in screen
        and "taken is a file. Please name a folder" in screen
    )
    assert f"Running: {PROGRAM} run inbox 'my results'" in screen
    assert len(read_csv(tmp_path / "my results")) == 16


def test_other_work_is_asked_for_in_its_own_words(tmp_path: Path) -> None:
    model = ROOT / "models" / "digits.tflite"
    code, screen = talk(
        tmp_path, "5\n", "no.tflite\n", f"{model}\n", f"{INBOX / 'forms'}\n", "out\n"
    )
    assert code == 0, screen
    assert f"Running: {PROGRAM} run {INBOX / 'forms'} out --model {model}" in screen
    code, screen = talk(tmp_path, "6\n", "no.csv\n", f"{INBOX / 'forms'}\n", "figures\n")
    assert code == 7 and f"Running: {PROGRAM} evaluate {INBOX / 'forms'} figures" in screen
    code, screen = talk(tmp_path, "4\n", "tree\n", "mlp\n", f"{tmp_path / 'out'}\n", "my model\n")
    named = f"--arch mlp --data {tmp_path / 'out'} --name 'my model'"
    assert f"Running: {PROGRAM} train {named}" in screen


def test_leaving_is_polite(tmp_path: Path) -> None:
    for answers, expected in (
        ((INTERRUPT,), 130),
        ((END,), 130),
        (("3\n", END), 130),
        (("q\n",), 0),
    ):
        code, screen = talk(tmp_path, *answers)
        assert code == expected and "Traceback" not in screen and "Running" not in screen


def test_elsewhere_it_is_the_help(batchdigits: Run) -> None:
    done = batchdigits(stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage:") and len(done.stderr.splitlines()) > 10
    main, terminal = pty.openpty()
    again = batchdigits(stdin=terminal)  # but its output goes to a file
    os.close(main)
    os.close(terminal)
    assert again.returncode == 2 and again.stderr == done.stderr


def test_asking_loads_nothing_heavy() -> None:
    script = (
        "import sys, batchdigits.cli.prompt; print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & (HEAVY | {"rich"}) == set()


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("  scans \n", "scans"),
        ("'my scans'", "my scans"),
        ('"my scans"', "my scans"),
        (r"my\ scans", "my scans"),
        ("my scans", "my scans"),
        ("it's", "it's"),
        ("'it'\\''s'", "it's"),
        ("file:///home/me/my%20scans", "/home/me/my scans"),
        ("~/scans", "/home/me/scans"),
        ("'~/my scans'", "/home/me/my scans"),
        ("-3.png", "./-3.png"),
        ("", ""),
    ],
)
def test_paths_are_taken_as_people_give_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str, path: str
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.chdir(tmp_path)
    assert path_from_answer(typed) == path


def test_what_is_there_is_taken_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "'quoted'").mkdir()
    assert path_from_answer("'quoted'") == "'quoted'" and path_from_answer(r"a\ b") == "a b"
