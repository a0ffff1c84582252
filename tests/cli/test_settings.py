"""What the environment and the settings file may decide, and what they may not stop."""

import os
from pathlib import Path

import pytest

from batchdigits.cli.app import COMMANDS, COMMANDS_WITH_SETTINGS
from batchdigits.cli.main import _run
from batchdigits.cli.settings_file import read_settings_file
from batchdigits.errors import ExitCode, UsageError
from tests.conftest import Run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
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
        *("BATCHDIGITS_RUN_MAX_PAGE=1", "BATCHDIGITS_STATUS=1", "BATCHDIGITS_STATUS_AS_JSON=0"),
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
    with pytest.raises(UsageError, match=f"variable {prefix}MAXPAGES is no setting of"):
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
    with pytest.raises(UsageError, match="WATCH_HELP is no setting"):
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
        *(("quiet = 3", "valid boolean"), ("max-pages = true", "valid int")),
        *(("workers = 1.5", "valid int"), ("max-pages = 1979-05-27", "valid int")),
        *(("quarantine = 5", "not one of"), ("html = 'maybe'", "valid boolean")),
        *(("exclude = '*.x'", "absent does not exist"), ("html = false", "absent does not exist")),
        *(("include = [1, 'a']", "absent does not exist"), ("model = 7", "absent does not exist")),
    ],
)
def test_a_value_of_the_wrong_kind_is_one_sentence(line: str, word: str, folder: Path) -> None:
    (folder / "batchdigits.toml").write_text(f"[run]\n{line}\n")
    with pytest.raises(Exception, match=word) as caught:
        call("run", "absent")
    assert isinstance(caught.value, UsageError) or hasattr(caught.value, "format_message")
    assert call("run", "--help") == 0


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
