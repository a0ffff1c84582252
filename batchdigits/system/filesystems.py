"""Where a folder lies: on a disk of this machine, or on one that others write to as well."""

import os
from pathlib import Path

MOUNTINFO_PATH = Path("/proc/self/mountinfo")
#: File systems shared with another machine or host, where locks, WAL and change events of this
#: side do not reach the other (SQLite, *Write-Ahead Logging*: "does not work over a network").
SHARED_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs"}
    | {"lustre", "9p", "vboxsf", "virtiofs", "drvfs", "vmhgfs", "prl_fs", "davfs"}
)


def find_shared_file_system(folder: Path, mountinfo: Path = MOUNTINFO_PATH) -> str | None:
    """The kind of shared file system a folder lies on, such as ``"nfs4"``; ``None`` for a disk.

    Any FUSE file system counts as shared, as sshfs and rclone are, but for ``fuseblk``, a local
    disk. ``None`` also where the system has no ``/proc/self/mountinfo`` (see proc(5)).
    """
    here = os.path.realpath(folder)
    best, kind = "", ""
    for point, each in _list_mounts(mountinfo):
        inside = here == point or here.startswith(point.rstrip("/") + "/")
        # Later mounts lie on top of earlier ones at the same place.
        if inside and len(point) >= len(best):
            best, kind = point, each
    return kind if _is_shared(kind) else None


def find_shared_mount_inside(
    folder: Path, mountinfo: Path = MOUNTINFO_PATH
) -> tuple[str, str] | None:
    """Kind and place of a shared file system that is mounted inside a folder, if there is one."""
    inside = os.path.realpath(folder).rstrip("/") + "/"
    for point, kind in _list_mounts(mountinfo):
        if point.startswith(inside) and _is_shared(kind):
            return kind, point
    return None


def describe_sharing(folder: Path, mountinfo: Path = MOUNTINFO_PATH) -> str | None:
    """Why others write to a folder unseen, in words; ``None`` where it is this machine's alone."""
    if (kind := find_shared_file_system(folder, mountinfo)) is not None:
        return f"it lies on a shared file system ({kind})"
    if (inside := find_shared_mount_inside(folder, mountinfo)) is not None:
        return f"a shared file system ({inside[0]}) is mounted at {inside[1]}"
    return None


def _list_mounts(mountinfo: Path) -> list[tuple[str, str]]:
    """Place and kind of every mounted file system."""
    try:
        lines = mountinfo.read_bytes().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        if len(fields) >= 5 and after:
            point = os.fsdecode(fields[4].decode("unicode_escape").encode("latin-1"))
            found.append((point, after.split(b" ", 1)[0].decode("ascii", "replace")))
    return found


def _is_shared(kind: str) -> bool:
    return kind in SHARED_FILE_SYSTEMS or (kind.startswith("fuse") and kind != "fuseblk")
