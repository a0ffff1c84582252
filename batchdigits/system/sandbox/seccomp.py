"""Seccomp: a process gives up system calls, see seccomp(2).

They fail with ``EPERM`` from then on. The list is short: the network, other processes, and what
leads around Landlock, which knows nothing of the rights, owners and times of files.
"""

import ctypes
import errno
import os
import platform
import sys
from struct import Struct

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2  # prctl(2)
_INSTRUCTION = Struct("=HBBI")
# linux/bpf_common.h: load a word; jump where equal, where at least; return.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
# linux/seccomp.h: what a filter answers, and where its data has number, processor and arguments.
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EPERM
_NUMBER, _PROCESSOR, _ARGUMENTS = 0, 4, 16
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
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
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
    allow, deny = (_INSTRUCTION.pack(_RETURN, 0, 0, answer) for answer in (_ALLOW, _DENY))
    parts = [
        *(_INSTRUCTION.pack(_LOAD, 0, 0, _PROCESSOR), _jump(_PROCESSORS[machine], 1, 0), deny),
        *(load_number, _INSTRUCTION.pack(_JUMP_AT_LEAST, 0, 1, _X32), deny),
    ]
    for numbers in _DENIED.values():
        if numbers[machine] >= 0:
            parts += [_jump(numbers[machine], 0, 1), deny]
    load_process = _INSTRUCTION.pack(_LOAD, 0, 0, _ARGUMENTS)  # its lower half comes first
    for calls, pids in (_OWN_PROCESS_ONLY, (pid,)), (_OWN_OR_NO_PROCESS_ONLY, (pid, 0)):
        checks = [part for allowed in pids for part in (_jump(allowed, 0, 1), allow)]
        for numbers in calls.values():
            parts += [_jump(numbers[machine], 0, len(checks) + 2), load_process, *checks, deny]
    return b"".join([*parts, allow])


def _jump(value: int, when_equal: int, otherwise: int) -> bytes:
    return _INSTRUCTION.pack(_JUMP_EQUAL, when_equal, otherwise, value)
