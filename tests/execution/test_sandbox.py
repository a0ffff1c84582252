"""Workers in a sandbox: what a file can do that takes one over, and that nothing else changes."""

import ast
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

import batchdigits
from batchdigits.arrays import GrayImage
from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.local_backend import describe_protection
from batchdigits.execution.pool import WorkerPool
from batchdigits.execution.results import pack_result
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.records import PageRecord, Source
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.sandbox.sandbox import Protection, Sandbox
from tests.conftest import ROOT, Run, read_csv, write_png
from tests.execution.test_pool import is_socket
from tests.support.watcher_process import wait_for
from tests.system.test_sandbox import end_child, find_capabilities, needs_sandbox
from tests.watching.conftest import mounted, watching

pytestmark = [pytest.mark.integration, pytest.mark.faults]

Digits = list[tuple[GrayImage, str]]
#: Whether there is something that root alone may do, and here it is (CAP_SYS_ADMIN).
IS_MIGHTY = bool(find_capabilities() >> 21 & 1)
#: What Python imports at its start: a reader that a file has taken over, in place of the real one.
_TAKEN_OVER = """\
from batchdigits.execution import isolated_reader, jobs
from tests.execution.test_sandbox import recognise_unless_attacked
isolated_reader.recognise_chunk = jobs.recognise_chunk = recognise_unless_attacked
"""
_NO_LANDLOCK = """\
from batchdigits.system.sandbox import landlock
landlock._call = lambda *_: -1
"""
_NO_FORK = """\
import errno, os
def fork():
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
os.fork = fork
"""


def recognise_unless_attacked(
    sources: Sequence[Source], context: RecognitionContext
) -> list[PageRecord]:
    """Read files, and where one is called so do what a hostile file would want; tell of it."""
    for source in sources:
        if os.path.basename(source.path) == "attack.png":
            raise RuntimeError(sorted(attack(Path(os.environ["SECRETS"]))))
    return recognise_chunk(sources, context)


def attack(secrets: Path) -> Iterable[str]:
    """Try what must not be possible; yields what was."""
    attempts: dict[str, Callable[[], object]] = {
        "read": lambda: (secrets / "key").read_text(),
        "write": lambda: (secrets / "written").write_text("x"),
        "open up": lambda: (secrets / "key").chmod(0o777),
        "table": lambda: os.open(os.environ["OUTBOX"] + "/results.csv", os.O_WRONLY | os.O_CREAT),
        "journal": lambda: os.listdir(os.environ["OUTBOX"] + "/.batchdigits"),
        "network": lambda: socket.socket(),
        "program": lambda: subprocess.run(["true"], check=True),
        "parent": lambda: os.kill(os.getppid(), 0),
        "inherited": write_to_inherited,
        "child": lambda: end_child(os.fork()),
        "priority": lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 0),
        "owner": own_pipe,
        "setuid": lambda: make_setuid_program(Path(os.environ["OUTBOX"]) / "thumbnails"),
    }
    if os.environ["IS_MIGHTY"]:
        attempts["mighty"] = lambda: socket.sethostname(socket.gethostname())
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:
            continue
        yield name


def make_setuid_program(folder: Path) -> None:
    """Leave a program in the outbox that runs as who runs this."""
    os.umask(0)
    os.close(os.open(folder / f"program {os.getpid()}", os.O_CREAT | os.O_WRONLY, 0o4755))


def own_pipe() -> None:
    """Have the parent signalled about the pipe to it (FIOSETOWN), which ends it."""
    pipe = max(int(name) for name in os.listdir("/proc/self/fd") if is_socket(name))
    fcntl.ioctl(pipe, 0x8901, struct.pack("i", os.getppid()))
    fcntl.ioctl(pipe, 0x8901, struct.pack("i", 0))


def write_to_inherited() -> None:
    """Find a file among what was open as the worker was forked."""
    for descriptor in os.listdir("/proc/self/fd"):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if path.startswith("/") and not path.startswith(("/proc/", "/dev/null")):
            return
    raise FileNotFoundError


@pytest.fixture
def secrets(tmp_path: Path, outbox: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "key").write_text("secret")
    monkeypatch.setenv("SECRETS", str(folder))
    monkeypatch.setenv("OUTBOX", str(outbox))
    monkeypatch.setenv("IS_MIGHTY", "yes" if IS_MIGHTY else "")
    outbox.joinpath(".batchdigits").mkdir(parents=True)
    start_with(_TAKEN_OVER, tmp_path, monkeypatch)
    return folder


def start_with(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each Python that is started run a script first."""
    (folder / "site").mkdir(exist_ok=True)
    (folder / "site" / "sitecustomize.py").write_text(script)
    monkeypatch.setenv("PYTHONPATH", f"{folder / 'site'}:{ROOT}")


def find_successes(detail: str) -> list[str]:
    """Read what an attack achieved from the reason that its file was given."""
    text = detail[detail.index("[") : detail.index("]") + 1]
    return list(ast.literal_eval(text))


ALL_ATTACKS = [
    *("child", "inherited", "journal", *(["mighty"] if IS_MIGHTY else []), "network", "open up"),
    *("owner", "parent", "priority", "program", "read", "setuid", "table", "write"),
]


@needs_sandbox
def test_a_file_that_takes_a_worker_over_gets_nowhere(
    batchdigits: Run, inbox: Path, outbox: Path, secrets: Path, digits: Digits
) -> None:
    write_png(inbox / "attack.png", digits[0][0])
    write_png(inbox / "good.png", digits[1][0])
    done = batchdigits("run", inbox, outbox, "--verbose", "--quarantine", "off")
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert rows["good.png"]["digit"] == digits[1][1]
    assert find_successes(done.stderr) == []
    assert (secrets / "key").read_text() == "secret" and os.listdir(secrets) == ["key"]
    # The same attack without a sandbox shows that it is one.
    done = batchdigits("run", inbox, outbox, "--verbose", "--retry-failed", "--no-sandbox")
    assert find_successes(done.stderr) == ALL_ATTACKS


@needs_sandbox
@pytest.mark.parametrize("variable", ["PYTHONPATH", "LD_LIBRARY_PATH"])
def test_paths_of_libraries_open_no_file_of_the_user(
    variable: str,
    batchdigits: Run,
    inbox: Path,
    outbox: Path,
    secrets: Path,
    digits: Digits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_png(inbox / "attack.png", digits[0][0])
    for folder in ("/", str(outbox.parent)):
        before = os.environ.get(variable, "")
        with monkeypatch.context() as patched:
            patched.setenv(variable, f"{before}:{folder}")
            done = batchdigits("run", inbox, outbox, "--verbose", "--retry-failed", cwd=secrets)
        assert find_successes(done.stderr) == []


@needs_sandbox
def test_those_who_read_without_a_session_are_safe_too(
    batchdigits: Run, inbox: Path, secrets: Path, digits: Digits
) -> None:
    path = write_png(inbox / "attack.png", digits[0][0])
    for arguments in ([path], [inbox]):
        assert find_successes(batchdigits("predict", *arguments).stderr) == []
    assert "read" in find_successes(batchdigits("predict", path, "--no-sandbox").stderr)


@needs_sandbox
def test_a_program_that_reads_in_isolation_is_safe_too(
    inbox: Path, secrets: Path, digits: Digits
) -> None:
    path = write_png(inbox / "attack.png", digits[0][0])
    good = write_png(inbox / "good.png", digits[1][0])
    for images in ([path, good], inbox):
        attacked, read = batchdigits.read(images, isolate=True)
        assert find_successes(attacked.detail or "") == [] and str(read.digit) == digits[1][1]


def make_mixed_inbox(folder: Path, digits: Digits) -> Path:
    """Copy the sample inbox, which has a file of each kind, and add links and labelled files."""
    shutil.copytree(ROOT / "inbox", folder / "samples")
    for number, (image, digit) in enumerate(digits[:20]):
        write_png(folder / digit / f"{number}.png", image)
    (folder / "link.png").symlink_to(folder / "samples" / "forms" / "digit1.png")
    return folder


def without_time(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**row, "read_at": ""} for row in rows]


def test_rows_and_pictures_are_the_same_with_and_without(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    results = []
    for option in ("--sandbox", "--no-sandbox"):
        inbox = make_mixed_inbox(tmp_path / "inbox", digits)
        outbox = tmp_path / option
        assert batchdigits("run", inbox, outbox, option, "--workers", 2).returncode == 3
        pictures = {
            str(path.relative_to(outbox)): path.read_bytes() for path in outbox.rglob("*.png")
        }
        results.append((without_time(read_csv(outbox)), pictures))
        shutil.rmtree(inbox)
    assert results[0] == results[1] and len(results[0][1]) > 90


def test_predictions_and_metrics_are_the_same_with_and_without(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    inbox = make_mixed_inbox(tmp_path / "inbox", digits)
    loose = sorted(path for path in (inbox / "samples" / "scanner").iterdir() if path.is_file())
    picture = tmp_path / "pages.png"
    arguments = ("predict", inbox / "link.png", inbox / "samples" / "phone", *loose, "none.png")
    printed, metrics = [], []
    for option in ("--sandbox", "--no-sandbox"):
        done = batchdigits(*arguments, "--json", option, "--save", picture)
        printed.append((done.stdout, done.stderr, done.returncode, picture.read_bytes()))
        picture.unlink()
        done = batchdigits("evaluate", inbox, tmp_path / option, option)
        assert done.returncode == 0, done.stderr
        metrics.append((tmp_path / option / "evaluation.json").read_bytes())
    assert printed[0] == printed[1] and printed[0][0].count("\n") > 5
    assert metrics[0] == metrics[1]


def test_a_file_on_standard_input_is_read_by_its_path(batchdigits: Run, digits: Digits) -> None:
    with (ROOT / "inbox" / "forms" / "digit1.png").open("rb") as file:
        done = batchdigits("predict", "/dev/stdin", stdin=file)
    assert done.returncode == 0, done.stderr


def test_one_line_tells_what_is_in_force(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(inbox / "1.png", digits[0][0])
    lines = []
    for options in (["--verbose"], ["--verbose", "--no-sandbox"], []):
        done = batchdigits("run", inbox, outbox, "--force", *options)
        lines += [line for line in done.stderr.splitlines() if "sandbox" in line]
    start_with(_NO_LANDLOCK, outbox, monkeypatch)
    done = batchdigits("run", inbox, outbox, "--force", "--verbose")
    assert done.returncode == 0 and read_csv(outbox)[0]["digit"] == digits[0][1]
    lines += [line for line in done.stderr.splitlines() if "sandbox" in line]
    full = Sandbox().try_out()
    assert lines == [
        describe_protection(full),
        "Workers run without a sandbox, as --no-sandbox says.",
        describe_protection(Protection(files=False, calls=full.calls)),
    ]


def test_where_no_process_can_be_started_that_is_what_is_said(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(inbox / "1.png", digits[0][0])
    # As the kernel says beyond RLIMIT_NPROC, which does not hold for root.
    start_with(_NO_FORK, inbox.parent, monkeypatch)
    for options in ([], ["--verbose"]):
        done = batchdigits("run", inbox, outbox, *options)
        assert done.returncode == 1
        assert "No process can be started to read in: Resource temporarily" in done.stderr
        assert "Cannot write" not in done.stderr


def read_all(paths: list[str]) -> list[str]:
    """What workers do here: read files, and write what they read beside."""
    contents = []
    for path in paths:
        if path.endswith("slow.txt"):
            time.sleep(0.3)
        contents.append(Path(path).read_text())
        if "PICTURES" in os.environ:
            write_bytes(f"{os.environ['PICTURES']}/last", contents[-1].encode())
    return contents


def run_one(pool: WorkerPool[str, list[str]], path: Path) -> list[str] | TaskFailure | str:
    try:
        ((_, result),) = pool.run([[str(path)]])
    except OSError as error:
        return type(error).__name__
    if isinstance(result, TaskFailure) and result.is_system_error:
        return result.error.partition(":")[0]
    return result


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("first")
    monkeypatch.setenv("PICTURES", str(tmp_path / "pictures"))
    return Sandbox((str(tmp_path / "in"),), (str(tmp_path / "pictures"),))


def make_pool(sandbox: Sandbox) -> WorkerPool[str, list[str]]:
    return WorkerPool(read_all, 1, 20, 1 << 30, sandbox)


def test_folders_that_are_exchanged_get_another_worker(tmp_path: Path, folders: Sandbox) -> None:
    file = tmp_path / "in" / "a.txt"
    with make_pool(folders) as pool:
        pids = {*pool.pids}
        assert run_one(pool, file) == ["first"] and {*pool.pids} == pids
        shutil.rmtree(tmp_path / "pictures")
        assert run_one(pool, file) == ["first"]
        assert (tmp_path / "pictures" / "last").read_text() == "first"
        os.rename(tmp_path / "in", tmp_path / "moved")
        assert run_one(pool, file) == "FileNotFoundError"
        (tmp_path / "in").mkdir()
        file.write_text("second")
        assert run_one(pool, file) == ["second"]
        pids = {*pool.pids}
        assert run_one(pool, file) == ["second"] and {*pool.pids} == pids
    shutil.rmtree(tmp_path / "pictures")
    with make_pool(folders):
        assert (tmp_path / "pictures").is_dir()
    assert not (tmp_path / "pictures").exists(), "nothing was written"


def test_a_folder_that_could_not_be_made_is_made_later(
    tmp_path: Path, folders: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "in" / "a.txt"
    later = tmp_path / "later"
    sandbox = Sandbox(folders.readable, (str(later / "pictures"),))
    monkeypatch.setenv("PICTURES", str(later / "pictures"))
    with make_pool(sandbox) as pool:
        assert run_one(pool, file) == "FileNotFoundError"
        later.mkdir()
        assert run_one(pool, file) == ["first"]
        assert (later / "pictures" / "last").read_text() == "first"


def test_a_folder_exchanged_while_it_is_read_is_read_again(
    tmp_path: Path, folders: Sandbox
) -> None:
    (tmp_path / "in" / "slow.txt").write_text("first")

    def exchange() -> bool:
        if (tmp_path / "in" / "slow.txt").read_text() == "first" and started + 0.1 < time.time():
            (tmp_path / "new").mkdir()
            (tmp_path / "new" / "slow.txt").write_text("second")
            os.rename(tmp_path / "in", tmp_path / "old")
            os.rename(tmp_path / "new", tmp_path / "in")
        return False

    started = time.time()
    with make_pool(folders) as pool:
        ((_, result),) = pool.run([[str(tmp_path / "in" / "slow.txt")]], exchange)
        assert result == ["second"]


def test_a_disk_that_is_mounted_again_is_read(tmp_path: Path, folders: Sandbox) -> None:
    file = tmp_path / "in" / "a.txt"
    mounted("tmpfs", tmp_path / "in")
    with make_pool(folders) as pool:
        for content in ("second", "third"):
            file.write_text(content)
            assert run_one(pool, file) == [content]
            # Not lazily: the worker's sandbox must not hold the disk.
            subprocess.run(["umount", str(tmp_path / "in")], check=True)
            mounted("tmpfs", tmp_path / "in")
    subprocess.run(["umount", str(tmp_path / "in")], check=True)


def answer_twice(paths: list[str]) -> str:
    pipe = max(int(name) for name in os.listdir("/proc/self/fd") if is_socket(name))
    answer = pack_result("one too many")
    # In one go, so that they arrive together.
    os.write(pipe, (len(answer).to_bytes(8, sys.byteorder) + answer) * 4)
    return "one"


def test_a_worker_that_answers_more_than_it_is_asked_is_ended() -> None:
    # Each time it has one task, or two, and four answers come for them.
    with WorkerPool[str, str](answer_twice, 1, 20, 1 << 30) as pool:
        results = [result for _, result in pool.run([["a"], ["b"], ["c"]])]
    assert len(results) == 3 and "one too many" not in results


def test_a_watcher_goes_on_with_an_inbox_and_thumbnails_made_anew(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    with watching(inbox, outbox, "--settle", "0.1", "--poll", "0.2") as watched:
        write_png(inbox / "1.png", digits[0][0])
        watched.wait_for_rows("1.png")
        shutil.rmtree(outbox / "thumbnails")
        write_png(inbox / "2.png", digits[1][0])
        watched.wait_for_rows("1.png", "2.png")
        assert [path.name for path in (outbox / "thumbnails").iterdir()] == ["2.png.p1.png"]
        inbox.rename(inbox.with_name("old"))
        inbox.mkdir()
        write_png(inbox / "3.png", digits[2][0])
        wait_for(lambda: "3.png" in {row["file"] for row in watched.read_rows()}, "the new inbox")
        rows = {row["file"]: row for row in watched.read_rows()}
        assert [rows[f"{n}.png"]["digit"] for n in (1, 2, 3)] == [digits[n][1] for n in range(3)]
        watched.stop()
