"""How far reading has got, told to a function or shown as a bar."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Called with how many files and images are done, and how many there are, if that is known.
OnProgress = Callable[[int, int | None], object]


@contextmanager
def follow_progress(progress: bool | OnProgress, total: int | None) -> Iterator[OnProgress]:
    """Have a function to call as reading gets on.

    Args:
        progress: that function; ``True`` for one that shows a bar on standard error or in a
            notebook, ``False`` for one that does nothing.
        total: how many files and images there are; ``None`` where that is not known.
    """
    if callable(progress):
        yield progress
    elif progress:
        with _show_bar(total) as advance:
            yield advance
    else:
        yield lambda _done, _total: None


@contextmanager
def _show_bar(total: int | None) -> Iterator[OnProgress]:
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("reading"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeRemainingColumn(compact=True),
    )
    with rich.Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance
