"""The folders that the benchmarks read, in memory where the system has a place for that."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from batchdigits.arrays import ColourImage, GrayImage
from benchmarks.digits import Digits
from benchmarks.paper import draw_page, draw_scan, make_paper

DrawScan = Callable[[GrayImage, ColourImage, np.random.Generator], bytes]
IN_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Inbox:
    """A folder and how many images it holds."""

    path: Path
    files: int


@contextmanager
def make_workspace() -> Iterator[Path]:
    """Make a folder in memory (else among the temporary files), and remove it at the end."""
    root = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="batchdigits-bench-", dir=root) as folder:
        yield Path(folder)


@contextmanager
def make_outbox_path(root: Path) -> Iterator[Path]:
    """Choose a path for a new outbox, and remove the outbox at the end."""
    with tempfile.TemporaryDirectory(prefix="outbox-", dir=root) as folder:
        yield Path(folder) / "outbox"


@dataclass(slots=True)
class Folders:
    """Makes inboxes, each one once: the same kind and number of files is the same folder."""

    root: Path
    digits: Digits
    made: dict[str, Inbox] = field(default_factory=dict)

    def make_small(self, files: int) -> Inbox:
        """Make PNG files of 28 x 28 pixels, all different."""
        return self._make(f"small-{files}", ".png", files, map(self._encode_png, itertools.count()))

    def make_scans(self, files: int) -> Inbox:
        """Make JPEG files of 300 x 300 pixels: digits cut from forms."""
        return self._make(f"scans-{files}", ".jpg", files, self._draw_all(draw_scan))

    def make_pages(self, files: int) -> Inbox:
        """Make JPEG files of 8 megapixels: a sheet of paper with one large digit."""
        return self._make(f"pages-{files}", ".jpg", files, self._draw_all(draw_page))

    def copy_first(self, inbox: Inbox, files: int) -> Inbox:
        """Copy the first files of an inbox into another one, to measure start-up with it."""
        first = sorted(inbox.path.iterdir())[:files]
        contents = (path.read_bytes() for path in first)
        return self._make(f"{inbox.path.name}-few-{files}", first[0].suffix, files, contents)

    def remove(self, inbox: Inbox) -> None:
        """Remove an inbox, to free its memory."""
        del self.made[inbox.path.name]
        shutil.rmtree(inbox.path)

    def _make(self, name: str, ending: str, files: int, contents: Iterator[bytes]) -> Inbox:
        if name not in self.made:
            path = self.root / name
            path.mkdir()
            for number, content in enumerate(itertools.islice(contents, files)):
                (path / f"{number:06d}{ending}").write_bytes(content)
            self.made[name] = Inbox(path, files)
        return self.made[name]

    def _encode_png(self, number: int) -> bytes:
        return cv2.imencode(".png", self.digits.make_image(number))[1].tobytes()

    def _draw_all(self, draw: DrawScan) -> Iterator[bytes]:
        rng = np.random.default_rng(300)
        paper = make_paper(rng)
        for number in itertools.count():
            yield draw(self.digits.make_image(number), paper, rng)
