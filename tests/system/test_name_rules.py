import os
import re
import unicodedata
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from batchdigits.system.filenames import shorten, to_display_name
from batchdigits.system.name_rules import (
    LINUX_NAMES,
    NameRules,
    find_name_rules,
    make_flat_name,
)

WINDOWS_NAMES = NameRules(takes_any_name=False)
ENCRYPTED_NAMES = NameRules(max_bytes=143)
#: Any bytes, and names of the kinds that disks mistake for each other.
NAMES = (
    st.binary(min_size=1, max_size=255).map(os.fsdecode)
    | st.text("aAéÉe\u0301ß\u1e9esSſK\u212a:?_~. 0\\xıIİiﬁ\udcff\u200d\xad", min_size=1, max_size=6)
).filter(lambda name: not {"\0", "/"} & set(name) and name not in (".", ".."))
DEVICES = {"con", "prn", "aux", "nul", *(f"com{i}" for i in "0123456789")}
DEVICES |= {f"lpt{i}" for i in "0123456789"}


def fold(name: str) -> str:
    """As coarsely as any disk: without case, compositions, marks that cannot be seen."""
    name = unicodedata.normalize("NFKD", name).casefold().replace("\u200d", "").replace("\xad", "")
    return unicodedata.normalize("NFKD", name).upper().rstrip(". ")


def is_taken_by_windows(name: str) -> bool:
    stem = name.partition(".")[0].rstrip(" ").lower()
    return (
        not re.search('[\x00-\x1f\x7f"*:<>?\\\\|/\ud800-\udfff]', name)
        and name[-1] not in ". "
        and stem not in DEVICES
        and len(os.fsencode(name)) <= 255
    )


@given(st.lists(NAMES, min_size=2, max_size=5, unique=True))
@example(["con.png", "_con.png", "CON.png"])
@example(["a:b", "a?b", "a_b", "a\\b"])
@example(["x" * 255, "x" * 254 + "y", "X" * 255])
def test_no_two_names_become_one_on_any_disk(names: list[str]) -> None:
    for ending in ("", ".p1.png"):
        made = [WINDOWS_NAMES.make_unmistakable(name, ending) for name in names]
        assert all(is_taken_by_windows(name) and name.endswith(ending) for name in made)
        # Nor is any of them what another file is called already.
        every_name = {*names, *(name.removesuffix(ending) for name in made)}
        made = [WINDOWS_NAMES.make_unmistakable(name, ending) for name in every_name]
        assert len(set(map(fold, made))) == len(every_name), made


@given(st.lists(NAMES, min_size=2, max_size=4, unique=True), st.sampled_from(["", "sub/"]))
def test_flat_names_are_plain_and_differ(names: list[str], folder: str) -> None:
    made = [make_flat_name(to_display_name(folder + name)) for name in names]
    assert all(map(is_taken_by_windows, made)) and all(map(str.isascii, made))
    assert max(map(len, made)) < 80 and len(set(map(fold, made))) == len(names)


@given(NAMES)
def test_the_disks_of_linux_keep_all_names(name: str) -> None:
    assert LINUX_NAMES.make_unmistakable(name, ".p1.png") == shorten(name, ".p1.png")
    path, _ = LINUX_NAMES.make_paths(Path("/q"), to_display_name(f"sub/{name}"))
    assert path == Path("/q/sub") / name


@given(NAMES)
def test_names_in_quarantine_stay_readable(name: str) -> None:
    path, flat = WINDOWS_NAMES.make_paths(Path("/q"), to_display_name(f"{name}/{name}"))
    assert is_taken_by_windows(path.parent.name) and len(path.parts) == 4 and flat != path
    if is_taken_by_windows(name):
        assert path == Path("/q") / name / name


@given(NAMES)
def test_encrypted_folders_get_shorter_names(name: str) -> None:
    assert len(os.fsencode(ENCRYPTED_NAMES.make_unmistakable(name, ".p1.png"))) <= 143
    path, _ = ENCRYPTED_NAMES.make_paths(Path("/q"), to_display_name(f"{name}/x"))
    assert len(os.fsencode(path.parent.name)) <= 143


def test_a_disk_of_linux_is_known_and_nothing_stays(tmp_path: Path) -> None:
    assert find_name_rules(tmp_path) == LINUX_NAMES and os.listdir(tmp_path) == []
