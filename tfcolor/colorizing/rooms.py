"""Limits how much is in work at a time, and so the memory that it takes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """Limits the pixels in work at a time; a larger photograph is worked on alone."""

    def __init__(self, pixels: int) -> None:
        self._most, self._used = pixels, 0
        self._changed = threading.Condition()

    @contextmanager
    def of(self, pixels: int) -> Iterator[None]:
        """Waits for room for a photograph of so many pixels, and keeps it inside."""
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + pixels <= self._most)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()
