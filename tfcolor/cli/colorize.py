"""`tfcolor colorize`."""

from pathlib import Path

import click

from tfcolor.cli import options


@click.command()
@click.argument("photos", nargs=-1, required=True, type=options.FOLDER, metavar="PHOTO...")
@click.option(
    "-o",
    "--output",
    type=options.FOLDER,
    required=True,
    help="A file for one photograph, else a folder; folders keep their tree.",
)
@click.option(
    "-m",
    "--model",
    type=options.FOLDER,
    envvar="TFCOLOR_MODEL",
    show_envvar=True,
    show_default="the model that comes with tfcolor",
    help="A SavedModel made by tfcolor export, or its folder of versions.",
)
@click.pass_context
def colorize(
    context: click.Context, photos: tuple[Path, ...], output: Path, model: Path | None
) -> None:
    """Colorize photographs: files or folders, of any size. Their lightness is kept."""
    options.load_tensorflow()
    from tfcolor import colorize as colorizing
    from tfcolor import inference, pretrained

    pairs = colorizing.plan(photos, output)
    colorizer = inference.load(model) if model else pretrained.load()
    results = colorizing.colorize_files(colorizer, pairs)
    failed = 0
    for index, (path, reason) in enumerate(results, start=1):
        failed += reason is not None
        click.echo(f"{index}/{len(pairs)}  {reason or path}", err=reason is not None)
    if failed:
        click.echo(f"Error: {failed} of {len(pairs)} photographs failed", err=True)
        context.exit(1)
