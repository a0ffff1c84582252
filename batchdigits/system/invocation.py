"""The program as it was called, so that commands in messages can be typed as they are."""

import os
import shlex
import shutil
import sys

_NAME = "batchdigits"


def get_program_name() -> str:
    """Return how the program was called: ``python -m batchdigits``, a path of it, or its name.

    In a program that imports the package it is its name.
    """
    called = sys.argv[0] if sys.argv else ""
    name = os.path.basename(called)
    if name == "__main__.py" and os.path.basename(os.path.dirname(called)) == _NAME:
        return f"{shlex.quote(sys.orig_argv[0])} -m {_NAME}"
    if name == _NAME and called != shutil.which(_NAME):
        return shlex.quote(called)
    return _NAME


def format_command(*words: str) -> str:
    """Write a command of the program with its arguments, for a person to type or copy."""
    return f"{get_program_name()} {shlex.join(words)}"
