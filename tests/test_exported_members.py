"""The names that ``import batchdigits`` offers, and that nothing people may need is missing."""

import builtins
import inspect
import re
import subprocess
import sys
from typing import get_type_hints

import pytest

import batchdigits
from batchdigits import errors
from batchdigits.api.tables import ReadOptions
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
        "Readings",
        "StandardOutputError",
        "UsageError",
        "__version__",
        "iread",
        "load",
        "read",
        "to_dataframe",
    ]
    assert dir(batchdigits) == batchdigits.__all__


@pytest.mark.parametrize("name", sorted(set(batchdigits.__all__) - {"__version__"}))
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert inspect.getdoc(vars(batchdigits).get(name) or getattr(batchdigits, name))


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_exported(error: type[batchdigits.BatchdigitsError]) -> None:
    # One image that cannot be read is no error to callers, but a reading that says why.
    is_internal = error is errors.ImageError
    assert is_internal != (getattr(batchdigits, error.__name__, None) is error)
    assert error.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("name", ["read", "iread", "to_dataframe", "load"])
def test_what_a_function_raises_is_exported(name: str) -> None:
    *_, raises = (inspect.getdoc(getattr(batchdigits, name)) or "").partition("Raises:\n")
    names = re.findall(r"^    (\w+):", raises, re.M)
    assert names
    for error in names:
        assert hasattr(builtins, error) or error in batchdigits.__all__


def test_what_reads_takes_the_same_options() -> None:
    parameters = inspect.signature(batchdigits.read).parameters
    assert inspect.signature(batchdigits.iread).parameters == parameters
    hints = get_type_hints(batchdigits.read)
    assert get_type_hints(ReadOptions) == {name: hints[name] for name in list(parameters)[1:]}


def test_the_reference_has_every_exit_code() -> None:
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    table = reference.partition("## Exit codes")[2].partition("\n## ")[0]
    cells = ", ".join(re.findall(r"^\| ([\d, ]+) \|", table, re.M))
    assert [int(code) for code in cells.split(", ")] == list(errors.ExitCode)


def test_errors_can_be_caught_without_loading_numpy() -> None:
    script = "import sys, batchdigits; batchdigits.ModelError; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
