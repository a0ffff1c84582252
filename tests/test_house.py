"""The house's rules: which room may import which, and what is loaded when."""

import ast
import os
import re
import subprocess
import sys
from configparser import ConfigParser
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "batchdigits"


def rank_of_rooms() -> dict[str, int]:
    """Each room's row in the table of docs/architecture.md; a lower room has a higher number."""
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\| `([\w/]+)` \|", text, re.M)
    return {room: rank for rank, room in enumerate(rooms)}


RANK = rank_of_rooms()
#: Dotted names of all modules, without the package's own, and their files.
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def imports(path: Path) -> set[str]:
    """The modules of this house that a module imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            inside = [name for name in whole if name.partition(".")[2] in MODULES]
            names = inside if len(inside) == len(whole) else [*inside, node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.partition(".")[2] for name in names if name.startswith("batchdigits.")}
    return found


def test_the_table_of_rooms_has_every_room() -> None:
    rooms = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*")
        if path.is_dir() and (path / "__init__.py").exists()
    }
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert set(RANK) == rooms | loose


@pytest.mark.parametrize("module", sorted(MODULES))
def test_rooms_import_only_from_below(module: str) -> None:
    room = module.partition(".")[0]
    if room == "__init__":
        return
    reached = {name.partition(".")[0] for name in imports(MODULES[module])} - {room}
    assert {other for other in reached if RANK[other] <= RANK[room]} == set()


def test_no_two_modules_import_each_other() -> None:
    graph = {module: imports(path) for module, path in MODULES.items() if module != "__init__"}
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_rooms_stay_small() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 12, "ten modules beside __init__ and __main__"
    rooms = {path.parent for path in MODULES.values()}
    assert {room for room in rooms if len(list(room.glob("*.py"))) > 20} == set()
    lengths = {
        module: len(path.read_text(encoding="utf-8").splitlines())
        for module, path in MODULES.items()
    }
    assert {module: length for module, length in lengths.items() if length > 300} == {}


def test_rooms_know_few_others() -> None:
    # A pair is a room (or a loose module) and another one that it imports. There were 302 when
    # sixty modules lay side by side; about half as many is what rooms are for.
    pairs = {
        (room, other)
        for module, path in MODULES.items()
        if (room := module.partition(".")[0]) != "__init__"
        for other in {name.partition(".")[0] for name in imports(path)} - {room}
    }
    assert len(pairs) <= 160


def test_every_room_is_in_the_wheel() -> None:
    setup = ConfigParser()
    setup.read(PACKAGE.parent / "setup.cfg", encoding="utf-8")
    packages = setup["options"]["packages"].split()
    rooms = {path.parent.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("__init__.py")}
    # models/ lies beside the package, where people find it, and is shipped inside.
    assert sorted(packages) == sorted(
        {".".join(room.parts) for room in rooms} | {"batchdigits.models"}
    )


def loaded_by(*arguments: str) -> set[str]:
    """Top-level packages in memory at the end of one call of the program."""
    script = (
        "import sys; from batchdigits.cli.main import main\n"
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
