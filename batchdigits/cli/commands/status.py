"""``batchdigits status``: how the watcher of an outbox is."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from batchdigits.errors import ExitCode
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.watching import heartbeat


def status_command(outbox: Path, as_json: bool) -> int:
    """Print the watcher's heartbeat; returns the exit code."""
    condition, problem = heartbeat.read(outbox)
    if as_json:
        fields = asdict(condition) if condition else {}
        print(json.dumps(fields | {"problem": problem}, ensure_ascii=False))
        return ExitCode.WATCHER_UNWELL if problem else ExitCode.OK
    for left, right in heartbeat.describe_status(condition, time.time()) if condition else ():
        print(f"{left:18}{escape_for_terminal(right)}")
    if problem:
        print(
            f"batchdigits: The watcher of {escape_for_terminal(str(outbox))}: {problem}.",
            file=sys.stderr,
        )
        return ExitCode.WATCHER_UNWELL
    print("All is well.")
    return ExitCode.OK
