"""What the environment and the settings file may decide, and what they may not stop."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from batchdigits.cli.app import COMMANDS, COMMANDS_WITH_SETTINGS
from batchdigits.cli.environment import _name_variable
from batchdigits.cli.main import _run
from batchdigits.cli.settings_file import read_settings_file
from batchdigits.errors import ExitCode, UsageError
from batchdigits.system.logs import LOG
from tests.conftest import Run
from tests.support.commands_page import list_commands, list_options


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    for name in ("handlers", "propagate", "level"):  # commands change them for good
        monkeypatch.setattr(LOG, name, getattr(LOG, name))
    return tmp_path


def call(*arguments: str) -> int:
    """Call the program in this process, without what it does to stdout and stderr."""
    return _run(list(arguments))


@pytest.mark.parametrize(
    "variable",
    [
        *("BATCHDIGITS_VERSION=0.1.0", "BATCHDIGITS_VERSION=1", "BATCHDIGITS_HELP=1"),
        *("BATCHDIGITS_HOME=/opt", "BATCHDIGITS_KILLS=5", "BATCHDIGITS_MODELS_HELP=1"),
        *("BATCHDIGITS_INSTALL_COMPLETION=bash", "BATCHDIGITS_SHOW_COMPLETION=1"),
        *("_BATCHDIGITS_COMPLETE=source_bash", "_BATCHDIGITS_COMPLETE=1"),
        *("BATCHDIGITS_RUN_MAX_PAGE=1", "BATCHDIGITS_STATUS=1", "BATCHDIGITS_STATUS_JSON=0"),
    ],
)
def test_variables_that_are_no_setting_of_the_called_command(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(*variable.split("="))
    assert call("models", "default") == 0
    assert capsys.readouterr().out == "digits\n"
    assert call("status", "absent") == ExitCode.WATCHER_UNWELL


@pytest.mark.parametrize("command", [command.__name__ for command in COMMANDS])
def test_a_misspelt_variable_is_refused_but_not_by_help(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix = f"BATCHDIGITS_{command.upper()}_"
    monkeypatch.setenv(f"{prefix}MAXPAGES", "3")
    needed = ["x"] if command in ("predict", "evaluate") else []
    with pytest.raises(UsageError, match=f"variable {prefix}MAXPAGES is not a setting of"):
        call(command, *needed)
    assert call(command, "--help") == 0
    assert f"{command} [OPTIONS]" in capsys.readouterr().out
    assert call("--version") == 0


def test_the_nearest_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHDIGITS_RUN_MAX_PAGE", "3")
    with pytest.raises(UsageError, match=r"did you mean BATCHDIGITS_RUN_MAX_PAGES\?"):
        call("run", "absent")
    monkeypatch.setenv("BATCHDIGITS_TRAIN_FRM", "x")
    with pytest.raises(UsageError, match=r"did you mean BATCHDIGITS_TRAIN_FROM\?"):
        call("train")
    monkeypatch.setenv("BATCHDIGITS_WATCH_HELP", "1")
    with pytest.raises(UsageError, match="WATCH_HELP is not a setting"):
        call("watch")


@pytest.mark.parametrize(
    "text", ["[run\n", "[runn]\n", "[run]\nmax_page = 3", "run = 3", "[run]\na=[]"]
)
def test_a_faulty_file_stops_only_what_would_use_it(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "batchdigits.toml").write_text(text)
    for arguments in ("--help", "--version", "run --help", "run x y -h", "models default"):
        assert call(*arguments.split()) == 0, arguments
        assert capsys.readouterr().out
    with pytest.raises(UsageError, match=r"batchdigits\.toml"):
        call("run", "absent")
    with pytest.raises(UsageError, match=r"batchdigits\.toml"):
        call("run", "absent", "--", "--help")


def test_a_fault_in_the_table_of_another_command_is_that_command_s(folder: Path) -> None:
    (folder / "batchdigits.toml").write_text("[watch]\nsettel = 3\n[run]\nmax-pages = 3\n")
    with pytest.raises(UsageError, match="inbox absent does not exist"):
        call("run", "absent")
    with pytest.raises(UsageError, match=r"\[watch\] has no setting settel"):
        call("watch", "absent")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        *(("max-pages = [1]", "cannot be a list"), ("max-pages = {a = 1}", "cannot be a table")),
        *(("quiet = []", "cannot be a list"), ("exclude = [['a']]", "cannot be a list")),
        *(("quiet = 3", "neither true nor false"), ("max-pages = true", "whole number")),
        *(("workers = 1.5", "whole number"), ("max-pages = 1979-05-27", "whole number")),
        *(("quarantine = 5", "not one of"), ("html = 'maybe'", "neither true nor")),
        *(("exclude = '*.x'", "absent does not exist"), ("html = false", "absent does not exist")),
        *(("include = [1, 'a']", "cannot be a number"), ("model = 7", "cannot be a number")),
    ],
)
def test_a_value_of_the_wrong_kind_is_one_sentence(line: str, word: str, folder: Path) -> None:
    (folder / "batchdigits.toml").write_text(f"[run]\n{line}\n")
    with pytest.raises(Exception, match=word) as caught:
        call("run", "absent")
    assert isinstance(caught.value, UsageError) or hasattr(caught.value, "format_message")
    assert call("run", "--help") == 0


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("max_pages", "abc", "'abc' is not a whole number of at least 1."),
        ("workers", "0", "0 is not a whole number of at least 1."),
        ("max_megapixels", "is not it", "'is not it' is not a number of at least 0.0001."),
        ("grace", "nan", "nan is no finite number."),
        ("force", "maybe", "'maybe' is neither true nor false."),
        ("quarantine", "burn", "'burn' is not one of 'move', 'copy', 'off'."),
    ],
)
def test_a_bad_value_is_told_with_where_it_stands(
    key: str, value: str, problem: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "batchdigits.toml").write_text(f"[run]\n{key} = '{value}'\n")
    where = f"Invalid value for {key} in [run] of batchdigits.toml: "
    with pytest.raises(UsageError, match=f"^{re.escape(where + problem)}$"):
        call("run", "absent")
    variable = f"BATCHDIGITS_RUN_{key.upper()}"
    monkeypatch.setenv(variable, value)
    where = f"Invalid value for the variable {variable}: "
    with pytest.raises(UsageError, match=f"^{re.escape(where + problem)}$"):
        call("run", "absent")
    if key != "force":  # a flag without a value
        flag = f"--{key.replace('_', '-')}"
        with pytest.raises(typer.BadParameter) as caught:
            call("run", "absent", flag, value)
        assert caught.value.format_message() == f"Invalid value for '{flag}': {problem}"


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            "[run]\nquarantin = 'copy'",
            r"\[run\] has no setting quarantin; did you mean quarantine\?",
        ),
        ("[run]\nFORCE = true", r"did you mean force\?"),
        ("[run]\nno_html = true", r"has no setting no_html; write html = false\."),
        ("[run]\nno-html = false", r"write html = true\."),
        ("quarantine = 'copy'", r"it belongs under \[run\] or \[watch\]\."),
        ("quarantin = 'copy'", r"did you mean quarantine, under \[run\] or \[watch\]\?"),
        ("from = 'digits'", r"it belongs under \[train\]\."),
        ("xyzzy = 1", "no such setting"),
        ("[Run]", r"did you mean \[run\]\?"),
        ("[xyzzy]", r"use \[run\], \[watch\]"),
        ("[[run]]", r"write \[run\] once"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_what_to_write(
    text: str, advice: str, folder: Path
) -> None:
    (folder / "batchdigits.toml").write_text(text)
    with pytest.raises(UsageError, match=advice):
        call("run", "absent")


def test_a_folder_in_place_of_the_file_is_one_sentence(folder: Path) -> None:
    (folder / "batchdigits.toml").mkdir()
    with pytest.raises(UsageError, match=r"batchdigits\.toml is a folder"):
        call("run", "absent")
    assert call("run", "--help") == 0


def test_every_variable_is_named_like_its_flag() -> None:
    for name, command in list_commands():
        for option in list_options(command):
            flag = max(option.opts, key=len).removeprefix("--").replace("-", "_")
            variable = f"batchdigits {name} {flag}".replace(" ", "_").upper()
            context: Any = typer.Context(
                command, auto_envvar_prefix=variable.removesuffix(f"_{flag.upper()}")
            )
            assert _name_variable(option, context) == variable


def test_files_are_put_back_only_for_reasons_of_quarantine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("requeue", "--help") == 0
    shown = capsys.readouterr().out
    assert "truncated" in shown and "blank" not in shown and "permission" not in shown
    with pytest.raises(UsageError, match="Nothing has been read"):
        call("requeue", "absent", "--reason", "truncated")


def test_values_arrive_as_they_are_written(folder: Path) -> None:
    file = folder / "batchdigits.toml"
    file.write_text(
        "[train]\nhidden = 64\nfrom = 'digits'\n[report]\nsince = 2026-11-21\nhtml = false\n"
        "status = 'ok'\n"
    )
    assert read_settings_file(file, COMMANDS_WITH_SETTINGS, "train") == {
        "train": {"hidden": ["64"], "start": "digits"}
    }
    assert read_settings_file(file, COMMANDS_WITH_SETTINGS, "report") == {
        "report": {"since": "2026-11-21", "html": False, "status": ["ok"]}
    }
    assert read_settings_file(file, COMMANDS_WITH_SETTINGS, "run") == {"run": {}}
    assert read_settings_file(file, COMMANDS_WITH_SETTINGS, "status") == {}


@pytest.mark.integration
def test_a_refused_variable_is_a_usage_error(batchdigits: Run, folder: Path) -> None:
    done = batchdigits("run", "x", env=os.environ | {"BATCHDIGITS_RUN_EXLUDE": "b.*"})
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "did you mean BATCHDIGITS_RUN_EXCLUDE?" in done.stderr
