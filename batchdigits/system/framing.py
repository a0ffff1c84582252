"""Messages between processes, framed by their length: a reader never waits for half of one."""

import os
import sys
from struct import Struct

from batchdigits.system.sandbox.plain_messages import BadMessageError

#: The length before each message. Not :meth:`multiprocessing.connection.Connection.send`, whose
#: other end waits for the whole message, and for ever where the sender hangs in the middle of one.
_LENGTH = Struct("=Q")
#: Bytes taken in at once.
_READ_BYTES = 1 << 20


def send(descriptor: int, message: bytes) -> None:
    """Send a message; waits until the other end has room.

    Raises:
        OSError: there is no other end any more.
    """
    data = memoryview(_LENGTH.pack(len(message)) + message)
    while data:
        data = data[os.write(descriptor, data) :]


class MessageReader:
    """The receiving end of a pipe."""

    def __init__(self, descriptor: int, max_bytes: int = sys.maxsize) -> None:
        """Read from a descriptor messages of so many bytes at most."""
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._buffer = bytearray()

    @property
    def has_begun(self) -> bool:
        """Whether a message has arrived in part."""
        return bool(self._buffer)

    def read(self) -> list[bytes]:
        """Take the messages that have wholly arrived, oldest first.

        Call it when the pipe is readable; it waits otherwise.

        Raises:
            EOFError: the sender is no longer there.
            OSError: nor is the pipe.
            BadMessageError: a message says that it is longer than any may be.
        """
        data = os.read(self._descriptor, _READ_BYTES)
        if not data:
            raise EOFError
        self._buffer += data
        messages = []
        while len(self._buffer) >= _LENGTH.size:
            length = _LENGTH.unpack_from(self._buffer)[0]
            if length > self._max_bytes:
                raise BadMessageError("a message that is too long")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            messages.append(bytes(self._buffer[_LENGTH.size : end]))
            del self._buffer[:end]
        return messages
