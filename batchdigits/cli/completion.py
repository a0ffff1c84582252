"""Scripts with which shells complete commands and options; made once, so that they are fast.

Nothing of the program runs while somebody types: the script holds all words.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from batchdigits.config import Shell


class CompletedCommand(NamedTuple):
    """What may be typed behind a command.

    Attributes:
        name: of the command, ``models show`` and the like for sub-commands.
        help: its first line.
        options: its options as Typer has them.
        words: its sub-commands, or the choices of its argument.
    """

    name: str
    help: str
    options: list[Any]
    words: list[str]


def format_script(shell: Shell, group: Any) -> str:
    """Write the script of a shell.

    Args:
        shell: which one.
        group: the whole command line, as Typer has it.
    """
    commands = list(_list_commands(group))
    if shell is Shell.FISH:
        return "\n".join(_format_fish(commands)) + "\n"
    script = "\n".join(_format_bash(commands)) + "\n"
    # zsh runs functions written for bash.
    head = "#compdef batchdigits\nautoload -U +X bashcompinit && bashcompinit\n"
    return head + script if shell is Shell.ZSH else script


def _list_commands(group: Any, prefix: str = "") -> Iterator[CompletedCommand]:
    commands = {name: command for name, command in group.commands.items() if not command.hidden}
    if not prefix:
        yield CompletedCommand("", "", _list_options(group), list(commands))
    for name, command in commands.items():
        words = list(getattr(command, "commands", ()))
        for param in command.params:
            if param.param_type_name == "argument":
                words += map(str, getattr(param.type, "choices", ()))
        summary = (command.help or "").strip().partition("\n")[0]
        yield CompletedCommand(f"{prefix}{name}", summary, _list_options(command), words)
        if hasattr(command, "commands"):
            yield from _list_commands(command, f"{name} ")


def _list_options(command: Any) -> list[Any]:
    return [param for param in command.params if param.param_type_name == "option"]


def _list_flags(option: Any) -> list[str]:
    return [*option.opts, *option.secondary_opts]


def _list_choices(option: Any) -> list[str]:
    return list(map(str, getattr(option.type, "choices", ())))


def _format_bash(commands: list[CompletedCommand]) -> Iterator[str]:
    yield "_batchdigits() {"
    yield '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"'
    yield '    local command="${COMP_WORDS[1]}" words=""'
    yield '    (( COMP_CWORD > 1 )) || command=""'
    groups = {name for name, _, word in (c.name.partition(" ") for c in commands) if word}
    for group in sorted(groups):
        yield f"    if [[ $command == {group} ]] && (( COMP_CWORD > 2 )); then"
        yield '        command+=" ${COMP_WORDS[2]}"'
        yield "    fi"
    yield '    case "$command" in'
    for command in commands:
        yield f'        "{command.name}")'
        flags = [flag for option in command.options for flag in _list_flags(option)]
        yield f'            words="{" ".join([*command.words, *flags, "--help"])}"'
        chosen = [option for option in command.options if _list_choices(option)]
        if chosen:
            yield '            case "$before" in'
            for option in chosen:
                pattern, choices = "|".join(_list_flags(option)), " ".join(_list_choices(option))
                yield f'                {pattern}) words="{choices}" ;;'
            yield "            esac"
        yield "            ;;"
    yield "    esac"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield "}"
    yield "complete -o default -F _batchdigits batchdigits"


def _format_fish(commands: list[CompletedCommand]) -> Iterator[str]:
    summaries = {command.name: command.help for command in commands}
    for command in commands:
        condition = _format_fish_condition(command.name)
        for word in command.words:
            summary = summaries.get(f"{command.name} {word}".strip(), "")
            yield f"complete -c batchdigits -n '{condition}' -f -a {word}{_describe(summary)}"
        for option in command.options:
            flags = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
                for flag in _list_flags(option)
            )
            choices = _list_choices(option)
            value = f" -x -a '{' '.join(choices)}'" if choices else "" if option.is_flag else " -r"
            yield (
                f"complete -c batchdigits -n '{condition}' {flags}{value}{_describe(option.help)}"
            )


def _format_fish_condition(name: str) -> str:
    if not name:
        return "__fish_use_subcommand"
    return "; and ".join(f"__fish_seen_subcommand_from {word}" for word in name.split())


def _describe(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    return f" -d '{quoted}'" if text else ""
