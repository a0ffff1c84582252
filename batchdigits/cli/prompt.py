"""The prompt for people who give no arguments: their answers become those of a command."""

import os
import shlex
import sys
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import typer

from batchdigits.errors import ExitCode
from batchdigits.system.filenames import escape_for_terminal
from batchdigits.system.invocation import format_command


def ask_for_arguments() -> list[str]:
    """Ask what to do and with which files, and print the command that does it.

    Returns:
        The command's arguments, such as ``["run", "my scans", "outbox"]``.

    Raises:
        typer.Abort: Ctrl-C, or the end of the input.
        SystemExit: the person chose to quit.
    """
    _print_line("What would you like to do?")
    for key, (label, _) in _CHOICES.items():
        _print_line(f"  {key}  {label}")
    _, ask = _CHOICES[_ask_valid("Your choice", "1", _check_choice)]
    arguments = ask()
    command = format_command(*arguments)
    _print_line(
        f"\nRunning: {escape_for_terminal(command)}\n(Next time you can type this command.)\n"
    )
    return arguments


def path_from_answer(answer: str) -> str:
    """Parse a path that a person typed or dragged into a terminal.

    It may be quoted, escaped, a ``file://`` URL, or begin with ``~``. What exists under the very
    name that was typed is taken as it is.
    """
    text = answer.strip()
    if not os.path.exists(text):
        text = _strip_quotes(text)
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    text = os.path.expanduser(text)
    # A name with a hyphen at its start would be taken for an option.
    return os.path.join(".", text) if text.startswith("-") else text


def _strip_quotes(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:  # a quotation mark that belongs to the name
        return text
    # Several words are a name with spaces that nobody quoted.
    return words[0] if len(words) == 1 else text


def _ask_run() -> list[str]:
    inbox = _ask_inbox("Folder with the scans")
    return ["run", inbox, _ask_output_folder("Folder for the results", "outbox")]


def _ask_watch() -> list[str]:
    inbox = _ask_inbox("Folder to watch")
    return ["watch", inbox, _ask_output_folder("Folder for the results", "outbox")]


def _ask_predict() -> list[str]:
    return ["predict", _ask_valid("Image", "", _check_path)]


def _ask_train() -> list[str]:
    _print_line(
        "An mlp has dense layers and trains in a minute; a cnn is the bundled network and takes "
        "hours."
    )
    arch = _ask_valid("Network", "mlp", _check_network)
    _print_line(
        "mnist is downloaded; or name a folder with sub-folders 0-9, an .npz file or IDX files."
    )
    data = _ask_valid("Training data", "mnist", _check_data)
    name = _ask_valid("Name of the model", _suggest_name(), _check_model_name)
    return ["train", "--arch", arch, "--data", data, "--name", name]


def _ask_other_model() -> list[str]:
    from batchdigits.inference.registry import list_models

    names = ", ".join(sorted({name for name, _ in list_models()}))
    _print_line(f"Models with a name: {names}.")
    model = _ask_valid("Model (a name, or a file or folder made elsewhere)", "", _check_model)
    return [*_ask_run(), "--model", model]


def _ask_evaluate() -> list[str]:
    question = "Folder with sub-folders 0-9, .csv or .npz file, or mnist"
    data = _ask_valid(question, "mnist", _check_data)
    return ["evaluate", data, _ask_output_folder("Folder for the results", "evaluation")]


def _ask_explore() -> list[str]:
    question = "Folder with sub-folders 0-9, .npz file, IDX files, or mnist"
    return ["explore", _ask_valid(question, "mnist", _check_data)]


def _quit() -> list[str]:
    raise SystemExit(ExitCode.OK)


#: By the key to press: what people can do, and the function that asks for the arguments.
_CHOICES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "1": ("Read a folder of scans", _ask_run),
    "2": ("Watch a folder, and read scans as they arrive", _ask_watch),
    "3": ("Read a single image", _ask_predict),
    "4": ("Train a model", _ask_train),
    "5": ("Read a folder of scans with another model", _ask_other_model),
    "6": ("Measure how well labelled digits are read", _ask_evaluate),
    "7": ("Look at training data", _ask_explore),
    "q": ("Quit", _quit),
}


def _ask_inbox(question: str) -> str:
    return _ask_valid(question, "inbox" if os.path.isdir("inbox") else "", _check_folder)


def _ask_output_folder(question: str, default: str) -> str:
    return _ask_valid(question, default, _check_output_folder)


def _ask_valid(question: str, default: str, check: Callable[[str], str]) -> str:
    """Ask until the answer is valid.

    Args:
        question: what to ask.
        default: the answer for an empty line; empty for no default.
        check: returns what is wrong with an answer, or nothing.
    """
    prompt = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        answer = path_from_answer(_read_line(prompt)) or default
        if not answer:
            continue
        problem = check(answer)
        if not problem:
            return answer
        _print_line(escape_for_terminal(problem))


def _read_line(prompt: str) -> str:
    """Read a line that a person types.

    Python's ``input`` would write to stdout, and refuse names that are not UTF-8.

    Raises:
        typer.Abort: Ctrl-C, or the end of the input.
    """
    typer.echo(prompt, err=True, nl=False)
    try:
        line = sys.stdin.buffer.readline()
    except KeyboardInterrupt:
        line = b""
    if not line:
        _print_line("")
        raise typer.Abort
    return os.fsdecode(line)


def _check_choice(answer: str) -> str:
    return "" if answer in _CHOICES else f"Please choose one of {', '.join(_CHOICES)}."


def _check_folder(path: str) -> str:
    return "" if os.path.isdir(path) else f"There is no folder {path}."


def _check_model(name: str) -> str:
    from batchdigits.inference.registry import list_models

    is_known = os.path.exists(name) or name in dict(list_models())
    return "" if is_known else f"There is no model {name}."


def _check_network(name: str) -> str:
    return "" if name in ("mlp", "cnn") else "Please choose mlp or cnn."


def _suggest_name() -> str:
    names = ("mine", *(f"mine-{number}" for number in range(2, 1000)))
    return next(name for name in names if not _check_model_name(name))


def _check_model_name(name: str) -> str:
    is_taken = os.path.exists(os.path.join("models", f"{name}.tflite"))
    return f"There is already a model {name}. Please choose another name." if is_taken else ""


def _check_path(path: str) -> str:
    return "" if os.path.exists(path) else f"There is no file {path}."


def _check_data(path: str) -> str:
    return "" if path == "mnist" else _check_path(path)


def _check_output_folder(path: str) -> str:
    is_file = os.path.exists(path) and not os.path.isdir(path)
    return f"{path} is a file. Please name a folder; it need not exist yet." if is_file else ""


def _print_line(text: str) -> None:
    typer.echo(text, err=True)
