"""Seccomp: a process gives up system calls, see seccomp(2).

They fail with ``EPERM`` from then on, or as if the kernel had no such call. The list is short: the
network, other processes, and what leads around Landlock, which knows nothing of the rights, owners
and times of files, nor of who is told what happens in a folder.
"""

import ctypes
import errno
import os
import platform
import sys
from struct import Struct

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2  # prctl(2)
_INSTRUCTION = Struct("=HBBI")
# linux/bpf_common.h: load a word; jump where equal, where at least, where a bit is set; return.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# linux/seccomp.h: what a filter answers, and where its data has number, processor and arguments.
_ALLOW, _DENY, _LACK = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
_NUMBER, _PROCESSOR, _ARGUMENTS, _ARGUMENT_BYTES = 0, 4, 16, 8
#: On x86-64 numbers from here on are those of x32, another set of the same calls.
_X32 = 0x40000000

_MACHINES = ("x86_64", "aarch64")
_PROCESSORS = (0xC000003E, 0xC00000B7)  # linux/audit.h
#: Numbers on each machine, see asm/unistd_64.h and asm-generic/unistd.h; -1 where it has no such.
_DENIED = {
    # The network, and queues of calls that no filter sees.
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "io_uring_setup": (425, 425),
    # Other processes and programs.
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, -1),
    "vfork": (58, -1),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "get_robust_list": (274, 100),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    # Rights, owners, times and sizes of files that need not be opened for it.
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, -1),
    "fchown": (93, 55),
    "lchown": (94, -1),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
    "truncate": (76, 45),
    # Other views of the files, and the kernel.
    "inotify_init": (253, -1),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "syslog": (103, 116),
    "open_by_handle_at": (304, 265),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
}
#: Calls that the kernel seems not to have, so that libraries make older ones: what these ask for
#: lies in memory, where no filter sees it.
_LACKING = {"clone3": (435, 435), "openat2": (437, 437)}

#: Set-user-ID, set-group-ID and sticky. The flags with which open(2) makes a file, O_TMPFILE too.
_SPECIAL_MODES, _MAKE_FLAGS = 0o7000, 0o100 | 0o20000000
_CLONE_THREAD = 0x10000  # linux/sched.h
_PR_SET_PDEATHSIG = 1  # prctl(2): without it the process outlives its parent
#: Who gets the signals about a file (F_SETOWN, F_SETOWN_EX), and which (F_SETSIG); a lease, which
#: holds up whoever wants to write (F_SETLEASE). See fcntl(2).
_OWNER_COMMANDS = (8, 15, 10, 1024)
#: FIOSETOWN, SIOCSPGRP: the same as F_SETOWN. TIOCSTI: types on a terminal. FS_IOC_SETFLAGS,
#: FS_IOC_FSSETXATTR: attributes of a file, which need not be open for writing.
_OWNER_REQUESTS = (0x8901, 0x8902, 0x5412, 0x40086602, 0x401C5820)

#: An argument's place, how it is compared, and values: true where the comparison is with any.
_Condition = tuple[int, int, tuple[int, ...]]
#: Calls that are refused where all conditions are true.
_DENIED_WHERE: tuple[tuple[dict[str, tuple[int, int]], tuple[_Condition, ...]], ...] = (
    (
        {"openat": (257, 56)},
        ((2, _JUMP_ANY_BIT, (_MAKE_FLAGS,)), (3, _JUMP_ANY_BIT, (_SPECIAL_MODES,))),
    ),
    (
        {"open": (2, -1)},
        ((1, _JUMP_ANY_BIT, (_MAKE_FLAGS,)), (2, _JUMP_ANY_BIT, (_SPECIAL_MODES,))),
    ),
    (
        {"creat": (85, -1), "mkdir": (83, -1), "mknod": (133, -1)},
        ((1, _JUMP_ANY_BIT, (_SPECIAL_MODES,)),),
    ),
    ({"mkdirat": (258, 34), "mknodat": (259, 33)}, ((2, _JUMP_ANY_BIT, (_SPECIAL_MODES,)),)),
    ({"fcntl": (72, 25)}, ((1, _JUMP_EQUAL, _OWNER_COMMANDS),)),
    ({"ioctl": (16, 29)}, ((1, _JUMP_EQUAL, _OWNER_REQUESTS),)),
    ({"prctl": (157, 167)}, ((0, _JUMP_EQUAL, (_PR_SET_PDEATHSIG,)),)),
)
#: Calls whose first argument must have a bit: only threads are begun.
_CLONE = {"clone": (56, 220)}
#: Calls whose first argument, a process, must be this one: it may end itself, as abort(3) does.
_OWN_PROCESS_ONLY = {"kill": (62, 129), "tgkill": (234, 131)}
#: The same, but 0 means the caller as well, and not its whole group.
_OWN_OR_NO_PROCESS_ONLY = {"prlimit64": (302, 261)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def restrict_calls() -> bool:
    """Have some system calls refused, for good; ``PR_SET_NO_NEW_PRIVS`` must be set.

    Returns:
        Whether that is in force: not on processors whose numbers are not known here.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _MACHINES or sys.maxsize < 1 << 32:
        return False
    filter_bytes = make_filter(_MACHINES.index(machine), os.getpid())
    program = _Program(len(filter_bytes) // _INSTRUCTION.size, filter_bytes)
    prctl = ctypes.CDLL(None).prctl
    return bool(prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def make_filter(machine: int, pid: int) -> bytes:
    """Make a program of Berkeley Packet Filter instructions.

    Args:
        machine: the place of the machine in each list here.
        pid: number of the process that it is for.
    """
    load_number = _INSTRUCTION.pack(_LOAD, 0, 0, _NUMBER)
    allow, deny, lack = (
        _INSTRUCTION.pack(_RETURN, 0, 0, answer) for answer in (_ALLOW, _DENY, _LACK)
    )
    parts = [
        *(_INSTRUCTION.pack(_LOAD, 0, 0, _PROCESSOR), _jump(_PROCESSORS[machine], 1, 0), deny),
        *(load_number, _jump(_X32, 0, 1, _JUMP_AT_LEAST), deny),
    ]

    def add(calls: dict[str, tuple[int, int]], *answer: bytes) -> None:
        for numbers in calls.values():
            if numbers[machine] >= 0:
                parts.extend((_jump(numbers[machine], 0, len(answer)), *answer))

    # What is called most comes first.
    for calls, conditions in _DENIED_WHERE:
        add(calls, *(part for condition in conditions for part in _check(*condition, allow)), deny)
    add(_CLONE, *_check(0, _JUMP_ANY_BIT, (_CLONE_THREAD,), deny), allow)
    add(_OWN_PROCESS_ONLY, *_check(0, _JUMP_EQUAL, (pid,), deny), allow)
    add(_OWN_OR_NO_PROCESS_ONLY, *_check(0, _JUMP_EQUAL, (pid, 0), deny), allow)
    add(_LACKING, lack)
    add(_DENIED, deny)
    return b"".join([*parts, allow])


def _check(
    argument: int, comparison: int, values: tuple[int, ...], otherwise: bytes
) -> list[bytes]:
    """Make instructions that answer ``otherwise`` where an argument compares with no value."""
    # The lower half of an argument comes first; of all these the kernel uses no more.
    load = _INSTRUCTION.pack(_LOAD, 0, 0, _ARGUMENTS + _ARGUMENT_BYTES * argument)
    jumps = [_jump(value, len(values) - place, 0, comparison) for place, value in enumerate(values)]
    return [load, *jumps, otherwise]


def _jump(value: int, when_true: int, when_false: int, comparison: int = _JUMP_EQUAL) -> bytes:
    return _INSTRUCTION.pack(comparison, when_true, when_false, value)
