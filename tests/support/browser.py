"""A page in a real browser without a window."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> str:
    """A Chromium of the system, or the one that playwright fetched; empty where there is none."""
    for name in _NAMES:
        if (found := shutil.which(name)) and _starts(found):
            return found
    code = "from playwright.sync_api import sync_playwright as p\n"
    code += "with p() as each: print(each.chromium.executable_path)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    path = done.stdout.strip()
    return path if path and Path(path).exists() and _starts(path) else ""


def _starts(path: str) -> bool:
    """Whether a browser has all the libraries of the system that it needs."""
    command = [path, "--headless", "--no-sandbox", "--version"]
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@contextmanager
def opened(browser: str, file: Path, temporary: Path, width: int = 1400) -> Iterator[Any]:
    """A file in the browser: ``problems`` holds what went wrong, ``fetched`` addresses it asked."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(temporary / "profile"),
            executable_path=browser,
            headless=True,
            args=["--no-sandbox"],
            viewport={"width": width, "height": 1000},
            accept_downloads=True,
        )
        try:
            page: Any = context.new_page()
            page.problems, page.fetched = [], []
            page.on("pageerror", lambda error: page.problems.append(str(error)))
            page.on(
                "console", lambda said: said.type == "error" and page.problems.append(said.text)
            )
            page.on(
                "request",
                lambda asked: (
                    asked.url.startswith(("data:", "blob:", "file:"))
                    or page.fetched.append(asked.url)
                ),
            )
            page.goto(file.as_uri())
            page.locator("#shown", has_text="shown").wait_for()
            yield page
        finally:
            context.close()


def main() -> None:
    """Fetch a Chromium for the tests of pages where the system has none, if that may be."""
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
