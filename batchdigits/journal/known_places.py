"""Whether a journal was tied to its inbox by this user, in the place where it lies.

Where the files of an outbox go must not be taken from a journal that somebody handed over. So what
ties the two is signed with a key that this user alone has; whoever writes to a journal, or makes
one, cannot sign it.
"""

import fcntl
import hmac
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from batchdigits.config.own_files import find_state_folder, read_own_file
from batchdigits.errors import UsageError
from batchdigits.system.atomic_files import write_bytes
from batchdigits.system.file_moves import move_file
from batchdigits.system.logs import LOG
from batchdigits.system.safe_files.places import open_place

_KEY_FILE = "key"
#: As long as what it signs with gives.
_KEY_BYTES = 32
#: Seconds that another process may take to make one, and between two looks whether it has.
_LOCK_TIMEOUT, _LOCK_DELAY = 2.0, 0.02


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
    """Make a key, or take the one that another process made meanwhile; empty where none can be."""
    folder = find_state_folder()
    problem = "there is no home to keep it in"
    if folder:
        problem = f"{folder / _KEY_FILE} is no key, or one that others could have written"
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with _lock(folder):
                if not _load_key():
                    _write_key(folder / _KEY_FILE)
        except OSError as error:
            problem = f"{folder / _KEY_FILE} cannot be written: {error.strerror}"
    key = _load_key()
    if not key:
        LOG.info("The outbox is not signed, as there is no key to sign it with: %s.", problem)
    return key


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Keep other processes of the user from making a key, where the file system can do so."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + _LOCK_TIMEOUT
        while time.monotonic() < deadline:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOCK_DELAY)
            except OSError:  # as of NFS
                break
            else:
                break
        yield
    finally:
        os.close(descriptor)


def _write_key(path: Path) -> None:
    """Write a new key where there is none, or one that a power cut or a full disk cut off.

    Raises:
        OSError: it cannot be written.
    """
    is_there = os.path.lexists(path)
    if is_there and not _is_cut_off(path):
        return  # it may be read again later
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_bytes(temporary, secrets.token_bytes(_KEY_BYTES), 0o600)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if is_there:
            temporary.replace(path)
        else:
            # One that another process made is as good, and may have signed something already.
            with suppress(FileExistsError):
                move_file(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    with open_place(path) as place:
        place.sync_folder()


def _is_cut_off(path: Path) -> bool:
    """Tell whether there is a file of the user's own that is no key, and may be read."""
    try:
        status = path.lstat()
        content = read_own_file(path)
    except (OSError, UsageError):
        return False
    is_own_file = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
    return is_own_file and content is not None and len(content) != _KEY_BYTES
