from pathlib import Path

from batchdigits.system.filesystems import find_shared_mount_inside


def test_shares_mounted_inside_a_folder_are_found(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        "2 1 0:5 / /scans/own\\040disk rw - ext4 /dev/sdb rw\n"
        "3 1 0:6 / /scans/from\\040the\\040office rw shared:1 - cifs //server rw\n"
        "4 1 0:7 / /scansandmore rw - nfs4 server:/ rw\n"
    )
    assert find_shared_mount_inside(Path("/scans"), mounts) == ("cifs", "/scans/from the office")
    assert find_shared_mount_inside(Path("/scans/own disk"), mounts) is None
