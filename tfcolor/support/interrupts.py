"""Ctrl-C and SIGTERM: noted, and acted on where work can be stopped without loss."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_noted: list[threading.Event] = []  # of the outermost `interruptible`


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Ctrl-C or SIGTERM sets the event that is given; a second one raises KeyboardInterrupt.

    Work within work shares the event of the outer one, so that what the inner one was too late to
    act on stops the outer one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield threading.Event()  # signals reach the main thread alone
        return
    if _noted:
        yield _noted[0]
        return
    interrupted = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    _noted.append(interrupted)
    try:
        yield interrupted
    finally:
        _noted.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
