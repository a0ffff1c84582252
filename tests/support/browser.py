"""Pages in a real browser without a window."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> str:
    """Find a Chromium of the system, or the one that playwright fetched; empty if none starts."""
    for name in _NAMES:
        if (path := shutil.which(name)) and _can_start(path):
            return path
    code = "from playwright.sync_api import sync_playwright\n"
    code += "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    path = process.stdout.strip()
    return path if path and Path(path).exists() and _can_start(path) else ""


def _can_start(path: str) -> bool:
    """Return whether a browser has all the libraries of the system that it needs."""
    command = [path, "--headless", "--no-sandbox", "--version"]
    try:
        process = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return process.returncode == 0


@contextmanager
def open_page(
    browser: str, file: Path, temporary: Path, width: int = 1400, height: int = 1000, **device: Any
) -> Iterator[Any]:
    """Open a report's file in the browser; see :func:`open_address`."""
    with open_address(browser, file.as_uri(), temporary, width, height, **device) as page:
        yield page


@contextmanager
def open_address(
    browser: str,
    address: str,
    temporary: Path,
    width: int = 1400,
    height: int = 1000,
    **device: Any,
) -> Iterator[Any]:
    """Open a page in the browser.

    Args:
        browser: path of its program.
        address: of the page.
        temporary: folder for the browser's profile.
        width: pixels of the window.
        height: pixels of the window.
        **device: options of Playwright's context, such as ``has_touch`` and ``color_scheme``.

    Returns:
        Playwright's page, with two more attributes: ``problems``, the errors of its script, and
        ``fetched``, the addresses that it asked elsewhere on the network.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(temporary / "profile"),
            executable_path=browser,
            headless=True,
            args=["--no-sandbox"],
            viewport={"width": width, "height": height},
            accept_downloads=True,
            **device,
        )
        try:
            page: Any = context.new_page()
            page.problems, page.fetched = [], []
            page.on("pageerror", lambda error: page.problems.append(str(error)))
            page.on(
                "console",
                lambda message: message.type == "error" and page.problems.append(message.text),
            )
            page.on(
                "request",
                lambda request: (
                    request.url.startswith(("data:", "blob:", "file:", address.rpartition("/")[0]))
                    or page.fetched.append(request.url)
                ),
            )
            page.goto(address)
            page.locator("#shown", has_text="shown").wait_for()
            yield page
        finally:
            context.close()


def main() -> None:
    """Fetch a Chromium for the tests of pages if the system has none."""
    if find_browser():
        return
    command = [sys.executable, "-m", "playwright", "install", "chromium-headless-shell"]
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=300, check=False
        )
    if not find_browser():
        print("==> no Chromium that starts, and none could be fetched: its tests are skipped")


if __name__ == "__main__":
    main()
