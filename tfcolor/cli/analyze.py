"""`tfcolor analyze`."""

import importlib.util
from pathlib import Path
from typing import Any

import click

from tfcolor import config
from tfcolor.cli import options
from tfcolor.support import errors


@click.command(
    short_help="Describe a dataset of photographs on a page.",
    epilog="Example: tfcolor analyze --data ~/Pictures --out report",
)
@options.data
@options.data_dir
@options.download
@options.splits
@options.part(default="all", show_default=True)
@click.option(
    "--out",
    type=options.FOLDER,
    required=True,
    help="Folder for analysis.html, analysis.json and the pictures.",
)
@click.option("--limit", type=click.IntRange(1), help="Use a sample of this many photographs.")
@click.option("--augment", is_flag=True, help="Also show the old-film augmentation of training.")
def analyze(
    part: str,
    out: Path,
    limit: int | None,
    augment: bool,
    download: bool,
    **fields: Any,
) -> None:
    """Describe a dataset of photographs on one page of HTML.

    The page shows sizes, brightness, color, gray and sepia photographs, compares preprocessing
    and gray conversions, and draws conclusions for training.
    """
    settings = config.DataConfig(**options.given(**fields))
    if not all(importlib.util.find_spec(name) for name in ("matplotlib", "skimage")):
        raise errors.InputError(
            "tfcolor analyze needs matplotlib and scikit-image; install them with: "
            "pip install 'tfcolor[analyze]'"
        )
    options.require_source(settings, download)
    options.load_tensorflow()
    from tfcolor import data
    from tfcolor.analysis import study
    from tfcolor.pages import webpage

    if download:
        data.download(settings)
    with options.stoppable("nothing was written"), options.bar("analyzing") as progress:
        report = study.analyze(settings, part, out, limit, augment, progress=progress)
    for sentence in report["conclusion"]:
        click.echo(sentence)
    click.echo(f"open {out / webpage.ANALYSIS}")
