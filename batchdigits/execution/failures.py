"""What it means for a file that a worker crashed or hung over it."""

import signal

from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.worker_process import OUT_OF_MEMORY_EXIT_CODE
from batchdigits.reasons import Reason, Rejection


def explain_failure(failure: TaskFailure, timeout: float) -> Rejection:
    """Make the rejection of a file over which a worker failed.

    Args:
        failure: how it failed.
        timeout: seconds that a file may take.
    """
    if failure.timed_out:
        return Rejection(Reason.TIMED_OUT, f"Reading was given up after {timeout:g} seconds.")
    if failure.is_system_error:
        return Rejection(Reason.IO_ERROR, f"The reader ended with {failure.error}.")
    if (
        failure.error.startswith(MemoryError.__name__)
        or failure.exit_code == OUT_OF_MEMORY_EXIT_CODE
    ):
        return Rejection(Reason.CRASHED_READER, "It needs more than --worker-memory allows.")
    return Rejection(Reason.CRASHED_READER, f"The reader ended with {_name_cause(failure)}.")


def _name_cause(failure: TaskFailure) -> str:
    if failure.error:
        return failure.error
    code = failure.exit_code or 0
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"code {code}"
