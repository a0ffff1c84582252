"""A real exFAT disk, as on USB sticks: it refuses some names and takes others for one."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest


@contextmanager
def mount_exfat(folder: Path) -> Iterator[Path]:
    """Have an exFAT disk of 32 MB at a new folder; the test is skipped where that cannot be."""
    if not (which("mkfs.exfat") and which("mount.exfat-fuse")):
        pytest.skip("needs exfat-fuse and exfatprogs")
    image = folder.with_name(f"{folder.name}.img")
    with image.open("wb") as file:
        file.truncate(32 << 20)
    folder.mkdir()
    subprocess.run(["mkfs.exfat", str(image)], capture_output=True, check=True)
    # Of a loop device, a local disk; of a plain file it would count as a network file system.
    loop = subprocess.run(
        ["losetup", "--find", "--show", str(image)], capture_output=True, text=True, check=False
    )
    device = loop.stdout.strip()
    if loop.returncode:
        pytest.skip("needs the right to set up a loop device")
    try:
        mount = ["mount.exfat-fuse", device, str(folder)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount exFAT")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
