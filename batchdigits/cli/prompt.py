"""What to do, asked at a terminal where nobody said it: answers to the arguments of a command."""

import os
import shlex
import sys
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import typer

from batchdigits.errors import ExitCode
from batchdigits.system.filenames import escape_for_terminal


def ask() -> list[str]:
    """Ask what to do and with what, and tell the command that does it.

    Returns:
        The command's arguments, such as ``["run", "my scans", "outbox"]``.

    Raises:
        typer.Abort: Ctrl-C, or the end of the input.
        SystemExit: the person wants nothing.
    """
    _print_line("What shall be done?")
    for key, (what, _) in _CHOICES.items():
        _print_line(f"  {key}  {what}")
    arguments = _CHOICES[_ask_valid("Choose", "1", _check_choice)][1]()
    command = shlex.join(["batchdigits", *arguments])
    _print_line(
        f"\nRunning: {escape_for_terminal(command)}\n(Next time it can be typed like this.)\n"
    )
    return arguments


def path_from_answer(answer: str) -> str:
    """A path as people type it or drag it into a terminal: quoted, escaped, with ``~``, as a URL.

    What exists as it stands is taken as it stands.
    """
    text = answer.strip()
    if not os.path.exists(text):
        text = _strip_quotes(text)
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    text = os.path.expanduser(text)
    # A name that begins so would be taken for an option.
    return os.path.join(".", text) if text.startswith("-") else text


def _strip_quotes(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:  # a quotation mark that belongs to the name
        return text
    # Several are a name with spaces that nobody quoted.
    return words[0] if len(words) == 1 else text


def _ask_run() -> list[str]:
    return [
        "run",
        _ask_inbox("Folder with the scans"),
        _ask_output_folder("Folder for the results", "outbox"),
    ]


def _ask_watch() -> list[str]:
    return [
        "watch",
        _ask_inbox("Folder to watch"),
        _ask_output_folder("Folder for the results", "outbox"),
    ]


def _ask_predict() -> list[str]:
    return ["predict", _ask_valid("Image", "", _check_path)]


def _ask_train() -> list[str]:
    _print_line(
        "mlp: dense layers, trained in a minute. cnn: the shipped network, which takes hours."
    )
    arch = _ask_valid("Network", "mlp", _check_network)
    _print_line(
        "mnist is fetched; other data is a folder with sub-folders 0-9, an .npz or IDX files."
    )
    data = _ask_valid("Learn from", "mnist", _check_data)
    name = _ask_valid("Name of the model", _suggest_name(), _check_model_name)
    return ["train", "--arch", arch, "--data", data, "--name", name]


def _ask_other_model() -> list[str]:
    from batchdigits.inference.registry import list_models

    _print_line(f"Known by name: {', '.join(sorted({name for name, _ in list_models()}))}.")
    model = _ask_valid("Model (a name, or a file or folder made elsewhere)", "", _check_model)
    return [*_ask_run(), "--model", model]


def _ask_evaluate() -> list[str]:
    data = _ask_valid("Folder with sub-folders 0-9, .csv or .npz file", "mnist", _check_data)
    return ["evaluate", data, _ask_output_folder("Folder for the figures", "evaluation")]


def _ask_explore() -> list[str]:
    return ["explore", _ask_valid("Look at", "mnist", _check_data)]


def _quit() -> list[str]:
    raise SystemExit(ExitCode.OK)


#: What can be chosen, and what asks for the rest of it.
_CHOICES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "1": ("read a folder of scans", _ask_run),
    "2": ("watch a folder for scans that arrive", _ask_watch),
    "3": ("predict one image", _ask_predict),
    "4": ("train a model", _ask_train),
    "5": ("use another model: read a folder with it", _ask_other_model),
    "6": ("measure how well digits are read that are known", _ask_evaluate),
    "7": ("look at data to train with", _ask_explore),
    "q": ("quit", _quit),
}


def _ask_inbox(question: str) -> str:
    return _ask_valid(question, "inbox" if os.path.isdir("inbox") else "", _check_folder)


def _ask_output_folder(question: str, default: str) -> str:
    return _ask_valid(question, default, _check_output_folder)


def _ask_valid(question: str, default: str, check: Callable[[str], str]) -> str:
    """Ask until there is nothing to complain about; no answer means the default, if any."""
    while True:
        answer = path_from_answer(
            _read_line(f"{question} [{default}]: " if default else f"{question}: ")
        )
        answer = answer or default
        if answer and not (wrong := check(answer)):
            return answer
        if answer:
            _print_line(escape_for_terminal(wrong))


def _read_line(question: str) -> str:
    """One line that a person types.

    Not Python's ``input``: that writes past our own stderr, and takes no name that is not UTF-8.
    """
    typer.echo(question, err=True, nl=False)
    try:
        line = sys.stdin.buffer.readline()
    except KeyboardInterrupt:
        line = b""
    if not line:
        _print_line("")
        raise typer.Abort
    return os.fsdecode(line)


def _check_choice(answer: str) -> str:
    return "" if answer in _CHOICES else f"{answer} is none of {', '.join(_CHOICES)}."


def _check_folder(path: str) -> str:
    return "" if os.path.isdir(path) else f"There is no folder {path}."


def _check_model(name: str) -> str:
    from batchdigits.inference.registry import list_models

    known = os.path.exists(name) or name in dict(list_models())
    return "" if known else f"There is no model {name}."


def _check_network(name: str) -> str:
    return "" if name in ("mlp", "cnn") else f"{name} is neither mlp nor cnn."


def _suggest_name() -> str:
    names = ("mine", *(f"mine-{number}" for number in range(2, 1000)))
    return next(name for name in names if not _check_model_name(name))


def _check_model_name(name: str) -> str:
    taken = os.path.exists(os.path.join("models", f"{name}.tflite"))
    return f"There is a model {name} already: choose another name." if taken else ""


def _check_path(path: str) -> str:
    return "" if os.path.exists(path) else f"There is no file {path}."


def _check_data(path: str) -> str:
    return "" if path == "mnist" else _check_path(path)


def _check_output_folder(path: str) -> str:
    is_file = os.path.exists(path) and not os.path.isdir(path)
    return f"{path} is a file: name a folder, which may be new." if is_file else ""


def _print_line(text: str) -> None:
    typer.echo(text, err=True)
