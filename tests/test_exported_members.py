"""The names that ``import batchdigits`` offers, and that nothing people may need is missing."""

import builtins
import inspect
import re
import subprocess
import sys

import pytest

import batchdigits
from batchdigits import errors
from tests.conftest import ROOT

ERRORS = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, batchdigits.BatchdigitsError)
]


def test_the_public_names() -> None:
    assert batchdigits.__all__ == [
        "BatchdigitsError",
        "DataError",
        "EmptyInboxError",
        "MissingExtraError",
        "ModelError",
        "OutboxBusyError",
        "OutboxError",
        "Reading",
        "StandardOutputError",
        "UsageError",
        "__version__",
        "read",
        "to_dataframe",
    ]
    assert set(batchdigits.__all__) <= set(dir(batchdigits))


@pytest.mark.parametrize("name", sorted(set(batchdigits.__all__) - {"__version__"}))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert inspect.getdoc(vars(batchdigits).get(name) or getattr(batchdigits, name))


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_exported(error: type[batchdigits.BatchdigitsError]) -> None:
    # One image that cannot be read is no error to callers, but a reading that says why.
    is_internal = error is errors.ImageError
    assert is_internal != (getattr(batchdigits, error.__name__, None) is error)
    assert error.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("function", [batchdigits.read, batchdigits.to_dataframe])
def test_what_a_function_raises_is_exported(function: object) -> None:
    *_, raises = (inspect.getdoc(function) or "").partition("Raises:\n")
    names = re.findall(r"^    (\w+):", raises, re.M)
    assert names
    for name in names:
        assert hasattr(builtins, name) or name in batchdigits.__all__


def test_the_readme_has_every_exit_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## Exit codes")[2].partition("\n## ")[0]
    cells = ", ".join(re.findall(r"^\| ([\d, ]+) \|", table, re.M))
    assert [int(code) for code in cells.split(", ")] == list(errors.ExitCode)


def test_errors_can_be_caught_without_loading_numpy() -> None:
    script = "import sys, batchdigits; batchdigits.ModelError; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
