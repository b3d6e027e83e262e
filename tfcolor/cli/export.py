"""`tfcolor export`."""

from pathlib import Path

import click

from tfcolor.cli import options


@click.command()
@click.argument("workdir", type=options.FOLDER)
@click.argument("destination", type=options.FOLDER)
@click.option(
    "--checkpoint",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="Which weights: best by validation, or the last ones.",
)
def export(workdir: Path, destination: Path, checkpoint: str) -> None:
    """Write the model of WORKDIR as the next version below DESTINATION (saved_models/NAME)."""
    options.load_tensorflow()
    from tfcolor import export as exporting

    click.echo(f"exported {exporting.export(workdir, destination, checkpoint)}")
