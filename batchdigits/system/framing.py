"""Messages between processes, each behind its length; a reader never waits for half of one."""

import os
from struct import Struct

#: What comes before each message. Not :meth:`multiprocessing.connection.Connection.send`, whose
#: other end waits for the whole message, and for ever where the sender hangs in the middle of one.
_LENGTH = Struct("=Q")
#: Bytes taken in at once.
_AT_ONCE = 1 << 20


def send(descriptor: int, message: bytes) -> None:
    """Send a message; waits until the other end has room.

    Raises:
        OSError: there is no other end any more.
    """
    data = memoryview(_LENGTH.pack(len(message)) + message)
    while data:
        data = data[os.write(descriptor, data) :]


class Inlet:
    """The receiving end of a pipe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._heard = bytearray()

    def read(self) -> list[bytes]:
        """What has wholly arrived; call it when there is something to read.

        Raises:
            EOFError: the sender is no longer there.
            OSError: nor is the pipe.
        """
        data = os.read(self._descriptor, _AT_ONCE)
        if not data:
            raise EOFError
        self._heard += data
        messages = []
        while len(self._heard) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._heard)[0]
            if len(self._heard) < end:
                break
            messages.append(bytes(self._heard[_LENGTH.size : end]))
            del self._heard[:end]
        return messages
