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
@click.option(
    "--format",
    "kind",
    type=click.Choice(["saved_model", "tflite"]),
    help="TFLite is smaller and starts at once.  [default: tflite for a DESTINATION that ends so]",
)
@click.option("--float32", is_flag=True, help="Of TFLite: weights of 32 bits in place of 16.")
def export(
    workdir: Path, destination: Path, checkpoint: str, kind: str | None, float32: bool
) -> None:
    """Write the model of WORKDIR as the next version below DESTINATION (saved_models/NAME).

    As TFLite it is one file, DESTINATION.
    """
    options.load_tensorflow()
    from tfcolor import convert
    from tfcolor import export as exporting

    kind = kind or ("tflite" if destination.suffix == ".tflite" else "saved_model")
    if kind == "tflite":
        made = convert.export_lite(workdir, destination, checkpoint, half=not float32)
    else:
        made = exporting.export(workdir, destination, checkpoint)
    click.echo(f"exported {made}")
