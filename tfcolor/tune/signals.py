"""Signals that arrive while others handle them."""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def watch() -> Iterator[Callable[[], bool]]:
    """Tells whether Ctrl-C or SIGTERM has come since, even if training made nothing of it.

    Training that is at its last step or was to be pruned ends as if there had been no signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    ours, pythons = socket.socketpair()
    ours.setblocking(False)
    pythons.setblocking(False)
    before = signal.set_wakeup_fd(pythons.fileno())
    numbers: set[int] = set()

    def arrived() -> bool:
        with contextlib.suppress(BlockingIOError):
            numbers.update(ours.recv(4096))
        return bool(numbers & {signal.SIGINT, signal.SIGTERM})

    try:
        yield arrived
    finally:
        signal.set_wakeup_fd(before)
        ours.close()
        pythons.close()
