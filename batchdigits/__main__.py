"""``python -m batchdigits``, and the command ``batchdigits``."""

import gc
import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback even while it loads."""
    # Loading makes many objects and no garbage; the command line turns the search on again.
    gc.disable()
    try:
        from batchdigits.cli.main import main as command_line

        command_line()
    except KeyboardInterrupt:
        from signal import SIGINT  # nothing of the package: it may be what was loading

        sys.exit(128 + SIGINT)
    finally:
        # The system takes all memory back at once: no need to search it for garbage before.
        gc.freeze()


if __name__ == "__main__":
    main()
