"""`tfcolor app`."""

import importlib.util
from pathlib import Path

import click

from tfcolor.cli import options
from tfcolor.support import errors


@click.command()
@options.network
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen at; 0.0.0.0 lets everybody on the network in.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=7860, show_default=True)
@click.option(
    "--max-mb",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Largest file that is taken, megabytes.",
)
@click.option(
    "--max-megapixels",
    type=click.FloatRange(0, 178),  # Pillow's guard against decompression bombs
    default=120,
    show_default=True,
    help="Largest photograph that is taken.",
)
def app(
    model: Path | None, server: str | None, host: str, port: int, max_mb: int, max_megapixels: float
) -> None:
    """Colorize photographs in a browser.

    A page on this machine, which sends nothing to any other: before and after, strength, colors of
    places that are set by hand, downloads in full size.
    """
    if not importlib.util.find_spec("gradio"):
        raise errors.InputError(
            "tfcolor app needs gradio; install it with: pip install 'tfcolor[app]'"
        )
    options.spare_threads()
    from tfcolor import runtimes
    from tfcolor.app import launch

    # A thread a call: several people may look at once.
    network = runtimes.load(options.chosen_network(model, server), threads=1)
    launch.serve(network, host, port, max_mb, max_megapixels)
