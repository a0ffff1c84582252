"""Child processes: what they get from their parent, and what they are kept from."""

import os
import subprocess
from pathlib import Path

import pytest

from batchdigits.system.child_process import run_module

pytestmark = pytest.mark.integration


def write_module(folder: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a_module_of_tests.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_module_gets_its_arguments_and_the_number_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, sys; print(*sys.argv[1:], os.environ['KERAS_BACKEND']); sys.exit(7)"
    write_module(tmp_path, code, monkeypatch)
    process = run_module("a_module_of_tests", ["a", "b"])
    assert process.stdout == f"a b {os.getpid()} tensorflow\n" and process.returncode == 7


def test_nothing_is_imported_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise AssertionError('imported')")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "modules").mkdir()
    write_module(tmp_path / "modules", "import json; print(json.dumps(1))", monkeypatch)
    assert run_module("a_module_of_tests", []).stdout == "1\n"


def test_what_was_added_to_the_path_is_found_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise AssertionError('imported before the library')")
    (tmp_path / "a_module_of_tests.py").write_text("import json; print(__name__, json.dumps(1))")
    monkeypatch.syspath_prepend(tmp_path)
    assert run_module("a_module_of_tests", []).stdout == "__main__ 1\n"


def test_a_module_that_takes_too_long_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(tmp_path, "import time; time.sleep(60)", monkeypatch)
    with pytest.raises(subprocess.TimeoutExpired):
        run_module("a_module_of_tests", [], timeout=0.5)


def test_output_that_is_no_text_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_module(tmp_path, "import os; os.write(2, b'caf\\xe9')", monkeypatch)
    assert run_module("a_module_of_tests", []).stderr == "caf\N{REPLACEMENT CHARACTER}"
