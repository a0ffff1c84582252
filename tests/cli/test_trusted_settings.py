"""Which settings files are taken, and what one that came with a folder may not decide."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from batchdigits.cli.main import _run
from batchdigits.errors import BatchdigitsError, UsageError
from batchdigits.system.logs import LOG
from tests.support.commands_page import list_commands


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "batchdigits").mkdir(parents=True)
    for name in ("handlers", "propagate", "level"):  # commands change them for good
        monkeypatch.setattr(LOG, name, getattr(LOG, name))
    return tmp_path / "here"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "home" / "batchdigits" / "batchdigits.toml"


def fail(*arguments: str) -> str:
    """Call the program in this process, and return the one sentence that it fails with."""
    with pytest.raises(BatchdigitsError) as caught:
        _run(list(arguments))
    return str(caught.value)


#: What a settings file of the current folder may set: it runs, moves, deletes and names nothing.
HARMLESS = {
    *("input_range", "ink", "include", "exclude", "html", "xlsx", "xlsx_images", "csv_dialect"),
    *("parquet", "charts", "file_timeout", "worker_memory", "workers", "settle", "grace"),
    *("max_megapixels", "max_pages", "quarantine", "thumbnails", "duplicates", "force"),
    *("retry_failed", "dry_run", "quiet", "verbose", "log_json", "rescan", "poll", "rotate"),
    *("json", "show", "since", "status", "where", "arch", "hidden", "output", "epochs", "refine"),
    *("batch_size", "patience", "seed", "hold_out", "committee"),
}
SETTINGS = [
    (command, param)
    for command, declared in list_commands()
    if command in ("run", "watch", "predict", "correct", "report", "evaluate", "train", "explore")
    for param in declared.params
    if param.name != "help"
]


def test_a_file_of_the_folder_sets_only_what_is_harmless(folder: Path) -> None:
    for command, param in SETTINGS:
        value = "true" if getattr(param, "is_flag", False) else "'1'"
        (folder / "batchdigits.toml").write_text(f"[{command}]\n{param.name} = {value}\n")
        needed = ["x"] if command in ("predict", "evaluate") else []
        # Whatever is not refused for that must not be reached: another variable stops the call.
        os.environ[stop := f"BATCHDIGITS_{command.upper()}_NOTHING"] = "1"
        try:
            with pytest.raises(Exception) as caught:
                _run([command, *needed])
        finally:
            del os.environ[stop]
        is_refused = "may not set" in str(caught.value)
        assert is_refused == (param.name not in HARMLESS), (command, param.name, caught.value)


def test_the_refusal_says_where_it_may_stand(folder: Path) -> None:
    (folder / "batchdigits.toml").write_text("[watch]\non-batch = 'touch stolen'\n")
    sentence = fail("watch", "absent")
    assert sentence == (
        "batchdigits.toml in the current folder may not set on-batch of [watch]: only a flag, the "
        "environment, --config FILE or your own ~/.config/batchdigits/batchdigits.toml may."
    )
    assert "absent does not exist" in fail("run", "absent")
    assert "absent does not exist" in fail("--config", "batchdigits.toml", "watch", "absent")


def test_files_are_taken_in_their_order(folder: Path, own: Path) -> None:
    (folder / "batchdigits.toml").write_text("[run]\nmax-pages = 'folder'\n")
    own.write_text("[run]\nmax-pages = 'own'\nmodel = 'mine'\nworkers = 'own'\n")
    (folder / "given.toml").write_text("[run]\nworkers = 'given'\n")
    assert f"workers in [run] of {own}" in fail("run", "x", "--max-pages", "3")
    assert f"max_pages in [run] of {own}" in fail("run", "x")  # its own faults come first
    own.write_text("[run]\nmax-pages = 7\n")
    assert "max_pages in [run] of batchdigits.toml" in fail("run", "x")
    assert "workers in [run] of given.toml" in fail("--config", "given.toml", "run", "x")
    assert "no settings file absent.toml" in fail("--config", "absent.toml", "run", "x")
    assert _run(["--config", "absent.toml", "run", "--help"]) == 0


def test_the_file_that_was_taken_is_told(
    folder: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def tell(*arguments: str) -> str:
        with pytest.raises(BatchdigitsError):
            _run(list(arguments))
        return capsys.readouterr().err

    assert tell("run", ".") == ""
    own.write_text("[run]\n")
    assert tell("run", ".") == f"Settings are taken from {own}.\n"
    (folder / "batchdigits.toml").write_text("[run]\nmax_pages = 3\n")
    (folder / "in").mkdir()
    assert tell("run", "in") == f"Settings are taken from batchdigits.toml and {own}.\n"
    assert tell("run", "in", "--quiet") == ""
    assert "Settings" not in tell("requeue", "absent")


@pytest.mark.parametrize("inbox", [".", "..", "../link", "../here/below/.."])
def test_no_file_is_taken_from_inside_the_inbox(
    inbox: str, folder: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "below").mkdir()
    (folder.parent / "link").symlink_to(folder)
    (folder / "batchdigits.toml").write_text("[run]\nmodel = 'theirs'\n")
    with pytest.raises(BatchdigitsError) as caught:
        _run(["run", inbox, str(folder / "batchdigits.toml" / "outbox"), "--quiet"])
    assert "may not set" not in str(caught.value) and "theirs" not in str(caught.value)
    told = capsys.readouterr().err
    assert told == "batchdigits.toml was ignored: it lies in the inbox.\n"
    assert "it lies in the inbox" in fail("--config", "batchdigits.toml", "run", inbox)
    assert "may not set model" in fail("run", "below")
    (folder / "batchdigits.toml").rename(folder / "below" / "theirs.toml")
    (folder / "batchdigits.toml").symlink_to("below/theirs.toml")
    with pytest.raises(BatchdigitsError):
        _run(["run", "below", str(folder / "batchdigits.toml" / "outbox")])
    assert "was ignored" in capsys.readouterr().err


def make_world_writable(path: Path) -> None:
    path.chmod(0o646)


def make_group_writable(path: Path) -> None:
    os.chown(path, -1, 12345)
    path.chmod(0o664)


def give_away(path: Path) -> None:
    os.chown(path, 12345, -1)


def open_folder(path: Path) -> None:
    path.parent.chmod(0o777)


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_huge(path: Path) -> None:
    path.write_bytes(b"#" * (2 << 20))


def give_away_a_pipe(path: Path) -> None:
    make_pipe(path)
    give_away(path)


def give_away_a_link(path: Path) -> None:
    path.rename(path.with_name("linked"))
    path.symlink_to("linked")
    os.chown(path, 12345, -1, follow_symlinks=False)


#: Changes that others may have made, and not the user alone.
FOREIGN = (
    *(make_world_writable, make_group_writable, give_away, open_folder),
    *(give_away_a_pipe, give_away_a_link),
)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (make_world_writable, "others may write to it"),
        (make_group_writable, "others may write to it"),
        (give_away, "belongs to another user"),
        (give_away_a_pipe, "belongs to another user"),
        (give_away_a_link, "belongs to another user"),
        (open_folder, "others may write to its folder"),
        (make_pipe, "is not a regular file"),
        (make_huge, "larger than 1 MiB"),
    ],
)
def test_no_file_is_taken_that_others_may_have_written(
    change: Callable[[Path], None],
    word: str,
    folder: Path,
    own: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for path, arguments in (
        (folder / "batchdigits.toml", ("run", "absent")),
        (own, ("run", "absent")),
        (folder.parent / "given" / "x", ("--config", "../given/x", "run", "absent")),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text("[run]\n")
        assert "absent does not exist" in fail(*arguments)
        try:
            change(path)
        except PermissionError:
            pytest.skip("only root gives files away")
        capsys.readouterr()
        sentence = fail(*arguments)
        told = capsys.readouterr().err
        if path.parent == folder and change in FOREIGN:
            # In a folder that many share, nobody stops the work of others.
            assert "absent does not exist" in sentence
            assert told.startswith("batchdigits.toml is not used: ") and told.count("\n") == 1
            sentence = told
        assert word in sentence
        path.parent.chmod(0o755)
        path.unlink()


def test_a_folder_for_all_serves_where_nobody_replaces_files_of_others(folder: Path) -> None:
    (folder / "batchdigits.toml").write_text("[run]\n")
    folder.chmod(0o1777)
    assert "absent does not exist" in fail("run", "absent")


@pytest.mark.parametrize("base", ["", "here", "relative/path"])
def test_a_home_for_settings_is_never_relative(
    base: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / base / "batchdigits").mkdir(parents=True)
    (folder / base / "batchdigits" / "batchdigits.toml").write_text("[run]\nmodel = 3\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", base)
    monkeypatch.setenv("HOME", str(folder.parent))
    assert "absent does not exist" in fail("run", "absent")


def test_errors_of_settings_are_usage_errors(folder: Path) -> None:
    (folder / "batchdigits.toml").write_text("[run]\nmodel = 'x'\n")
    with pytest.raises(UsageError):
        _run(["run", "absent"])
