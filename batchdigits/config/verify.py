"""The settings of ``batchdigits verify``."""

from dataclasses import dataclass
from pathlib import Path

from batchdigits.config.option import option


@dataclass(frozen=True, kw_only=True)
class VerifySettings:
    """How an outbox is compared with its journal and its inbox.

    Attributes:
        repair: mend what can be mended.
        inbox: the folder that files in quarantine go back to, where the journal is not believed.
        quick: compare sizes and times of files instead of their contents.
        verbose: name every file, and not the first few of a kind alone.
        as_json: print a JSON object for each finding, and one at the end.
    """

    repair: bool = option(False, "Repair what can be repaired; no correction is lost.")
    inbox: Path | None = option(
        None, "Inbox, for --repair; needed if the outbox was copied or made elsewhere."
    )
    quick: bool = option(False, "Compare sizes and times of files, not their contents.")
    verbose: bool = option(False, "Name every file, not the first few.", "--verbose", "-v")
    as_json: bool = option(False, "Print one JSON object per finding.", "--json", name="json")
