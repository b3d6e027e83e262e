"""Hides what C++ libraries print on stderr."""

import contextlib
import os
import threading
from collections.abc import Iterator

_lock = threading.Lock()  # the file descriptor belongs to the process


@contextlib.contextmanager
def stderr() -> Iterator[None]:
    """Discards what is written to file descriptor 2 inside; one thread at a time."""
    with _lock:
        kept = os.dup(2)
        try:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 2)
                yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
