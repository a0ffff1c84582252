"""A model's hash: of its file, or of all files of its folder."""

import hashlib
import os
import stat
from pathlib import Path

from batchdigits.errors import ModelError

_CHUNK_BYTES = 1 << 20


def hash_model(path: Path) -> str:
    """The SHA-256 of a file, or of a folder's files with their names, in hexadecimal.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        if not path.is_dir():
            return _hash_file(path)
        whole = hashlib.sha256()
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                file = Path(folder, name)
                if not stat.S_ISREG(file.lstat().st_mode):
                    raise ModelError(f"The model {path} holds {name}, which is no regular file.")
                told = os.fsencode(file.relative_to(path)) + b"\0" + _hash_file(file).encode()
                whole.update(told)
        return whole.hexdigest()
    except OSError as error:
        raise ModelError(f"The model {path} cannot be read: {error.strerror}.") from error


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()
