"""Changes that keep a file's structure, so that they reach what lies behind its checksums."""

import io
import random
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing, suppress

#: Changes bytes somehow.
Change = Callable[[bytes], bytes]
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Values that programs seldom expect in a cell of a database.
_ODD_VALUES = (
    *(None, "", b"", 0, -1, 2**31, 2**63 - 1, -(2**63), 1e308, float("nan"), "-1", "x" * 100_000),
    *(
        "../../etc/passwd",
        "/etc/passwd",
        "\0",
        "\ud7ff",
        b"\xff\xfe",
        b"\x28\xb5\x2f\xfd",
        "[]",
        "{",
    ),
)


def change_image(data: bytes, change: Change, chance: random.Random) -> bytes:
    """Change a file, and mend the CRC of each chunk where it is a PNG."""
    changed = change(data)
    return (
        mend_png(changed)
        if changed.startswith(_PNG_SIGNATURE) and chance.random() < 0.9
        else changed
    )


def mend_png(data: bytes) -> bytes:
    """Write the right CRC after each chunk that is there whole."""
    mended, at = bytearray(data), len(_PNG_SIGNATURE)
    while at + 12 <= len(mended):
        (length,) = struct.unpack_from(">I", mended, at)
        end = at + 8 + length
        if end + 4 > len(mended):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(mended[at + 4 : end]))
        at = end + 4
    return bytes(mended)


def change_workbook(data: bytes, change: Change, chance: random.Random) -> bytes:
    """Change one member of a ZIP archive and pack it again; any other file as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # zipfile raises whatever comes to it
        return change(data)
    if not members or chance.random() < 0.1:
        return change(data)
    chosen = chance.choice(sorted(members))
    members[chosen] = change(members[chosen])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def change_journal(data: bytes, change: Change, chance: random.Random) -> bytes:
    """Put an odd value into a cell of a database, or change its bytes."""
    if chance.random() < 0.3:
        return change(data)
    with suppress(sqlite3.Error), closing(sqlite3.connect(":memory:")) as sql:
        sql.deserialize(data)
        sql.execute("PRAGMA ignore_check_constraints = ON")
        sql.execute("PRAGMA writable_schema = ON")
        tables = sql.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        (table,) = chance.choice([*tables, ("sqlite_schema",)])
        columns = [row[1] for row in sql.execute(f'PRAGMA table_info("{table}")')]
        column = chance.choice(columns)
        old = sql.execute(f'SELECT "{column}" FROM "{table}" ORDER BY random()').fetchone() or (
            b"",
        )
        value = (
            chance.choice(_ODD_VALUES) if chance.random() < 0.6 else change(str(old[0]).encode())
        )
        sql.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE random() % 3', (value,))
        sql.commit()
        return sql.serialize()
    return change(data)
