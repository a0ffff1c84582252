import os

from hypothesis import given
from hypothesis import strategies as st

from batchdigits.system.filenames import (
    MAX_NAME_BYTES,
    make_order_key,
    shorten,
    to_display_name,
    to_raw_name,
)

FILE_NAMES = st.binary(min_size=1, max_size=80).map(os.fsdecode)
TRICKY = st.text("\\xf0a\udcff\udc80", max_size=12)


@given(FILE_NAMES | TRICKY)
def test_display_name_is_utf8_and_reversible(name: str) -> None:
    shown = to_display_name(name)
    shown.encode("utf-8")
    assert to_raw_name(shown) == name


@given(st.lists(FILE_NAMES | TRICKY, min_size=2, max_size=2, unique=True))
def test_two_names_never_look_alike(names: list[str]) -> None:
    assert to_display_name(names[0]) != to_display_name(names[1])


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("scan 1.png", "Größe.png", "数字.png", "😀.png", "a\\b.png", "new\nline.png"):
        assert to_display_name(name) == name
    assert to_display_name(os.fsdecode(b"caf\xe9.png")) == "caf\\xe9.png"


def test_names_are_sorted_as_people_count() -> None:
    names = ["digit10.png", "digit2.png", "Digit1.png", "2.png", "10.png", "a.png"]
    assert sorted(names, key=make_order_key) == [
        "2.png", "10.png", "a.png", "Digit1.png", "digit2.png", "digit10.png",
    ]  # fmt: skip


@given(st.lists(st.text(st.sampled_from("aB01/9-."), min_size=1), max_size=6, unique=True))
def test_no_two_names_share_a_place(names: list[str]) -> None:
    assert len({make_order_key(name) for name in names}) == len(names)


def test_files_of_a_folder_come_before_its_sub_folders() -> None:
    names = ["b.png", "a/2.png", "a/10.png", "a/b/1.png", "a10/1.png", "A/1.png", "a 1/x.png"]
    assert sorted(names, key=make_order_key) == [
        "b.png", "a/2.png", "a/10.png", "a/b/1.png", "A/1.png", "a10/1.png", "a 1/x.png",
    ]  # fmt: skip


def test_natural_order_takes_digits_of_any_script() -> None:
    sorted(["a²", "a2", "a٣", "٣", "2", "²"], key=make_order_key)


@given(st.binary(min_size=1, max_size=400).map(os.fsdecode), st.sampled_from(["", ".p1.png"]))
def test_shortened_names_fit_a_disk(name: str, ending: str) -> None:
    short = shorten(name, ending)
    assert len(os.fsencode(short)) <= MAX_NAME_BYTES
    assert short.endswith(ending)
    if len(os.fsencode(name + ending)) <= MAX_NAME_BYTES:
        assert short == name + ending


def test_two_long_names_stay_apart() -> None:
    first, second = "x" * 250 + "1.png", "x" * 250 + "2.png"
    assert shorten(first, ".json") != shorten(second, ".json")
