"""The sandbox of processes that read files of strangers, on the kernel that there is."""

import ctypes
import errno
import fcntl
import json
import os
import pickle
import random
import resource
import signal
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.safe_files.safe_open import open_file
from batchdigits.system.sandbox import landlock, seccomp
from batchdigits.system.sandbox.plain_messages import (
    BadMessageError,
    pack_plain,
    unpack_bytes,
    unpack_plain,
)
from batchdigits.system.sandbox.sandbox import Protection, Sandbox

pytestmark = pytest.mark.integration

PARENT = os.getpid()
IOPRIO_SET, CLONE = (30, 220) if os.uname().machine == "aarch64" else (251, 56)
FULL = Sandbox().try_out()
needs_sandbox = pytest.mark.skipif(
    Protection(files=True, calls=True) != FULL, reason=f"the system's sandbox is {FULL}"
)


def find_capabilities(name: str = "CapEff") -> int:
    """Read what this process may do of what root may, as bits; see proc_pid_status(5)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1], 16) for line in lines if line.startswith(f"{name}:"))


def end_child(pid: int) -> None:
    """End a process that was just forked, on both sides of the fork."""
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def make_setuid_program(root: Path, make: Callable[[str], Any]) -> None:
    """Make a file that would run as its owner; fails where it does not come out so."""
    os.umask(0)
    path = root / "writable" / f"program {os.getpid()}"
    make(str(path))
    if not path.exists() or not path.stat().st_mode & stat.S_ISUID:
        _fail()


def open_by_openat2(path: str) -> None:
    how = struct.pack("=QQQ", os.O_CREAT | os.O_WRONLY, 0o4755, 0)
    ctypes.CDLL(None).syscall(ctypes.c_long(437), ctypes.c_int(-100), path.encode(), how, 24)


def make_unnamed(path: str) -> None:
    descriptor = os.open(os.path.dirname(path), os.O_TMPFILE | os.O_WRONLY, 0o4755)
    # With a folder, even one that counts for nothing, Python follows the link.
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor)


def call(function: str, *arguments: Any) -> int:
    """Call something of the C library that says -1 where it fails."""
    library = ctypes.CDLL(None, use_errno=True)
    result = int(getattr(library, function)(*arguments))
    if result == -1:
        raise OSError(ctypes.get_errno(), function)
    return result


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
    "begin a process": lambda root: end_child(os.fork()),
    "begin a process otherwise": lambda root: end_child(
        call("syscall", ctypes.c_long(CLONE), signal.SIGCHLD, 0, 0, 0, 0)
    ),
    "slow the parent": lambda root: os.setpriority(os.PRIO_PROCESS, PARENT, 0),
    "bind the parent": lambda root: os.sched_setaffinity(PARENT, os.sched_getaffinity(PARENT)),
    "hold up its disk": lambda root: call("syscall", ctypes.c_long(IOPRIO_SET), 1, PARENT, 0),
    "hold the parent": lambda root: os.pidfd_open(PARENT),
    "have it signalled": lambda root: fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, PARENT),
    "outlive the parent": lambda root: call("prctl", 1, 0, 0, 0, 0),
    "make a setuid program": lambda root: make_setuid_program(
        root, lambda path: os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o4755))
    ),
    "make one by a newer call": lambda root: make_setuid_program(root, open_by_openat2),
    "make one by mknod": lambda root: make_setuid_program(
        root, lambda path: os.mknod(path, stat.S_IFREG | 0o4755)
    ),
    "make one without a name": lambda root: make_setuid_program(root, make_unnamed),
    "be told of files outside": lambda root: call("inotify_init1", 0),
    "hold up writers": lambda root: fcntl.fcntl(
        os.open(root / "readable" / "a.txt", os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK
    ),
    "write to what was open": lambda root: _fail() if not os.write(OPEN[0], b"?") else _read(root),
}
#: What root alone may do, and not everywhere: the capability it takes, and what is done.
FORBIDDEN_TO_ROOT: dict[str, tuple[int, Callable[[Path], Any]]] = {
    "name the machine": (21, lambda root: socket.sethostname(socket.gethostname())),
    "set the clock": (25, lambda root: time.clock_settime(time.CLOCK_REALTIME, time.time())),
    "be somebody else": (7, lambda root: os.setuid(12345)),
}
FORBIDDEN |= {
    name: action
    for name, (capability, action) in FORBIDDEN_TO_ROOT.items()
    if find_capabilities() >> capability & 1
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
    "begin a thread": lambda root: run_thread(),
    "open in a folder": lambda root: open_file(root / "readable/deep/b.txt", str(root)).read(),
    "make in a folder": lambda root: write_bytes(root / "writable/made/b", b"", root=str(root)),
    "see a file's size": lambda root: os.stat(root / "secret.txt").st_size,
}


def run_thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


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
    for name in ("secret.txt", "single.txt", "readable/a.txt", "readable/deep/b.txt", "open.txt"):
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


@pytest.mark.skipif(
    sys.platform != "linux" or "BATCHDIGITS_TEST_WITHOUT_SANDBOX" in os.environ,
    reason="tests of the sandbox may be left out here",
)
def test_the_tests_of_the_sandbox_are_not_left_out() -> None:
    assert Protection(files=True, calls=True) == FULL, (
        "Set BATCHDIGITS_TEST_WITHOUT_SANDBOX where the kernel lacks Landlock or seccomp."
    )


@needs_sandbox
def test_nothing_is_left_but_what_is_allowed(root: Path) -> None:
    assert try_all(root, FORBIDDEN, sandboxed=True) == list(FORBIDDEN)
    assert (root / "open.txt").read_text() == ""
    assert try_all(root, ALLOWED, sandboxed=True) == []


@needs_sandbox
def test_root_may_read_and_write_as_others_may_and_nothing_else(root: Path) -> None:
    end, own_end = os.pipe()
    pid = os.fork()
    if not pid:
        make_sandbox(root).enter({own_end})
        names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
        os.write(own_end, json.dumps([find_capabilities(name) for name in names]).encode())
        os._exit(0)
    os.close(own_end)
    with os.fdopen(end, "rb") as pipe:
        inherited, *held, ambient = json.loads(pipe.read())
    os.waitpid(pid, 0)
    permitted, effective, bounding = held
    assert (inherited, ambient) == (0, 0)
    # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    assert permitted == effective == find_capabilities() & 0b110
    # Who holds nothing need not give up what nobody can give.
    assert bounding & ~0b110 == 0 or not find_capabilities()


def test_without_it_nothing_is_refused(root: Path) -> None:
    for name, action in FORBIDDEN.items():
        folder = root / f"of {name.replace('/', ' ')}"
        for path in ("readable/deep", "writable"):
            (folder / path).mkdir(parents=True)
        for path in ("secret.txt", "readable/a.txt", "readable/deep/b.txt", "open.txt"):
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
            comparisons = {0x15: register == value, 0x35: register >= value, 0x45: register & value}
            is_true = comparisons[code]
            place += when_true if is_true else otherwise


ALLOW, DENY, LACK = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
PROCESSORS = [(0, 0xC000003E), (1, 0xC00000B7)]
#: What depends on arguments, with numbers on x86-64 and AArch64, from asm/unistd_64.h and
#: asm-generic/unistd.h: what must be let through, and what must not.
BY_ARGUMENTS: dict[tuple[int, int], tuple[list[tuple[int, ...]], list[tuple[int, ...]]]] = {
    (62, 129): ([(4711,)], [(0,), (1,), (2**32 - 1,)]),  # kill
    (234, 131): ([(4711, 4711)], [(0,), (1, 4711)]),  # tgkill
    (302, 261): ([(4711,), (0,)], [(1,)]),  # prlimit64
    # clone: as glibc begins a thread; as it forks
    (56, 220): ([(0x3D0F00,)], [(0x01200011,), (0x4111,), (0,)]),
    # openat: garbage where no mode is asked for; O_CREAT, O_TMPFILE
    (257, 56): (
        [(3, 0, 0o2000000, 0o4755), (3, 0, 0o101, 0o777)],
        [(3, 0, 0o101, 0o4755), (3, 0, 0o101, 0o2600), (3, 0, 0o20200001, 0o4700)],
    ),
    (2, -1): ([(0, 0, 0o4755), (0, 0o101, 0o666)], [(0, 0o101, 0o4755)]),  # open
    (85, -1): ([(0, 0o777)], [(0, 0o4755)]),  # creat
    (83, -1): ([(0, 0o777)], [(0, 0o2755)]),  # mkdir
    (133, -1): ([(0, 0o100777)], [(0, 0o104755)]),  # mknod
    (258, 34): ([(3, 0, 0o777)], [(3, 0, 0o2755)]),  # mkdirat
    (259, 33): ([(3, 0, 0o100777)], [(3, 0, 0o104755)]),  # mknodat
    # fcntl: F_GETFL, F_SETLK, F_DUPFD_CLOEXEC; F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE
    (72, 25): ([(3, 3), (3, 6), (3, 1030)], [(3, 8), (3, 10), (3, 15), (3, 1024)]),
    # ioctl: TCGETS; FIOSETOWN, SIOCSPGRP, TIOCSTI, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR
    (16, 29): (
        [(3, 0x5401)],
        [(3, request) for request in (0x8901, 0x8902, 0x5412, 0x40086602, 0x401C5820)],
    ),
    (157, 167): ([(15,), (22,)], [(1, 0)]),  # prctl: PR_SET_NAME, PR_SET_SECCOMP; PR_SET_PDEATHSIG
}


@pytest.mark.parametrize(("machine", "processor"), PROCESSORS)
def test_the_filter_of_each_processor_lets_through_what_it_should(
    machine: int, processor: int
) -> None:
    program = seccomp.make_filter(machine, pid=4711)
    answers = {numbers[machine]: DENY for numbers in seccomp._DENIED.values()}
    # clone3 and openat2
    answers |= {435: LACK, 437: LACK}
    by_arguments = {numbers[machine] for numbers in BY_ARGUMENTS}
    for number in range(480):
        if number not in by_arguments:
            assert judge(program, number, processor, 0) == answers.get(number, ALLOW), number
        assert judge(program, number, processor ^ 1, 0) == DENY
        assert judge(program, number + 0x40000000, processor, 0) == DENY
    # Reading, writing, memory and threads, which differ between the two: read, mmap, futex.
    for number in ((0, 9, 202), (63, 222, 98))[machine]:
        assert judge(program, number, processor) == ALLOW


@pytest.mark.parametrize(("machine", "processor"), PROCESSORS)
def test_the_filter_of_each_processor_looks_at_arguments(machine: int, processor: int) -> None:
    program = seccomp.make_filter(machine, pid=4711)
    for numbers, (allowed, denied) in BY_ARGUMENTS.items():
        if numbers[machine] >= 0:
            for arguments in allowed:
                assert judge(program, numbers[machine], processor, *arguments) == ALLOW, arguments
            for arguments in denied:
                assert judge(program, numbers[machine], processor, *arguments) == DENY, arguments


def test_messages_hold_values_and_nothing_that_acts(tmp_path: Path) -> None:
    plain = [[1, 2.5, "three", None, True], [[]]]
    assert unpack_plain(pack_plain(plain), 100) == plain
    assert unpack_plain(pack_plain((1, "two")), 100) == [1, "two"]
    assert unpack_bytes(unpack_plain(pack_plain(b"\0four"), 100)) == b"\0four"
    for other in ({1, 2}, Path("a"), "\ud800", 2**70):
        with pytest.raises(TypeError):
            pack_plain(other)
    for message in (b"", b"[1", pickle.dumps([1]), b'"\\ud800"', b"[" * 5000, b"NaN", b"1e999"):
        with pytest.raises(BadMessageError, match="no message at all"):
            unpack_plain(message, 1 << 20)


def test_messages_of_many_values_are_not_unpacked() -> None:
    for value in (b"[]", b"{}", b"1", b"[[[[]]]]"):
        message = b"[" + b",".join([value] * 1000) + b"]"
        with pytest.raises(BadMessageError, match="too many values"):
            unpack_plain(message, 999)
        unpack_plain(message, 6000)


def test_damaged_messages_raise_one_kind_of_error() -> None:
    message = pack_plain([("a" * 64, [(1, "ok", None, 0.5, b"image" * 20)] * 3)] * 3)
    chance = random.Random(17)
    for _ in range(3000):
        damaged = bytearray(message)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            unpack_plain(bytes(damaged[: chance.randint(1, len(damaged))]), 1000)
        except BadMessageError:
            continue
