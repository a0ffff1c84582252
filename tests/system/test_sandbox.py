"""The sandbox of processes that read files of strangers, on the kernel that there is."""

import errno
import json
import os
import pickle
import random
import resource
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchdigits.system.sandbox import landlock, seccomp
from batchdigits.system.sandbox.plain_messages import BadMessageError, unpack_plain
from batchdigits.system.sandbox.sandbox import Protection, Sandbox

pytestmark = pytest.mark.integration

PARENT = os.getpid()
FULL = Sandbox().try_out()
needs_sandbox = pytest.mark.skipif(
    Protection(files=True, calls=True) != FULL, reason=f"the system's sandbox is {FULL}"
)

#: A file that is open for writing as the process starts.
OPEN = [-1]
#: What a process in the sandbox must not do; each gets the folders of the test.
FORBIDDEN: dict[str, Callable[[Path], Any]] = {
    "read a file outside": lambda root: (root / "secret.txt").read_text(),
    "list a folder outside": lambda root: os.listdir(root),
    "read through a link": lambda root: (root / "readable" / "link").read_text(),
    "read /etc/passwd": lambda root: Path("/etc/passwd").read_text(),
    "look into the parent": lambda root: Path(f"/proc/{PARENT}/environ").read_bytes(),
    "write outside": lambda root: (root / "new").write_text(""),
    "write where it reads": lambda root: (root / "readable" / "new").write_text(""),
    "change what it reads": lambda root: (root / "readable" / "a.txt").write_text(""),
    "remove what it reads": lambda root: (root / "readable" / "a.txt").unlink(),
    "cut off what it reads": lambda root: os.truncate(root / "readable" / "a.txt", 0),
    "move what it reads": lambda root: os.rename(
        root / "readable" / "a.txt", root / "writable" / "a.txt"
    ),
    "link out": lambda root: os.link(root / "secret.txt", root / "writable" / "secret.txt"),
    "make a link": lambda root: os.symlink("/etc", root / "writable" / "etc"),
    "make a fifo": lambda root: os.mkfifo(root / "writable" / "fifo"),
    "open up a file": lambda root: os.chmod(root / "secret.txt", 0o777),
    "give a file away": lambda root: os.chown(root / "secret.txt", os.getuid(), os.getgid()),
    "change a file's time": lambda root: os.utime(root / "secret.txt"),
    "reach the network": lambda root: socket.socket(),
    "reach another process": lambda root: socket.socket(socket.AF_UNIX),
    "run a program": lambda root: os.execv("/bin/true", ["true"]),
    "signal the parent": lambda root: os.kill(PARENT, 0),
    "signal its group": lambda root: os.kill(0, 0),
    "limit the parent": lambda root: resource.prlimit(PARENT, resource.RLIMIT_CPU),
    "write to what was open": lambda root: _fail() if not os.write(OPEN[0], b"?") else _read(root),
}
#: What it must still be able to do.
ALLOWED: dict[str, Callable[[Path], Any]] = {
    "read": lambda root: (root / "readable" / "a.txt").read_text(),
    "list": lambda root: os.listdir(root / "readable" / "deep"),
    "write": lambda root: (root / "writable" / "new").write_text("new"),
    "replace": lambda root: os.replace(_touch(root / "writable" / "b"), root / "writable" / "c"),
    "make a folder": lambda root: (root / "writable" / "deep" / "er").mkdir(parents=True),
    "remove": lambda root: _touch(root / "writable" / "d").unlink(),
    "read one file": lambda root: (root / "single.txt").read_text(),
    "import late": lambda root: __import__("tifffile").imread,
    "be random": lambda root: os.close(os.open("/dev/urandom", os.O_RDONLY)),
    "look at the processor": lambda root: Path("/proc/cpuinfo").read_text(),
    "signal itself": lambda root: os.kill(os.getpid(), 0),
    "limit itself": lambda root: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
    "see a file's size": lambda root: os.stat(root / "secret.txt").st_size,
}


def _fail() -> None:
    raise PermissionError(errno.EPERM, "there is nothing")


def _read(root: Path) -> None:
    if (root / "open.txt").stat().st_size == 0:
        _fail()


def _touch(path: Path) -> Path:
    path.write_text("")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("readable/deep", "writable"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("secret.txt", "single.txt", "readable/a.txt", "open.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "readable" / "link").symlink_to(tmp_path / "secret.txt")
    return tmp_path


def make_sandbox(root: Path) -> Sandbox:
    return Sandbox((str(root / "readable"), str(root / "single.txt")), (str(root / "writable"),))


def try_all(root: Path, actions: dict[str, Callable[[Path], Any]], sandboxed: bool) -> list[str]:
    """Do what actions do in a process of its own each; returns those that were refused."""
    refused = []
    for name, action in actions.items():
        OPEN[0] = os.open(root / "open.txt", os.O_WRONLY)
        end, own_end = os.pipe()
        pid = os.fork()
        if not pid:
            answer = "it failed"
            try:
                if sandboxed:
                    make_sandbox(root).enter({own_end})
                action(root)
                answer = ""
            except OSError as error:
                known = error.errno in (errno.EACCES, errno.EPERM, errno.EXDEV)
                answer = "refused" if known else str(error)
            except BaseException as error:  # whatever it is, the process must end here
                answer = repr(error)
            finally:
                os.write(own_end, json.dumps(answer).encode())
                os._exit(0)
        os.close(own_end)
        with os.fdopen(end, "rb") as pipe:
            answer = json.loads(pipe.read() or '""')
        os.waitpid(pid, 0)
        os.close(OPEN[0])
        assert answer in ("", "refused"), f"{name}: {answer}"
        refused += [name] if answer else []
    return refused


@needs_sandbox
def test_nothing_is_left_but_what_is_allowed(root: Path) -> None:
    assert try_all(root, FORBIDDEN, sandboxed=True) == list(FORBIDDEN)
    assert (root / "open.txt").read_text() == ""
    assert try_all(root, ALLOWED, sandboxed=True) == []


def test_without_it_nothing_is_refused(root: Path) -> None:
    for name, action in FORBIDDEN.items():
        folder = root / f"of {name.replace('/', ' ')}"
        for path in ("readable/deep", "writable"):
            (folder / path).mkdir(parents=True)
        for path in ("secret.txt", "readable/a.txt", "open.txt"):
            (folder / path).write_text("")
        (folder / "readable" / "link").symlink_to(folder / "secret.txt")
        assert try_all(folder, {name: action}, sandboxed=False) == []


@needs_sandbox
def test_a_folder_in_the_place_of_another_shows(root: Path) -> None:
    end, own_end = os.pipe()
    go_end, go = os.pipe()
    sandbox = Sandbox((str(root / "readable"),), (str(root / "writable"), str(root / "later")))
    pid = os.fork()
    if not pid:
        sandbox.enter({own_end, go_end})
        for _ in range(5):
            os.write(own_end, json.dumps(sandbox.find_folder_states()).encode() + b"\n")
            os.read(go_end, 1)
        os._exit(0)
    with os.fdopen(end, "rb") as pipe:
        assert json.loads(pipe.readline()) == [0, 0, errno.ENOENT]
        os.write(go, b".")
        assert json.loads(pipe.readline()) == [0, 0, errno.ENOENT]
        sandbox.make_folders()
        os.write(go, b".")
        assert json.loads(pipe.readline()) == [0, 0, errno.EACCES]
        os.rename(root / "readable", root / "moved")
        os.mkdir(root / "readable")
        sandbox.remove_empty_folders()
        os.write(go, b".")
        assert json.loads(pipe.readline()) == [errno.EACCES, errno.ENOENT, errno.ENOENT]
        os.rmdir(root / "readable")
        os.rename(root / "moved", root / "readable")
        os.write(go, b".")
        assert json.loads(pipe.readline()) == [0, errno.ENOENT, errno.ENOENT]
        os.write(go, b".")
    os.waitpid(pid, 0)
    os.close(own_end)


def test_what_the_system_has_not_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(landlock, "_call", lambda *_: -1)
        assert Sandbox().try_out() == Protection(files=False, calls=FULL.calls)
    with monkeypatch.context() as patched:
        patched.setattr("platform.machine", lambda: "riscv64")
        assert Sandbox().try_out() == Protection(files=FULL.files, calls=False)


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6, 7, 99])
def test_older_kernels_are_asked_for_what_they_know(
    version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def call(number: int, *arguments: Any) -> int:
        if number == 444 and arguments[0] is None:
            return version
        if number == 444:
            asked.append(struct.unpack("=QQQ", arguments[0]))
            return os.open("/dev/null", os.O_RDONLY)
        return 0

    monkeypatch.setattr(landlock, "_call", call)
    assert landlock.restrict_files(["/usr"], [])
    ((files, network, scopes),) = asked
    # Rights to files by version, from the table in landlock(7).
    assert files == (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    assert bool(network) == (version >= 4) and bool(scopes) == (version >= 6)


def judge(program: bytes, number: int, processor: int, *arguments: int) -> int:
    """What a filter answers to a system call, as the kernel would work it out."""
    data = struct.pack("=iIQ6Q", number, processor, 0, *arguments, *[0] * (6 - len(arguments)))
    instructions = list(struct.iter_unpack("=HBBI", program))
    register = place = 0
    while True:
        code, when_true, otherwise, value = instructions[place]
        place += 1
        if code == 0x20:
            (register,) = struct.unpack_from("=I", data, value)
        elif code == 0x06:
            return int(value)
        else:
            is_true = register == value if code == 0x15 else register >= value
            assert code in (0x15, 0x35)
            place += when_true if is_true else otherwise


ALLOW, DENY = 0x7FFF0000, 0x00050000 | errno.EPERM


@pytest.mark.parametrize(("machine", "processor"), [(0, 0xC000003E), (1, 0xC00000B7)])
def test_the_filter_of_each_processor_lets_through_what_it_should(
    machine: int, processor: int
) -> None:
    program = seccomp.make_filter(machine, pid=4711)
    denied = {numbers[machine] for numbers in seccomp._DENIED.values()} - {-1}
    own = {numbers[machine] for numbers in seccomp._OWN_PROCESS_ONLY.values()}
    limit = seccomp._OWN_OR_NO_PROCESS_ONLY["prlimit64"][machine]
    for number in range(480):
        expected = DENY if number in denied | own else ALLOW
        assert judge(program, number, processor, 0) == expected, number
        assert judge(program, number, processor ^ 1, 0) == DENY
        assert judge(program, number + 0x40000000, processor, 0) == DENY
    for number in own | {limit}:
        assert judge(program, number, processor, 4711) == ALLOW
        assert judge(program, number, processor, 1) == DENY
    assert judge(program, limit, processor, 0) == ALLOW
    # Reading, writing, memory and threads, which differ between the two: read, mmap, clone, futex.
    for number in ((0, 9, 56, 202), (63, 222, 220, 98))[machine]:
        assert judge(program, number, processor) == ALLOW


class Trap:
    """What a process that was taken over would like its parent to unpack."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._path),)


def test_nothing_is_run_as_a_message_is_unpacked(tmp_path: Path) -> None:
    plain = [(1, 2.5, "three", b"four", None, True), {"five": [6]}]
    assert unpack_plain(pickle.dumps(plain)) == plain
    message = pickle.dumps([Trap(tmp_path / "trapped")])
    with pytest.raises(BadMessageError, match="mkdir"):
        unpack_plain(message)
    assert not (tmp_path / "trapped").exists()
    pickle.loads(message)
    assert (tmp_path / "trapped").exists(), "the trap works"
    # A dotted name leads from something allowed to anything.
    dotted = b"\x80\x04\x8c\x04json\x94\x8c\x0ccodecs.open\x94\x93."
    with pytest.raises(BadMessageError):
        unpack_plain(dotted, frozenset({("json", "loads")}))


def test_damaged_messages_raise_one_kind_of_error() -> None:
    message = pickle.dumps([("a" * 64, [(1, "ok", None, 0.5, b"image" * 20)] * 3)] * 3)
    chance = random.Random(17)
    for _ in range(3000):
        damaged = bytearray(message)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            unpack_plain(bytes(damaged[: chance.randint(1, len(damaged))]))
        except BadMessageError:
            continue
