"""Messages between processes, framed by their length: a reader never waits for half of one."""

import os
import select
import sys
import time
from struct import Struct

from batchdigits.system.sandbox.plain_messages import BadMessageError

#: The length before each message. Not :meth:`multiprocessing.connection.Connection.send`, whose
#: other end waits for the whole message, and for ever where the sender hangs in the middle of one.
_LENGTH = Struct("=Q")
#: Bytes of messages up to which one copy costs less than another call of the system.
_MAX_COPIED_BYTES = 1 << 16
#: Bytes taken in at once.
_READ_BYTES = 1 << 20


def send(descriptor: int, message: bytes, timeout: float = float("inf")) -> None:
    """Send a message; waits until the other end has room.

    Args:
        descriptor: of the pipe. With a timeout it has to be one that does not block.
        message: what is sent.
        timeout: seconds that may pass until it is sent as a whole. After that the pipe is of no
            more use.

    Raises:
        TimeoutError: the other end has not taken it.
        OSError: there is no other end any more.
    """
    deadline = time.monotonic() + timeout
    length = _LENGTH.pack(len(message))
    parts = [length + message] if len(message) < _MAX_COPIED_BYTES else [length, message]
    for part in parts:
        data = memoryview(part)
        while data:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:
                _wait_for_room(descriptor, deadline)


def _wait_for_room(descriptor: int, deadline: float) -> None:
    seconds = deadline - time.monotonic()
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    if seconds <= 0 or not poll.poll(seconds * 1000):
        raise TimeoutError("the other end takes no more of a message")


def receive(descriptor: int) -> bytearray:
    """Take one message, and wait until all of it has arrived; its sender has to be trusted.

    Raises:
        EOFError: the sender is no longer there.
        OSError: nor is the pipe.
        MemoryError: the message does not fit into memory.
    """
    return _receive_bytes(descriptor, _LENGTH.unpack(_receive_bytes(descriptor, _LENGTH.size))[0])


def _receive_bytes(descriptor: int, count: int) -> bytearray:
    data = bytearray(count)
    rest = memoryview(data)
    while rest:
        read_count = os.readv(descriptor, [rest])
        if not read_count:
            raise EOFError
        rest = rest[read_count:]
    return data


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
