"""The house's rules: which room may import which, and what is loaded when."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "batchdigits"


def rank_of_rooms() -> dict[str, int]:
    """Each room's row in the table of docs/architecture.md; a lower one is further up."""
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+` ?)+)\|", text, re.M)
    return {room: rank for rank, row in enumerate(rows) for room in re.findall(r"\w+", row)}


RANK = rank_of_rooms()


def imports(path: Path) -> set[str]:
    """The rooms of this house that a module imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module == "batchdigits":
            modules = [f"batchdigits.{each.name}" for each in node.names]
            modules = [name for name in modules if name != "batchdigits.__version__"]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        elif isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        found |= {name.split(".")[1] for name in modules if name.startswith("batchdigits.")}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_rooms_import_only_from_above(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    below = {each for each in imports(path) if RANK[each] >= RANK[room] and each != room}
    typed_only = {"arrays"} if room == "records" else set()
    assert below - typed_only == set()


def loaded_by(*arguments: str) -> set[str]:
    """Top-level packages in memory at the end of one call of the program."""
    script = (
        "import sys; from batchdigits.cli import main\n"
        f"sys.argv = ['batchdigits', *{arguments!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("LOADED"))
    return set(line.split())


#: What takes more than a few hundredths of a second to load.
HEAVY = {"tensorflow", "keras", "cv2", "pandas", "matplotlib", "numpy", "ai_edge_litert"}


def test_help_loads_nothing_heavy() -> None:
    # markdown_it: what Typer needs for help in boxes takes longer than Typer itself.
    slow = HEAVY | {"rich", "markdown_it", "tomllib", "multiprocessing"}
    assert loaded_by("--help") & slow == set()
    assert loaded_by("run", "--help") & slow == set()


def test_a_run_loads_no_tensorflow(tmp_path: Path) -> None:
    inbox = PACKAGE.parent / "inbox" / "drawings"
    loaded = loaded_by("run", str(inbox), str(tmp_path / "outbox"))
    assert {"cv2", "ai_edge_litert"} <= loaded
    late = {"tensorflow", "keras", "pandas", "matplotlib", "tifffile", "watchdog", "PIL"}
    assert loaded & late == set()


def test_a_quiet_run_loads_no_rich(tmp_path: Path) -> None:
    inbox = PACKAGE.parent / "inbox" / "drawings"
    assert "rich" not in loaded_by("run", str(inbox), str(tmp_path / "outbox"), "--quiet")


def test_ctrl_c_while_loading_leaves_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    done = subprocess.run(
        [sys.executable, "-m", "batchdigits", "--help"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
