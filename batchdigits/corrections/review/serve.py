"""The server: started on a port of this computer alone, and ended with Ctrl-C."""

import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from batchdigits.corrections.review.app import make_app
from batchdigits.corrections.review.desk import ReviewDesk
from batchdigits.corrections.review.guard import Guard
from batchdigits.errors import UsageError

_HOST = "127.0.0.1"
#: Seconds that answers under way get once the server is to end.
_GRACE = 5


def serve_review(
    outbox: Path,
    port: int,
    open_browser: bool,
    trust_outbox: bool,
    announce: Callable[[str], None],
) -> None:
    """Serve the page of an outbox until Ctrl-C, then bring its reports up to date.

    Args:
        outbox: the folder with the journal.
        port: of 127.0.0.1; 0 for any that is free.
        open_browser: whether to open the page in the browser.
        trust_outbox: whether the journal may be another user's.
        announce: is told the page's address.

    Raises:
        DataError: nothing was read into the outbox yet.
        OutboxError: the journal cannot be read.
        UsageError: the port cannot be used.
    """
    desk = ReviewDesk(outbox, trust_outbox)
    try:
        listener = socket.create_server((_HOST, port))
    except (OSError, OverflowError) as error:
        problem = getattr(error, "strerror", None) or error
        raise UsageError(f"Port {port} cannot be used: {problem}.") from error
    port, token = listener.getsockname()[1], secrets.token_urlsafe(24)
    address = f"http://{_HOST}:{port}/{token}/report.html"
    config = uvicorn.Config(
        Guard(make_app(desk), token, port),
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE,
    )
    announce(address)
    try:
        with listener, ExitStack() as stack:
            if open_browser:
                with suppress(OSError):  # a full disk: the address is on the terminal
                    folder = stack.enter_context(TemporaryDirectory(prefix="batchdigits-"))
                    _open_browser(address, Path(folder))
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[listener])
    finally:
        desk.close()


def _open_browser(address: str, folder: Path) -> None:
    """Open a page in the browser, by way of a file that leads there.

    All users of this computer see how a browser is called, and the address holds the token.

    Args:
        address: of the page; its port listens already.
        folder: for the file; no other user may read it.
    """
    file = folder / "review.html"
    file.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>batchdigits review</title>'
        f'<meta http-equiv="refresh" content="0; url={address}"><a href="{address}">Review</a>',
        encoding="utf-8",
    )
    # Some browsers return only once they are closed.
    threading.Thread(target=webbrowser.open, args=(file.as_uri(),), daemon=True).start()
