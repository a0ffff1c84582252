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
    """Find out whether a folder lies on a shared file system.

    Any FUSE file system counts as shared, as sshfs and rclone are, but for ``fuseblk``, a local
    disk.

    Args:
        folder: need not exist.
        mountinfo: the kernel's list of mounts, see proc(5).

    Returns:
        The type of the file system, such as ``"nfs4"``; ``None`` for a disk, and where the system
        has no list of mounts.
    """
    path = os.path.realpath(folder)
    deepest, deepest_type = "", ""
    for mount_point, file_system in _list_mounts(mountinfo):
        is_inside = path == mount_point or path.startswith(mount_point.rstrip("/") + "/")
        # Later mounts lie on top of earlier ones at the same mount point.
        if is_inside and len(mount_point) >= len(deepest):
            deepest, deepest_type = mount_point, file_system
    return deepest_type if _is_shared(deepest_type) else None


def find_shared_mount_inside(
    folder: Path, mountinfo: Path = MOUNTINFO_PATH
) -> tuple[str, str] | None:
    """Find a shared file system that is mounted inside a folder; its type and mount point."""
    prefix = os.path.realpath(folder).rstrip("/") + "/"
    for mount_point, file_system in _list_mounts(mountinfo):
        if mount_point.startswith(prefix) and _is_shared(file_system):
            return file_system, mount_point
    return None


def describe_sharing(folder: Path, mountinfo: Path = MOUNTINFO_PATH) -> str | None:
    """Say why others may write to a folder unseen; ``None`` where it is this machine's alone."""
    if (file_system := find_shared_file_system(folder, mountinfo)) is not None:
        return f"it lies on a shared file system ({file_system})"
    if (mount := find_shared_mount_inside(folder, mountinfo)) is not None:
        return f"a shared file system ({mount[0]}) is mounted at {mount[1]}"
    return None


def _list_mounts(mountinfo: Path) -> list[tuple[str, str]]:
    """List mount point and type of every mounted file system."""
    try:
        lines = mountinfo.read_bytes().splitlines()
    except OSError:
        return []
    mounts = []
    for line in lines:
        before, _, after = line.partition(b" - ")
        fields = before.split(b" ")
        if len(fields) >= 5 and after:
            mount_point = os.fsdecode(fields[4].decode("unicode_escape").encode("latin-1"))
            mounts.append((mount_point, after.split(b" ", 1)[0].decode("ascii", "replace")))
    return mounts


def _is_shared(file_system: str) -> bool:
    is_fuse = file_system.startswith("fuse") and file_system != "fuseblk"
    return is_fuse or file_system in SHARED_FILE_SYSTEMS
