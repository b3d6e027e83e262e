"""Serves the page from this machine, without contacting any other."""

import logging
import os
import signal
import tempfile

from tfcolor import runtimes
from tfcolor.support import errors

_log = logging.getLogger(__name__)


def serve(net: runtimes.Network, host: str, port: int, max_mb: int, max_megapixels: float) -> None:
    """Serves the page until Ctrl-C, or SIGTERM, and ends the process then.

    Args:
      net: see `page.build`.
      host: address to listen at; "127.0.0.1" is for this machine alone.
      port: to listen at.
      max_mb: largest file that is taken.
      max_megapixels: largest photograph that is taken.

    Raises:
      ValueError: if the port is taken.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    place = tempfile.TemporaryDirectory(prefix="tfcolor-app-", ignore_cleanup_errors=True)
    with place as folder:
        # Set before Gradio is imported: it would contact its makers' servers otherwise.
        os.environ.update(
            GRADIO_ANALYTICS_ENABLED="False", GRADIO_TEMP_DIR=folder, HF_HUB_OFFLINE="1"
        )
        from tfcolor.app import page

        blocks = page.build(net, max_mb, max_megapixels)
        try:
            url = blocks.launch(
                server_name=host,
                server_port=port,
                prevent_thread_lock=True,
                quiet=True,
                share=False,
                theme=page.theme(),
                css=page.STYLE,
                max_file_size=f"{max_mb}mb",
                footer_links=[],
                run_history=False,  # or the browser would keep photographs
                ssr_mode=False,
                mcp_server=False,
                pwa=False,
                enable_monitoring=False,
            )[1]
        except OSError as error:
            raise errors.InputError(
                f"port {port} of {host} is not available; give another --port"
            ) from error
        _log.info("open %s in a browser; Ctrl-C ends it", url)
        blocks.block_thread()
    # A normal exit would first finish all photographs in work, and create the folder again.
    os._exit(0)
