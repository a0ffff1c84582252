"""Whether a journal was tied to its inbox by this user, in the place where it lies.

Where the files of an outbox go must not be taken from a journal that somebody handed over. So what
ties the two is signed with a key that this user alone has; whoever writes to a journal, or makes
one, cannot sign it.
"""

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from batchdigits.config.own_files import find_state_folder, read_own_file
from batchdigits.errors import UsageError
from batchdigits.system.atomic_files import write_bytes_atomically

_KEY_FILE = "key"
#: As long as what it signs with gives.
_KEY_BYTES = 32


def sign_place(root: str, inbox: str) -> str:
    """Sign that an outbox belongs to an inbox; a key is made where this user has none.

    Args:
        root: the real path of the outbox.
        inbox: the real path of the inbox, as it is shown to people.

    Returns:
        An HMAC with SHA-256 (RFC 2104), in hexadecimal digits; empty where there can be no key,
        as without a home to keep it in.
    """
    key = _load_key() or _make_key()
    if not key:
        return ""
    return hmac.new(key, os.fsencode(f"{root}\0{inbox}"), "sha256").hexdigest()


def is_signed(root: str, inbox: str, signature: str) -> bool:
    """Tell whether this user signed that an outbox belongs to an inbox, see :func:`sign_place`."""
    key = _load_key()
    if not key:
        return False
    expected = hmac.new(key, os.fsencode(f"{root}\0{inbox}"), "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), os.fsencode(signature))


def _load_key() -> bytes:
    """Read the key; empty where there is none, or one that others could have written."""
    folder = find_state_folder()
    key = None
    with suppress(UsageError):
        key = folder and read_own_file(folder / _KEY_FILE)
    return key if key and len(key) == _KEY_BYTES else b""


def _make_key() -> bytes:
    folder = find_state_folder()
    # A key that cannot be read is left as it is: it may be read again later.
    if folder and not os.path.lexists(folder / _KEY_FILE):
        with suppress(OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            write_bytes_atomically(
                Path(folder, _KEY_FILE), secrets.token_bytes(_KEY_BYTES), False, 0o600
            )
    return _load_key()
