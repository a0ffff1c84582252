"""Help: grouped, with examples that work, and scripts with which shells complete commands."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from batchdigits.cli.app import COMMANDS, build_app
from batchdigits.cli.completion import format_script
from batchdigits.cli.examples import EXAMPLES
from batchdigits.cli.help import list_sections
from batchdigits.config import Shell
from tests.conftest import Run
from tests.support import man_page
from tests.support.commands_page import list_commands

GROUP: Any = get_command(build_app([*(command.__name__ for command in COMMANDS), "models"]))


@pytest.mark.parametrize("name", ["run", "watch", "report", "train", "predict", "evaluate"])
def test_every_option_stands_under_a_heading(name: str) -> None:
    headings = [heading for heading, _ in list_sections(GROUP.commands[name])]
    assert "Options" not in headings and len(headings) == len(set(headings))


def test_every_command_has_two_examples_that_it_takes() -> None:
    names = [name for name, _ in list_commands()]
    assert set(EXAMPLES) == {"", *names}
    for name, examples in EXAMPLES.items():
        assert len(examples) == 2, name
        for words, meaning in examples:
            command, *rest = shlex.split(words.partition(" > ")[0])
            assert words.startswith(name) and meaning.endswith(".")
            group = GROUP.commands[command]
            if "commands" in vars(group) and rest:
                group, rest = group.commands[rest[0]], rest[1:]
            context = typer.Context(group, info_name=command)
            group.make_parser(context).parse_args([word for word in rest if word != "128"])


def test_help_names_the_environment_once_and_values_in_words(batchdigits: Run) -> None:
    text = batchdigits("run", "--help").stdout
    assert text.count("BATCHDIGITS_") == 1 and "BATCHDIGITS_RUN_" in text
    assert "range>" not in text and "<" not in text and "--settle SECONDS" in text
    assert "-m, --model MODEL" in text and "[default: 100]" in text
    root = batchdigits("--help").stdout.splitlines()
    first = next(number for number, line in enumerate(root) if "A folder of scanned" in line)
    assert "one digit" in root[first + 1], "the second line says what an image holds"


def test_the_manual_page_says_what_help_says() -> None:
    page = man_page.render_page()
    assert all(f".SS batchdigits {name}".replace("-", r"\-") in page for name, _ in list_commands())
    assert r"\-i, \-\-include PATTERN" in page and ".B 130" in page
    if groff := shutil.which("groff"):
        warned = subprocess.run(
            [groff, "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        assert warned.stderr == ""


def complete(script: Path, *words: str) -> set[str]:
    """What bash offers for the last of some words."""
    lines = (
        f"source {script}",
        f"COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}",
        "_batchdigits; printf '%s\\n' \"${COMPREPLY[@]}\"",
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.integration
def test_bash_completes_commands_options_and_choices(batchdigits: Run, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(batchdigits("completion", "bash").stdout)
    assert complete(script, "batchdigits", "re") == {"review", "report", "requeue"}
    assert {"--xlsx", "--xlsx-images"} == complete(script, "batchdigits", "run", "--xl")
    images = complete(script, "batchdigits", "run", "x", "--xlsx-images", "")
    assert images == {"review", "all", "none"}
    assert complete(script, "batchdigits", "models", "sh") == {"show"}
    assert complete(script, "batchdigits", "models", "list", "--j") == {"--json"}
    assert complete(script, "batchdigits", "completion", "") >= {"bash", "zsh", "fish"}


@pytest.mark.parametrize("shell", Shell)
def test_every_shell_takes_its_script(shell: Shell, tmp_path: Path) -> None:
    text = format_script(shell, GROUP)
    assert all(flag in text for flag in ("xlsx-images", "excel-de", "requeue"))
    (tmp_path / "script").write_text(text)
    program = shutil.which(shell)
    if program:
        done = subprocess.run(
            [program, "-n", tmp_path / "script"],
            capture_output=True, text=True, check=False, env=os.environ | {"HOME": str(tmp_path)},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["digits", "batchdigits"])
def test_help_does_not_care_how_the_program_is_called(name: str, tmp_path: Path) -> None:
    program = tmp_path / name
    program.symlink_to(Path(sys.executable).with_name("batchdigits"))
    done = subprocess.run(
        [program, "models", "list", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "batchdigits models list --json" in done.stdout, done.stderr
