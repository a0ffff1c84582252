"""``batchdigits review``: corrections on record as they are made, for this computer alone."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.corrections.review.desk import ReviewDesk
from batchdigits.errors import ExitCode
from batchdigits.journal.submissions import SubmittedCorrection
from batchdigits.session.outbox import is_held
from tests.conftest import ROOT, Run, read_csv, write_png
from tests.support.browser import find_browser, open_address
from tests.support.watcher_process import wait_for

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


class Server(NamedTuple):
    """A running server.

    Attributes:
        address: of the page.
        process: the program.
        outbox: what it shows.
    """

    address: str
    process: subprocess.Popen[str]
    outbox: Path

    def ask(
        self, path: str, body: Any = None, method: str = "", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Send one request; a path that begins with ``/`` stands for itself."""
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        path = path if path.startswith("/") else parts.path.rpartition("/")[0] + "/" + path
        content = None if body is None else json.dumps(body)
        connection.request(method or ("GET" if body is None else "POST"), path, content, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())

    @property
    def origin(self) -> str:
        return f"http://{urlsplit(self.address).netloc}"


@contextmanager
def review(outbox: Path, browser: str = "") -> Iterator[Server]:
    command = [sys.executable, "-m", "batchdigits", "review", str(outbox)]
    command += [] if browser else ["--no-browser"]
    environment = os.environ | {"BROWSER": browser}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout
    try:
        yield Server(process.stdout.readline().split()[-1], process, outbox)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def outbox(batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits) -> Path:
    for number in range(3):
        write_png(inbox / f"{number}.png", digits[number][0])
    (inbox / "4.tif").write_bytes(cv2.imencode(".tif", digits[4][0])[1].tobytes())
    for name in ("mark", "letter", "scribble"):
        shutil.copy(ROOT / "inbox" / "troubled" / f"{name}.png", inbox)
    assert batchdigits("run", inbox, tmp_path / "out", "-q").returncode == 0
    return tmp_path / "out"


def recorded(outbox: Path) -> dict[str, str]:
    """What the journal has, as ``status --json`` would not tell: by the way of an export."""
    command = [sys.executable, "-m", "batchdigits", "report", str(outbox), "--to"]
    target = outbox.parent / f"report-{len(list(outbox.parent.iterdir()))}"
    assert subprocess.run([*command, str(target)], check=False).returncode == 0
    return {
        row["file"]: row["corrected_digit"] for row in read_csv(target) if row["corrected_digit"]
    }


@pytest.mark.long
def test_each_key_is_on_record_at_once(outbox: Path, inbox: Path, tmp_path: Path) -> None:
    browser = find_browser()
    if not browser:
        pytest.skip("no Chromium is here: make test installs it where it may")
    with review(outbox) as server, open_address(browser, server.address, tmp_path) as page:
        names = [page.locator(".cell").nth(n).get_attribute("title") for n in range(3)]
        original = page.locator("#zoom-picture .original img")
        shape = original.evaluate(
            "it => it.decode().then(() => [it.naturalHeight, it.naturalWidth])"
        )
        image = cv2.imread(str(inbox / str(names[0])))
        assert image is not None and tuple(shape) == image.shape[:2]
        page.keyboard.press("3")
        page.locator("#saved", has_text="On record: 1 checked").wait_for()
        assert recorded(outbox) == {names[0]: "3"}
        page.locator(".key-right").click()
        page.locator("#saved", has_text="On record: 2 checked").wait_for()
        assert recorded(outbox) == {names[0]: "3", names[1]: "-1"}
        page.keyboard.press("Control+z")
        page.locator("#saved", has_text="On record: 1 checked").wait_for()
        assert recorded(outbox) == {names[0]: "3"}
        assert page.locator("#zoom-title").inner_text() == names[1]
        page.reload()
        assert page.locator("#progress").inner_text() == "1 checked, 1 corrected"
        page.route("**/corrections", lambda route: route.fulfill(json={"is_recorded": False}))
        page.keyboard.press("4")
        page.locator("#saved", has_text="The watcher will put it on record shortly.").wait_for()
        page.locator("#text").fill("4.tif")  # which browsers do not show
        shape = original.evaluate(
            "it => it.decode().then(() => [it.naturalHeight, it.naturalWidth])"
        )
        image = cv2.imread(str(inbox / "4.tif"))
        assert image is not None and tuple(shape) == image.shape[:2]
        (inbox / "2.png").unlink()
        page.locator("#text").fill("2.png")
        page.locator("#zoom-picture img[alt^='read as']").wait_for()
        assert page.fetched == [] and all("404" in problem for problem in page.problems)
    shown = {row["file"]: row["corrected_digit"] for row in read_csv(outbox)}
    assert shown[str(names[0])] == "3", "reports are drawn in the end"


def test_nobody_else_is_answered(outbox: Path, tmp_path: Path) -> None:
    rows = {row["file"]: row for row in read_csv(outbox)}
    sha256 = rows["1.png"]["sha256"]
    correction = [[sha256, 1, 7]]
    with review(outbox) as server:
        origin = server.origin
        status, _, headers = server.ask("report.html")
        assert status == 200 and headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        status, content, headers = server.ask(f"scans/{sha256}/1")
        assert status == 200 and headers["content-type"] == "image/png"
        assert content == (outbox.parent / "inbox" / "1.png").read_bytes()
        # Without the token, from another name, from another site.
        for path in ("/", "/report.html", f"/{'x' * 32}/report.html", f"/scans/{sha256}/1"):
            assert server.ask(path)[0] == 404
        port = origin.rpartition(":")[2]
        for host in ("example.org", f"example.org:{port}", "127.0.0.1", f"127.0.0.1.nip.io:{port}"):
            assert server.ask("report.html", Host=host)[0] == 403
        for others in ({}, {"Origin": "http://example.org"}, {"Origin": "null"}):
            assert server.ask("corrections", correction, **others)[0] == 403
        assert server.ask("report.html", Origin="http://example.org")[0] == 403
        assert recorded(outbox) == {}
        # What is no correction, or of nothing that was read.
        refused: list[Any] = [{}, [1], [[sha256, 1]], [[sha256, 1, 10]], [[sha256, True, 1]]]
        refused += [[["x", 1, 1]], [["0" * 64, 1, 1]], [[sha256, 2, 1]]]
        for body in refused:
            assert server.ask("corrections", body, Origin=origin)[0] == 400, body
        assert server.ask("corrections", "x" * (1 << 22), Origin=origin)[0] in (400, 413)
        assert server.ask("corrections", correction, Origin=origin)[0] == 200
        assert recorded(outbox) == {"1.png": "7"}
        # No file but those on record, and these only as they were read.
        for path in (
            "scans/..%2f..%2fetc%2fpasswd",
            "scans/" + "0" * 64 + "/1",
            f"scans/{sha256}",
            "results.html",
            "scans/",
        ):
            assert server.ask(path)[0] == 404
        (outbox.parent / "inbox" / "1.png").unlink()
        secret = tmp_path / "secret.png"
        secret.write_bytes(content)
        (outbox.parent / "inbox" / "1.png").symlink_to(secret)
        assert server.ask(f"scans/{sha256}/1")[0] == 404, "a link that leads out of the inbox"
        listening = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True).stdout
        addresses = [line.split()[1] for line in listening.splitlines()[1:]]
        assert f"0100007F:{int(port):04X}" in addresses


def test_the_token_is_not_in_the_call_of_the_browser(outbox: Path, tmp_path: Path) -> None:
    script, called = tmp_path / "browser", tmp_path / "called"
    script.write_text(f'#!/bin/sh\necho "$@" > {called}.new && mv {called}.new {called}\n')
    script.chmod(0o755)
    with review(outbox, str(script)) as server:
        wait_for(called.exists, "the browser is called")
        address = called.read_text().strip()
        file = Path(unquote(urlsplit(address).path))
        assert address.startswith("file://") and server.address in file.read_text()
        assert urlsplit(server.address).path.split("/")[1] not in address
        assert file.parent.stat().st_mode & 0o077 == 0
        if browser := find_browser():
            with open_address(browser, address, tmp_path) as page:
                page.wait_for_url(server.address)
    assert not file.exists()


def test_pages_that_browsers_do_not_show_are_decoded(
    batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits
) -> None:
    pages = [image for image, _ in digits[:3]]
    cv2.imwritemulti(str(inbox / "three.tif"), pages)
    cv2.imwrite(str(inbox / "one.jp2"), pages[0])
    wide = np.full((40, 9000), 255, np.uint8)
    wide[5:35, 4000:4020] = 0
    cv2.imwrite(str(inbox / "wide.tif"), wide)
    (inbox / "bad.tif").write_bytes(cv2.imencode(".tif", pages[0])[1].tobytes()[:200])
    (inbox / "none.tif").write_bytes(b"no image")
    batchdigits("run", inbox, tmp_path / "out", "-q", "--quarantine", "off")
    hashes = {row["file"]: row["sha256"] for row in read_csv(tmp_path / "out")}

    def ask(name: str, page: int) -> cv2.typing.MatLike | None:
        status, content, headers = server.ask(f"scans/{hashes[name]}/{page}")
        if status == 404:
            return None
        assert status == 200 and headers["content-type"] == "image/png"
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)

    with review(tmp_path / "out") as server:
        for number in (3, 1, 2):
            np.testing.assert_array_equal(ask("three.tif", number), pages[number - 1])
        for name, page in (("three.tif", 4), ("three.tif", 0), ("bad.tif", 1), ("none.tif", 1)):
            assert ask(name, page) is None
        one, small = ask("one.jp2", 1), ask("wide.tif", 1)
        assert one is not None and one.shape == pages[0].shape
        assert small is not None and small.shape == (13, 3000)
        children = subprocess.run(
            ["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True
        ).stdout.split()
        assert len(children) == 1
        limits = Path(f"/proc/{children[0]}/status").read_text()
        assert "NoNewPrivs:\t1" in limits
        os.kill(int(children[0]), signal.SIGKILL)
        assert ask("three.tif", 1) is None, "what ended it is shown by its thumbnail"
        np.testing.assert_array_equal(ask("three.tif", 1), pages[0])


@pytest.mark.long
def test_a_watcher_may_be_at_work(outbox: Path, inbox: Path) -> None:
    command = [sys.executable, "-m", "batchdigits", "watch", str(inbox), str(outbox), "-q"]
    (sha256,) = {row["sha256"] for row in read_csv(outbox) if row["file"] == "1.png"}
    watcher = subprocess.Popen(command)
    try:
        with review(outbox) as server:
            deadline = time.monotonic() + 60
            while not is_held(outbox):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            answer = server.ask("corrections", [[sha256, 1, 7]], Origin=server.origin)
            assert answer[0] == 200, answer
            assert recorded(outbox) == {"1.png": "7"}
    finally:
        watcher.send_signal(signal.SIGTERM)
        watcher.wait(60)


@pytest.mark.long
def test_what_a_watcher_takes_up_later_is_not_said_to_be_on_record(
    outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sha256,) = {row["sha256"] for row in read_csv(outbox) if row["file"] == "1.png"}
    corrections = [SubmittedCorrection(sha256, 1, 7)]
    desk = ReviewDesk(outbox)
    monkeypatch.setattr("batchdigits.session.handover._TIMEOUT", 5.0)
    code = (
        "import sys, time; from pathlib import Path\n"
        "from batchdigits.session.outbox import hold_outbox\n"
        "with hold_outbox(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    busy = subprocess.Popen(
        [sys.executable, "-c", code, str(outbox)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with busy:
        assert busy.stdout and busy.stdout.readline() == "held\n"
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(desk.put_on_record, corrections)
            time.sleep(0.5)
            assert desk.read_scan(sha256, 1) and not waiting.done(), "scans are shown meanwhile"
            assert not waiting.result()
    desk.close()
    assert recorded(outbox) == {"1.png": "7"}, "whoever opens the outbox next takes it up"
    assert desk.put_on_record([SubmittedCorrection(sha256, 1, None)])
    assert recorded(outbox) == {}


def test_what_there_is_not_cannot_be_reviewed(batchdigits: Run, tmp_path: Path) -> None:
    done = batchdigits("review", tmp_path / "none", "--no-browser")
    assert done.returncode == ExitCode.DATA
    assert "nothing to review" in done.stderr and not (tmp_path / "none").exists()
