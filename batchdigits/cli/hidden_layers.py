"""``train --hidden 128 128``: an option followed by several numbers."""

from typing import Any

from batchdigits.cli.environment import Command


class HiddenLayersCommand(Command):
    """A command that accepts ``--hidden 128 128`` for ``--hidden 128 --hidden 128``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat ``--hidden`` before each further number, and parse the result."""
        expanded: list[str] = []
        for index, word in enumerate(args):
            is_further = word.isdecimal() and index > 1 and args[index - 1].isdecimal()
            if is_further and "--hidden" in expanded and expanded[-2] == "--hidden":
                expanded.append("--hidden")
            expanded.append(word)
        return super().parse_args(ctx, expanded)
