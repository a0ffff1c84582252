"""The ways in which files arrive in a drop folder."""

import os
import time
from collections.abc import Callable

from benchmarks.soak.drop_folder import SETTLE, DropFolder


def write_at_once(folder: DropFolder) -> None:
    """Write a file at once."""
    data = folder.make_content()
    name = folder.choose_name()
    folder.make_path(name).write_bytes(data)
    folder.expect(name, data)


def write_in_pieces(folder: DropFolder) -> None:
    """Write a file as a scanner that closes it and opens it again."""
    data = folder.make_content()
    name = folder.choose_name()
    step = len(data) // 4 + 1
    for start in range(0, len(data), step):
        with folder.make_path(name).open("ab" if start else "wb") as file:
            file.write(data[start : start + step])
        time.sleep(SETTLE / 8)
    folder.expect(name, data)


def rename_in(folder: DropFolder) -> None:
    """Write a file under a temporary name, then rename it."""
    data = folder.make_content()
    name = folder.choose_name()
    path = folder.make_path(name)
    temporary_names = [f".{path.name}.x1", f"{path.name}.part"]
    temporary = path.with_name(folder.rng.choice(temporary_names))
    temporary.write_bytes(data)
    temporary.rename(path)
    folder.expect(name, data)


def move_folder_in(folder: DropFolder) -> None:
    """Move a whole folder in at once."""
    box = folder.inbox.with_name(f"box{folder.arrived}")
    (box / "deep").mkdir(parents=True)
    for number in range(folder.rng.randint(2, 12)):
        data = folder.make_content()
        name = f"deep/{number}.png"
        (box / name).write_bytes(data)
        folder.expect(f"{box.name}/{name}", data)
    box.rename(folder.inbox / box.name)


def write_with_two_names(folder: DropFolder) -> None:
    """Write a file and link it to a second name."""
    data = folder.make_content()
    name = folder.choose_name()
    folder.make_path(name).write_bytes(data)
    link = f"link{folder.arrived}.png"
    os.link(folder.inbox / name, folder.inbox / link)
    for linked_name in (name, link):
        folder.expect(linked_name, data)
        folder.changeable.pop(linked_name, None)  # a change of one would change both


#: Ways to arrive, and how often each is taken.
ARRIVALS: dict[Callable[[DropFolder], None], int] = {
    write_at_once: 60,
    rename_in: 20,
    write_in_pieces: 3,
    write_with_two_names: 3,
    move_folder_in: 3,
}
