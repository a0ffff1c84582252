"""Messages between processes, of which the other end takes nothing, or a little at a time."""

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from batchdigits.system.framing import MessageReader, receive, send

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("length", [0, 1, 70_000, 5_000_000])
def test_a_message_arrives_whole(pair: Pair, length: int) -> None:
    message = os.urandom(length)
    thread = threading.Thread(target=send, args=(pair[0].fileno(), message, 60.0))
    thread.start()
    assert receive(pair[1].fileno()) == message
    thread.join()
    send(pair[0].fileno(), b"short")
    assert MessageReader(pair[1].fileno()).read() == [b"short"]


@pytest.mark.parametrize("drips", [False, True])
def test_whoever_takes_nothing_is_waited_for_so_long_and_no_longer(pair: Pair, drips: bool) -> None:
    is_over = threading.Event()

    def drip() -> None:
        while not is_over.is_set() and pair[1].recv(50_000):
            time.sleep(0.005)

    thread = threading.Thread(target=drip)
    if drips:
        thread.start()
    with pytest.raises(TimeoutError):
        send(pair[0].fileno(), bytes(1 << 28), 0.3)
    is_over.set()
    if drips:
        thread.join()


def test_an_end_that_is_closed_is_noticed(pair: Pair) -> None:
    pair[0].send(b"half")
    pair[0].close()
    with pytest.raises(EOFError):
        receive(pair[1].fileno())
