"""Watchers of real folders, and the scans and the file systems that tests give them."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from batchdigits.arrays import GrayImage
from tests.support.watcher_process import Watcher

Digits = list[tuple[GrayImage, str]]


@contextmanager
def watching(inbox: Path, outbox: Path, *options: object, **more: list[str]) -> Iterator[Watcher]:
    with Watcher(inbox, outbox, *options, **more) as watched:
        yield watched.wait_until_ready()


@pytest.fixture(scope="session")
def scans(digits: Digits) -> list[bytes]:
    """PNG files of digits, each its own content."""
    encoded = []
    for number in range(200):
        image = digits[number % len(digits)][0].copy()
        image[0, 0] = number
        encoded.append(cv2.imencode(".png", image)[1].tobytes())
    return encoded


def in_pieces(path: Path, data: bytes, pieces: int, pause: float, reopen: bool) -> None:
    """Write a file as slow copies and scanners do."""
    step = len(data) // pieces + 1
    file = path.open("wb")
    for start in range(0, len(data), step):
        file.write(data[start : start + step])
        file.flush()
        time.sleep(pause)
        if reopen:
            file.close()
            file = path.open("ab")
    file.close()


def mounted(kind: str, folder: Path, *options: str) -> Callable[[], object]:
    """Mount a small file system for the rest of a test; returns what takes it away."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", kind, *options, kind, str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip(f"needs the right to mount {kind}")
    return lambda: subprocess.run(["umount", "--lazy", str(folder)], check=True)
