"""``batchdigits review``: the page of an outbox in the browser, corrections on record at once."""

from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging
from batchdigits.errors import ExitCode
from batchdigits.system.extras import require_extra


def review_command(outbox: Path, port: int, browser: bool, trust_outbox: bool) -> int:
    """Serve the page until Ctrl-C.

    Returns:
        The exit code.

    Raises:
        MissingExtraError: Starlette or Uvicorn is not installed.
    """
    begin_command(Logging())
    for module in ("starlette", "uvicorn"):
        require_extra(module, "review", "Reviewing in the browser")
    from batchdigits.corrections.review.serve import serve_review

    serve_review(outbox, port, browser, trust_outbox, _announce)
    return ExitCode.OK


def _announce(address: str) -> None:
    print(f"Review at {address}", "Ctrl-C ends it.", sep="\n", flush=True)
