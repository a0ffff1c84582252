"""ZIP archives in memory."""

import io
import zipfile


def make_zip(members: dict[str, bytes]) -> bytes:
    """Pack members, by their names, into an archive without compression."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()
