"""`tfcolor app`."""

import importlib.util
from pathlib import Path

import click

from tfcolor.cli import options
from tfcolor.support import errors


@click.command(short_help="Colorize photographs in the browser.", epilog="Example: tfcolor app")
@options.network
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 opens the app to the whole network.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=7860, show_default=True)
@click.option(
    "--max-mb",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Largest file accepted, megabytes.",
)
@click.option(
    "--max-megapixels",
    type=click.FloatRange(0, 178),  # Pillow's guard against decompression bombs
    default=120,
    show_default=True,
    help="Largest photograph accepted.",
)
@click.option(
    "--browser/--no-browser", default=True, show_default=True, help="Whether a browser is opened."
)
def app(
    model: Path | None,
    server: str | None,
    host: str,
    port: int,
    max_mb: int,
    max_megapixels: float,
    browser: bool,
) -> None:
    """Colorize photographs in a browser.

    The page runs on this machine and sends nothing to any other. It offers the likely colors of
    any place and variants of the whole, shows before and after, and downloads in full size.
    """
    if not all(map(importlib.util.find_spec, ("starlette", "uvicorn"))):
        raise errors.InputError(
            "tfcolor app needs starlette and uvicorn; install them with: pip install 'tfcolor[app]'"
        )
    options.spare_threads()
    from tfcolor import runtimes
    from tfcolor.app import launch

    # One thread per call, since several people may use the app at once.
    network = runtimes.load(options.chosen_network(model, server), threads=1)
    launch.serve(network, host, port, max_mb, max_megapixels, browser)
