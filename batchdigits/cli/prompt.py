"""What to do, asked at a terminal where nobody said it: answers to the arguments of a command."""

import os
import shlex
import sys
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import typer

from batchdigits.system.filenames import escape_for_terminal


def ask() -> list[str]:
    """Ask what to do and with what, and tell the command that does it.

    Returns:
        The command's arguments, such as ``["run", "my scans", "outbox"]``.

    Raises:
        typer.Abort: Ctrl-C, or the end of the input.
        SystemExit: the person wants nothing.
    """
    _say("What shall be done?")
    for key, (what, _) in _CHOICES.items():
        _say(f"  {key}  {what}")
    arguments = _CHOICES[_answer("Choose", "1", _no_choice)][1]()
    command = shlex.join(["batchdigits", *arguments])
    _say(f"\nRunning: {escape_for_terminal(command)}\n(Next time it can be typed like this.)\n")
    return arguments


def as_path(answer: str) -> str:
    """A path as people type it or drag it into a terminal: quoted, escaped, with ``~``, as a URL.

    What exists as it stands is taken as it stands.
    """
    text = answer.strip()
    if not os.path.exists(text):
        text = _unquoted(text)
    if text.startswith("file://"):
        text = unquote(urlsplit(text).path)
    text = os.path.expanduser(text)
    # A name that begins so would be taken for an option.
    return os.path.join(".", text) if text.startswith("-") else text


def _unquoted(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:  # a quotation mark that belongs to the name
        return text
    # Several are a name with spaces that nobody quoted.
    return words[0] if len(words) == 1 else text


def _read() -> list[str]:
    return ["run", _inbox("Folder with the scans"), _folder("Folder for the results", "outbox")]


def _watch() -> list[str]:
    return ["watch", _inbox("Folder to watch"), _folder("Folder for the results", "outbox")]


def _predict() -> list[str]:
    return ["predict", _answer("Image", "", _no_file_or_folder)]


def _train() -> list[str]:
    _say("mlp: dense layers, trained in a minute. cnn: the shipped network, which takes hours.")
    arch = _answer("Network", "mlp", _no_network)
    _say("mnist is fetched; other data is a folder with sub-folders 0-9, an .npz or IDX files.")
    data = _answer("Learn from", "mnist", _no_data)
    name = _answer("Name of the model", _free_name(), _no_name)
    return ["train", "--arch", arch, "--data", data, "--name", name]


def _other_model() -> list[str]:
    from batchdigits.inference.registry import list_models

    _say(f"Known by name: {', '.join(sorted({name for name, _ in list_models()}))}.")
    model = _answer("Model (a name, or a file or folder made elsewhere)", "", _no_model)
    return [*_read(), "--model", model]


def _evaluate() -> list[str]:
    data = _answer("Folder with sub-folders 0-9, .csv or .npz file", "mnist", _no_data)
    return ["evaluate", data, _folder("Folder for the figures", "evaluation")]


def _explore() -> list[str]:
    return ["explore", _answer("Look at", "mnist", _no_data)]


def _quit() -> list[str]:
    raise SystemExit(0)


#: What can be chosen, and what asks for the rest of it.
_CHOICES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "1": ("read a folder of scans", _read),
    "2": ("watch a folder for scans that arrive", _watch),
    "3": ("predict one image", _predict),
    "4": ("train a model", _train),
    "5": ("use another model: read a folder with it", _other_model),
    "6": ("measure how well digits are read that are known", _evaluate),
    "7": ("look at data to train with", _explore),
    "q": ("quit", _quit),
}


def _inbox(question: str) -> str:
    return _answer(question, "inbox" if os.path.isdir("inbox") else "", _no_folder)


def _folder(question: str, default: str) -> str:
    return _answer(question, default, _in_the_way)


def _answer(question: str, default: str, complaint: Callable[[str], str]) -> str:
    """Ask until there is nothing to complain about; no answer means the default, if any."""
    while True:
        answer = as_path(_line(f"{question} [{default}]: " if default else f"{question}: "))
        answer = answer or default
        if answer and not (wrong := complaint(answer)):
            return answer
        if answer:
            _say(escape_for_terminal(wrong))


def _line(question: str) -> str:
    """One line that a person types.

    Not Python's ``input``: that writes past our own stderr, and takes no name that is not UTF-8.
    """
    typer.echo(question, err=True, nl=False)
    try:
        line = sys.stdin.buffer.readline()
    except KeyboardInterrupt:
        line = b""
    if not line:
        _say("")
        raise typer.Abort
    return os.fsdecode(line)


def _no_choice(answer: str) -> str:
    return "" if answer in _CHOICES else f"{answer} is none of {', '.join(_CHOICES)}."


def _no_folder(path: str) -> str:
    return "" if os.path.isdir(path) else f"There is no folder {path}."


def _no_model(name: str) -> str:
    from batchdigits.inference.registry import list_models

    known = os.path.exists(name) or name in dict(list_models())
    return "" if known else f"There is no model {name}."


def _no_network(name: str) -> str:
    return "" if name in ("mlp", "cnn") else f"{name} is neither mlp nor cnn."


def _free_name() -> str:
    names = ("mine", *(f"mine-{number}" for number in range(2, 1000)))
    return next(name for name in names if not _no_name(name))


def _no_name(name: str) -> str:
    taken = os.path.exists(os.path.join("models", f"{name}.tflite"))
    return f"There is a model {name} already: choose another name." if taken else ""


def _no_file_or_folder(path: str) -> str:
    return "" if os.path.exists(path) else f"There is no file {path}."


def _no_data(path: str) -> str:
    return "" if path == "mnist" else _no_file_or_folder(path)


def _in_the_way(path: str) -> str:
    is_file = os.path.exists(path) and not os.path.isdir(path)
    return f"{path} is a file: name a folder, which may be new." if is_file else ""


def _say(text: str) -> None:
    typer.echo(text, err=True)
