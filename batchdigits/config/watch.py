"""The settings of ``batchdigits watch`` beyond those of a run."""

from dataclasses import dataclass

from batchdigits.config.choices import Processed, Rotate
from batchdigits.config.option import option


@dataclass(frozen=True, slots=True)
class Watching:
    """What a watcher does besides its :class:`Settings`; all times are in seconds.

    Attributes:
        rescan: how often the whole inbox is compared with what is on record.
        poll: how often the inbox is searched instead of waiting for events; ``None`` to do so only
            where events do not come.
        rotate: when a new CSV and JSON begin.
        processed: what is done with files that were read.
        on_batch: a shell command that is run after each batch, or empty.
    """

    rescan: float = option(300.0, "Seconds between searches for missed files.", minimum=0.5)
    poll: float | None = option(
        None,
        "Search the folder at this interval, in seconds, instead of waiting for events.",
        minimum=0.1,
        shown_default="only where needed",
    )
    rotate: Rotate = option(Rotate.NEVER, "When to begin a new CSV and JSON.")
    processed: Processed = option(
        Processed.LEAVE, "What to do with files once they are read.", is_trusted_only=True
    )
    on_batch: str = option(
        "",
        "Shell command that gets each batch of new rows as JSON lines on its standard input.",
        is_trusted_only=True,
    )
