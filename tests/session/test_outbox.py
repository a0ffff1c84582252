from pathlib import Path

from batchdigits.session.outbox import open_outbox


def test_what_killed_runs_left_half_written_is_removed_and_nothing_else(outbox: Path) -> None:
    left_over = [
        ".results.csv.123.tmp",
        "sheets/.sheet-0001.png.123.tmp",
        "sheets/.sheet-0001.png.tmp",  # as earlier versions called it
        ".batchdigits/.watch.json.123.tmp",
        ".batchdigits/watch.tmp",  # the same
    ]
    others = [".notes.tmp", "watch.tmp", "sheets/.notes.png.tmp", "sheets/sheet-0001.png"]
    for name in left_over + others:
        (outbox / name).parent.mkdir(parents=True, exist_ok=True)
        (outbox / name).touch()
    with open_outbox(outbox):
        pass
    assert not [name for name in left_over if (outbox / name).exists()]
    assert all((outbox / name).exists() for name in others)
