"""Serves the app from this machine, without contacting any other."""

import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from pathlib import Path

import uvicorn

from tfcolor import runtimes
from tfcolor.app import server
from tfcolor.support import errors

OWN = ("127.0.0.1", "localhost")
_log = logging.getLogger(__name__)


def serve(
    net: runtimes.Network, host: str, port: int, max_mb: int, max_megapixels: float, opens: bool
) -> None:
    """Serves the page until Ctrl-C, or SIGTERM, and ends the process then.

    Args:
      net: see `server.build`.
      host: address to listen at; "127.0.0.1" is for this machine alone.
      port: to listen at.
      max_mb: largest file that is taken.
      max_megapixels: largest photograph that is taken.
      opens: whether a browser is opened, if this machine has a screen.

    Raises:
      ValueError: if the port is taken.
    """
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise errors.InputError(
            f"port {port} of {host} is not available; give another --port"
        ) from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    url = f"http://{host}:{port}"
    place = tempfile.TemporaryDirectory(prefix="tfcolor-app-", ignore_cleanup_errors=True)
    with place as folder:
        hosts = list(OWN) if host in OWN else ["*"]
        built = server.build(net, Path(folder), max_mb, max_megapixels, hosts)
        config = uvicorn.Config(built, log_level="error", timeout_graceful_shutdown=0)
        _log.info("open %s in a browser; Ctrl-C ends it", url)
        if opens and host in OWN and _has_screen():
            threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except KeyboardInterrupt:  # which the server passes on once it has ended
            pass
    # A normal exit would first finish all photographs in work, and create the folder again.
    os._exit(0)


def _has_screen() -> bool:
    """Whether a browser would have a window; in a terminal, Python would open a text browser."""
    shown = ("DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in shown)
