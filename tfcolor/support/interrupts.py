"""Handles Ctrl-C and SIGTERM, so that work is stopped only where nothing is lost."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_noted: list[threading.Event] = []  # the event of the outermost `interruptible`, if there is one


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Yields an event that Ctrl-C or SIGTERM sets; a second one raises KeyboardInterrupt.

    Nested calls share the event of the outermost, so that an interrupt that comes too late for the
    inner work stops the outer work.
    """
    if threading.current_thread() is not threading.main_thread():
        yield threading.Event()  # signals reach only the main thread
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
