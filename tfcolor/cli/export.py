"""`tfcolor export`."""

import importlib.util
from pathlib import Path
from typing import Any

import click

from tfcolor.cli import options
from tfcolor.support import errors

SUFFIXES = {".tflite": "tflite", ".onnx": "onnx"}


@click.command(
    short_help="Export a trained model for use elsewhere.",
    epilog="Example: tfcolor export runs/mine saved_models/mine",
)
@click.argument("workdir", type=options.FOLDER)
@click.argument("destination", type=options.FOLDER)
@click.option(
    "--checkpoint",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="Weights to export: the best by validation, or the last.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["saved_model", "tflite", "onnx"]),
    help="TFLite is smaller and starts at once; ONNX is for other runtimes.",
    show_default="by the suffix of DESTINATION, else saved_model",
)
@click.option(
    "--version",
    type=click.IntRange(min=1),
    help="Version number of a SavedModel.",
    show_default="the next one",
)
@click.option(
    "--figures",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File from tfcolor evaluate --json, for the model card of a SavedModel.",
)
@click.option(
    "--weights",
    type=click.Choice(["float32", "float16", "int8"]),
    help="Number format of the weights in a TFLite file.",
    show_default="float16",
)
def export(
    workdir: Path,
    destination: Path,
    checkpoint: str,
    kind: str | None,
    version: int | None,
    figures: Path | None,
    weights: str | None,
) -> None:
    """Export the model of WORKDIR as the next version in DESTINATION (saved_models/NAME).

    With TFLite or ONNX, DESTINATION is a single file. If WORKDIR is the word "bundled", the model
    that comes with tfcolor is exported.
    """
    kind = kind or SUFFIXES.get(destination.suffix, "saved_model")
    given = options.given(version=version, figures=figures, weights=weights)
    fitting = {"saved_model": ("version", "figures"), "tflite": ("weights",), "onnx": ()}[kind]
    for name in given:
        if name not in fitting:
            raise errors.InputError(f"--{name} does not go with the format {kind}; leave it out")
    if kind == "onnx" and importlib.util.find_spec("tf2onnx") is None:
        from tfcolor.runtimes import onnx

        raise onnx.missing("tf2onnx")
    options.load_tensorflow()
    with options.status("exporting"):
        made = _export(kind, workdir, destination, checkpoint, given)
    click.echo(f"exported {made}")


def _export(
    kind: str, workdir: Path, destination: Path, checkpoint: str, given: dict[str, Any]
) -> Path:
    from tfcolor.export import lite_onnx, saved_model

    if kind == "saved_model":
        return saved_model.export(workdir, destination, checkpoint, **given)
    if kind == "tflite":
        return lite_onnx.export_lite(workdir, destination, checkpoint, **given)
    return lite_onnx.export_onnx(workdir, destination, checkpoint)
