"""requirements/ holds every package that setup.cfg names, exactly and with its hashes."""

import re
from configparser import ConfigParser

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

_LOCKS = ROOT / "requirements"
_SETUP = ConfigParser()
_SETUP.read(ROOT / "setup.cfg", encoding="utf-8")
VERSIONS = re.findall(r"Python :: (3\.\d+)", _SETUP["metadata"]["classifiers"])
#: The extras that each set of packages serves, beside what every install needs.
SETS = {"run": ("all",), "dev": ("dev",), "bench": ("dev", "bench")}
_ENTRY = re.compile(r"(\S+)==(\S+?)(?: ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def parse_requirements(lines: str) -> list[Requirement]:
    return [Requirement(line) for line in lines.splitlines() if line and line[0] != "#"]


def list_needs(extras: tuple[str, ...]) -> list[Requirement]:
    """List what extras need, and those that they name in turn."""
    options = _SETUP["options.extras_require"]
    needs = []
    for extra in extras:
        for need in parse_requirements(options[extra]):
            needs += list_needs(tuple(need.extras)) if need.name == "batchdigits" else [need]
    return needs


def read_lock(name: str, version: str) -> dict[str, str]:
    """Return versions by package; every line must be one of a pinned package with hashes."""
    text = (_LOCKS / f"{name}-{version}.txt").read_text(encoding="utf-8")
    body = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    assert _ENTRY.sub("", body) == ""
    return {entry[1]: entry[2] for entry in _ENTRY.finditer(body)}


@pytest.mark.parametrize("version", VERSIONS)
def test_locks_hold_all_that_is_needed(version: str) -> None:
    always = parse_requirements(_SETUP["options"]["install_requires"])
    always += parse_requirements((_LOCKS / "build.in").read_text(encoding="utf-8"))
    before: dict[str, str] = {}
    for name, extras in SETS.items():
        lock = read_lock(name, version)
        for need in [*always, *list_needs(extras)]:
            found = lock[re.sub("[-_.]+", "-", need.name).lower()]
            assert need.specifier.contains(found), f"{name}-{version}: {need} is {found}"
        assert before.items() <= lock.items(), "tests run with other versions than users"
        before = lock


@pytest.mark.parametrize("version", VERSIONS)
def test_what_runs_brings_no_tools(version: str) -> None:
    tools = {"atheris", "hypothesis", "mypy", "onnx", "playwright", "pytest", "ruff", "uv"}
    assert not tools & read_lock("run", version).keys()


def test_every_install_compares_hashes_or_takes_the_checkout_alone() -> None:
    pages = ROOT / "README.md", ROOT / "docs" / "reference.md"
    for path in (ROOT / "Makefile", ROOT / ".ci" / "run", *pages):
        for line in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
            if re.search(r"(PIP\)|pip) install .*(\.txt|editable|-r )", line):
                assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line
