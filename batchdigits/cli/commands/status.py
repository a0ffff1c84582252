"""``batchdigits status``: how the watcher of an outbox is doing."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from batchdigits.cli.ui.terminal import begin_command
from batchdigits.config import Logging
from batchdigits.errors import ExitCode
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.watching.heartbeat import GONE, read_heartbeat
from batchdigits.watching.status import describe_status


def status_command(outbox: Path, as_json: bool) -> int:
    """Print the watcher's last heartbeat, and what is wrong with the watcher.

    Returns:
        The exit code.
    """
    begin_command(Logging())
    status, problem = read_heartbeat(outbox)
    if as_json:
        fields = asdict(status) if status else {}
        print(json.dumps(fields | {"problem": problem}, ensure_ascii=False))
        return ExitCode.WATCHER_UNWELL if problem else ExitCode.OK
    is_gone = problem == GONE
    for label, value in describe_status(status, time.time(), is_gone) if status else ():
        print(f"{label:18}{escape_for_terminal(value)}")
    if problem:
        print(
            f"batchdigits: The watcher of {escape_for_terminal(str(outbox))}: "
            f"{escape_for_terminal(problem)}.",
            file=sys.stderr,
        )
        return ExitCode.WATCHER_UNWELL
    print("All else is well." if status and status.behind else "All is well.")
    return ExitCode.OK
