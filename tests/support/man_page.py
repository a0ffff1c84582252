"""The manual page, from the same declarations as ``--help``.

``make man``, or ``python -m tests.support.man_page FILE``, writes it.
"""

import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any

from batchdigits import __version__
from batchdigits.cli.examples import EXAMPLES
from batchdigits.cli.help import format_flags, format_help, list_sections
from batchdigits.errors import ExitCode
from tests.support.commands_page import list_commands

_HEAD = f"""\
.TH BATCHDIGITS 1 "" "batchdigits {__version__}"
.SH NAME
batchdigits \\- read folders of scanned handwritten digits into a spreadsheet
.SH SYNOPSIS
.B batchdigits
[\\-\\-config FILE] COMMAND [OPTIONS] [ARGUMENTS]
.SH DESCRIPTION
A folder of scanned handwritten digits goes in, a spreadsheet comes out.
One image holds one digit."""


def render_page() -> str:
    """Write the page in the language of man(7)."""
    parts = [_HEAD, ".SH COMMANDS"]
    for name, command in list_commands():
        parts += _render_command(name, command)
    parts += [".SH EXIT STATUS"]
    for code in ExitCode:
        parts += [".TP", f".B {code:d}", _escape(code.meaning)]
    return "\n".join(parts) + "\n"


def _render_command(name: str, command: Any) -> list[str]:
    words = " ".join(param.metavar for param in command.params if param.metavar)
    text = cleandoc(command.help).replace("\n\n", "\n.PP\n")
    lines = [f".SS {_escape(f'batchdigits {name} {words}'.strip())}", _escape(text)]
    for heading, options in list_sections(command):
        lines += [".PP", f".I {_escape(heading)}"]
        for option in options:
            lines += [".TP", f".B {_escape(format_flags(option))}", _escape(format_help(option))]
    for example, meaning in EXAMPLES[name]:
        lines += [".PP", _escape(meaning), ".RS", f"batchdigits {_escape(example)}", ".RE"]
    return lines


def _escape(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render_page(), encoding="utf-8")
