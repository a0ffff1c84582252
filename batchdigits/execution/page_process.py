"""Pages that no browser shows, a TIFF's above all, decoded and sent as PNG by a process of its own.

A server has threads, and must not fork. So a fresh process,
``python -m batchdigits.execution.page_process PARENT``, decodes as a reader does: what the header
asks for is checked first, memory is limited, and a file that takes it over is in a sandbox.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from subprocess import Popen

from batchdigits.config import Limits, ReaderLimits
from batchdigits.system.child_process import limit_memory, prepare_forked_child, start_module
from batchdigits.system.sandbox.sandbox import Sandbox

#: Seconds that a page may take: somebody sits before the screen.
_TIMEOUT = 20
#: Most pixels of the longer side: more than screens have. Bytes of such a PNG at the most.
_MAX_SIDE, _MAX_PNG_BYTES = 3000, 3000 * 3001 + 65536
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class PageProcess:
    """The process, started when it is first needed, and anew after a file that it could not take.

    Threads may share it: it decodes one page after the other.
    """

    def __init__(self) -> None:
        # The kernel ends a process with the thread that started it: one thread for all calls.
        self._thread = ThreadPoolExecutor(1)
        self._process: Popen[bytes] | None = None
        self._pipe: Connection | None = None

    def draw(self, content: bytes, name: str, page: int) -> bytes:
        """Decode a page.

        Args:
            content: the whole file.
            name: its name, as the suffix tells camera raw files from TIFF.
            page: from 1.

        Returns:
            Its gray levels as PNG, reduced where they are more than a screen shows; empty where
            the file has no such page, or none that is read with the usual limits.
        """
        return self._thread.submit(self._draw, content, name, page).result()

    def close(self) -> None:
        """End the process for good, also where it is busy."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._end()

    def _end(self) -> None:
        if self._process and self._pipe:
            self._process.kill()
            self._process.wait()
            self._pipe.close()
        self._process = self._pipe = None

    def _draw(self, content: bytes, name: str, page: int) -> bytes:
        try:
            pipe = self._pipe or self._start()
            pipe.send((name, page))
            pipe.send_bytes(content)
            if pipe.poll(_TIMEOUT):
                png = pipe.recv_bytes(_MAX_PNG_BYTES)
                if not png or png.startswith(_PNG_SIGNATURE):
                    return png
        except (EOFError, OSError):
            pass
        self._end()
        return b""

    def _start(self) -> Connection:
        self._pipe, child_end = Pipe()
        with child_end:
            self._process = start_module(__name__, child_end)
        return self._pipe


def serve(pipe: Connection) -> None:
    """Answer until the other end is closed: a name and a page, then the file, get a PNG."""
    from batchdigits.execution.opencv import stop_opencv_threads

    stop_opencv_threads()
    limit_memory(ReaderLimits().memory_bytes)
    Sandbox().enter([pipe.fileno()])
    with suppress(EOFError):
        while True:
            name, page = pipe.recv()
            pipe.send_bytes(_draw_page(pipe.recv_bytes(), name, page))


def _draw_page(content: bytes, name: str, page_number: int) -> bytes:
    import cv2

    from batchdigits.images.load import load_pages
    from batchdigits.records import Page

    for number, page in load_pages(content, name, Limits()):
        if number == page_number and isinstance(page, Page):
            scale = min(_MAX_SIDE / max(page.gray.shape), 1)
            size = [max(round(side * scale), 1) for side in (page.width, page.height)]
            gray = cv2.resize(page.gray, size, interpolation=cv2.INTER_AREA)
            return cv2.imencode(".png", gray)[1].tobytes()
    return b""


if __name__ == "__main__":
    prepare_forked_child(int(sys.argv[1]), [])
    serve(Connection(sys.stdin.fileno()))
