"""`tfcolor evaluate`."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from tfcolor import config
from tfcolor.cli import options


@click.command()
@click.argument("models", nargs=-1, type=options.FOLDER, metavar="[MODEL]...")
@options.data
@options.data_dir
@options.download
@options.splits
@options.part(show_default="test; all of a folder")
@click.option(
    "--image-size",
    type=int,
    default=256,
    show_default=True,
    help="Side of the center squares measured, pixels.",
)
@click.option("--batch-size", type=int, default=8, show_default=True, help="Photographs at a time.")
@click.option("--json", "json_path", type=options.FOLDER, help="Write the figures to this file.")
def evaluate(
    models: tuple[Path, ...],
    part: str | None,
    json_path: Path | None,
    image_size: int,
    batch_size: int,
    download: bool,
    **fields: Any,
) -> None:
    """Measure exported models on photographs, beside gray and the truth.

    Without a MODEL, the one that comes with tfcolor. A model that paints RGB has a second row,
    "raw", without the photograph's own lightness.
    """
    settings = config.DataConfig(**options.given(**fields))
    if min(image_size, batch_size) < 1:
        raise ValueError(
            f"image_size and batch_size must be 1 or more, got {image_size}, {batch_size}"
        )
    options.load_tensorflow()
    from tfcolor import data, export, inference, pretrained, workdir
    from tfcolor import evaluate as evaluation
    from tfcolor.data import batches

    if download:
        data.download(settings)
    part = part or data.default_part(settings)
    if json_path and not os.access(json_path.parent, os.W_OK):
        raise ValueError(f"{json_path.parent} is no folder that can be written; choose another")
    names = [_row_name(path) for path in models]
    if len(set(names)) < len(names):
        names = [str(path) for path in models]
    colorizers = {name: inference.load(path) for name, path in zip(names, models, strict=True)}
    runs = [export.read_config(path) for path in models]
    for name, path, run in zip(names, models, runs, strict=True):
        if run and run.model.space == "rgb":
            colorizers[f"{name} raw"] = inference.load(path, inference.RAW)
    if not colorizers:
        colorizers = {"tfcolor": pretrained.load()}
    photos = data.open_part(settings, part)
    for path, run in zip(models, runs, strict=True) if part in ("train", "all") else ():
        if run and _same_source(run.data.source, settings.source):
            click.echo(f"warning: {path} was trained on photographs of this part", err=True)
    stream = batches.eval_batches(photos, image_size, batch_size)
    steps = -(-photos.count // batch_size)
    with click.progressbar(stream, length=steps, label="evaluating", file=sys.stderr) as shown:
        table = evaluation.evaluate(colorizers, shown)
    count = len(next(iter(next(iter(table.values())).values())))
    click.echo(
        f"{count} photographs ({settings.source}, part {part}), center {image_size} x {image_size}"
    )
    click.echo(evaluation.format_table(table))
    if json_path:
        protocol = {
            "data": settings.source,
            "part": part,
            "photographs": count,
            "skipped": len(photos.skipped),
            "crop": "center square",
            "image_size": image_size,
        }
        workdir.write(json_path, evaluation.to_json(table, protocol))


def _same_source(first: str, second: str) -> bool:
    """Whether two sources are one; samples have no path, and theirs resolve alike."""
    return Path(first).resolve() == Path(second).resolve()


def _row_name(path: Path) -> str:
    """saved_models/NAME and saved_models/NAME/3 -> NAME and NAME/3."""
    path = path.resolve()
    return f"{path.parent.name}/{path.name}" if path.name.isdigit() else path.name
