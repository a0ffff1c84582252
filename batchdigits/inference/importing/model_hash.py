"""The hash of a model: of its file, or of all files of its folder."""

import hashlib
import os
import stat
from pathlib import Path

from batchdigits.errors import ModelError
from batchdigits.system.hashing import hash_file


def hash_model(path: Path) -> str:
    """Compute the SHA-256 of a file, or of a folder's files with their names, in hexadecimal.

    Raises:
        ModelError: it cannot be read, or the folder holds what is no regular file.
    """
    try:
        if not path.is_dir():
            return hash_file(path)
        digest = hashlib.sha256()
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                file = Path(folder, name)
                if not stat.S_ISREG(file.lstat().st_mode):
                    raise ModelError(f"The model {path} holds {name}, which is not a regular file.")
                digest.update(os.fsencode(file.relative_to(path)) + b"\0")
                digest.update(hash_file(file).encode())
        return digest.hexdigest()
    except OSError as error:
        raise ModelError(f"The model {path} cannot be read: {error.strerror}.") from error
