"""``python -m batchdigits``."""

from batchdigits.cli import main

if __name__ == "__main__":
    main()
