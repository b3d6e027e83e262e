"""`tfcolor analyze`."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import click

from tfcolor import config
from tfcolor.cli import options


@click.command()
@options.data
@options.data_dir
@click.option(
    "--part",
    type=click.Choice(["train", "validation", "test", "all"]),
    default="all",
    show_default=True,
    help="Which photographs of the source.",
)
@click.option(
    "--out",
    type=options.FOLDER,
    required=True,
    help="Folder for report.html, report.json and the pictures.",
)
@click.option("--limit", type=click.IntRange(1), help="Look at only so many, scattered.")
@click.option("--augment", is_flag=True, help="Show photographs as old films would, too.")
def analyze(part: str, out: Path, limit: int | None, augment: bool, **fields: Any) -> None:
    """Study photographs: what is in a set, on one page of HTML.

    Sizes, brightness, color, gray and sepia photographs, ways of preprocessing and of making gray
    compared, and what follows for training.
    """
    settings = config.DataConfig(**options.given(**fields))
    if not all(importlib.util.find_spec(name) for name in ("matplotlib", "skimage")):
        raise ValueError(
            "tfcolor analyze needs matplotlib and scikit-image; install them with: "
            "pip install 'tfcolor[analyze]'"
        )
    options.load_tensorflow()
    from tfcolor.analysis import study

    bar: Any = None

    def progress(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:  # with the first photographs: a mistake before them is one line
            bar = click.progressbar(length=total, label="analyzing", file=sys.stderr)
            bar.__enter__()
        bar.update(done - bar.pos)

    try:
        report = study.analyze(settings, part, out, limit, augment, progress=progress)
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)
    for sentence in report["conclusion"]:
        click.echo(sentence)
    click.echo(f"open {out / 'report.html'}")
