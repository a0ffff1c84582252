"""Where a folder lies: on a disk of this machine, or on one that others write to as well."""

import os
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
#: File systems shared with another machine or host, where locks, WAL and change events of this
#: side do not reach the other (SQLite, *Write-Ahead Logging*: "does not work over a network").
SHARED = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs"}
    | {"lustre", "9p", "vboxsf", "virtiofs", "drvfs", "vmhgfs", "prl_fs", "davfs"}
)


def network_file_system(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of shared file system a folder lies on, such as ``"nfs4"``; ``None`` for a disk.

    Any FUSE file system counts as shared, as sshfs and rclone are, but for ``fuseblk``, a local
    disk. ``None`` also where the system has no ``/proc/self/mountinfo`` (see proc(5)).
    """
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return None
    here = os.path.realpath(folder)
    best, kind = "", None
    for line in lines:
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        if len(fields) < 5 or not after:
            continue
        point = os.fsdecode(fields[4].decode("unicode_escape").encode("latin-1"))
        inside = here == point or here.startswith(point.rstrip("/") + "/")
        # Later mounts lie on top of earlier ones at the same place.
        if inside and len(point) >= len(best):
            best, kind = point, after.split(b" ", 1)[0].decode("ascii", "replace")
    if kind is None or kind == "fuseblk":
        return None
    return kind if kind in SHARED or kind.startswith("fuse") else None
